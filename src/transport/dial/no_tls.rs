//! What stands in for TLS in a crate built without a provider of cryptography: https is refused before anything is dialled.

use super::super::error::{TransportError, TransportErrorKind};
use super::Io;

/// What the user set of TLS: there is nothing to set.
#[derive(Debug, Clone, Default)]
pub(super) struct TlsSettings;

/// TLS that is not there.
pub(super) struct Tls;

/// What a handshake would need. There is none.
pub(super) enum TlsConfigs {}

impl Tls {
    pub(super) fn new(_: TlsSettings) -> Self {
        Self
    }

    /// # Errors
    /// [`TransportErrorKind::NoTls`], always.
    pub(super) async fn configs(&self) -> Result<&TlsConfigs, TransportError> {
        Err(TransportError::new(
            TransportErrorKind::NoTls,
            "https needs one of the features aws-lc and ring of kinesis-fanout; without them it goes over the HTTP client of the \
             AWS client (Transport::UserClient)",
        ))
    }
}

impl TlsConfigs {
    pub(super) async fn http2(&self, _: Io, _: &str) -> Result<Io, TransportError> {
        match *self {}
    }

    pub(super) async fn to_proxy(&self, _: Io, _: &str) -> Result<Io, TransportError> {
        match *self {}
    }
}

pub(crate) const AVAILABLE: bool = false;

#[cfg(test)]
mod tests {

    use http::Uri;
    use tokio::net::TcpListener;

    use super::super::super::client::Http2Client;
    use super::super::super::origin::Origin;
    use super::super::{Dial, Network};
    use super::*;

    #[tokio::test]
    async fn https_is_refused_before_anything_is_dialled() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let network = Network::new(Http2Client::builder().no_proxy().network);
        let origin = Origin::try_from(&format!("https://{address}").parse::<Uri>().unwrap()).unwrap();
        let error = network.dial(origin).await.err().unwrap();
        assert_eq!(error.kind(), TransportErrorKind::NoTls);
        assert!(error.to_string().contains("aws-lc and ring"), "{error}");
        let accepted =
            std::future::poll_fn(|cx| std::task::Poll::Ready(listener.poll_accept(cx).is_ready())).await;
        assert!(!accepted);
    }
}
