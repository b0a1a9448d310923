//! The calls with one answer: what they send, what they make of the answer, and that the user's settings hold for them.

use std::time::Duration;

use aws_sdk_kinesis::config::retry::RetryConfig;
use kinesis_fanout::kinesis::{ListShards, RegisteredConsumer};
use kinesis_fanout::model::{
    ConsumerStatus, FailureClass, ShardFilter, ShardId, StreamReference, StreamStatus, Timestamp,
};
use serde_json::{Value, json};

use super::server::{Answer, Server};
use super::{CONSUMER_ARN, STREAM_ARN, port, settings};

const SUMMARY: &str = r#"{"StreamDescriptionSummary":{"StreamName":"orders",
    "StreamARN":"arn:aws:kinesis:eu-west-1:123456789012:stream/orders","StreamStatus":"ACTIVE",
    "StreamCreationTimestamp":1700000000.457,"RetentionPeriodHours":24,"EnhancedMonitoring":[],"OpenShardCount":1}}"#;

fn by_name() -> StreamReference {
    StreamReference::Name("orders".into())
}

async fn one_request(server: &Server, operation: &str) -> Value {
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].operation, operation);
    requests[0].body.clone()
}

#[tokio::test]
async fn a_stream_s_summary_carries_the_clock_of_the_service() {
    let date = "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    let server = Server::start(vec![Answer::json(200, date, SUMMARY)]).await;
    let port = port(settings().endpoint_url(&server.url));
    let summary = port.describe_stream_summary(&by_name()).await.unwrap();
    assert_eq!(summary.server_time, Some(Timestamp::from_millis(784_111_777_000)));
    assert_eq!(summary.creation, Some(Timestamp::from_millis(1_700_000_000_457)));
    assert_eq!((summary.stream_arn.as_str(), summary.status), (STREAM_ARN, StreamStatus::Active));
    assert_eq!(one_request(&server, "DescribeStreamSummary").await, json!({ "StreamName": "orders" }));
}

#[tokio::test]
async fn a_summary_without_a_readable_clock_has_none() {
    for header in ["", "date: yesterday\r\n"] {
        let server = Server::start(vec![Answer::json(200, header, SUMMARY)]).await;
        let port = port(settings().endpoint_url(&server.url));
        let by_arn = StreamReference::Arn(STREAM_ARN.into());
        let summary = port.describe_stream_summary(&by_arn).await.unwrap();
        assert_eq!(summary.server_time, None, "{header:?}");
        assert_eq!(one_request(&server, "DescribeStreamSummary").await, json!({ "StreamARN": STREAM_ARN }));
    }
}

#[tokio::test]
async fn shards_are_listed_by_a_thousand_and_later_pages_by_token_alone() {
    let page = r#"{"NextToken":"behind","Shards":[{"ShardId":"child","ParentShardId":"a","AdjacentParentShardId":"b",
        "HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"340282366920938463463374607431768211455"},
        "SequenceNumberRange":{"StartingSequenceNumber":"5","EndingSequenceNumber":"9"}}]}"#;
    let last = r#"{"Shards":[]}"#;
    let server = Server::start(vec![Answer::json(200, "", page), Answer::json(200, "", last)]).await;
    let port = port(settings().endpoint_url(&server.url));
    let filter = ShardFilter::AtTimestamp(Timestamp::from_millis(1_730_000_000_123));
    let stream_arn = STREAM_ARN.to_owned();
    let first = port.list_shards(ListShards::First { stream_arn, filter }).await.unwrap();
    assert_eq!(first.next_token.as_deref(), Some("behind"));
    let parents: Vec<_> = first.shards[0].parents().cloned().collect();
    assert_eq!(parents, [ShardId::from("a"), ShardId::from("b")]);
    assert!(first.shards[0].is_closed());

    let next = ListShards::Next { stream_arn: STREAM_ARN.into(), token: "behind".into() };
    assert_eq!(port.list_shards(next).await.unwrap().next_token, None);
    let requests = server.requests();
    assert_eq!(
        requests[0].body,
        json!({
            "StreamARN": STREAM_ARN,
            "MaxResults": 1000,
            "ShardFilter": { "Type": "AT_TIMESTAMP", "Timestamp": 1_730_000_000.123 },
        })
    );
    assert_eq!(requests[1].body, json!({ "NextToken": "behind", "MaxResults": 1000 }));
}

