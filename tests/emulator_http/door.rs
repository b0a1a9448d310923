//! The door itself: what is no call, hang-ups, and a client that does not read.

use super::*;

/// What the server answers to these bytes, until it closes the connection.
async fn raw(server: &Server, request: &str) -> String {
    let mut socket = TcpStream::connect(server.address()).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    answer
}

fn request(headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    )
}

#[tokio::test]
async fn what_is_no_call_gets_an_aws_error() {
    let server = LocalKinesis::start(quick()).await.unwrap();
    let target = |name: &str| format!("X-Amz-Target: Kinesis_20131202.{name}\r\n");
    for (headers, body, expected) in [
        (String::new(), "{}", "UnknownOperationException"),
        (target("GetNothing"), "{}", "The operation Kinesis_20131202.GetNothing is not known"),
        (target("ListShards"), "{", "SerializationException"),
        (target("ListShards"), "[]", "SerializationException"),
        (target("ListShards"), "{\"StreamName\":7}", "SerializationException"),
        (target("ListShards"), "{}", "InvalidArgumentException"),
        (target("SubscribeToShard"), "{}", "ValidationException"),
        (target("CreateStream"), "{\"StreamName\":\"s\"}", "InvalidArgumentException"),
    ] {
        let answer = raw(&server, &request(&headers, body)).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        assert!(answer.contains(expected), "{expected}: {answer}");
        assert!(answer.contains("\"__type\":") && answer.contains("\"message\":"));
        assert!(answer.contains("\r\ndate: ") && answer.contains("\r\nx-amzn-requestid: "));
        assert!(answer.contains("\r\ncontent-type: application/x-amz-json-1.1\r\n"));
    }
}

#[tokio::test]
async fn the_date_is_that_of_the_services_clock() {
    let server = LocalKinesis::start(Settings {
        start_time: Some(std::time::UNIX_EPOCH + Duration::from_secs(784_111_777)),
        ..quick()
    })
    .await
    .unwrap();
    let answer = raw(&server, &request("", "")).await;
    assert!(answer.contains("\r\ndate: Sun, 06 Nov 1994 "), "{answer}");
}

#[tokio::test]
async fn hanging_up_closes_the_subscription() {
    let (server, client, consumer) = ready(quick()).await;
    let output = from_horizon(&client, &consumer).await.unwrap();
    assert_eq!(server.statistics().open_subscriptions, 1);
    drop(output);
    let closed = async {
        while server.statistics().open_subscriptions > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), closed).await.expect("it is closed");
}

#[tokio::test]
async fn an_unread_subscription_costs_little_and_misses_nothing() {
    const RECORDS: usize = 64;
    let (server, client, consumer) = ready(quick()).await;
    let megabyte = vec![b'x'; 1_000_000];
    for _ in 0..RECORDS {
        server.put_record("orders", "k", None, megabyte.clone()).unwrap();
    }
    let body = format!(
        "{{\"ConsumerARN\":\"{consumer}\",\"ShardId\":\"{SHARD}\",\"StartingPosition\":{{\"Type\":\"TRIM_HORIZON\"}}}}"
    );
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(64 << 10).unwrap();
    let mut socket = socket.connect(server.address()).await.unwrap();
    let call = request("X-Amz-Target: Kinesis_20131202.SubscribeToShard\r\n", &body);
    socket.write_all(call.as_bytes()).await.unwrap();

    // Whoever else calls meanwhile gives the server every chance to run ahead.
    while server.statistics().events == 0 {
        tokio::task::yield_now().await;
    }
    for _ in 0..100 {
        client.list_shards().stream_name("orders").send().await.unwrap();
    }
    let pulled = server.statistics().events;
    assert!(pulled <= 3, "{pulled} events of 1.3 MB were pulled for a client that reads nothing");

    let mut received = 0;
    let mut buffer = vec![0; 1 << 20];
    while received < RECORDS * 1_333_336 {
        match socket.read(&mut buffer).await.unwrap() {
            0 => panic!("ended after {received} bytes"),
            read => received += read,
        }
    }
    assert_eq!(server.statistics().records, RECORDS as u64);
}
