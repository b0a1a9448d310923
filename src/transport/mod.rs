//! HTTP/2 connections for the AWS SDK that carry thousands of event streams: an `HttpClient` on the `h2` crate.
//!
//! This room knows no Kinesis: any client of the AWS SDK can use it, for all its calls or for some.
//!
//! # Why
//!
//! The SDK's own HTTP client keeps one HTTP/2 connection to a host. That is right for calls that end; for streams that last, it
//! was measured to fail: calls above the peer's limit of concurrent streams wait for ever, three responses that nobody reads
//! freeze every call to the host, and a connection that is dead without a word is never noticed.
//!
//! # What it promises
//!
//! - As many connections to a host as its streams need, each filled to what the peer allows (its SETTINGS, known before the first
//!   request) or to [`max_streams`](Http2ClientBuilder::max_streams), whichever is less, before another is dialled. Calls that wait
//!   for a connection are served first come, first served; at most 8 connections to a host are dialled at a time.
//! - No response holds another one up: the window of a connection holds those of all its streams. A response that nobody reads
//!   costs up to one [`stream_window`](Http2ClientBuilder::stream_window) of memory, and holds back its own sender only.
//! - A dead connection is noticed: when nothing was read for the [PING interval](Http2ClientBuilder::ping_interval), and then
//!   nothing, no answer either, for the [PING time-out](Http2ClientBuilder::ping_timeout). A process that slept first reads what
//!   has come meanwhile. From a PING until its answer a connection is given no new calls, nor after a call on it had no
//!   response headers in time. Connect and header time-outs are the SDK's, or else those of the builder.
//! - Each end has its cause: a body ends cleanly only by END_STREAM. All else, RST_STREAM(NO_ERROR) and a closed connection
//!   included, is a [`TransportError`], found among the sources of the SDK's error.
//! - A call or a body that is dropped, at any point, cancels its stream and gives its place to the next call.
//! - A request is sent again by itself, once and over another connection, only if the peer says that it did not look at it
//!   (REFUSED_STREAM, or a GOAWAY that leaves it out; RFC 9113, 8.7) and if its body can be had again.
//! - GOAWAY, and a connection that the SDK takes for bad, only keep new calls off a connection: its streams go on.
//!
//! # Bounds
//!
//! Memory of responses: stream window × streams that are not read, at most, for DATA frames of 8 KiB and more. A smaller frame that
//! waits for its reader can keep the whole buffer of 8 KiB that it was read into: then it is stream window × 8 KiB / size of a frame,
//! for each stream that is not read. Connections take room for their streams as it is used, none ahead. A connection without
//! streams is closed after 60 s. `https` is HTTP/2 by ALPN, `http` is HTTP/2 by prior knowledge; there is no HTTP/1.1. Two bounds of
//! the `h2` crate end a connection whose peer is out of order, with all its streams: more than 100 empty DATA frames in its life,
//! and unread DATA frames of less than 256 bytes whose overhead sums up to the connection's window.
//!
//! # Use
//!
//! ```no_run
//! use kinesis_fanout::transport::Http2Client;
//!
//! # async fn example() {
//! let http2 = Http2Client::builder().stream_window(1 << 20).build();
//! // For every call of every client that is made from this configuration ...
//! let config = aws_config::from_env().http_client(http2.clone()).load().await;
//! let client = aws_sdk_kinesis::Client::new(&config);
//! // ... or for one call of a client that has its own.
//! let only_here = aws_sdk_kinesis::config::Config::builder().http_client(http2.clone());
//! let streams = client.list_streams().customize().config_override(only_here).send().await;
//! println!("{:?} over {:?}", streams.map(|streams| streams.stream_names), http2.stats());
//! # }
//! ```

mod body;
mod call;
mod cause;
mod client;
mod connection;
mod deadline;
mod dial;
mod dialling;
mod driver;
mod error;
mod heap;
mod observed;
mod origin;
mod pool;
mod settings;
mod stats;
#[cfg(test)]
mod tests;
mod upload;

pub use client::{Http2Client, Http2ClientBuilder};
pub use dial::Proxy;
pub(crate) use dial::TLS_AVAILABLE;
pub use error::{TransportError, TransportErrorKind};
pub use stats::Http2Stats;

/// What SubscribeToShard goes over. Every other call stays on the user's own HTTP client.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Transport {
    /// The HTTP/2 client of this room.
    Http2(Http2Client),
    /// The HTTP client of the user's AWS client.
    UserClient,
}

impl Default for Transport {
    fn default() -> Self {
        Self::Http2(Http2Client::default())
    }
}

impl From<Http2Client> for Transport {
    fn from(client: Http2Client) -> Self {
        Self::Http2(client)
    }
}
