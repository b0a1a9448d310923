//! TLS: with ALPN of either protocol, and without.

use std::sync::Arc;

use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use kinesis_fanout::emulator::{Tls, TlsError};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::http2::Http2;
use super::*;

/// Connects, trusting nobody but the server's own authority.
async fn connect(server: &Server, alpn: &[&str]) -> TlsStream<TcpStream> {
    connect_trusting(server, server.certificate_authority().unwrap().as_bytes(), alpn).await
}

async fn connect_trusting(server: &Server, authority: &[u8], alpn: &[&str]) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    let socket = TcpStream::connect(server.address()).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, socket).await.unwrap()
}

#[tokio::test]
async fn http2_is_spoken_with_alpn_and_without() {
    let server = LocalKinesis::start_tls(quick()).await.unwrap();
    server.create_stream("orders", 1).unwrap();
    assert!(server.endpoint_url().starts_with("https://127.0.0.1:"));
    for alpn in [&["h2", "http/1.1"][..], &[]] {
        let socket = connect(&server, alpn).await;
        assert_eq!(socket.get_ref().1.alpn_protocol(), alpn.first().map(|_| &b"h2"[..]));
        let http2 = Http2::over(socket, "127.0.0.1".into()).await;
        let (status, answer) = http2.call("ListShards", r#"{"StreamName":"orders"}"#).await;
        assert_eq!(status, 200);
        assert!(answer.contains(SHARD), "{answer}");
    }
}

#[tokio::test]
async fn the_aws_sdk_subscribes_over_tls() {
    let server = LocalKinesis::start_tls(quick()).await.unwrap();
    server.create_stream("orders", 1).unwrap();
    let consumer = server.register_consumer("orders", "billing").unwrap().arn;
    let authority = server.certificate_authority().unwrap().as_bytes();
    let trust = TrustStore::empty().with_pem_certificate(authority);
    let context = TlsContext::builder().with_trust_store(trust).build().unwrap();
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .tls_context(context)
        .build_https();
    let config = client(&server).config().to_builder().http_client(http).build();
    let client = Client::from_conf(config);
    let put = client.put_record().stream_name("orders").partition_key("k").data(Blob::new("a"));
    put.send().await.unwrap();
    let mut output = from_horizon(&client, &consumer).await.unwrap();
    assert_eq!(payloads(&event(&mut output).await.unwrap()), [b"a"]);
}

#[tokio::test]
async fn a_given_chain_is_shown_and_its_key_has_to_fit() {
    let authority = |name: &str| rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let (one, other) = (authority("127.0.0.1"), authority("127.0.0.1"));
    let refused = Tls::from_pem(&one.cert.pem(), &other.signing_key.serialize_pem());
    assert!(matches!(refused, Err(TlsError::Unusable(_))), "{refused:?}");

    let tls = Tls::from_pem(&one.cert.pem(), &one.signing_key.serialize_pem()).unwrap();
    let local = LocalKinesis::new(quick());
    let server = local.serve_tls_on("127.0.0.1:0".parse().unwrap(), tls).await.unwrap();
    assert!(server.certificate_authority().is_none());
    let mut socket = connect_trusting(&server, one.cert.pem().as_bytes(), &[]).await;
    socket.write_all(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
}

#[tokio::test]
async fn http_1_1_is_spoken_with_alpn_and_without() {
    let server = LocalKinesis::start_tls(quick()).await.unwrap();
    for alpn in [&["http/1.1"][..], &[]] {
        let mut socket = connect(&server, alpn).await;
        let request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    }
}

#[tokio::test]
async fn one_service_has_a_plain_door_and_one_under_tls() {
    let plain = LocalKinesis::start(quick()).await.unwrap();
    let tls = Tls::self_made().unwrap();
    let secret = plain.serve_tls_on("127.0.0.1:0".parse().unwrap(), tls).await.unwrap();
    client(&plain).create_stream().stream_name("orders").shard_count(2).send().await.unwrap();
    assert_eq!(secret.list_shards("orders").unwrap().len(), 2);
    assert!(plain.certificate_authority().is_none());
}

#[test]
fn a_certificate_that_cannot_be_used_is_refused() {
    let authority = Tls::self_made().unwrap().certificate_authority().unwrap().to_owned();
    assert!(matches!(Tls::from_pem("", ""), Err(TlsError::Certificate(_))));
    assert!(matches!(Tls::from_pem(&authority, ""), Err(TlsError::PrivateKey(_))));
    let other = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    assert!(matches!(Tls::from_pem(&authority, other), Err(TlsError::Unusable(_))));
}
