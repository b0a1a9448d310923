//! SubscribeToShard: how each end of a stream surfaces, and that any end is one.

use kinesis_fanout::kinesis::PortError;
use kinesis_fanout::model::{
    Failure, FailureClass, HashKeyRange, ShardId, StartingPosition, SubscriptionEvent, Timestamp,
};
use serde_json::json;

use super::frames::{corrupted, error, event, event_of, exception, initial_response, named_event};
use super::server::{Answer, Server};
use super::{CONSUMER_ARN, port, read_all, settings, subscribe_at, trim_horizon};

/// Subscribes to a server that gives this answer and reads to the end.
async fn outcome(answer: Answer) -> (Vec<SubscriptionEvent>, Option<PortError>) {
    let server = Server::start(vec![answer]).await;
    let port = port(settings().endpoint_url(&server.url));
    match port.subscribe_to_shard(trim_horizon()).await {
        Ok(source) => read_all(source).await,
        Err(error) => (Vec::new(), Some(error)),
    }
}

/// A good event, then this frame, then a good event that must not be read any more.
async fn failure_behind_an_event(frame: Vec<u8>) -> PortError {
    let pieces = [initial_response(), event(&["1"], json!("1")), frame, event(&["2"], json!("2"))];
    let (events, error) = outcome(Answer::stream(&pieces)).await;
    assert_eq!(events.len(), 1, "the event before stays, the one behind is not read");
    error.expect("the frame ends the subscription with an error")
}

#[tokio::test]
async fn events_are_read_to_a_clean_end() {
    let pieces = [initial_response(), event(&["0001", "2"], json!("2")), event(&[], json!("3"))];
    let (events, error) = outcome(Answer::stream(&pieces)).await;
    assert!(error.is_none());
    let record = events[0].records.first().unwrap();
    assert_eq!(record.sequence_digits(), "0001");
    assert_eq!(record.data(), b"hello");
    assert_eq!(record.partition_key(), Some("key"));
    assert_eq!(record.approximate_arrival(), Some(Timestamp::from_millis(1_730_000_000_123)));
    assert_eq!(record.encryption_type(), None);
    assert_eq!(events[0].millis_behind_latest, 1234);
    assert_eq!(events[1].records.len(), 0);
    assert_eq!(events[1].continuation, Some("3".parse().unwrap()));
}

#[tokio::test]
async fn the_last_event_of_a_shard_has_children_and_no_continuation() {
    let children = json!([{
        "ShardId": "child",
        "ParentShards": ["a", "b"],
        "HashKeyRange": { "StartingHashKey": "0", "EndingHashKey": "9" },
    }]);
    for continuation in [json!(null), json!("")] {
        let last = event_of(&json!({
            "Records": [],
            "ContinuationSequenceNumber": continuation,
            "MillisBehindLatest": 0,
            "ChildShards": children,
        }));
        let (events, error) = outcome(Answer::stream(&[initial_response(), last])).await;
        assert!(error.is_none());
        assert_eq!(events[0].continuation, None);
        let child = &events[0].child_shards[0];
        assert_eq!(child.parent_shards, [ShardId::from("a"), ShardId::from("b")]);
        assert_eq!(child.hash_key_range, HashKeyRange::new(0, 9).unwrap());
    }
}

#[tokio::test]
async fn a_bare_event_of_children_is_one_too() {
    let last = event_of(&json!({ "ChildShards": [{ "ShardId": "child", "ParentShards": ["a"] }] }));
    let (events, error) = outcome(Answer::stream(&[last])).await;
    assert!(error.is_none());
    assert_eq!((events[0].records.len(), &events[0].continuation), (0, &None));
    assert_eq!(events[0].child_shards.len(), 1);
}

#[tokio::test]
async fn a_stream_without_any_frame_just_ends() {
    let (events, error) = outcome(Answer::stream(&[])).await;
    assert!(events.is_empty() && error.is_none());
}

