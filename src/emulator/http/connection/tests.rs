//! Time-outs, keep-alive and the stop, on a paused clock over pipes in memory: no time passes but what they wait for.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what fails here fails the test")]

use std::time::Duration;

use bytes::Bytes;
use h2::RecvStream;
use h2::client::{Connection, SendRequest};
use tokio::io::DuplexStream;
use tokio::task::JoinHandle;

use super::*;
use crate::emulator::http::stop::{StopOrder, stop};
use crate::emulator::{LocalKinesis, Settings};

mod stuck;

const SHARD: &str = "shardId-000000000000";
/// Far from every other time that is at work here.
const TIMEOUT: Duration = Duration::from_secs(7);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

struct Door {
    local: LocalKinesis,
    dispatch: Arc<Dispatch>,
    order: StopOrder,
}

impl Door {
    /// With the stream `orders` of one shard, filled with so many records of 1 MB.
    fn new(settings: Settings, records: usize) -> Self {
        let local = LocalKinesis::new(Settings { pace: None, subscription_time: DAY, ..settings });
        local.create_stream("orders", 1).unwrap();
        for _ in 0..records {
            local.put_record("orders", "k", None, vec![7; 1_000_000]).unwrap();
        }
        let (order, stop) = stop();
        let dispatch = Arc::new(Dispatch::new(Arc::clone(&local.service), stop));
        Self { local, dispatch, order }
    }

    /// A client's end of a connection with so much room on its way, and the server's task.
    fn connect(&self, room: usize) -> (DuplexStream, JoinHandle<()>) {
        let (client, server) = tokio::io::duplex(room);
        let (reader, writer) = tokio::io::split(server);
        (client, tokio::spawn(sniff(reader, writer, Arc::clone(&self.dispatch))))
    }

    /// The ARN of a new registered consumer that is ACTIVE.
    fn consumer(&self) -> String {
        let consumer = self.local.register_consumer("orders", "billing").unwrap();
        self.local.advance(Duration::from_secs(1));
        consumer.arn
    }
}

