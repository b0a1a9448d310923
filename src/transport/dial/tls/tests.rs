use std::error::Error as StdError;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::Uri;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls_native_certs::CertificateResult;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::super::super::client::Http2Client;
use super::super::super::origin::Origin;
use super::super::{Dial, Network};
use super::*;

/// An authority, and the certificates that it signs.
struct Authority {
    root: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        Self::named("authority of a test")
    }

    fn named(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = params.self_signed(&key).unwrap().der().clone();
        Self { root, issuer: Issuer::new(params, key) }
    }

    /// A server with a certificate for `localhost` and `::1`.
    fn server(&self, alpn: &[&[u8]]) -> TlsAcceptor {
        self.server_until(alpn, 4000)
    }

    /// One whose certificate ran out at the beginning of the year.
    fn server_until(&self, alpn: &[&[u8]], year: i32) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(["localhost".to_owned(), "::1".to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, 1, 1);
        let chain = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let mut config = config.with_single_cert(vec![chain], key).unwrap();
        config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
        Arc::new(config).into()
    }

    /// A client that finds this authority on its platform.
    fn client(&self) -> Tls {
        let root = self.root.clone();
        client(move || {
            let mut found = CertificateResult::default();
            found.certs.push(root.clone());
            found
        })
    }
}

fn client(load: impl Fn() -> CertificateResult + Send + Sync + 'static) -> Tls {
    Tls { load: Arc::new(load), ..Tls::new(TlsSettings::default()) }
}

/// What the client of a handshake comes to, and whether the server saw one through.
async fn handshake(client: &Tls, host: &str, server: TlsAcceptor) -> (Result<Io, TransportError>, bool) {
    let (near, far) = duplex(64 << 10);
    let configs = client.configs().await.unwrap();
    let (connected, accepted) = tokio::join!(configs.http2(Box::new(near), host), async {
        let accepted = server.accept(far).await;
        // The stream stays open until both are through.
        accepted.is_ok()
    });
    (connected, accepted)
}

async fn refusal(client: &Tls, host: &str, server: TlsAcceptor, kind: TransportErrorKind) -> String {
    let error = handshake(client, host, server).await.0.err().expect("the handshake should have failed");
    assert_eq!(error.kind(), kind, "{error:?}");
    assert!(error.to_string().contains(host), "{error}");
    chain(&error)
}

fn chain(error: &TransportError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text} <- {error}");
        source = error.source();
    }
    text
}

#[tokio::test]
async fn h2_is_agreed_on_and_bytes_go_both_ways() {
    let authority = Authority::new();
    let (near, far) = duplex(64 << 10);
    let server = authority.server(&[b"http/1.1", b"h2"]);
    let echo = tokio::spawn(async move {
        let mut stream = server.accept(far).await.unwrap();
        let name = stream.get_ref().1.server_name().map(str::to_owned);
        let mut bytes = [0; 4];
        stream.read_exact(&mut bytes).await.unwrap();
        stream.write_all(&bytes).await.unwrap();
        stream.flush().await.unwrap();
        name
    });
    let client = authority.client();
    let mut io = client.configs().await.unwrap().http2(Box::new(near), "localhost").await.unwrap();
    io.write_all(b"ping").await.unwrap();
    io.flush().await.unwrap();
    let mut bytes = [0; 4];
    io.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"ping");
    assert_eq!(echo.await.unwrap().as_deref(), Some("localhost"), "the server is told the name");
}

#[tokio::test]
async fn an_ip_address_is_a_name() {
    let authority = Authority::new();
    let (connected, accepted) = handshake(&authority.client(), "::1", authority.server(&[b"h2"])).await;
    assert!(accepted && connected.is_ok());
    let text =
        refusal(&authority.client(), "127.0.0.1", authority.server(&[b"h2"]), TransportErrorKind::Tls).await;
    assert!(text.contains("certificate"), "{text}");
}

