//! Time-outs over real sockets, set to moments. How long each takes is tried on a paused clock, beside the door's own code.

use bytes::Bytes;
use h2::client::{Connection, SendRequest};

use super::answered::raw;
use super::*;

const MOMENT: Duration = Duration::from_millis(200);

/// Waits until the server has let go of all its connections.
pub(super) async fn no_connections(server: &LocalKinesis) {
    let none = async {
        while server.statistics().open_connections > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), none).await.expect("all connections are closed");
}

#[tokio::test]
async fn half_a_header_and_half_a_body_are_answered_with_a_time_out() {
    let (server, ..) = ready(Settings { header_timeout: MOMENT, body_timeout: MOMENT, ..quick() }).await;
    for (half, what) in [
        ("POST / HTTP/1.1\r\nHost: ", "header"),
        (
            "POST / HTTP/1.1\r\nX-Amz-Target: Kinesis_20131202.ListShards\r\nContent-Length: 9\r\n\r\n{",
            "body",
        ),
        (
            "POST / HTTP/1.1\r\nX-Amz-Target: Kinesis_20131202.PutRecord\r\n\
             Transfer-Encoding: chunked\r\n\r\n5\r\n{\"Str",
            "body",
        ),
    ] {
        let answer = raw(&server, half.as_bytes()).await;
        assert_eq!(
            (answer.status, answer.header("x-amzn-errortype")),
            (408, Some("RequestTimeoutException"))
        );
        let document = format!("{:?}", answer.document());
        assert!(document.contains(&format!("The {what} did not come within 200 ms.")), "{document}");
    }
    no_connections(&server).await;
}

#[tokio::test]
async fn half_a_preface_and_half_a_handshake_are_closed() {
    let settings = Settings { header_timeout: MOMENT, tls_handshake_timeout: MOMENT, ..quick() };
    let plain = LocalKinesis::start(settings.clone()).await.unwrap();
    let tls = LocalKinesis::start_tls(settings).await.unwrap();
    for (server, half) in [
        (&plain, &b""[..]),
        (&plain, b"PRI * HTTP/2.0\r\n"),
        (&tls, b""),
        // The record of a ClientHello that announces 512 bytes and brings one.
        (&tls, b"\x16\x03\x01\x02\x00\x01"),
    ] {
        let mut socket = TcpStream::connect(server.address()).await.unwrap();
        socket.write_all(half).await.unwrap();
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).await.unwrap();
        assert!(answer.is_empty(), "{answer:?}");
    }
    no_connections(&plain).await;
    no_connections(&tls).await;
}

/// A connection with a subscription that is never polled again; `None` if it was cut before the subscription began.
async fn silent_subscriber(server: &Server, consumer: &str) -> Option<Connection<TcpStream, Bytes>> {
    let socket = TcpStream::connect(server.address()).await.ok()?;
    let mut windows = h2::client::Builder::new();
    windows.initial_window_size(1 << 30).initial_connection_window_size(1 << 30);
    let (mut send, mut connection): (SendRequest<Bytes>, _) = windows.handshake(socket).await.ok()?;
    let request = http::Request::post(format!("http://{}/", server.address()))
        .header("x-amz-target", "Kinesis_20131202.SubscribeToShard");
    let (answer, mut sending) = send.send_request(request.body(()).unwrap(), false).ok()?;
    let start = r#"{"Type":"TRIM_HORIZON"}"#;
    let body = format!(r#"{{"ConsumerARN":"{consumer}","ShardId":"{SHARD}","StartingPosition":{start}}}"#);
    sending.send_data(body.into(), true).ok()?;
    tokio::select! {
        answer = answer => assert_eq!(answer.ok()?.status(), 200),
        _ = &mut connection => return None,
    }
    Some(connection)
}

/// A machine that stands still for a moment is no peer that answers nothing: once more, then.
async fn subscribed(server: &Server, consumer: &str) -> Connection<TcpStream, Bytes> {
    loop {
        if let Some(connection) = silent_subscriber(server, consumer).await {
            return connection;
        }
        no_connections(server).await;
    }
}

#[tokio::test]
async fn a_peer_that_answers_no_ping_frees_its_place() {
    let (server, client, consumer) = ready(Settings {
        keep_alive_interval: MOMENT,
        keep_alive_timeout: MOMENT,
        max_connections: 1,
        ..quick()
    })
    .await;
    // More than its socket takes.
    for _ in 0..32 {
        server.put_record("orders", "k", None, vec![b'x'; 1_000_000]).unwrap();
    }
    let connection =
        tokio::time::timeout(Duration::from_secs(60), subscribed(&server, &consumer)).await.unwrap();
    assert_eq!(server.statistics().refused_connections, 0);
    // Nobody polls it, so no PING is answered; on this side it stays open.
    no_connections(&server).await;
    let hung_up = async {
        while server.statistics().open_subscriptions > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), hung_up).await.expect("its subscription is closed");
    assert_eq!(client.list_shards().stream_name("orders").send().await.unwrap().shards().len(), 1);
    drop(connection);
}

#[tokio::test]
async fn pings_come_and_whoever_answers_them_is_kept() {
    let settings = Settings { keep_alive_interval: Duration::from_millis(1), ..quick() };
    let server = LocalKinesis::start(settings).await.unwrap();
    let mut socket = TcpStream::connect(server.address()).await.unwrap();
    socket.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let mut answered = 0;
    while answered < 5 {
        let mut head = [0; 9];
        socket.read_exact(&mut head).await.unwrap();
        let mut payload = vec![0; usize::from(head[1]) << 8 | usize::from(head[2])];
        socket.read_exact(&mut payload).await.unwrap();
        // A PING, and no answer to one (RFC 9113, 6.7).
        if (head[3], head[4]) == (6, 0) {
            socket.write_all(&[&[0, 0, 8, 6, 1, 0, 0, 0, 0][..], &payload].concat()).await.unwrap();
            answered += 1;
        }
    }
    assert_eq!(server.statistics().open_connections, 1);
}
