//! The stop of a door: answers in flight are finished, subscriptions end, and nothing holds it up for longer than the setting.

use super::http2::{Http2, rest};
use super::timeouts::no_connections;
use super::*;

/// Longer than any test may take: what waits for it fails its test.
const NEVER: Duration = Duration::from_secs(24 * 60 * 60);

const CALL: &str = "POST / HTTP/1.1\r\nX-Amz-Target: Kinesis_20131202.ListShards\r\nContent-Length: 23\r\n\r\n\
                    {\"StreamName\":\"orders\"}";

/// A server that keeps silent over ListShards until its clock is moved on by an hour.
async fn silent(settings: Settings) -> Server {
    let server = LocalKinesis::start(settings).await.unwrap();
    server.create_stream("orders", 1).unwrap();
    server.faults().inject(Fault::silent(Operation::ListShards, Some(Duration::from_secs(3_600))));
    server
}

async fn until(reached: impl Fn() -> bool) {
    let reached = async {
        while !reached() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), reached).await.expect("it comes to that");
}

/// The shutdown, begun and not ended: the port takes nobody any more.
async fn begin(server: Server) -> tokio::task::JoinHandle<()> {
    let address = server.address();
    let stopping = tokio::spawn(server.shutdown());
    let refused = async { while TcpStream::connect(address).await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(60), refused).await.expect("the port is closed");
    assert!(!stopping.is_finished());
    stopping
}

async fn ended(stopping: impl Future) {
    tokio::time::timeout(Duration::from_secs(60), stopping).await.expect("the shutdown comes to an end");
}

#[tokio::test]
async fn an_answer_in_flight_is_finished_and_says_that_it_is_the_last() {
    let server = silent(Settings { shutdown_time: NEVER, ..quick() }).await;
    let local = server.local().clone();
    let mut socket = TcpStream::connect(server.address()).await.unwrap();
    socket.write_all(CALL.as_bytes()).await.unwrap();
    until(|| local.statistics().calls_of(Operation::ListShards) == 1).await;
    let stopping = begin(server).await;
    local.advance(Duration::from_secs(3_600));
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains(SHARD), "{answer}");
    assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
    ended(stopping).await;
    assert_eq!(local.statistics().open_connections, 0);
}

#[tokio::test]
async fn http2_finishes_its_answers_and_says_goaway() {
    let server = silent(Settings { shutdown_time: NEVER, ..quick() }).await;
    let local = server.local().clone();
    let (http2, connection) = Http2::connect(&server).await;
    let asked = tokio::spawn(async move {
        let answered = http2.call("ListShards", r#"{"StreamName":"orders"}"#).await;
        (http2, answered)
    });
    until(|| local.statistics().calls_of(Operation::ListShards) == 1).await;
    let stopping = begin(server).await;
    local.advance(Duration::from_secs(3_600));
    let (_http2, (status, answer)) = asked.await.unwrap();
    assert!(status == 200 && answer.contains(SHARD), "{answer}");
    // Without a GOAWAY the end would be an error; the sender, still held, would keep it open.
    ended(async { connection.await.unwrap().unwrap() }).await;
    ended(stopping).await;
}

#[tokio::test]
async fn subscriptions_end_cleanly_at_once_in_both_versions() {
    let (server, client, consumer) = ready(Settings { shutdown_time: NEVER, ..quick() }).await;
    server.put_record("orders", "k", None, "a").unwrap();
    let (address, local) = (server.address(), server.local().clone());
    let mut http1 = from_horizon(&client, &consumer).await.unwrap();
    event(&mut http1).await.unwrap();
    let (http2, connection) = Http2::connect(&server).await;
    let other = server.register_consumer("orders", "audit").unwrap();
    let body = http2.subscribe(&other.arn).await;
    until(|| local.statistics().records == 2).await;
    ended(server.shutdown()).await;
    assert_eq!(local.statistics().open_subscriptions, 0);
    assert!(matches!(http1.event_stream.recv().await, Ok(None)), "the end, and no error");
    let mut all = rest(body).await;
    let mut messages = 0;
    while !all.is_empty() {
        let length = u32::from_be_bytes(all[..4].try_into().unwrap()) as usize;
        drop(all.split_to(length));
        messages += 1;
    }
    assert_eq!(messages, 2, "the initial response and an event, both whole");
    ended(async { connection.await.unwrap().unwrap() }).await;
    let server = local.serve_on(address).await.unwrap();
    assert_eq!(server.endpoint_url(), format!("http://{address}"));
}

#[tokio::test]
async fn an_answer_that_takes_longer_is_cut() {
    let server = silent(Settings { shutdown_time: Duration::from_millis(20), ..quick() }).await;
    let local = server.local().clone();
    let mut socket = TcpStream::connect(server.address()).await.unwrap();
    socket.write_all(CALL.as_bytes()).await.unwrap();
    let (http2, _) = Http2::connect(&server).await;
    let asked = tokio::spawn(async move { http2.call("ListShards", r#"{"StreamName":"orders"}"#).await });
    until(|| local.statistics().calls_of(Operation::ListShards) == 2).await;
    ended(server.shutdown()).await;
    assert_eq!(local.statistics().open_connections, 0);
    let mut answer = Vec::new();
    // Closed, or reset.
    let _ = socket.read_to_end(&mut answer).await;
    assert!(answer.is_empty(), "{answer:?}");
    assert!(asked.await.is_err(), "no answer came");
}

#[tokio::test]
async fn whoever_asks_nothing_holds_nothing_up() {
    let (server, client, _) = ready(Settings { shutdown_time: NEVER, ..quick() }).await;
    // Pooled and idle; silent; half of a preface or header; idle in HTTP/2; none of them has asked anything.
    client.list_shards().stream_name("orders").send().await.unwrap();
    let mut idle = Vec::new();
    for start in ["", "P", "PRI * HTTP/2.0\r\n", "POST / HTTP/1.1\r\nX-Amz-Tar"] {
        let mut socket = TcpStream::connect(server.address()).await.unwrap();
        socket.write_all(start.as_bytes()).await.unwrap();
        idle.push(socket);
    }
    let _http2 = Http2::connect(&server).await;
    let local = server.local().clone();
    until(|| local.statistics().open_connections == 6).await;
    ended(server.shutdown()).await;

    let server = LocalKinesis::start_tls(Settings { shutdown_time: NEVER, ..quick() }).await.unwrap();
    let _socket = TcpStream::connect(server.address()).await.unwrap();
    until(|| server.statistics().open_connections == 1).await;
    ended(server.shutdown()).await;
}

#[tokio::test]
async fn a_door_that_is_dropped_cuts_everything() {
    let (server, client, consumer) = ready(quick()).await;
    let mut output = from_horizon(&client, &consumer).await.unwrap();
    let local = server.local().clone();
    drop(server);
    assert!(output.event_stream.recv().await.is_err());
    no_connections(&local).await;
}