#[tokio::test]
async fn a_peer_without_http_2_is_named() {
    let authority = Authority::new();
    let not_http2 = TransportErrorKind::NotHttp2;
    for (alpn, what) in [(&[&b"http/1.1"[..]][..], "refused h2"), (&[], "agreed on no protocol")] {
        let text = refusal(&authority.client(), "localhost", authority.server(alpn), not_http2).await;
        assert!(text.contains(what), "{text}");
        assert!(text.contains("Transport::UserClient") && text.contains("intercepts TLS"), "{text}");
    }
}

#[tokio::test]
async fn only_h2_is_offered_whatever_the_user_offers() {
    let authority = Authority::new();
    let mut roots = RootCertStore::empty();
    roots.add(authority.root.clone()).unwrap();
    let mut config = trusting(roots).unwrap();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let config = Arc::new(config);
    let client = Tls {
        load: Arc::new(|| panic!("the platform's roots were read beside the user's")),
        ..Tls::new(TlsSettings { config: Some(Arc::clone(&config)) })
    };
    let (connected, accepted) = handshake(&client, "localhost", authority.server(&[b"h2"])).await;
    assert!(accepted && connected.is_ok());
    let only_http_1 = authority.server(&[b"http/1.1"]);
    refusal(&client, "localhost", only_http_1, TransportErrorKind::NotHttp2).await;
    assert_eq!(config.alpn_protocols, [b"http/1.1"], "the user's own stays as it is");
}

#[tokio::test]
async fn a_proxy_is_offered_http_1_1() {
    let authority = Authority::new();
    for alpn in [&[&b"http/1.1"[..], b"h2"][..], &[]] {
        let client = authority.client();
        let (near, far) = duplex(64 << 10);
        let server = authority.server(alpn);
        let configs = client.configs().await.unwrap();
        let connecting = configs.to_proxy(Box::new(near), "localhost");
        let (connected, accepted) = tokio::join!(connecting, server.accept(far));
        assert!(connected.is_ok());
        let agreed = accepted.unwrap().get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
        assert_eq!(agreed.as_deref(), alpn.first().copied());
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_accepted_is_told_with_its_reason() {
    let (authority, stranger) = (Authority::new(), Authority::named("stranger"));
    for (client, host, server, reason) in [
        (authority.client(), "elsewhere.example", authority.server(&[b"h2"]), "elsewhere.example"),
        (stranger.client(), "localhost", authority.server(&[b"h2"]), "UnknownIssuer"),
        (authority.client(), "localhost", authority.server_until(&[b"h2"], 2020), "expired"),
    ] {
        let text = refusal(&client, host, server, TransportErrorKind::Tls).await;
        let (ours, source) = text.split_once(" <- ").unwrap();
        assert!(ours.contains("the certificate of") && source.contains(reason), "{text}");
    }
}

#[tokio::test]
async fn a_peer_that_speaks_no_tls_or_closes_is_named() {
    use TransportErrorKind::{Connect, Tls};
    for (answer, kind, what) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], Tls, "did not answer in TLS"),
        (b"\x15\x03\x03\x00\x02\x02\x28", Tls, "the TLS handshake with localhost failed"),
        (b"", Connect, "ended during the TLS handshake"),
    ] {
        let (near, mut far) = duplex(64 << 10);
        far.write_all(answer).await.unwrap();
        far.shutdown().await.unwrap();
        let client = Authority::new().client();
        let failed = client.configs().await.unwrap().http2(Box::new(near), "localhost").await.err().unwrap();
        assert_eq!(failed.kind(), kind);
        assert!(failed.to_string().contains(what), "{failed}");
    }
}

#[tokio::test]
async fn a_host_that_no_certificate_can_be_for_is_refused() {
    let (near, _far) = duplex(1);
    let client = Authority::new().client();
    let failed = client.configs().await.unwrap().http2(Box::new(near), "a..b").await.err().unwrap();
    assert_eq!(failed.kind(), TransportErrorKind::InvalidAddress);
}