#[tokio::test]
async fn a_modelled_exception_ends_the_subscription() {
    let error = failure_behind_an_event(exception("ResourceInUseException", "taken over")).await;
    assert_eq!(
        error.failure,
        Failure::new(FailureClass::ResourceInUse, "ResourceInUseException: taken over")
    );
}

#[tokio::test]
async fn an_exception_that_the_stream_does_not_model_is_told_by_its_header() {
    let error = failure_behind_an_event(exception("LimitExceededException", "too many")).await;
    assert_eq!(error.failure.class, FailureClass::Throttled, "{error}");
    let error = failure_behind_an_event(exception("NovelException", "what")).await;
    assert_eq!(error.failure.class, FailureClass::Unclassified, "{error}");
    assert!(error.failure.message.starts_with("NovelException"), "{error}");
}

#[tokio::test]
async fn an_exception_as_the_first_frame_comes_out_of_the_first_read() {
    let (events, error) = outcome(Answer::stream(&[exception("ResourceNotFoundException", "gone")])).await;
    assert!(events.is_empty());
    assert_eq!(error.unwrap().failure.class, FailureClass::ResourceNotFound);
}

#[tokio::test]
async fn an_error_frame_is_told_by_its_code() {
    let error = failure_behind_an_event(error("InternalFailure")).await;
    assert_eq!(error.failure, Failure::new(FailureClass::Unavailable, "InternalFailure: words"));
}

#[tokio::test]
async fn an_unknown_event_is_skipped() {
    let pieces = [initial_response(), named_event("NovelEvent", "{}"), event(&["1"], json!("1"))];
    let (events, error) = outcome(Answer::stream(&pieces)).await;
    assert_eq!((events.len(), error.is_none()), (1, true));
}

#[tokio::test]
async fn a_payload_that_is_no_json_ends_the_subscription_and_is_not_printed() {
    let error = failure_behind_an_event(named_event("SubscribeToShardEvent", "{ top secret")).await;
    assert_eq!(error.failure.class, FailureClass::Malformed, "{error}");
    assert!(!format!("{error:?}").contains("secret"), "{error:?}");
}

#[tokio::test]
async fn data_that_is_no_base64_ends_the_subscription() {
    let record = json!({ "SequenceNumber": "2", "Data": "*" });
    let error = failure_behind_an_event(event_of(&json!({ "Records": [record] }))).await;
    assert_eq!(error.failure.class, FailureClass::Malformed, "{error}");
}

#[tokio::test]
async fn a_sequence_number_that_is_none_ends_the_subscription() {
    for bad in [event(&[""], json!("2")), event(&["12x"], json!("2")), event(&[], json!("x"))] {
        let error = failure_behind_an_event(bad).await;
        assert_eq!(error.failure.class, FailureClass::Malformed, "{error}");
    }
}

#[tokio::test]
async fn a_wrong_checksum_ends_the_subscription() {
    let error = failure_behind_an_event(corrupted(event(&["9"], json!("9")))).await;
    assert_eq!(error.failure.class, FailureClass::Malformed, "{error}");
}

#[tokio::test]
async fn a_wrong_checksum_of_the_first_frame_is_malformed_too() {
    let (_, error) = outcome(Answer::stream(&[corrupted(initial_response())])).await;
    assert_eq!(error.unwrap().failure.class, FailureClass::Malformed);
}

#[tokio::test]
async fn an_end_inside_a_frame_is_malformed_and_the_events_before_stay() {
    let mut half = event(&["2"], json!("2"));
    half.truncate(half.len() / 2);
    let pieces = [initial_response(), event(&["1"], json!("1")), half];
    let (events, error) = outcome(Answer::stream(&pieces)).await;
    assert_eq!(events.len(), 1);
    assert_eq!(error.unwrap().failure.class, FailureClass::Malformed);
}

