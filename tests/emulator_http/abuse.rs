//! What no client should send, and too many of them: an error or a closed connection, and the server goes on.

use super::*;

/// Sends bytes and reads until the server closes or answers no more.
pub(super) async fn send(server: &Server, bytes: &[u8]) -> Vec<u8> {
    let mut socket = TcpStream::connect(server.address()).await.unwrap();
    // The server may close before it has read everything.
    let _ = socket.write_all(bytes).await;
    let _ = socket.shutdown().await;
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer).await;
    answer
}

pub(super) async fn still_answers(server: &Server) {
    let listed = client(server).list_shards().stream_name("orders").send().await.unwrap();
    assert_eq!(listed.shards().len(), 1);
}

fn call(headers: &str, body: &[u8]) -> Vec<u8> {
    let mut request = format!(
        "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\
         X-Amz-Target: Kinesis_20131202.ListShards\r\n{headers}\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    request
}

#[tokio::test]
async fn what_is_no_http_closes_the_connection() {
    let (server, _, _) = ready(quick()).await;
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let frames: [&[u8]; 3] = [
        b"\xff\xff\xff\x04\0\0\0\0\0",
        b"\0\0\x08\x00\0\0\0\0\x01AAAAAAAA",
        b"\0\0\x05\x01\x04\0\0\0\x01\xff\xff\xff\xff\xff",
    ];
    for frame in frames {
        let answer = send(&server, &[preface, frame].concat()).await;
        assert!(!answer.starts_with(b"HTTP/1.1"), "HTTP/2 is not answered in HTTP/1.1");
    }
    for bytes in [&b"\x16\x03\x01\0\x05hello"[..], b"PRI * HTTP/2.0\r\n", b"\0\0\0\0", b"POST\r\n\r\n", b""] {
        let answer = send(&server, bytes).await;
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 400 "), "{answer:?}");
    }
    still_answers(&server).await;
}

#[tokio::test]
async fn huge_headers_and_bodies_are_refused() {
    let (server, _, _) = ready(quick()).await;
    let long = call(&format!("X-Long: {}\r\n", "a".repeat(200 << 10)), b"{}");
    assert!(send(&server, &long).await.starts_with(b"HTTP/1.1 431 "));
    let mut many = String::new();
    for n in 0..1_000 {
        many.push_str(&format!("X-{n}: a\r\n"));
    }
    assert!(send(&server, &call(&many, b"{}")).await.starts_with(b"HTTP/1.1 431 "));
    let body = vec![b' '; 17 << 20];
    let answer = send(&server, &call("", &body)).await;
    assert!(
        answer.is_empty() || answer.starts_with(b"HTTP/1.1 413 "),
        "refused, or closed before it was read"
    );
    still_answers(&server).await;
}

#[tokio::test]
async fn malformed_bodies_get_an_error_in_their_codec() {
    let (server, _, _) = ready(quick()).await;
    let nested = "[".repeat(100_000);
    for (kind, body) in [
        ("application/x-amz-json-1.1", nested.as_bytes()),
        ("application/x-amz-json-1.1", b"{\"StreamName\":\"\xff\"}"),
        ("application/x-amz-cbor-1.1", &[0x9f; 100_000]),
        ("application/x-amz-cbor-1.1", b"\xbf\x6aStreamName\x7b\xff\xff\xff\xff\xff\xff\xff\xff"),
        ("application/x-amz-cbor-1.1", b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff"),
    ] {
        let answer = send(&server, &call(&format!("Content-Type: {kind}\r\n"), body)).await;
        let text = String::from_utf8_lossy(&answer);
        assert!(text.starts_with("HTTP/1.1 400 "), "{text}");
        assert!(text.contains("SerializationException") && text.contains(kind), "{text}");
    }
    still_answers(&server).await;
}

#[tokio::test]
async fn connections_beyond_the_limit_are_closed_and_others_served() {
    let settings = Settings { max_connections: 3, ..quick() };
    let server = LocalKinesis::start(settings).await.unwrap();
    server.create_stream("orders", 1).unwrap();
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(TcpStream::connect(server.address()).await.unwrap());
    }
    let mut refused = TcpStream::connect(server.address()).await.unwrap();
    assert_eq!(refused.read(&mut [0; 8]).await.unwrap_or(0), 0, "closed without a word");
    drop(held);
    assert_eq!((server.statistics().open_connections, server.statistics().refused_connections), (3, 1));
    // The server learns of the hang-ups in its own time: it refuses until then.
    let served = async { while client(&server).list_shards().stream_name("orders").send().await.is_err() {} };
    tokio::time::timeout(Duration::from_secs(30), served).await.expect("served again");
}

#[tokio::test]
async fn half_a_request_does_not_keep_others_out() {
    let (server, _, _) = ready(Settings { shutdown_time: Duration::ZERO, ..quick() }).await;
    let mut slow = Vec::new();
    for part in [
        "P",
        "PRI * HTTP/2.0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n{",
    ] {
        for _ in 0..64 {
            let mut socket = TcpStream::connect(server.address()).await.unwrap();
            socket.write_all(part.as_bytes()).await.unwrap();
            slow.push(socket);
        }
    }
    still_answers(&server).await;
    server.shutdown().await;
    let mut end = [0; 512];
    assert!(matches!(slow[0].read(&mut end).await, Ok(0) | Err(_)), "the stop closes them");
}