#[tokio::test]
async fn a_handshake_given_up_closes_its_connection() {
    let (near, mut far) = duplex(64 << 10);
    let client = Authority::new().client();
    let configs = client.configs().await.unwrap();
    let mut connecting = Box::pin(configs.http2(Box::new(near), "localhost"));
    let pending =
        std::future::poll_fn(|cx| std::task::Poll::Ready(connecting.as_mut().poll(cx).is_pending())).await;
    assert!(pending, "nothing answered yet");
    drop(connecting);
    let mut hello = Vec::new();
    far.read_to_end(&mut hello).await.unwrap();
    assert_eq!(hello.first(), Some(&22), "a handshake record, and then the end");
}

#[tokio::test]
async fn roots_are_read_when_first_needed_and_once() {
    let authority = Authority::new();
    let (reads, root) = (Arc::new(AtomicUsize::new(0)), authority.root.clone());
    let counter = Arc::clone(&reads);
    let client = client(move || {
        counter.fetch_add(1, Ordering::Relaxed);
        let mut found = CertificateResult::default();
        found.certs.push(root.clone());
        found
    });
    assert_eq!(reads.load(Ordering::Relaxed), 0);
    let (first, second) = tokio::join!(client.configs(), client.configs());
    assert!(first.is_ok() && second.is_ok() && client.configs().await.is_ok());
    assert_eq!(reads.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn roots_that_cannot_be_read_are_an_error_and_read_again() {
    let nothing = Path::new("/nonexistent/roots.pem");
    let authority = Authority::new();
    let (reads, root) = (AtomicUsize::new(0), authority.root.clone());
    let client = client(move || match reads.fetch_add(1, Ordering::Relaxed) {
        0 => rustls_native_certs::load_certs_from_paths(Some(nothing), None),
        1 => CertificateResult::default(),
        2 => {
            let mut found = CertificateResult::default();
            found.certs.push(CertificateDer::from(vec![0; 16]));
            found
        }
        _ => {
            let mut found = rustls_native_certs::load_certs_from_paths(Some(nothing), None);
            found.certs.push(root.clone());
            found
        }
    });
    for reason in ["/nonexistent/roots.pem", "there is none", "none of the 1 could be used"] {
        let error = client.configs().await.err().unwrap();
        assert_eq!(error.kind(), TransportErrorKind::Tls);
        assert!(chain(&error).contains(reason), "{}", chain(&error));
        assert!(error.to_string().contains("SSL_CERT_FILE"), "{error}");
    }
    assert!(client.configs().await.is_ok(), "one that can be used is enough");
}

/// Over sockets of this machine: TLS in the tunnel of a proxy that is itself called over TLS.
#[tokio::test]
async fn https_goes_through_an_https_proxy() {
    let authority = Authority::new();
    let (at_proxy, at_origin) = (authority.server(&[b"http/1.1"]), authority.server(&[b"h2"]));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let stream = listener.accept().await.unwrap().0;
        let mut tunnel = at_proxy.accept(stream).await.unwrap();
        let mut asked = Vec::new();
        while !asked.ends_with(b"\r\n\r\n") {
            asked.push(tunnel.read_u8().await.unwrap());
        }
        tunnel.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        let mut stream = at_origin.accept(tunnel).await.unwrap();
        stream.write_all(&asked).await.unwrap();
        stream.shutdown().await.unwrap();
    });
    let mut roots = RootCertStore::empty();
    roots.add(authority.root.clone()).unwrap();
    let builder = Http2Client::builder()
        .proxy(format!("https://localhost:{port}").parse().unwrap())
        .tls_rustls_0_23(Arc::new(trusting(roots).unwrap()));
    let network = Network::new(builder.network);
    let origin = Origin::try_from(&"https://localhost:4567".parse::<Uri>().unwrap()).unwrap();
    let mut io = network.dial(origin).await.unwrap();
    let mut asked = String::new();
    io.read_to_string(&mut asked).await.unwrap();
    assert!(asked.starts_with("CONNECT localhost:4567 "), "{asked}");
    server.await.unwrap();
}

#[test]
fn settings_show_nothing_of_a_configuration() {
    let config = trusting(RootCertStore::empty()).unwrap();
    let settings = TlsSettings { config: Some(Arc::new(config)) };
    assert_eq!(format!("{settings:?}"), "TlsSettings { given: true }");
}
