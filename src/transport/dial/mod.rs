//! Byte streams to an origin, ready for an HTTP/2 preface: TCP, a proxy's tunnel, TLS with ALPN. Knows nothing of HTTP/2 but its
//! name, and has no time-out of its own for the whole of it.
//!
//! ```text
//! Origin ──Proxies──> direct:  TCP ──────────────────────────────> TLS, ALPN h2 (https) ──> Io
//!                     proxy:   TCP ──> TLS (https proxy) ──> CONNECT ──> the same
//! ```
//!
//! Without a provider of cryptography (features `aws-lc` and `ring`) the module `tls` is another one with the same face, which
//! refuses https.

mod given;
mod network;
mod proxies;
mod proxy;
mod tcp;
#[cfg(any(feature = "aws-lc", feature = "ring"))]
mod tls;
#[cfg(not(any(feature = "aws-lc", feature = "ring")))]
#[path = "no_tls.rs"]
mod tls;
mod tunnel;

use std::future::Future;
use std::pin::Pin;

use tokio::io::{AsyncRead, AsyncWrite};

use super::error::TransportError;
use super::origin::Origin;

pub(super) use given::Given;
pub(super) use network::{Network, NetworkSettings};
pub use proxy::Proxy;
/// Whether https can be dialled at all.
pub(crate) use tls::AVAILABLE as TLS_AVAILABLE;

/// Whatever makes connections: the network, or a test.
pub(super) trait Dial: Send + Sync + 'static {
    /// A new connection, TLS and ALPN done. Dropped before it is ready, it leaves nothing behind. It has no time-out of its own.
    fn dial(&self, origin: Origin) -> DialFuture;
}

/// A connection that is being made.
pub(super) type DialFuture = Pin<Box<dyn Future<Output = Result<Io, TransportError>> + Send>>;

/// A connected byte stream.
pub(super) type Io = Box<dyn ByteStream>;

/// What a connection reads from and writes to.
pub(super) trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> ByteStream for T {}