/// The SDK's receiver takes this one for a clean end.
#[tokio::test]
async fn an_end_right_behind_the_prelude_of_a_frame_is_malformed_too() {
    let mut prelude = event(&["2"], json!("2"));
    prelude.truncate(12);
    let pieces = [initial_response(), event(&["1"], json!("1")), prelude];
    let (events, error) = outcome(Answer::stream(&pieces)).await;
    assert_eq!(events.len(), 1);
    assert_eq!(error.unwrap().failure.class, FailureClass::Malformed);
}

#[tokio::test]
async fn a_lost_connection_is_unavailable_before_and_behind_the_first_frame() {
    let pieces = [initial_response(), event(&["1"], json!("1"))];
    let (events, error) = outcome(Answer::broken_off(&pieces)).await;
    assert_eq!(events.len(), 1);
    assert_eq!(error.unwrap().failure.class, FailureClass::Unavailable);
    let (_, error) = outcome(Answer::broken_off(&[])).await;
    assert_eq!(error.unwrap().failure.class, FailureClass::Unavailable);
}

#[tokio::test]
async fn a_connection_closed_without_an_answer_is_unavailable_and_not_tried_again() {
    let server = Server::start(vec![Answer::nothing()]).await;
    let port = port(settings().endpoint_url(&server.url));
    let error = port.subscribe_to_shard(trim_horizon()).await.map(drop).unwrap_err();
    assert_eq!(error.failure.class, FailureClass::Unavailable, "{error}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_refusal_is_the_same_whatever_its_status_and_is_asked_for_once() {
    for (status, name, class) in [
        (400, "ResourceInUseException", FailureClass::ResourceInUse),
        (500, "ResourceInUseException", FailureClass::ResourceInUse),
        (500, "InternalFailure", FailureClass::Unavailable),
        (503, "ServiceUnavailable", FailureClass::Unavailable),
        (400, "LimitExceededException", FailureClass::Throttled),
        (400, "ExpiredTokenException", FailureClass::Credentials),
    ] {
        let server = Server::start(vec![Answer::error(status, name)]).await;
        let port = port(settings().endpoint_url(&server.url));
        let error = port.subscribe_to_shard(trim_horizon()).await.map(drop).unwrap_err();
        assert_eq!(error.failure, Failure::new(class, format!("{name}: words")));
        assert_eq!(server.requests().len(), 1, "{name}: the SDK tried again");
    }
}

#[tokio::test]
async fn a_bad_gateway_s_page_is_unavailable() {
    let (_, error) = outcome(Answer::json(502, "", "<html>")).await;
    assert_eq!(error.unwrap().failure.class, FailureClass::Unavailable);
}

#[tokio::test]
async fn the_request_names_consumer_shard_and_exact_position() {
    let server = Server::start(vec![Answer::stream(&[initial_response()])]).await;
    let port = port(settings().endpoint_url(&server.url));
    let time = Timestamp::from_millis(1_730_000_000_123);
    for position in
        [StartingPosition::AtTimestamp(time), StartingPosition::AfterSequenceNumber("0042".parse().unwrap())]
    {
        port.subscribe_to_shard(subscribe_at(position)).await.unwrap();
    }
    let requests = server.requests();
    assert_eq!(
        requests[0].body,
        json!({
            "ConsumerARN": CONSUMER_ARN,
            "ShardId": "shardId-000000000000",
            "StartingPosition": { "Type": "AT_TIMESTAMP", "Timestamp": 1_730_000_000.123 },
        })
    );
    assert_eq!(
        requests[1].body["StartingPosition"],
        json!({ "Type": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": "0042" })
    );
}

#[tokio::test]
async fn a_source_that_is_dropped_gives_the_subscription_up() {
    let mut server =
        Server::start(vec![Answer::held(&[initial_response(), event(&["1"], json!("1"))])]).await;
    let port = port(settings().endpoint_url(&server.url));
    let mut source = port.subscribe_to_shard(trim_horizon()).await.unwrap();
    assert_eq!(source.next_size().await, Some(event(&["1"], json!("1")).len()));
    assert!(source.next_event().await.unwrap().is_some());
    drop(source);
    server.hang_ups.recv().await.expect("the server sees the hang-up");
}