/// What comes until the connection is closed.
async fn rest(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

type Http2 = (SendRequest<Bytes>, Connection<DuplexStream, Bytes>);

async fn handshake(client: DuplexStream) -> Http2 {
    h2::client::Builder::new().initial_window_size(WINDOW).handshake(client).await.unwrap()
}

const WINDOW: u32 = 16 << 10;

/// A call with so much of its body; only a whole one is ended.
async fn call(
    (send, connection): &mut Http2,
    operation: &str,
    body: &str,
    is_whole: bool,
) -> (u16, RecvStream) {
    let request =
        http::Request::post("http://x/").header("x-amz-target", format!("Kinesis_20131202.{operation}"));
    let (answer, mut sending) = send.send_request(request.body(()).unwrap(), false).unwrap();
    sending.send_data(body.to_owned().into(), is_whole).unwrap();
    let answer = tokio::select! {
        answer = answer => answer.unwrap(),
        ended = connection => panic!("{ended:?}"),
    };
    (answer.status().as_u16(), answer.into_body())
}

async fn subscribe(http2: &mut Http2, consumer: &str) -> RecvStream {
    let start = r#"{"Type":"TRIM_HORIZON"}"#;
    let body = format!(r#"{{"ConsumerARN":"{consumer}","ShardId":"{SHARD}","StartingPosition":{start}}}"#);
    let (status, body) = call(http2, "SubscribeToShard", &body, true).await;
    assert_eq!(status, 200);
    body
}

#[tokio::test(start_paused = true)]
async fn half_a_header_is_answered_and_its_connection_closed() {
    let door = Door::new(Settings { header_timeout: TIMEOUT, ..Settings::default() }, 0);
    let (mut client, served) = door.connect(1 << 16);
    let start = Instant::now();
    client.write_all(b"POST / HTTP/1.1\r\nX-Amz-Target: Kine").await.unwrap();
    let answer = rest(&mut client).await;
    assert_eq!(start.elapsed().as_secs(), TIMEOUT.as_secs(), "of the paused clock");
    assert!(answer.starts_with("HTTP/1.1 408 Request Timeout\r\nconnection: close\r\n"), "{answer}");
    assert!(answer.contains("\r\nx-amzn-errortype: RequestTimeoutException\r\n"), "{answer}");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("\r\nx-amzn-requestid: ") && head.contains("\r\ndate: "), "{head}");
    assert!(head.ends_with(&format!("\r\ncontent-length: {}", body.len())), "{head}");
    let expected =
        r#"{"__type":"RequestTimeoutException","message":"The header did not come within 7000 ms."}"#;
    assert_eq!(body, expected);
    served.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_header_that_begins_late_has_no_more_time() {
    let door = Door::new(Settings { header_timeout: TIMEOUT, ..Settings::default() }, 0);
    let (mut client, mut served) = door.connect(1 << 16);
    let start = Instant::now();
    client.write_all(b"P").await.unwrap();
    assert!(timeout(TIMEOUT - Duration::from_secs(1), &mut served).await.is_err(), "it has its time");
    client.write_all(b"OST / HTTP/1.1\r\nX-Amz").await.unwrap();
    assert!(rest(&mut client).await.starts_with("HTTP/1.1 408 "));
    assert_eq!(start.elapsed().as_secs(), TIMEOUT.as_secs(), "of the paused clock");
    served.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_stop_does_not_wait_for_half_a_header() {
    for before in ["", "GET / HTTP/1.1\r\n\r\n"] {
        let door = Door::new(Settings { header_timeout: DAY, ..Settings::default() }, 0);
        let (mut client, mut served) = door.connect(1 << 16);
        client.write_all(format!("{before}POST / HTTP/1.1\r\nX-Amz").as_bytes()).await.unwrap();
        assert!(timeout(TIMEOUT, &mut served).await.is_err(), "it is read, and waited for");
        door.order.give();
        timeout(TIMEOUT, served).await.expect("it ends").unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_asks_nothing_is_closed_without_a_word() {
    let door = Door::new(Settings { header_timeout: TIMEOUT, ..Settings::default() }, 0);
    for start in ["", "P", "PRI * HTTP/2.0\r\n\r\nS"] {
        let (mut client, served) = door.connect(1 << 16);
        client.write_all(start.as_bytes()).await.unwrap();
        assert_eq!(rest(&mut client).await, "", "{start:?}");
        served.await.unwrap();
    }
    // Nor is one that has had its answer.
    let (mut client, served) = door.connect(1 << 16);
    client.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let answer = rest(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 403 ") && !answer.contains("408"), "{answer}");
    served.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn half_a_handshake_of_tls_is_closed() {
    let door = Door::new(Settings { tls_handshake_timeout: TIMEOUT, ..Settings::default() }, 0);
    // The record of a ClientHello that announces 512 bytes and brings one.
    for hello in [&b"\x16\x03\x01\x02\x00\x01"[..], b""] {
        let (mut client, server) = tokio::io::duplex(1 << 16);
        let served = tokio::spawn(secure(server, Tls::self_made().unwrap(), Arc::clone(&door.dispatch)));
        let start = Instant::now();
        client.write_all(hello).await.unwrap();
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).await.unwrap();
        assert_eq!((rest.len(), start.elapsed().as_secs()), (0, TIMEOUT.as_secs()), "of the paused clock");
        served.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn half_a_body_is_answered_in_both_versions() {
    let door = Door::new(Settings { body_timeout: TIMEOUT, ..Settings::default() }, 0);
    let (mut client, served) = door.connect(1 << 16);
    let head = "POST / HTTP/1.1\r\nX-Amz-Target: Kinesis_20131202.ListShards\r\nContent-Length: 9\r\n\r\n{";
    client.write_all(head.as_bytes()).await.unwrap();
    let answer = rest(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    let expected =
        r#"{"__type":"RequestTimeoutException","message":"The body did not come within 7000 ms."}"#;
    assert!(answer.ends_with(expected), "{answer}");
    served.await.unwrap();

    let mut http2 = handshake(door.connect(1 << 16).0).await;
    let (status, mut body) = call(&mut http2, "ListShards", "{", false).await;
    assert_eq!((status, body.data().await.unwrap().unwrap()), (408, expected.into()));
}

#[tokio::test(start_paused = true)]
async fn an_http2_peer_that_answers_no_ping_is_cut_off() {
    // In the second round what it is sent fills the pipe: not even a PING gets through, nor the GOAWAY.
    for (records, room) in [(0, 1 << 20), (1, 1 << 10)] {
        let door = Door::new(Settings::default(), records);
        let consumer = door.consumer();
        let (client, served) = door.connect(room);
        let mut http2 = handshake(client).await;
        let _events = subscribe(&mut http2, &consumer).await;
        assert_eq!(door.local.statistics().open_subscriptions, 1);
        // It is not polled any more, so it answers nothing, and its end stays open.
        let start = Instant::now();
        tokio::time::timeout(DAY, served).await.expect("it is cut off").unwrap();
        let (settings, waited) = (Settings::default(), start.elapsed());
        assert!(waited >= settings.keep_alive_interval + settings.keep_alive_timeout, "{waited:?}");
        assert!(waited <= door.dispatch.limits().longest_silence() * 2, "{waited:?}");
        tokio::task::yield_now().await;
        assert_eq!(door.local.statistics().open_subscriptions, 0, "{records} records");
        drop(http2);
    }
}

#[tokio::test(start_paused = true)]
async fn an_http2_peer_that_reads_no_event_but_answers_pings_is_kept_and_misses_nothing() {
    const RECORDS: usize = 3;
    let door = Door::new(Settings::default(), RECORDS);
    let consumer = door.consumer();
    let (client, served) = door.connect(1 << 10);
    let mut http2 = handshake(client).await;
    let mut events = subscribe(&mut http2, &consumer).await;
    let (_send, connection) = http2;
    let connection = tokio::spawn(connection);
    // A hundred times what a PING may take.
    let unread = tokio::time::timeout(Duration::from_secs(6_000), served).await;
    assert!(unread.is_err(), "cut off while it answered");
    assert_eq!(door.local.statistics().open_subscriptions, 1);
    assert!(door.local.statistics().events <= 2, "nothing is pulled for a window that is closed");
    let mut read = 0;
    while read < RECORDS * 1_333_336 {
        let data = events.data().await.unwrap().unwrap();
        events.flow_control().release_capacity(data.len()).unwrap();
        read += data.len();
    }
    assert_eq!(door.local.statistics().records, RECORDS as u64);
    connection.abort();
}
