//! The headers of answers.

use std::collections::HashSet;

use kinesis_fanout::emulator::codec::{Codec, Document};

use super::answered::{Answered, ask, call, raw};
use super::*;

fn is_uuid(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12]
        && text.as_bytes()[14] == b'4'
        && "89ab".contains(char::from(text.as_bytes()[19]))
        && text.chars().all(|c| c == '-' || c.is_ascii_digit() || ('a'..='f').contains(&c))
}

#[tokio::test]
async fn every_answer_has_a_date_ids_of_its_own_and_a_whole_one_its_checksum() {
    let (server, ..) = ready(quick()).await;
    let stream = Document::structure([("StreamName", "orders".into())]);
    let create = Document::structure([("StreamName", "bills".into()), ("ShardCount", 1_i64.into())]);
    let mut answers: Vec<Answered> = Vec::new();
    for codec in [Codec::Json, Codec::Cbor] {
        answers.push(call(&server, codec, "ListShards", &stream).await);
        answers.push(call(&server, codec, "ListShards", &Document::Map(Vec::new())).await);
    }
    answers.push(call(&server, Codec::Cbor, "CreateStream", &create).await);
    answers.push(ask(&server, "", b"").await);
    answers.push(raw(&server, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await);
    let mut ids = HashSet::new();
    for answer in &answers {
        let id = answer.header("x-amzn-requestid").unwrap();
        assert!(is_uuid(id), "{id}");
        assert_eq!(answer.header("x-amz-id-2").unwrap().len(), 96);
        assert!(ids.insert(id) && ids.insert(answer.header("x-amz-id-2").unwrap()));
        assert!(answer.header("date").unwrap().ends_with(" GMT"));
        let checksum = answer.header("x-amz-crc32").unwrap();
        assert_eq!(checksum, checksum_of(&answer.body).to_string());
    }
    let error_types: Vec<_> = answers.iter().map(|answer| answer.header("x-amzn-errortype")).collect();
    let (invalid, unknown) = (Some("InvalidArgumentException"), Some("UnknownOperationException"));
    let denied = Some("AccessDeniedException");
    assert_eq!(error_types, [None, invalid, None, invalid, None, unknown, denied]);
}

/// CRC-32 of IEEE 802.3, a bit at a time: nothing of the server's own.
fn checksum_of(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

#[tokio::test]
async fn a_subscription_has_ids_and_no_checksum() {
    let (server, _, consumer) = ready(Settings { subscription_time: Duration::ZERO, ..quick() }).await;
    let position = Document::structure([("Type", "LATEST".into())]);
    let members = Document::structure([
        ("ConsumerARN", consumer.into()),
        ("ShardId", SHARD.into()),
        ("StartingPosition", position),
    ]);
    let answer = call(&server, Codec::Json, "SubscribeToShard", &members).await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, Some("application/vnd.amazon.eventstream"))
    );
    assert!(is_uuid(answer.header("x-amzn-requestid").unwrap()) && answer.header("x-amz-id-2").is_some());
    assert_eq!((answer.header("x-amz-crc32"), answer.header("x-amzn-errortype")), (None, None));
}

#[tokio::test]
async fn other_methods_are_denied_and_the_path_does_not_matter() {
    let (server, ..) = ready(quick()).await;
    for method in ["GET", "PUT", "DELETE", "OPTIONS", "PATCH"] {
        let request =
            format!("{method} /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        let answer = raw(&server, request.as_bytes()).await;
        assert_eq!((answer.status, answer.header("x-amzn-errortype")), (403, Some("AccessDeniedException")));
        assert!(String::from_utf8_lossy(&answer.body).starts_with("{\"__type\":\"AccessDeniedException\""));
    }
    let body = "{\"StreamName\":\"orders\"}";
    let request = format!(
        "POST /some/path HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Amz-Target: Kinesis_20131202.ListShards\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    assert_eq!(raw(&server, request.as_bytes()).await.status, 200);
}
