//! Over sockets of this machine: what only the whole dial shows.

use http::Uri;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::super::super::error::TransportErrorKind;
use super::*;

fn origin(scheme: &str, port: u16) -> Origin {
    Origin::try_from(&format!("{scheme}://127.0.0.1:{port}").parse::<Uri>().unwrap()).unwrap()
}

fn network(set: impl FnOnce(Http2ClientBuilder) -> Http2ClientBuilder) -> Network {
    let settings = set(super::super::super::client::Http2Client::builder()).network;
    Network::new(settings)
}

async fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// Serves one connection: whatever it is asked for, it answers with the whole request.
async fn echo_request(listener: TcpListener) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let asked = request(&mut stream).await;
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    stream.write_all(asked.as_bytes()).await.unwrap();
}

async fn request(stream: &mut TcpStream) -> String {
    let mut asked = Vec::new();
    while !asked.ends_with(b"\r\n\r\n") {
        asked.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(asked).unwrap()
}

#[tokio::test]
async fn http_is_a_bare_connection() {
    let (listener, port) = listener().await;
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"first").await.unwrap();
    });
    let mut io = network(Http2ClientBuilder::no_proxy).dial(origin("http", port)).await.unwrap();
    let mut read = String::new();
    io.read_to_string(&mut read).await.unwrap();
    assert_eq!(read, "first");
    server.await.unwrap();
}

#[tokio::test]
async fn http_goes_through_the_tunnel_of_a_proxy() {
    let (listener, port) = listener().await;
    let server = tokio::spawn(echo_request(listener));
    let proxy = format!("http://user:secret@127.0.0.1:{port}").parse().unwrap();
    let network = network(|builder| builder.proxy(proxy));
    let mut io = network.dial(origin("http", 4567)).await.unwrap();
    let mut asked = String::new();
    io.read_to_string(&mut asked).await.unwrap();
    assert!(asked.starts_with("CONNECT 127.0.0.1:4567 HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains("proxy-authorization: Basic dXNlcjpzZWNyZXQ=\r\n"), "{asked}");
    server.await.unwrap();
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_named() {
    let (listener, port) = listener().await;
    drop(listener);
    let proxy = format!("http://user:secret@127.0.0.1:{port}").parse().unwrap();
    let error = network(|builder| builder.proxy(proxy)).dial(origin("http", 4567)).await.err().unwrap();
    assert_eq!(error.kind(), TransportErrorKind::Connect);
    assert_eq!(error.to_string(), format!("no connection to the proxy 127.0.0.1:{port}"));
}

#[tokio::test]
async fn a_builder_shows_no_credentials() {
    let proxy = "http://user:secret@p.example:1".parse().unwrap();
    let text = format!("{:?}", super::super::super::client::Http2Client::builder().proxy(proxy));
    assert!(text.contains("p.example") && !text.contains("secret"), "{text}");
}
