//! TLS on a connection that is there already, with ALPN `h2` to the origin. Knows neither how the connection came about nor what
//! goes over it.
//!
//! ALPN offers `h2` and nothing else: with `http/1.1` beside it, a proxy that intercepts TLS makes HTTP/1.1 of every call in
//! silence. What the peer then does instead is an error that says so.
//!
//! The provider of cryptography (`provider`, chosen by the features `aws-lc` and `ring`) is handed to rustls by hand. None is
//! installed for the process, which is the application's to do.

mod roots;

#[cfg(feature = "aws-lc")]
#[path = "aws_lc.rs"]
mod provider;
#[cfg(all(feature = "ring", not(feature = "aws-lc")))]
#[path = "ring.rs"]
mod provider;

use std::fmt;
use std::io;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{AlertDescription, ClientConfig, Error, RootCertStore};
use tokio::io::BufReader;
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;

use super::super::client::Http2ClientBuilder;
use super::super::error::{TransportError, TransportErrorKind};
use super::Io;
use roots::LoadRoots;

/// What the user set of TLS.
#[derive(Clone, Default)]
pub(super) struct TlsSettings {
    config: Option<Arc<ClientConfig>>,
}

/// TLS as a client's connections share it. Loads the platform's root certificates when they are first needed, once.
pub(super) struct Tls {
    given: Option<Arc<ClientConfig>>,
    load: LoadRoots,
    configs: OnceCell<TlsConfigs>,
}

/// What handshakes need.
pub(super) struct TlsConfigs {
    http2: TlsConnector,
    to_proxy: TlsConnector,
}

impl Http2ClientBuilder {
    /// TLS by this configuration of rustls 0.23: its root certificates or verifier, client certificate, provider and versions.
    /// ALPN is set to `h2` on a copy of it, whatever it says. It holds for a proxy called over https as well, there with ALPN
    /// `http/1.1`.
    ///
    /// By default the root certificates are the platform's (on Linux those of OpenSSL; `SSL_CERT_FILE` and `SSL_CERT_DIR` name
    /// others, on every platform), read at the first connection over https.
    pub fn tls_rustls_0_23(mut self, config: Arc<ClientConfig>) -> Self {
        self.network.tls.config = Some(config);
        self
    }
}

impl Tls {
    pub(super) fn new(settings: TlsSettings) -> Self {
        Self { given: settings.config, load: roots::of_platform(), configs: OnceCell::new() }
    }

    /// What handshakes need, from the first call on the same.
    ///
    /// # Errors
    /// [`TransportErrorKind::Tls`] when the root certificates cannot be read; the next call tries again.
    pub(super) async fn configs(&self) -> Result<&TlsConfigs, TransportError> {
        self.configs
            .get_or_try_init(|| async {
                Ok(TlsConfigs::new(match &self.given {
                    Some(given) => ClientConfig::clone(given),
                    None => trusting(roots::load(&self.load).await?)?,
                }))
            })
            .await
    }
}

impl TlsConfigs {
    fn new(config: ClientConfig) -> Self {
        let offering = |protocol: &[u8]| {
            let mut config = config.clone();
            config.alpn_protocols = vec![protocol.to_vec()];
            TlsConnector::from(Arc::new(config))
        };
        Self { http2: offering(H2), to_proxy: offering(HTTP_1_1) }
    }

    /// TLS to an origin, `h2` agreed on.
    ///
    /// # Errors
    /// [`TransportErrorKind::NotHttp2`]; [`TransportErrorKind::Tls`] with what rustls says of it as the source;
    /// [`TransportErrorKind::Connect`] when the connection ended before the handshake did.
    pub(super) async fn http2(&self, io: Io, host: &str) -> Result<Io, TransportError> {
        let io = BufReader::with_capacity(READ_AHEAD, io);
        let stream = self.http2.connect(server_name(host)?, io).await.map_err(|error| failed(host, error))?;
        match stream.get_ref().1.alpn_protocol() {
            Some(H2) => Ok(Box::new(stream)),
            Some(other) => Err(not_http2(host, &format!("agreed on {} (ALPN)", other.escape_ascii()))),
            None => Err(not_http2(host, "agreed on no protocol (ALPN)")),
        }
    }

    /// TLS to a proxy, which is asked in HTTP/1.1.
    ///
    /// # Errors
    /// As of [`http2`](Self::http2).
    pub(super) async fn to_proxy(&self, io: Io, host: &str) -> Result<Io, TransportError> {
        let connected = self.to_proxy.connect(server_name(host)?, io).await;
        Ok(Box::new(connected.map_err(|error| failed(host, error))?))
    }
}

/// What is read from the socket at once. rustls itself asks for 4 KiB, which are five calls for a TLS record of 16 KiB, the largest.
const READ_AHEAD: usize = 64 << 10;

impl fmt::Debug for TlsSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsSettings").field("given", &self.config.is_some()).finish()
    }
}

fn trusting(roots: RootCertStore) -> Result<ClientConfig, TransportError> {
    let builder = ClientConfig::builder_with_provider(Arc::new(provider::provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(|error| {
        tls("the provider of cryptography has nothing for TLS 1.2 and 1.3".into()).caused_by(error)
    })?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// The name that the certificate has to be for, and that SNI carries. An IP address is a name as well, without SNI.
fn server_name(host: &str) -> Result<ServerName<'static>, TransportError> {
    ServerName::try_from(host.to_owned()).map_err(|error| {
        let text = format!("no certificate can be for a host called {host}");
        TransportError::new(TransportErrorKind::InvalidAddress, text).caused_by(error)
    })
}

fn failed(host: &str, error: io::Error) -> TransportError {
    let Some(reason) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) else {
        let text = format!("the connection to {host} ended during the TLS handshake");
        return TransportError::new(TransportErrorKind::Connect, text).caused_by(error);
    };
    let text = match reason {
        Error::AlertReceived(AlertDescription::NoApplicationProtocol) => {
            return not_http2(host, "refused h2 (ALPN)").caused_by(error);
        }
        Error::InvalidCertificate(_) => format!(
            "the certificate of {host} was not accepted (SSL_CERT_FILE and Http2ClientBuilder::tls_rustls_0_23 set what is trusted)"
        ),
        Error::InvalidMessage(_) => format!("{host} did not answer in TLS"),
        _ => format!("the TLS handshake with {host} failed"),
    };
    tls(text).caused_by(error)
}

fn not_http2(host: &str, what: &str) -> TransportError {
    let text = format!(
        "{host} {what}, but this transport speaks HTTP/2 only. Behind a proxy that intercepts TLS, or for an endpoint that speaks \
         HTTP/1.1, take Transport::UserClient"
    );
    TransportError::new(TransportErrorKind::NotHttp2, text)
}

fn tls(text: String) -> TransportError {
    TransportError::new(TransportErrorKind::Tls, text)
}

/// Identifiers of IANA's registry of ALPN protocols.
const H2: &[u8] = b"h2";
const HTTP_1_1: &[u8] = b"http/1.1";

pub(crate) const AVAILABLE: bool = true;

#[cfg(test)]
mod tests;
