use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// Why a connection could not be had, or why a stream of it ended.
///
/// It stands inside the SDK's errors, as the source of a `ConnectorError`, and is the error of a body. `Display` gives what
/// happened in one line; the error below it, where there is one, is its [`source`](StdError::source).
#[derive(Debug, Clone)]
pub struct TransportError {
    kind: TransportErrorKind,
    context: Arc<str>,
    /// Shared: one failed dial fails every call that waited for it.
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// What kind of thing went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The address is none that this transport can call.
    InvalidAddress,
    /// The request cannot be put into HTTP/2: a header that it does not allow.
    InvalidRequest,
    /// No connection: the name was not found, or nothing listens, or the network is down.
    Connect,
    /// No connection within the connect time-out.
    ConnectTimeout,
    /// The TLS handshake failed; the certificate is not trusted, or not for this name.
    Tls,
    /// The peer does not speak HTTP/2, so this transport cannot be used with it.
    NotHttp2,
    /// The crate was built without a TLS provider (features `aws-lc` and `ring`).
    NoTls,
    /// The proxy refused, or did not answer as a proxy.
    Proxy,
    /// The HTTP/2 handshake failed, or the peer broke the protocol.
    Protocol,
    /// No response headers within their time-out.
    HeadersTimeout,
    /// The peer refused the stream before it looked at the request (REFUSED_STREAM).
    Refused,
    /// The peer reset the stream (RST_STREAM) before its end, be it without an error (NO_ERROR).
    Reset,
    /// The peer gave the connection up with an error, or without having looked at the request (GOAWAY).
    GoAway,
    /// The connection was closed or broke before the stream's end.
    Closed,
    /// The connection is dead: nothing was read from it after a PING.
    PingTimeout,
    /// The request's own body failed.
    RequestBody,
}

impl TransportError {
    pub(super) fn new(kind: TransportErrorKind, context: impl Into<String>) -> Self {
        Self { kind, context: context.into().into(), source: None }
    }

    pub(super) fn caused_by(self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { source: Some(source.into().into()), ..self }
    }

    /// What kind of thing went wrong.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.context)
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
