//! The same call in JSON and in CBOR.

use kinesis_fanout::emulator::codec::{Codec, Document};

use super::answered::{Answered, ask, call};
use super::*;

fn member<'a>(document: &'a Document, name: &str) -> &'a Document {
    match document {
        Document::Map(members) => &members.iter().find(|(member, _)| member == name).unwrap().1,
        other => panic!("{name} of {other:?}"),
    }
}

fn name() -> Document {
    Document::structure([("StreamName", "orders".into())])
}

#[tokio::test]
async fn both_codecs_bring_the_same_records_in() {
    let (server, client, consumer) = ready(quick()).await;
    let data: Vec<u8> = (0..=255).collect();
    for codec in [Codec::Json, Codec::Cbor] {
        let entry = Document::structure([
            ("PartitionKey", "k".into()),
            ("Data", bytes::Bytes::from(data.clone()).into()),
        ]);
        let put = call(&server, codec, "PutRecords", &name().with("Records", vec![entry])).await;
        assert_eq!(put.status, 200);
        assert_eq!(put.header("content-type"), Some(codec.content_type()));
        assert_eq!(member(&put.document(), "FailedRecordCount"), &Document::Integer(0));
    }
    let mut output = from_horizon(&client, &consumer).await.unwrap();
    let mut received = 0;
    while received < 2 {
        let event = event(&mut output).await.unwrap();
        assert!(payloads(&event).iter().all(|payload| *payload == data));
        received += event.records().len();
    }
}

#[tokio::test]
async fn times_come_in_and_go_out_in_the_unit_of_the_codec() {
    let server = LocalKinesis::start(Settings {
        start_time: Some(std::time::UNIX_EPOCH + Duration::from_millis(1_730_000_000_007)),
        ..quick()
    })
    .await
    .unwrap();
    server.create_stream("orders", 1).unwrap();
    let created = |answer: &Answered| {
        member(member(&answer.document(), "StreamDescriptionSummary"), "StreamCreationTimestamp").clone()
    };
    let json = created(&call(&server, Codec::Json, "DescribeStreamSummary", &name()).await);
    let cbor = created(&call(&server, Codec::Cbor, "DescribeStreamSummary", &name()).await);
    match (json, cbor) {
        (Document::Float(seconds), Document::Timestamp(time)) => {
            assert_eq!((seconds * 1_000.0).round() as u64, time.as_millis());
            assert!((1_730_000_000_007..1_730_000_600_000).contains(&time.as_millis()));
        }
        other => panic!("{other:?}"),
    }

    // An hour before the stream's creation, and an hour after: that is in the future, and refused.
    for (codec, number, status) in [
        (Codec::Json, 1_729_996_400.0, 200),
        (Codec::Cbor, 1_729_996_400_000.0, 200),
        (Codec::Json, 1_730_003_600.0, 400),
        (Codec::Cbor, 1_730_003_600_000.0, 400),
    ] {
        let filter =
            Document::structure([("Type", "AT_TIMESTAMP".into()), ("Timestamp", Document::Float(number))]);
        let listed = call(&server, codec, "ListShards", &name().with("ShardFilter", filter)).await;
        assert_eq!(listed.status, status, "{codec:?} {number}");
    }
}

#[tokio::test]
async fn errors_come_in_the_codec_of_the_request() {
    let (server, ..) = ready(quick()).await;
    let unknown = Document::structure([("StreamName", "nothing".into())]);
    for codec in [Codec::Json, Codec::Cbor] {
        let refused = call(&server, codec, "DescribeStreamSummary", &unknown).await;
        assert_eq!((refused.status, refused.header("content-type")), (400, Some(codec.content_type())));
        assert_eq!(member(&refused.document(), "__type"), &"ResourceNotFoundException".into());
        assert!(
            matches!(member(&refused.document(), "message"), Document::Text(text) if text.contains("nothing"))
        );
    }
    let headers = "Content-Type: application/x-amz-cbor-1.1\r\nX-Amz-Target: Kinesis_20131202.ListShards\r\n";
    for broken in [b"\xbf".as_slice(), b"\x80", b"\xa0\x00", b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff", b"{}"] {
        let refused = ask(&server, headers, broken).await;
        assert_eq!((refused.status, refused.header("content-type")), (400, Some(Codec::Cbor.content_type())));
        assert_eq!(member(&refused.document(), "__type"), &"SerializationException".into(), "{broken:x?}");
    }
    // A blob is a byte string in CBOR, and a text is none.
    let record = name().with("PartitionKey", "k").with("Data", "AAAA");
    let refused = call(&server, Codec::Cbor, "PutRecord", &record).await;
    assert_eq!(member(&refused.document(), "__type"), &"SerializationException".into());
}

#[tokio::test]
async fn a_subscription_is_spoken_in_json_only() {
    let (server, _, consumer) = ready(quick()).await;
    let position = Document::structure([("Type", "TRIM_HORIZON".into())]);
    let subscribe = Document::structure([
        ("ConsumerARN", consumer.into()),
        ("ShardId", SHARD.into()),
        ("StartingPosition", position),
    ]);
    let refused = call(&server, Codec::Cbor, "SubscribeToShard", &subscribe).await;
    assert_eq!((refused.status, server.statistics().open_subscriptions), (400, 0));
    assert_eq!(member(&refused.document(), "__type"), &"SerializationException".into());
    assert!(
        matches!(member(&refused.document(), "message"), Document::Text(text) if text.contains("json-1.1"))
    );
}

#[tokio::test]
async fn an_operation_that_answers_with_nothing_answers_so_in_both() {
    let (server, ..) = ready(quick()).await;
    for (codec, stream) in [(Codec::Json, "one"), (Codec::Cbor, "two")] {
        let create = Document::structure([("StreamName", stream.into()), ("ShardCount", 1_i64.into())]);
        let created = call(&server, codec, "CreateStream", &create).await;
        assert_eq!((created.status, created.body.len()), (200, 0));
        assert_eq!(server.list_shards(stream).unwrap().len(), 1);
    }
}
