//! Malformed HTTP/1.1, unknown targets, and bodies that were whole once. A panic would close the connection without an answer.

use kinesis_fanout::emulator::codec::{Codec, Document};

use super::abuse::{send, still_answers};
use super::answered::{Answered, ask};
use super::*;

#[tokio::test]
async fn malformed_http_is_refused_or_closed() {
    let (server, ..) = ready(quick()).await;
    let long = format!("POST /{} HTTP/1.1\r\n\r\n", "a".repeat(100 << 10));
    for request in [
        "POST / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        "POST / HTTP/1.1\r\nContent-Length: -2\r\n\r\n{}",
        "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n{}",
        "POST / HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nno chunk",
        "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n{}",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n{}",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}no end",
        "POST / HTTP/1.1\r\nX-Amz-Target: a\r\n b\r\n\r\n",
        "POST / HTTP/1.1\r\nX-Amz-Target: a\0b\r\n\r\n",
        "POST / HTTP/1.1\r\nno colon\r\n\r\n",
        "POST / HTTP/1.1\r\n: no name\r\n\r\n",
        "POST / HTTP/9.9\r\n\r\n",
        "POST /\r\n\r\n",
        "P\0ST / HTTP/1.1\r\n\r\n",
        "CONNECT x:1 HTTP/1.1\r\n\r\n",
        "TRACE / HTTP/1.1\r\n\r\n",
        "POST * HTTP/1.1\r\nExpect: wonders\r\nContent-Length: 0\r\n\r\n",
        "\r\n\r\n\r\n",
        long.as_str(),
    ] {
        let answer = send(&server, request.as_bytes()).await;
        let text = String::from_utf8_lossy(&answer);
        let shown = &request[..request.len().min(80)];
        assert!(text.is_empty() || text.starts_with("HTTP/1.1 4"), "{shown:?}: {text}");
    }
    still_answers(&server).await;
}

#[tokio::test]
async fn a_body_that_breaks_off_is_no_call() {
    let (server, ..) = ready(quick()).await;
    let head = "POST / HTTP/1.1\r\nX-Amz-Target: Kinesis_20131202.CreateStream\r\n";
    let whole = "{\"StreamName\":\"bills\",\"ShardCount\":1}";
    for request in [
        // One byte less than was announced, and a hundred gigabytes less.
        format!("{head}Content-Length: {}\r\n\r\n{whole}", whole.len() + 1),
        format!("{head}Content-Length: 100000000000\r\n\r\n{whole}"),
        // Its last chunk is missing.
        format!("{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{whole}\r\n", whole.len()),
    ] {
        let answer = String::from_utf8(send(&server, request.as_bytes()).await).unwrap();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{answer}");
    }
    assert_eq!(server.statistics().calls_of(Operation::CreateStream), 0);
    assert!(server.list_shards("bills").is_err());
    still_answers(&server).await;
}

#[tokio::test]
async fn unknown_targets_are_told_so_in_the_codec_of_the_request() {
    let (server, ..) = ready(quick()).await;
    let long = format!("Kinesis_20131202.{}", "a".repeat(20_000));
    for codec in [Codec::Json, Codec::Cbor] {
        for target in [
            "",
            ".",
            "Kinesis_20131202",
            "Kinesis_20131202.",
            "Kinesis_20131202.listshards",
            "Kinesis_20131202.ListShards ListShards",
            "Kinesis_20131202.ListShards.",
            "Kinesis_20131201.ListShards",
            "DynamoDB_20120810.ListTables",
            "Kinesis_20131202.\u{e9}\u{1f600}",
            &long,
        ] {
            let headers = format!("Content-Type: {}\r\nX-Amz-Target: {target}\r\n", codec.content_type());
            let answer = ask(&server, &headers, &codec.encode(&Document::Map(Vec::new()))).await;
            let shown = &target[..target.len().min(40)];
            assert_eq!(
                (answer.status, answer.header("x-amzn-errortype"), answer.header("content-type")),
                (400, Some("UnknownOperationException"), Some(codec.content_type())),
                "{shown}"
            );
            assert_eq!(error_type(&answer), "UnknownOperationException");
        }
    }
}

