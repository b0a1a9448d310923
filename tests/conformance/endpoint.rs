//! What the rules speak to: the raw API, in JSON, whatever door it goes through.

mod address;
mod connection;
mod events;
mod http;
mod polls;
mod port;
mod signer;

use std::future::Future;
use std::pin::Pin;

use hyper::HeaderMap;
use serde_json::Value;

pub(crate) use address::{Address, HTTP1, HTTP2, Protocol};
pub(crate) use connection::Connection;
pub(crate) use events::{Events, Item};
pub(crate) use http::{Http, JSON, read};
pub(crate) use port::Port;
pub(crate) use signer::Signer;

/// An error that the service answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    /// `__type`, without the namespace that some servers put before it.
    pub(crate) code: String,
    pub(crate) message: String,
}

pub(crate) type Called<'a, T> = Pin<Box<dyn Future<Output = Result<T, ApiError>> + 'a>>;

/// A door of a server.
pub(crate) trait Endpoint {
    /// Makes a call. An answer without a body is `null`.
    fn call(&self, operation: &str, request: Value) -> Called<'_, Value>;

    /// SubscribeToShard.
    fn subscribe(&self, request: Value) -> Called<'_, Events>;

    /// The headers of the last answer; none where there is no HTTP.
    fn headers(&self) -> Option<HeaderMap>;
}

impl ApiError {
    pub(crate) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        let code = code.rsplit('#').next().unwrap_or(code);
        Self { status, code: code.to_owned(), message: message.into() }
    }

    /// What is no answer of a service: a connection that broke.
    pub(crate) fn broken(error: impl std::fmt::Display) -> Self {
        Self::new(0, "no answer", error.to_string())
    }
}
