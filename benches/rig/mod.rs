//! What the benches of the client stand on: a server that is never the bottleneck, a proxy that delays, each a process of its own,
//! and the clients that are compared.
//!
//! It knows no figure: what is measured is the benches' business.

#![allow(dead_code, reason = "each bench uses its part of it")]

pub(crate) mod answers;
pub(crate) mod client;
pub(crate) mod cost;
pub(crate) mod events;
pub(crate) mod mode;
pub(crate) mod pages;
pub(crate) mod process;
pub(crate) mod proxy;
pub(crate) mod raw;
pub(crate) mod server;
pub(crate) mod tls;
pub(crate) mod writer;

use std::error::Error;
use std::fmt::Display;

pub(crate) type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// A figure of an item of an issue, 5.8 for example.
pub(crate) fn figure(item: &str, what: impl Display, value: impl Display, unit: &str) {
    println!("figure {item} {what} {value} {unit}");
}

/// Three decimals for ratios, none for what is large.
pub(crate) fn short(value: f64) -> String {
    match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// If this process was started to be a part of a bench, it is that until its input ends.
pub(crate) fn part(arguments: &[String]) -> Option<Outcome<()>> {
    match arguments.split_first()? {
        (role, rest) if role == "serve" => Some(server::run(rest)),
        (role, rest) if role == "delay-proxy" => Some(proxy::run(rest)),
        _ => None,
    }
}

/// The arguments of this process but those of cargo itself.
pub(crate) fn arguments() -> Vec<String> {
    std::env::args().skip(1).filter(|argument| argument != "--bench").collect()
}
