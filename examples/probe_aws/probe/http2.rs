//! A bare HTTP/2 connection: which SETTINGS the server greets with, and whether it answers a PING.
//!
//! It knows only the frames' heads (RFC 9113, section 4.1) and these two types. Over `https` it offers `h2` by ALPN and trusts
//! what the system trusts (or `SSL_CERT_FILE`); over `http` it comes with prior knowledge.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_kinesis::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
use http::Uri;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;

use super::bracket::millis;
use super::{Failure, Probe};

/// What a server greets with; `None`: it does not say, so the default of RFC 9113, section 6.5.2, holds.
#[derive(Debug, Default)]
struct Greeting {
    max_concurrent_streams: Option<u32>,
    initial_window_size: Option<u32>,
    max_frame_size: Option<u32>,
    max_header_list_size: Option<u32>,
    ping_answered_after: Option<Duration>,
}

impl Probe {
    /// The endpoint that SubscribeToShard goes to.
    pub(super) async fn connection(&mut self) -> Result<Value, Failure> {
        let params = Params::builder()
            .set_region(self.kinesis.region())
            .set_endpoint(self.endpoint_url.clone())
            .consumer_arn(&self.kinesis.consumer_arn)
            .operation_type("data")
            .build()?;
        let resolved = DefaultResolver::new().resolve_endpoint(&params).await;
        let endpoint = resolved.map_err(|error| Failure(error.to_string()))?;
        let Some(greeting) = timeout(GREETING_TIME, greet(endpoint.url())).await?? else {
            return Ok("no HTTP/2".into());
        };
        self.report.setting("max_concurrent_streams", greeting.max_concurrent_streams);
        Ok(json!({
            "max_concurrent_streams": greeting.max_concurrent_streams,
            "initial_window_size": greeting.initial_window_size,
            "max_frame_size": greeting.max_frame_size,
            "max_header_list_size": greeting.max_header_list_size,
            "ping_answered_after_ms": greeting.ping_answered_after.map(millis),
        }))
    }
}

/// `None`: the server speaks no HTTP/2.
async fn greet(url: &str) -> Result<Option<Greeting>, Failure> {
    let uri: Uri = url.parse()?;
    let host = uri.host().ok_or(Failure("an endpoint without a host".into()))?.trim_matches(['[', ']']);
    let is_tls = uri.scheme_str() == Some("https");
    let stream = TcpStream::connect((host, uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 }))).await?;
    stream.set_nodelay(true)?;
    if !is_tls {
        return exchange(stream).await;
    }
    let name = ServerName::try_from(host.to_owned())?;
    let stream = TlsConnector::from(Arc::new(tls()?)).connect(name, stream).await?;
    match stream.get_ref().1.alpn_protocol() {
        Some(b"h2") => exchange(stream).await,
        _ => Ok(None),
    }
}

fn tls() -> Result<ClientConfig, Failure> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}

/// Greets, waits for the server's SETTINGS, then for the answer to a PING.
async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) -> Result<Option<Greeting>, Failure> {
    stream.write_all(PREFACE).await?;
    stream.write_all(&frame(SETTINGS, 0, &[])).await?;
    let Some(first) = Frame::read(&mut stream).await.filter(|first| first.kind == SETTINGS) else {
        return Ok(None);
    };
    let mut greeting = Greeting::of(&first.payload);
    stream.write_all(&frame(SETTINGS, ACK, &[])).await?;
    let sent = Instant::now();
    stream.write_all(&frame(PING, 0, b"probeaws")).await?;
    while let Ok(Some(frame)) = timeout(PING_TIME, Frame::read(&mut stream)).await {
        if frame.kind == PING && frame.flags & ACK != 0 {
            greeting.ping_answered_after = Some(sent.elapsed());
            break;
        }
    }
    Ok(Some(greeting))
}

impl Greeting {
    fn of(settings: &[u8]) -> Self {
        let mut greeting = Self::default();
        for setting in settings.chunks_exact(6) {
            let value = Some(u32::from_be_bytes([setting[2], setting[3], setting[4], setting[5]]));
            match u16::from_be_bytes([setting[0], setting[1]]) {
                3 => greeting.max_concurrent_streams = value,
                4 => greeting.initial_window_size = value,
                5 => greeting.max_frame_size = value,
                6 => greeting.max_header_list_size = value,
                _ => {}
            }
        }
        greeting
    }
}

/// A frame without its stream.
struct Frame {
    kind: u8,
    flags: u8,
    payload: Vec<u8>,
}

impl Frame {
    /// `None`: the connection ended, or brings something that is no frame.
    async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Self> {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        // The largest that a server may send unasked.
        let length = usize::try_from(length).ok().filter(|length| *length <= 16_384)?;
        let mut payload = vec![0; length];
        stream.read_exact(&mut payload).await.ok()?;
        Some(Self { kind: head[3], flags: head[4], payload })
    }
}

/// A short frame of stream 0.
fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0, 0, payload.len() as u8, kind, flags, 0, 0, 0, 0];
    frame.extend_from_slice(payload);
    frame
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const ACK: u8 = 1;
const GREETING_TIME: Duration = Duration::from_secs(30);
const PING_TIME: Duration = Duration::from_secs(10);