fn error_type(answer: &Answered) -> String {
    match answer.document() {
        Document::Map(members) => match members.iter().find(|(name, _)| name == "__type") {
            Some((_, Document::Text(name))) => name.to_string(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

/// Reads one answer of a connection that goes on.
async fn next_answer(socket: &mut TcpStream) -> Answered {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.expect("the connection goes on"));
    }
    let head = String::from_utf8(head).unwrap();
    let status = head[9..12].parse().unwrap();
    let mut answer = Answered { status, head, body: Vec::new() };
    let length = answer.header("content-length").unwrap().parse().unwrap();
    answer.body = vec![0; length];
    socket.read_exact(&mut answer.body).await.unwrap();
    answer
}

fn request(codec: Codec, operation: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: {}\r\nX-Amz-Target: Kinesis_20131202.{operation}\r\n\
         Content-Length: {}\r\n\r\n",
        codec.content_type(),
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// Whole bodies of operations with members of every kind.
fn whole(consumer: &str) -> Vec<(&'static str, Document)> {
    let name = || Document::structure([("StreamName", "orders".into())]);
    let data = bytes::Bytes::from_static(b"\0\xff{}");
    let entry = || Document::structure([("PartitionKey", "k\u{e9}".into()), ("Data", data.clone().into())]);
    let filter =
        Document::structure([("Type", "AT_TIMESTAMP".into()), ("Timestamp", 1_700_000_000_i64.into())]);
    vec![
        ("PutRecords", name().with("Records", vec![entry(), entry().with("ExplicitHashKey", "0")])),
        ("ListShards", name().with("ShardFilter", filter).with("MaxResults", 10_i64)),
        ("GetShardIterator", name().with("ShardId", SHARD).with("ShardIteratorType", "LATEST")),
        ("GetRecords", Document::structure([("ShardIterator", "AAAA".into()), ("Limit", 5_i64.into())])),
        ("DescribeStreamConsumer", Document::structure([("ConsumerARN", consumer.into())])),
        ("AddTagsToStream", name().with("Tags", Document::structure([("a", "b".into())]))),
    ]
}

/// Bytes changed, taken out, put in, doubled or cut off, as the numbers fall.
fn mutated(body: &[u8], draw: &mut impl FnMut(usize) -> usize) -> Vec<u8> {
    let mut body = body.to_vec();
    for _ in 0..=draw(3) {
        let at = draw(body.len());
        match draw(5) {
            0 => body[at] = draw(256) as u8,
            1 if body.len() > 1 => drop(body.remove(at)),
            2 => body.insert(at, draw(256) as u8),
            3 => body.extend_from_within(at..),
            _ => body.truncate(at.max(1)),
        }
    }
    body
}

#[tokio::test]
async fn bodies_that_were_whole_once_are_answered_each() {
    const ROUNDS: usize = 250;
    let (server, _, consumer) = ready(quick()).await;
    let mut state = 7_u64;
    // Knuth's generator: the same bodies in every run.
    let mut draw = |limit: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % limit
    };
    let mut socket = TcpStream::connect(server.address()).await.unwrap();
    socket.set_nodelay(true).unwrap();
    let (mut accepted, mut refused) = (0, 0);
    for codec in [Codec::Json, Codec::Cbor] {
        for (operation, document) in whole(&consumer) {
            let body = codec.encode(&document);
            for round in 0..ROUNDS {
                let body = if round == 0 { body.clone() } else { mutated(&body, &mut draw) };
                socket.write_all(&request(codec, operation, &body)).await.unwrap();
                let answer = next_answer(&mut socket).await;
                match answer.status {
                    200 => accepted += 1,
                    400 => {
                        assert_eq!(Some(error_type(&answer).as_str()), answer.header("x-amzn-errortype"));
                        refused += 1;
                    }
                    other => panic!("{other} for {operation} in {codec:?}: {body:?}"),
                }
            }
        }
    }
    assert!(accepted >= 10 && refused > accepted, "{accepted} accepted, {refused} refused");
    still_answers(&server).await;
}

#[tokio::test]
async fn a_request_byte_by_byte_and_a_hundred_at_once_are_answered() {
    let (server, ..) = ready(quick()).await;
    let mut socket = TcpStream::connect(server.address()).await.unwrap();
    socket.set_nodelay(true).unwrap();
    let one = request(Codec::Json, "ListShards", b"{\"StreamName\":\"orders\"}");
    for byte in &one {
        socket.write_all(&[*byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(next_answer(&mut socket).await.status, 200);
    socket.write_all(&one.repeat(100)).await.unwrap();
    for _ in 0..100 {
        assert_eq!(next_answer(&mut socket).await.status, 200);
    }
    assert_eq!(server.statistics().calls_of(Operation::ListShards), 101);
}
