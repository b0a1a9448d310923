//! HTTP/2: by prior knowledge on the same port as HTTP/1.1.

use bytes::{Bytes, BytesMut};
use h2::RecvStream;
use h2::client::{Connection, SendRequest};
use tokio::io::{AsyncRead, AsyncWrite};

use super::*;

/// An HTTP/2 connection, and what the server allows on it.
pub(crate) struct Http2 {
    send: SendRequest<Bytes>,
    authority: String,
    pub(crate) max_streams: usize,
}

/// The end of a connection.
type Ended = tokio::task::JoinHandle<Result<(), h2::Error>>;

impl Http2 {
    pub(crate) async fn over<T>(socket: T, authority: String) -> Self
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        Self::with_end(socket, authority).await.0
    }

    async fn with_end<T>(socket: T, authority: String) -> (Self, Ended)
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        // Room for more than one stream that nobody reads: else it would hold up all others.
        let handshake = h2::client::Builder::new().initial_connection_window_size(1 << 20).handshake(socket);
        let (send, mut connection): (_, Connection<T, Bytes>) = handshake.await.unwrap();
        let mut pings = connection.ping_pong().unwrap();
        let pong = async move { pings.ping(h2::Ping::opaque()).await };
        tokio::pin!(pong);
        // The server's settings stand before its answer to a PING.
        tokio::select! {
            answered = &mut pong => drop(answered.unwrap()),
            ended = &mut connection => panic!("{ended:?}"),
        }
        let max_streams = connection.max_concurrent_send_streams();
        (Self { send, authority, max_streams }, tokio::spawn(connection))
    }

    async fn plain(server: &Server) -> Self {
        Self::connect(server).await.0
    }

    pub(crate) async fn connect(server: &Server) -> (Self, Ended) {
        let socket = TcpStream::connect(server.address()).await.unwrap();
        Self::with_end(socket, server.address().to_string()).await
    }

    pub(crate) async fn request(&self, operation: &str, body: String) -> (u16, RecvStream) {
        let request = http::Request::post(format!("http://{}/", self.authority))
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("Kinesis_20131202.{operation}"));
        let mut send = self.send.clone().ready().await.unwrap();
        let (answer, mut sending) = send.send_request(request.body(()).unwrap(), false).unwrap();
        sending.send_data(body.into(), true).unwrap();
        let answer = answer.await.unwrap();
        (answer.status().as_u16(), answer.into_body())
    }

    /// The status of a request without a body and with this header.
    pub(crate) async fn status_with_header(&self, value: &str) -> u16 {
        let request = http::Request::post(format!("http://{}/", self.authority)).header("x-long", value);
        let mut send = self.send.clone().ready().await.unwrap();
        let (answer, _) = send.send_request(request.body(()).unwrap(), true).unwrap();
        answer.await.unwrap().status().as_u16()
    }

    pub(crate) async fn call(&self, operation: &str, body: &str) -> (u16, String) {
        let (status, body) = self.request(operation, body.to_owned()).await;
        (status, String::from_utf8(rest(body).await.into()).unwrap())
    }

    pub(crate) async fn subscribe(&self, consumer: &str) -> RecvStream {
        let start = r#"{"Type":"TRIM_HORIZON"}"#;
        let body =
            format!(r#"{{"ConsumerARN":"{consumer}","ShardId":"{SHARD}","StartingPosition":{start}}}"#);
        let (status, body) = self.request("SubscribeToShard", body).await;
        assert_eq!(status, 200);
        body
    }
}

/// All bytes to the end, with the window opened as they are read.
pub(crate) async fn rest(mut body: RecvStream) -> BytesMut {
    let mut all = BytesMut::new();
    while let Some(bytes) = body.data().await {
        let bytes = bytes.unwrap();
        body.flow_control().release_capacity(bytes.len()).unwrap();
        all.extend_from_slice(&bytes);
    }
    all
}

/// The next whole message's payload, taken off: JSON behind the prelude's 12 bytes and the headers, before the checksum.
fn message(bytes: &mut BytesMut) -> Option<serde_json::Value> {
    let word = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?) as usize);
    let (total, headers) = (word(0)?, word(4)?);
    if bytes.len() < total {
        return None;
    }
    let message = bytes.split_to(total);
    Some(serde_json::from_slice(&message[12 + headers..total - 4]).unwrap())
}

fn number(record: &serde_json::Value) -> String {
    record["SequenceNumber"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_stream_limit_is_the_setting_and_pings_are_answered() {
    for limit in [5, 128] {
        let settings = Settings { max_concurrent_streams: limit, ..quick() };
        let server = LocalKinesis::start(settings).await.unwrap();
        assert_eq!(Http2::plain(&server).await.max_streams, limit as usize);
    }
}

#[tokio::test]
async fn one_port_speaks_both_versions() {
    let (server, client, _) = ready(quick()).await;
    let http2 = Http2::plain(&server).await;
    let (status, answer) = http2.call("ListShards", r#"{"StreamName":"orders"}"#).await;
    assert_eq!(status, 200);
    assert!(answer.contains(SHARD), "{answer}");
    let (status, answer) = http2.call("ListShards", r#"{"StreamName":"none"}"#).await;
    assert_eq!(status, 400);
    assert!(answer.contains("ResourceNotFoundException"), "{answer}");
    assert_eq!(client.list_shards().stream_name("orders").send().await.unwrap().shards().len(), 1);
}

#[tokio::test]
async fn a_closed_window_stops_the_reading_of_the_log_and_misses_nothing() {
    let (server, _, consumer) = ready(quick()).await;
    const RECORDS: usize = 20;
    let put: Vec<_> = (0..RECORDS)
        .map(|_| {
            server.put_record("orders", "k", None, vec![7; 1_000_000]).unwrap().sequence_number.to_string()
        })
        .collect();
    let http2 = Http2::plain(&server).await;
    let unread = http2.subscribe(&consumer).await;
    // What the server does by itself it has done when it has answered a hundred more calls.
    for _ in 0..100 {
        http2.call("DescribeStreamSummary", r#"{"StreamName":"orders"}"#).await;
    }
    let pulled = server.statistics().events;
    assert!((1..=2).contains(&pulled), "an event is on its way and at most one waits: {pulled}");

    let mut unread = unread;
    let mut bytes = BytesMut::new();
    let mut numbers = Vec::new();
    while numbers.len() < RECORDS {
        let data = unread.data().await.unwrap().unwrap();
        unread.flow_control().release_capacity(data.len()).unwrap();
        bytes.extend_from_slice(&data);
        while let Some(message) = message(&mut bytes) {
            numbers.extend(message["Records"].as_array().into_iter().flatten().map(number));
        }
    }
    assert_eq!(numbers, put, "every record once, in order");
    drop(unread);
    // The reset is behind it on the connection.
    http2.call("DescribeStreamSummary", r#"{"StreamName":"orders"}"#).await;
    assert_eq!(server.statistics().open_subscriptions, 0, "a reset hangs up");
}

#[tokio::test]
async fn five_minutes_pass_by_hand_and_the_subscription_ends_cleanly() {
    let (server, _, consumer) = ready(quick()).await;
    let http2 = Http2::plain(&server).await;
    let body = http2.subscribe(&consumer).await;
    server.advance(Duration::from_secs(300));
    let all = rest(body).await;
    let announced = u32::from_be_bytes(all[..4].try_into().unwrap()) as usize;
    assert_eq!(all.len(), announced, "the initial response, whole, and the end of the stream");
}
