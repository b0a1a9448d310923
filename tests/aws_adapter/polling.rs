//! Polling over the real SDK, against canned answers: what is sent, what is made of the answer, and what is never tried twice.

use aws_sdk_kinesis::config::retry::RetryConfig;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kinesis_fanout::kinesis::{GetRecords, GetShardIterator, KinesisPort, PageSource, PortError};
use kinesis_fanout::model::{FailureClass, RecordsPage, ShardId, StartingPosition, Timestamp};
use serde_json::{Value, json};

use super::server::{Answer, Server};
use super::{STREAM_ARN, port, settings};

pub(crate) fn by(shard_iterator: &str) -> GetRecords {
    GetRecords { stream_arn: STREAM_ARN.into(), shard_iterator: shard_iterator.into(), limit: 10_000 }
}

fn from(starting_position: StartingPosition) -> GetShardIterator {
    GetShardIterator {
        stream_arn: STREAM_ARN.into(),
        shard_id: "shardId-000000000000".into(),
        starting_position,
    }
}

/// A port of a user who has the SDK try again.
async fn over(answers: Vec<Answer>) -> (KinesisPort, Server) {
    let server = Server::start(answers).await;
    let retries = RetryConfig::standard().with_initial_backoff(std::time::Duration::from_millis(1));
    (port(settings().endpoint_url(&server.url).retry_config(retries)), server)
}

async fn begun(port: &KinesisPort) -> Result<Box<dyn PageSource>, PortError> {
    port.get_records(by("AAAA")).await
}

async fn read(answer: Answer) -> Result<RecordsPage, PortError> {
    let (port, _server) = over(vec![answer]).await;
    begun(&port).await?.read().await
}

async fn class(answer: Answer) -> FailureClass {
    read(answer).await.unwrap_err().failure.class
}

/// A page of one record with this payload.
fn page_of(data: &[u8]) -> Value {
    let record = json!({
        "SequenceNumber": "49590338271490256608559692538361571095921575989136588898",
        "ApproximateArrivalTimestamp": 1_700_000_000.123,
        "Data": STANDARD.encode(data),
        "PartitionKey": "k",
    });
    json!({ "Records": [record], "NextShardIterator": "BBBB", "MillisBehindLatest": 2100 })
}

fn answer(body: &Value) -> Answer {
    Answer::json(200, "", &body.to_string())
}

#[tokio::test]
async fn an_iterator_is_asked_for_by_its_position_in_json_1_1() {
    let (port, server) = over(vec![answer(&json!({ "ShardIterator": "AAAA" }))]).await;
    let time = Timestamp::from_millis(1_730_000_000_123);
    for position in [
        StartingPosition::TrimHorizon,
        StartingPosition::AtTimestamp(time),
        StartingPosition::AtSequenceNumber("0042".parse().unwrap()),
        StartingPosition::AfterSequenceNumber(42.into()),
    ] {
        assert_eq!(port.get_shard_iterator(from(position)).await.unwrap(), "AAAA");
    }
    let sent: Vec<_> = server.requests().into_iter().map(|sent| sent.body).collect();
    let with = |kind: &str, member: Option<(&str, Value)>| {
        let mut body =
            json!({ "StreamARN": STREAM_ARN, "ShardId": "shardId-000000000000", "ShardIteratorType": kind });
        if let Some((member, value)) = member {
            body[member] = value;
        }
        body
    };
    assert_eq!(
        sent,
        [
            with("TRIM_HORIZON", None),
            with("AT_TIMESTAMP", Some(("Timestamp", json!(1_730_000_000.123)))),
            with("AT_SEQUENCE_NUMBER", Some(("StartingSequenceNumber", json!("0042")))),
            with("AFTER_SEQUENCE_NUMBER", Some(("StartingSequenceNumber", json!("42")))),
        ]
    );
    let first = &server.requests()[0];
    assert_eq!((first.operation.as_str(), first.content_type.as_str()), ("GetShardIterator", JSON));
}

