use super::*;

fn found(text: &str) -> Vec<String> {
    violations(&Sources::of(&[("consumer/mod.rs", text)]))
}

#[test]
fn foreign_names_in_signatures_are_found() {
    for text in [
        "pub fn f() -> tokio::task::JoinHandle<()> {}",
        "use tokio::time::Instant; pub fn f(at: Instant) {}",
        "use tokio::time::{self, Duration as D}; pub fn f(at: Option<D>) {}",
        "use tokio::time::{self, sleep}; pub fn f(at: time::Instant) {}",
        "pub struct S { pub x: prost::bytes::Buf }",
        "pub enum E { A(serde_json::Value) }",
        "pub type T = Vec<hyper::Body>;",
        "pub struct S; impl From<aws_smithy_types::Blob> for S {}",
        "pub struct S; impl futures_util::Sink for S {}",
        "pub struct S; impl S { pub async fn f(self, x: impl tracing::Subscriber) {} }",
        "pub struct S; impl Iterator for S { type Item = tokio::Item; }",
        "pub trait T: tokio::io::AsyncRead {}",
        "pub trait T { fn f(&self) -> tokio::X; }",
        "#[derive(Debug, prost::Message)] pub struct S;",
        "pub fn f<T>(x: T) where T: hyper::service::Service {}",
        "pub use aws_smithy_types::DateTime;",
        "pub struct S; impl S { #[doc = \"hidden\"] pub fn f(self, x: tokio::X) {} }",
        "pub struct S; impl S { pub fn tls_rustls(self, x: rustls::X) {} }",
        "pub struct S; impl S { pub fn tls_rustls_0_x(self, x: rustls::X) {} }",
        "pub struct S; impl S { pub fn tls_rustls_0_23(self, x: hyper::X) {} }",
    ] {
        assert_eq!(found(text).len(), 1, "{text}");
    }
}

#[test]
fn what_is_allowed_or_not_public_passes() {
    for text in [
        "pub fn f(client: &aws_sdk_kinesis::Client, data: bytes::Bytes) -> std::time::Duration {}",
        "pub struct S; impl futures_core::Stream for S { type Item = u8; }",
        "pub(crate) fn f() -> tokio::X {}",
        "pub fn f() { tokio::spawn(x); }",
        "struct S { pub x: tokio::X } impl hyper::Service for S {}",
        "pub struct S { x: tokio::X } impl S { fn f(x: tokio::X) {} }",
        "pub struct S; impl S { pub fn tls_rustls_0_23(self, x: rustls::X) {} }",
        "pub struct S; impl S { #[doc(hidden)] pub fn dialled_by(self, x: tokio::X) {} }",
    ] {
        assert_eq!(found(text), [""; 0], "{text}");
    }
}

#[test]
fn a_private_module_counts_for_what_is_carried_out_of_it() {
    let parent = "mod inner; pub use inner::Shown;";
    for (text, count) in [
        ("pub struct Shown { pub x: tokio::X }", 1),
        ("pub struct Shown; impl From<tokio::X> for Shown {}", 1),
        ("#[derive(prost::Message)] pub struct Inside; impl hyper::Service for Inside {}", 0),
        ("#[derive(prost::Message)] pub struct Elsewhere; impl hyper::Service for Elsewhere {}", 0),
    ] {
        let sources = Sources::of(&[
            ("lib.rs", "pub mod kpl;"),
            ("kpl/mod.rs", parent),
            ("kpl/other.rs", "pub struct Elsewhere;"),
            ("kpl/inner.rs", text),
        ]);
        assert_eq!(violations(&sources).len(), count, "{text}");
    }
}

#[test]
fn hidden_modules_are_not_held_to_it() {
    let sources = Sources::of(&[
        ("lib.rs", "#[doc(hidden)] pub mod engine;"),
        ("engine/mod.rs", "pub fn f(x: tokio::X) {}"),
    ]);
    assert_eq!(violations(&sources).len(), 0);
}
