//! Answers that nobody reads, on a paused clock.

use h2::Reason;

use super::*;

/// No other time ends it.
fn patient() -> Settings {
    Settings { answer_timeout: TIMEOUT, header_timeout: 2 * DAY, ..Settings::default() }
}

/// The body of a GetRecords from the beginning of the stream.
async fn get_records(door: &Door) -> String {
    let request =
        format!(r#"{{"StreamName":"orders","ShardId":"{SHARD}","ShardIteratorType":"TRIM_HORIZON"}}"#);
    let answer = door.local.call("GetShardIterator", request.as_bytes()).await.unwrap();
    String::from_utf8(answer).unwrap()
}

async fn post(client: &mut DuplexStream, operation: &str, body: &str, headers: &str) {
    let head = format!(
        "POST / HTTP/1.1\r\n{headers}X-Amz-Target: Kinesis_20131202.{operation}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    client.write_all((head + body).as_bytes()).await.unwrap();
}

/// Lets so much time pass, in which the server does not end.
async fn goes_on(served: &mut JoinHandle<()>, time: Duration) {
    assert!(tokio::time::timeout(time, served).await.is_err(), "it ended");
}

#[tokio::test(start_paused = true)]
async fn a_whole_answer_that_nobody_reads_ends_its_http1_connection() {
    // In the second round all of it is in the server's buffers.
    for (records, headers) in [(1, ""), (0, "Connection: close\r\n")] {
        let door = Door::new(patient(), records);
        let body = get_records(&door).await;
        let (mut client, served) = door.connect(200);
        let start = Instant::now();
        post(&mut client, "GetRecords", &body, headers).await;
        tokio::time::timeout(DAY, served).await.expect("it is cut off").unwrap();
        assert_eq!(start.elapsed().as_secs(), TIMEOUT.as_secs(), "of the paused clock, {records} records");
    }
}

#[tokio::test(start_paused = true)]
async fn an_http1_client_that_reads_slowly_gets_its_answer() {
    let door = Door::new(patient(), 1);
    let body = get_records(&door).await;
    let (mut client, mut served) = door.connect(1 << 10);
    post(&mut client, "GetRecords", &body, "Connection: close\r\n").await;
    let mut some = [0; 1 << 10];
    for _ in 0..100 {
        goes_on(&mut served, TIMEOUT - Duration::from_secs(1)).await;
        client.read_exact(&mut some).await.unwrap();
    }
    assert!(rest(&mut client).await.ends_with("}"), "it is whole");
    served.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_call_that_takes_its_time_is_not_stuck() {
    use crate::emulator::{Fault, Operation};
    // Nor is its header late.
    let door = Door::new(Settings { header_timeout: TIMEOUT, ..patient() }, 0);
    door.local.faults().inject(Fault::silent(Operation::ListShards, Some(DAY)));
    let (mut client, mut served) = door.connect(1 << 16);
    post(&mut client, "ListShards", r#"{"StreamName":"orders"}"#, "Connection: close\r\n").await;
    goes_on(&mut served, DAY - TIMEOUT).await;
    assert!(rest(&mut client).await.starts_with("HTTP/1.1 200 "));
    served.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_whole_answer_that_nobody_reads_is_reset_in_http2_and_its_connection_kept() {
    let door = Door::new(patient(), 1);
    let request = get_records(&door).await;
    let mut http2 = handshake(door.connect(1 << 20).0).await;
    let start = Instant::now();
    let (status, mut body) = call(&mut http2, "GetRecords", &request, true).await;
    let (send, connection) = http2;
    let connection = tokio::spawn(connection);
    assert_eq!((status, body.data().await.unwrap().unwrap().len()), (200, WINDOW as usize));
    let reset = tokio::time::timeout(DAY, body.data()).await.expect("it is reset").unwrap().unwrap_err();
    assert_eq!(reset.reason(), Some(Reason::CANCEL), "{reset}");
    assert_eq!(start.elapsed().as_secs(), TIMEOUT.as_secs(), "of the paused clock");
    assert!(!connection.is_finished());
    let request = http::Request::post("http://x/").header("x-amz-target", "Kinesis_20131202.ListStreams");
    let (answer, _) = send.ready().await.unwrap().send_request(request.body(()).unwrap(), true).unwrap();
    assert_eq!(answer.await.unwrap().status(), 200);
    connection.abort();
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_nobody_reads_is_kept_for_its_own_time_in_http1() {
    for records in [0, 3] {
        let door = Door::new(patient(), records);
        let consumer = door.consumer();
        let (mut client, mut served) = door.connect(100);
        let start = r#"{"Type":"TRIM_HORIZON"}"#;
        let body =
            format!(r#"{{"ConsumerARN":"{consumer}","ShardId":"{SHARD}","StartingPosition":{start}}}"#);
        post(&mut client, "SubscribeToShard", &body, "").await;
        goes_on(&mut served, DAY - TIMEOUT).await;
        assert_eq!(door.local.statistics().open_subscriptions, 1);
        goes_on(&mut served, TIMEOUT).await;
        assert_eq!(door.local.statistics().open_subscriptions, 0, "its time is over, read or not");
        tokio::time::timeout(2 * TIMEOUT, served).await.expect("it is cut off").unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_nobody_reads_is_over_when_its_time_is_in_http2() {
    let door = Door::new(patient(), 3);
    let consumer = door.consumer();
    let (client, mut served) = door.connect(1 << 20);
    let mut http2 = handshake(client).await;
    let _events = subscribe(&mut http2, &consumer).await;
    let (_send, connection) = http2;
    let connection = tokio::spawn(connection);
    goes_on(&mut served, DAY - TIMEOUT).await;
    assert_eq!(door.local.statistics().open_subscriptions, 1);
    goes_on(&mut served, TIMEOUT).await;
    assert_eq!(door.local.statistics().open_subscriptions, 0);
    connection.abort();
}