#[tokio::test]
async fn an_answer_without_an_iterator_is_malformed() {
    for body in ["{}", r#"{"ShardIterator":null}"#, r#"{"ShardIterator":""}"#, "[]"] {
        let (port, _server) = over(vec![Answer::json(200, "", body)]).await;
        let error = port.get_shard_iterator(from(StartingPosition::TrimHorizon)).await.unwrap_err();
        assert_eq!(error.failure.class, FailureClass::Malformed, "{body}: {error}");
    }
}

#[tokio::test]
async fn a_page_is_read_with_its_size_told_and_without() {
    let body = page_of(b"some payload").to_string();
    let chunked = Answer::stream(&[body.as_bytes()[..70].to_vec(), body.as_bytes()[70..].to_vec()]);
    for (answer, size) in [(Answer::json(200, "", &body), Some(body.len())), (chunked, None)] {
        let (port, server) = over(vec![answer]).await;
        let source = begun(&port).await.map_err(|error| error.failure).unwrap();
        assert_eq!(source.size(), size);
        let page = source.read().await.unwrap();
        let record = page.records.first().unwrap();
        assert_eq!((page.records.len(), record.data()), (1, &b"some payload"[..]));
        assert_eq!(record.approximate_arrival(), Some(Timestamp::from_millis(1_700_000_000_123)));
        assert_eq!(record.partition_key(), Some("k"));
        assert_eq!((page.next_iterator.as_deref(), page.millis_behind_latest), (Some("BBBB"), 2100));
        assert!(page.child_shards.is_empty());

        let sent = &server.requests()[0];
        assert_eq!((sent.operation.as_str(), sent.content_type.as_str()), ("GetRecords", JSON));
        assert_eq!(sent.body, json!({ "StreamARN": STREAM_ARN, "ShardIterator": "AAAA", "Limit": 10_000 }));
    }
}

#[tokio::test]
async fn the_end_of_a_shard_and_what_is_null_or_left_out_are_read() {
    let children = json!([{
        "ShardId": "shardId-000000000001",
        "ParentShards": ["shardId-000000000000"],
        "HashKeyRange": { "StartingHashKey": "0", "EndingHashKey": "9" },
    }]);
    let end =
        json!({ "Records": [], "NextShardIterator": null, "MillisBehindLatest": 0, "ChildShards": children });
    let page = read(answer(&end)).await.unwrap();
    assert_eq!(page.next_iterator, None);
    assert_eq!(page.child_shards[0].parent_shards, [ShardId::from("shardId-000000000000")]);

    // A stream with AUTO distribution of records knows no partition keys.
    let keyless = json!({ "SequenceNumber": "1", "Data": "", "PartitionKey": null, "EncryptionType": "KMS" });
    let page = read(answer(&json!({ "Records": [keyless] }))).await.unwrap();
    let record = page.records.first().unwrap();
    assert_eq!((record.partition_key(), record.data().len()), (None, 0));
    assert_eq!((page.next_iterator, page.millis_behind_latest), (None, 0));
}

#[tokio::test]
async fn the_headers_are_the_answer_and_a_page_that_is_not_read_is_given_up() {
    let (port, mut server) = over(vec![Answer::telling_and_held(5_000, "{\"Records\":[")]).await;
    let source = begun(&port).await.map_err(|error| error.failure).unwrap();
    assert_eq!(source.size(), Some(5_000));
    drop(source);
    server.hang_ups.recv().await.unwrap();
}

#[tokio::test]
async fn the_largest_page_is_read() {
    let data: Vec<u8> = (0..10 << 20).map(|at: u32| (at % 251) as u8).collect();
    let body = page_of(&data).to_string();
    assert!(body.len() > 13 << 20);
    let (port, _server) = over(vec![Answer::json(200, "", &body)]).await;
    let source = begun(&port).await.map_err(|error| error.failure).unwrap();
    assert_eq!(source.size(), Some(body.len()));
    let page = source.read().await.unwrap();
    assert!(page.records.first().unwrap().data() == data);
    let page = read(Answer::stream(&[body.into_bytes()])).await.unwrap();
    assert!(page.records.first().unwrap().data() == data);
}

