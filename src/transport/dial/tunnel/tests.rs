use std::error::Error;
use std::future::Future;

use http::Uri;
use tokio::io::{AsyncReadExt, DuplexStream, duplex};

use super::*;

fn origin(uri: &str) -> Origin {
    Origin::try_from(&uri.parse::<Uri>().unwrap()).unwrap()
}

/// A tunnel to `https://target.example` through a proxy that answers so.
async fn answered(answer: &[u8]) -> Result<Io, TransportError> {
    through("http://proxy.example:3128", answer).await
}

async fn through(proxy: &str, answer: &[u8]) -> Result<Io, TransportError> {
    let (near, mut far) = duplex(64 << 10);
    far.write_all(answer).await.unwrap();
    far.shutdown().await.unwrap();
    let tunnel = open(Box::new(near), &proxy.parse().unwrap(), &origin("https://target.example")).await;
    drop(far);
    tunnel
}

async fn refusal(answer: &[u8]) -> String {
    let error = answered(answer).await.err().expect("the tunnel should have been refused");
    assert_eq!(error.kind(), TransportErrorKind::Proxy);
    let source = error.source().map(ToString::to_string).unwrap_or_default();
    assert!(error.to_string().contains("proxy.example:3128"), "{error}");
    format!("{error} {source}")
}

async fn asked(proxy: &str, target: &str) -> String {
    let (near, mut far) = duplex(1 << 10);
    let (proxy, target) = (proxy.parse().unwrap(), origin(target));
    let answer = async {
        let mut asked = vec![0; 1 << 10];
        let len = far.read(&mut asked).await.unwrap();
        far.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        asked.truncate(len);
        asked
    };
    let (tunnel, asked) = tokio::join!(open(Box::new(near), &proxy, &target), answer);
    tunnel.unwrap();
    String::from_utf8(asked).unwrap()
}

#[tokio::test]
async fn the_request_names_host_and_port() {
    assert_eq!(
        asked("http://p.example:1", "https://target.example").await,
        "CONNECT target.example:443 HTTP/1.1\r\nhost: target.example:443\r\n\r\n"
    );
    assert_eq!(
        asked("http://p.example:1", "http://[::1]:4567").await,
        "CONNECT [::1]:4567 HTTP/1.1\r\nhost: [::1]:4567\r\n\r\n"
    );
}

#[tokio::test]
async fn credentials_go_to_the_proxy_as_basic() {
    let asked = asked("http://Aladdin:open%20sesame@p.example:1", "https://target.example").await;
    assert!(asked.contains("\r\nproxy-authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"), "{asked}");
}

#[tokio::test]
async fn bytes_after_the_answer_belong_to_the_tunnel() {
    for answer in ["HTTP/1.1 200 Connection established\r\nvia: x\r\n\r\nfirst", "HTTP/1.0 204 \r\n\r\nfirst"]
    {
        let mut tunnel = answered(answer.as_bytes()).await.unwrap();
        let mut read = String::new();
        tunnel.read_to_string(&mut read).await.unwrap();
        assert_eq!(read, "first", "{answer}");
    }
}

#[tokio::test]
async fn an_interim_answer_is_passed_over() {
    let mut tunnel = answered(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nfirst").await.unwrap();
    let mut read = String::new();
    tunnel.read_to_string(&mut read).await.unwrap();
    assert_eq!(read, "first");
}

#[tokio::test]
async fn an_answer_may_come_byte_by_byte_and_the_tunnel_carries_both_ways() {
    let (near, far) = duplex(1);
    let proxy = "http://p.example:1".parse().unwrap();
    let server = tokio::spawn(answer_and_echo(far));
    let mut tunnel = open(Box::new(near), &proxy, &origin("https://target.example")).await.unwrap();
    tunnel.write_all(b"ping").await.unwrap();
    let mut back = [0; 4];
    tunnel.read_exact(&mut back).await.unwrap();
    assert_eq!(&back, b"ping");
    server.await.unwrap();
}

async fn answer_and_echo(mut far: DuplexStream) {
    let mut asked = Vec::new();
    while !asked.ends_with(b"\r\n\r\n") {
        asked.push(far.read_u8().await.unwrap());
    }
    far.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    let mut bytes = [0; 4];
    far.read_exact(&mut bytes).await.unwrap();
    far.write_all(&bytes).await.unwrap();
}

#[tokio::test]
async fn a_refusal_names_its_status() {
    let text = refusal(b"HTTP/1.1 502 <script>secret\r\n\r\n").await;
    assert!(text.contains("target.example:443: 502 Bad Gateway") && !text.contains("secret"), "{text}");
    let text = refusal(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n").await;
    assert!(text.contains("407") && text.contains("needs a user and a password"), "{text}");
    let error = through("http://user:secret@p:1", b"HTTP/1.1 407 No\r\n\r\n").await.err().unwrap();
    let text = format!("{error} {error:?}");
    assert!(text.contains("407") && text.contains("does not take the credentials"), "{text}");
    assert!(!text.contains("secret") && !text.contains("dXNlcjpzZWNyZXQ="), "{text}");
}

#[tokio::test]
async fn what_is_no_answer_is_told_apart() {
    for (answer, reason) in [
        (&b"220 mail.example ESMTP\r\n"[..], "did not answer as an HTTP proxy"),
        (b"\x16\x03\x01\x02\x00\x01", "did not answer as an HTTP proxy"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", "did not answer as an HTTP proxy"),
        (b"HTTP/1.1 099 OK\r\n\r\n", "did not answer as an HTTP proxy"),
        (b"", "was closed before it answered"),
        (b"HTTP/1.1 200 OK\r\n", "was closed before it answered"),
    ] {
        let text = refusal(answer).await;
        assert!(text.contains(reason), "{answer:?}: {text}");
    }
}

#[tokio::test]
async fn a_head_is_read_up_to_8_kib() {
    let head = |len: usize| {
        let (start, end) = ("HTTP/1.1 200 OK\r\nx: ", "\r\n\r\n");
        format!("{start}{}{end}", "y".repeat(len - start.len() - end.len())).into_bytes()
    };
    assert!(answered(&head(8 << 10)).await.is_ok());
    let text = refusal(&head(16 << 10)).await;
    assert!(text.contains("longer than 8192 bytes"), "{text}");
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(101));
    let text = refusal(many.as_bytes()).await;
    assert!(text.contains("did not answer as an HTTP proxy"), "{text}");
}

#[tokio::test]
async fn a_tunnel_given_up_closes_its_connection() {
    let (near, mut far) = duplex(1 << 10);
    let proxy = "http://p.example:1".parse().unwrap();
    let target = origin("https://target.example");
    let mut opening = Box::pin(open(Box::new(near), &proxy, &target));
    let pending =
        std::future::poll_fn(|cx| std::task::Poll::Ready(opening.as_mut().poll(cx).is_pending())).await;
    assert!(pending, "nothing answered yet");
    drop(opening);
    let mut asked = String::new();
    far.read_to_string(&mut asked).await.unwrap();
    assert!(asked.starts_with("CONNECT "), "{asked}");
}
