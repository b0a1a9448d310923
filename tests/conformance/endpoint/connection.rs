//! A client's connection: HTTP/1.1 and HTTP/2, plain and under TLS.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{ApiError, HTTP2, Http, Protocol};

type Body = Full<Bytes>;

/// What requests are sent on.
pub(crate) enum Connection {
    Http1(http1::SendRequest<Body>),
    Http2(http2::SendRequest<Body>),
}

trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Socket for S {}

impl Connection {
    pub(crate) async fn open(http: &Http) -> Result<Self, ApiError> {
        let address = &http.address;
        let stream = TcpStream::connect(address.socket()).await.map_err(ApiError::broken)?;
        stream.set_nodelay(true).map_err(ApiError::broken)?;
        let (stream, is_http2): (Box<dyn Socket>, bool) = match &address.protocol {
            Protocol::Http1 => (Box::new(stream), false),
            Protocol::Http2 => (Box::new(stream), true),
            Protocol::Tls { trusted, offered } => {
                let config = tls(trusted.as_deref(), offered)?;
                let name = ServerName::try_from(address.host()).map_err(ApiError::broken)?;
                let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
                let stream = stream.map_err(ApiError::broken)?;
                let chosen = stream.get_ref().1.alpn_protocol();
                let is_http2 = offered.is_empty() || chosen == Some(HTTP2.as_bytes());
                (Box::new(stream), is_http2)
            }
        };
        let stream = TokioIo::new(stream);
        if is_http2 {
            let builder =
                http2::Builder::new(TokioExecutor::new()).initial_stream_window_size(WINDOW).to_owned();
            let (sender, connection) = builder.handshake(stream).await.map_err(ApiError::broken)?;
            tokio::spawn(connection);
            Ok(Self::Http2(sender))
        } else {
            let (sender, connection) = http1::handshake(stream).await.map_err(ApiError::broken)?;
            tokio::spawn(connection);
            Ok(Self::Http1(sender))
        }
    }

    pub(crate) async fn send(&mut self, request: Request<Body>) -> Result<Response<Incoming>, ApiError> {
        match self {
            Self::Http1(sender) => sender.send_request(request).await,
            Self::Http2(sender) => sender.send_request(request).await,
        }
        .map_err(ApiError::broken)
    }
}

fn tls(trusted: Option<&str>, offered: &[String]) -> Result<ClientConfig, ApiError> {
    let mut roots = RootCertStore::empty();
    match trusted {
        Some(trusted) => {
            for certificate in CertificateDer::pem_slice_iter(trusted.as_bytes()) {
                roots.add(certificate.map_err(ApiError::broken)?).map_err(ApiError::broken)?;
            }
        }
        None => drop(roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs)),
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let mut config = config.map_err(ApiError::broken)?.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = offered.iter().map(|name| name.as_bytes().to_vec()).collect();
    Ok(config)
}

/// Small, so that a client that does not read is noticed soon.
const WINDOW: u32 = 64 << 10;