#[tokio::test]
async fn a_body_of_another_length_than_told_is_no_page() {
    let body = page_of(b"data").to_string();
    assert_eq!(class(Answer::telling(body.len() + 1, &body)).await, FailureClass::Unavailable, "short");
    assert_eq!(class(Answer::telling(body.len() - 1, &body)).await, FailureClass::Malformed, "long");
    let pieces = [body.into_bytes()];
    assert_eq!(class(Answer::broken_off(&pieces)).await, FailureClass::Unavailable, "no last chunk");
}

#[tokio::test]
async fn a_body_that_is_no_page_is_malformed() {
    for body in
        ["", "<html>", "[]", "{\"Records\":[{}]}", "{\"Records\":[]}{}", "{\"Records\":[{\"Data\":\"%\"}]}"]
    {
        assert_eq!(class(Answer::json(200, "", body)).await, FailureClass::Malformed, "{body}");
    }
    let long = " ".repeat(24 << 20);
    let pieces = [long.into_bytes(), b"{}".to_vec()];
    let error = read(Answer::stream(&pieces)).await.unwrap_err();
    assert_eq!(error.failure.class, FailureClass::Malformed);
    assert!(error.failure.message.contains("more than"), "{error}");
}

#[tokio::test]
async fn a_size_that_no_page_has_is_refused_before_anything_is_read() {
    for length in [(24 << 20) + 1, usize::MAX / 2] {
        let (port, _server) = over(vec![Answer::telling_and_held(length, "")]).await;
        let error = begun(&port).await.map(drop).unwrap_err();
        assert_eq!(error.failure.class, FailureClass::Malformed, "{error}");
    }
    let (port, _server) = over(vec![Answer::telling_and_held(24 << 20, "")]).await;
    begun(&port).await.map(drop).unwrap();
}

#[tokio::test]
async fn errors_keep_their_names_and_no_call_is_made_twice() {
    for (answer, class) in [
        (Answer::error(400, "ExpiredIteratorException"), FailureClass::ExpiredIterator),
        (Answer::error(400, "ProvisionedThroughputExceededException"), FailureClass::Throttled),
        (Answer::error(400, "LimitExceededException"), FailureClass::Throttled),
        (Answer::error(400, "AccessDeniedException"), FailureClass::AccessDenied),
        (Answer::error(400, "KMSThrottlingException"), FailureClass::Throttled),
        (Answer::error(400, "ResourceNotFoundException"), FailureClass::ResourceNotFound),
        (Answer::error(400, "com.amazonaws.kinesis#InvalidArgumentException"), FailureClass::InvalidArgument),
        (Answer::error(500, "InternalFailure"), FailureClass::Unavailable),
        (Answer::error(400, "UnknownOperationException"), FailureClass::Unsupported),
        (Answer::error(501, "InternalFailure"), FailureClass::Unsupported),
        (Answer::json(404, "", "<h1>Not found</h1>"), FailureClass::Unsupported),
        (Answer::json(503, "", "<html>busy</html>"), FailureClass::Unavailable),
        (Answer::nothing(), FailureClass::Unavailable),
    ] {
        let (port, server) = over(vec![answer]).await;
        let error = begun(&port).await.map(drop).unwrap_err();
        assert_eq!(error.failure.class, class, "{error}");
        let error = port.get_shard_iterator(from(StartingPosition::TrimHorizon)).await.unwrap_err();
        assert_eq!(error.failure.class, class, "{error}");
        assert_eq!(server.requests().len(), 2, "{class:?}");
    }
}

const JSON: &str = "application/x-amz-json-1.1";