#[tokio::test]
async fn an_expired_token_is_told_from_a_bad_argument() {
    let server = Server::start(vec![Answer::error(400, "ExpiredNextTokenException")]).await;
    let port = port(settings().endpoint_url(&server.url));
    let next = ListShards::Next { stream_arn: STREAM_ARN.into(), token: "old".into() };
    let error = port.list_shards(next).await.unwrap_err();
    assert_eq!(error.failure.class, FailureClass::ExpiredNextToken);
}

#[tokio::test]
async fn a_consumer_is_registered_described_and_deregistered() {
    let consumer = |status: &str| {
        json!({
            "ConsumerName": "billing",
            "ConsumerARN": CONSUMER_ARN,
            "ConsumerStatus": status,
            "ConsumerCreationTimestamp": 1_700_000_000,
            "StreamARN": STREAM_ARN,
        })
    };
    let described = json!({ "ConsumerDescription": consumer("ACTIVE") }).to_string();
    let server = Server::start(vec![
        Answer::json(200, "", &json!({ "Consumer": consumer("CREATING") }).to_string()),
        Answer::json(200, "", &described),
        Answer::json(200, "", &described),
        Answer::json(200, "", ""),
    ])
    .await;
    let port = port(settings().endpoint_url(&server.url));
    let registered = port.register_stream_consumer(STREAM_ARN, "billing").await.unwrap();
    assert_eq!(
        (registered.consumer_arn.as_str(), registered.status),
        (CONSUMER_ARN, ConsumerStatus::Creating)
    );
    let by_name = RegisteredConsumer::Name { stream_arn: STREAM_ARN.into(), consumer_name: "billing".into() };
    for reference in [by_name, RegisteredConsumer::Arn(CONSUMER_ARN.into())] {
        let described = port.describe_stream_consumer(reference).await.unwrap();
        assert_eq!(described.status, ConsumerStatus::Active);
    }
    port.deregister_stream_consumer(CONSUMER_ARN).await.unwrap();
    let sent: Vec<_> = server.requests().into_iter().map(|sent| (sent.operation, sent.body)).collect();
    let name = json!({ "StreamARN": STREAM_ARN, "ConsumerName": "billing" });
    let arn = json!({ "ConsumerARN": CONSUMER_ARN });
    assert_eq!(
        sent,
        [
            ("RegisterStreamConsumer".into(), name.clone()),
            ("DescribeStreamConsumer".into(), name),
            ("DescribeStreamConsumer".into(), arn.clone()),
            ("DeregisterStreamConsumer".into(), arn),
        ]
    );
}

#[tokio::test]
async fn the_user_s_retries_hold_for_other_calls() {
    let server = Server::start(vec![
        Answer::error(500, "InternalFailure"),
        Answer::error(500, "InternalFailure"),
        Answer::json(200, "", SUMMARY),
    ])
    .await;
    let retries = RetryConfig::standard().with_initial_backoff(Duration::from_millis(1));
    let port = port(settings().endpoint_url(&server.url).retry_config(retries));
    port.describe_stream_summary(&by_name()).await.unwrap();
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn a_limit_on_registering_uses_up_none_of_the_user_s_retries() {
    let server = Server::start(vec![Answer::error(400, "LimitExceededException")]).await;
    let retries = RetryConfig::standard().with_initial_backoff(Duration::from_millis(1));
    let port = port(settings().endpoint_url(&server.url).retry_config(retries));
    let error = port.register_stream_consumer(STREAM_ARN, "billing").await.unwrap_err();
    assert_eq!((error.failure.class, server.requests().len()), (FailureClass::Throttled, 1));
}

#[tokio::test]
async fn a_client_without_credentials_fails_as_such() {
    let settings = aws_sdk_kinesis::Config::builder()
        .behavior_version(aws_sdk_kinesis::config::BehaviorVersion::latest())
        .region(aws_sdk_kinesis::config::Region::new("eu-west-1"))
        .endpoint_url("http://127.0.0.1:1");
    let error = port(settings).describe_stream_summary(&by_name()).await.unwrap_err();
    assert_eq!(error.failure.class, FailureClass::Credentials, "{error}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let settings = settings().endpoint_url(url).retry_config(RetryConfig::disabled());
    let error = port(settings).describe_stream_summary(&by_name()).await.unwrap_err();
    assert_eq!(error.failure.class, FailureClass::Unavailable, "{error}");
    assert!(error.source.is_some());
}

#[tokio::test]
async fn an_answer_that_is_no_json_is_malformed() {
    let server = Server::start(vec![Answer::json(200, "", "<html>")]).await;
    let port = port(settings().endpoint_url(&server.url));
    let error = port.describe_stream_summary(&by_name()).await.unwrap_err();
    assert_eq!(error.failure.class, FailureClass::Malformed, "{error}");
}
