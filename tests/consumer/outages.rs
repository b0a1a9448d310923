//! What goes wrong while a consumer runs: it recovers, or ends with a typed error.

use std::time::Duration;

use kinesis_fanout::ErrorKind;
use kinesis_fanout::consumer::{ConsumerEvent, Fallback};
use kinesis_fanout::emulator::{Fault, Operation, Settings, StreamFault};

use crate::world::*;

const MINUTE: Duration = Duration::from_secs(60);

fn denied(operation: Operation) -> Fault {
    let message = "User is not authorized to perform this operation";
    Fault::refuse(operation, "AccessDeniedException", message, 400)
}

fn registrations(events: &[ConsumerEvent]) -> usize {
    let registered = |event: &&ConsumerEvent| matches!(event, ConsumerEvent::Registered { .. });
    events.iter().filter(registered).count()
}

#[tokio::test(start_paused = true)]
async fn subscriptions_that_are_denied_for_a_minute_are_an_error_with_what_is_held_before_it() {
    let kinesis = kinesis(obliging(), 1);
    let mut records = consumer(&kinesis).build().await.unwrap().into_stream();
    put_data(&kinesis, "held");
    pass(Duration::from_secs(2)).await;
    kinesis.faults().inject(denied(Operation::SubscribeToShard));
    kinesis.faults().interrupt(None, &StreamFault::End);
    let began = kinesis.now();
    pass(3 * MINUTE).await;
    let (taken, error) = take_to_error(&mut records).await;
    assert_eq!(texts(&taken), ["held"]);
    assert_eq!(error.kind(), ErrorKind::AccessDenied);
    assert_eq!(error.shard_id().unwrap().as_str(), SHARD);
    let calls = subscribes(&kinesis);
    let last = std::time::SystemTime::from(calls.last().unwrap().at);
    let tried_for = last.duration_since(began).unwrap();
    assert!((MINUTE..2 * MINUTE).contains(&tried_for), "{tried_for:?}");
    assert!((4..30).contains(&calls.len()), "{} calls", calls.len());
}

#[tokio::test(start_paused = true)]
async fn a_failed_listing_is_seen_and_tried_again() {
    let kinesis = kinesis(Settings::default(), 2);
    let consumer = consumer(&kinesis).build().await.unwrap();
    let mut events = consumer.handle().events();
    let mut records = consumer.into_stream();
    so_far(&mut events);
    let throttled = Fault::refuse(Operation::ListShards, "LimitExceededException", "slow down", 400);
    kinesis.faults().inject(throttled.times(3));
    let before = calls_of(&kinesis, Operation::ListShards);
    take_for(&mut records, 2 * MINUTE).await;
    let failed = so_far(&mut events)
        .iter()
        .filter(|event| matches!(event, ConsumerEvent::CallFailed { operation: "ListShards", .. }))
        .count();
    assert_eq!(failed, 3);
    let calls = calls_of(&kinesis, Operation::ListShards) - before;
    assert!((6..=9).contains(&calls), "three that failed and one every 30 s: {calls}");
}

#[tokio::test(start_paused = true)]
async fn a_denial_that_is_lifted_within_a_minute_is_none() {
    let kinesis = kinesis(Settings::default(), 4);
    for operation in [Operation::SubscribeToShard, Operation::ListShards] {
        kinesis.faults().clear();
        let mut records = consumer(&kinesis).build().await.unwrap().into_stream();
        take_for(&mut records, Duration::from_secs(10)).await;
        kinesis.faults().inject(denied(operation));
        kinesis.faults().interrupt(None, &StreamFault::End);
        put(&kinesis, numbered("record", 20));
        take_for(&mut records, Duration::from_secs(40)).await;
        kinesis.faults().clear();
        put(&kinesis, numbered("more", 20));
        take_for(&mut records, 2 * MINUTE).await;
        put(&kinesis, ["end".to_owned()]);
        assert_eq!(texts(&take(&mut records, 1).await), ["end"], "{operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_listing_that_is_denied_for_good_is_an_error() {
    let kinesis = kinesis(Settings::default(), 1);
    let mut records = consumer(&kinesis).build().await.unwrap().into_stream();
    let listings = calls_of(&kinesis, Operation::ListShards);
    kinesis.faults().inject(denied(Operation::ListShards));
    let began = kinesis.now();
    let (_, error) = take_to_error(&mut records).await;
    assert_eq!(error.kind(), ErrorKind::AccessDenied);
    let waited = kinesis.now().duration_since(began).unwrap();
    assert!((MINUTE..3 * MINUTE).contains(&waited), "{waited:?}");
    assert!(calls_of(&kinesis, Operation::ListShards) - listings < 30);
}

#[tokio::test(start_paused = true)]
async fn credentials_that_have_expired_for_hours_are_waited_for() {
    let kinesis = kinesis(Settings::default(), 4);
    let mut records = consumer(&kinesis).build().await.unwrap().into_stream();
    put(&kinesis, numbered("before", 40));
    take(&mut records, 40).await;
    let calls = kinesis.statistics().calls.values().sum::<u64>();
    for operation in Operation::ALL {
        kinesis.faults().inject(Fault::expired_credentials(operation));
    }
    let expired = StreamFault::Exception(kinesis_fanout::emulator::ServiceError::new(
        "ExpiredTokenException",
        "expired",
        400,
    ));
    kinesis.faults().interrupt(None, &expired);
    put(&kinesis, numbered("meanwhile", 40));
    let split = kinesis.split_shard_in_half(STREAM, SHARD);
    split.unwrap();
    put(&kinesis, numbered("children", 40));
    assert!(take_for(&mut records, 120 * MINUTE).await.is_empty());
    let tried = kinesis.statistics().calls.values().sum::<u64>() - calls;
    // Five sources of calls, each every 15 s on average.
    assert!(tried < 5 * 800, "{tried} calls");
    kinesis.faults().clear();
    let taken = take_for(&mut records, 2 * MINUTE).await;
    let expected = [numbered("meanwhile", 40), numbered("children", 40)].concat();
    assert_eq!(payloads(&taken), sorted(expected));
}

#[tokio::test(start_paused = true)]
async fn a_consumer_deleted_while_credentials_have_expired_is_registered_again_later() {
    let kinesis = kinesis(Settings::default(), 2);
    let mut records = consumer(&kinesis).build().await.unwrap().into_stream();
    take_for(&mut records, MINUTE).await;
    for operation in [Operation::DescribeStreamConsumer, Operation::RegisterStreamConsumer] {
        kinesis.faults().inject(Fault::expired_credentials(operation).times(3));
    }
    kinesis.deregister_consumer(STREAM, CONSUMER).unwrap();
    put(&kinesis, numbered("record", 20));
    assert_eq!(take(&mut records, 20).await.len(), 20);
}

#[tokio::test(start_paused = true)]
async fn a_call_without_an_answer_holds_nothing_up_for_good() {
    let operations = [
        Operation::ListShards,
        Operation::DescribeStreamConsumer,
        Operation::RegisterStreamConsumer,
        Operation::SubscribeToShard,
    ];
    for operation in operations {
        let kinesis = kinesis(Settings::default(), 2);
        let mut records = consumer(&kinesis).build().await.unwrap().into_stream();
        take_for(&mut records, MINUTE).await;
        // Deleted, the consumer needs all four of them.
        kinesis.faults().inject(Fault::silent(operation, None).times(1));
        kinesis.deregister_consumer(STREAM, CONSUMER).unwrap();
        put(&kinesis, numbered("record", 20));
        let taken = take_for(&mut records, 2 * MINUTE).await;
        assert_eq!(payloads(&taken), sorted(numbered("record", 20)), "{operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn decision_05_a_deleted_consumer_is_registered_again_and_all_shards_keep_their_positions() {
    let kinesis = kinesis(Settings::default(), 64);
    let consumer = consumer(&kinesis).build().await.unwrap();
    let mut events = consumer.handle().events();
    let mut records = consumer.into_stream();
    let mut registered = registrations(&so_far(&mut events));
    let mut expected = numbered("round-0", 300);
    put(&kinesis, expected.clone());
    let mut taken = take_for(&mut records, Duration::from_secs(10)).await;
    for round in 1..=3 {
        kinesis.deregister_consumer(STREAM, CONSUMER).unwrap();
        let texts = numbered(&format!("round-{round}"), 300);
        put(&kinesis, texts.clone());
        expected.extend(texts);
        taken.extend(take_for(&mut records, 15 * MINUTE).await);
        assert_eq!(taken.len(), expected.len());
        registered += registrations(&so_far(&mut events));
    }
    assert_eq!(payloads(&taken), sorted(expected));
    assert_eq!(registered, 4);
    let arn = kinesis.describe_consumer(STREAM, CONSUMER).unwrap().arn;
    assert!(subscribes(&kinesis).last().unwrap().consumer_arn == arn);

    // A fourth time within an hour: somebody does not want it.
    kinesis.deregister_consumer(STREAM, CONSUMER).unwrap();
    let (taken, error) = take_to_error(&mut records).await;
    assert!(taken.is_empty());
    assert_eq!(error.kind(), ErrorKind::ConsumerNotFound);
    assert!(error.to_string().contains("4 times"), "{error}");
    assert_eq!(calls_of(&kinesis, Operation::RegisterStreamConsumer), 4);
}

#[tokio::test(start_paused = true)]
async fn decision_05_deletions_more_than_an_hour_apart_are_mended_for_ever() {
    let kinesis = kinesis(Settings::default(), 1);
    let mut records = consumer(&kinesis).build().await.unwrap().into_stream();
    for text in numbered("record", 10) {
        kinesis.deregister_consumer(STREAM, CONSUMER).unwrap();
        put_data(&kinesis, text.clone());
        assert_eq!(texts(&take_for(&mut records, 21 * MINUTE).await), [text]);
    }
}

#[tokio::test(start_paused = true)]
async fn decision_05_a_deleted_consumer_that_was_given_by_arn_is_an_error_with_what_is_held_before_it() {
    let kinesis = kinesis(Settings::default(), 4);
    let arn = kinesis.register_consumer(STREAM, CONSUMER).unwrap().arn;
    pass(Duration::from_secs(1)).await;
    let builder = kinesis_fanout::Consumer::builder(&kinesis, STREAM).fan_out(arn).fallback(Fallback::Off);
    let mut records = builder.build().await.unwrap().into_stream();
    put(&kinesis, numbered("held", 20));
    pass(MINUTE).await;
    kinesis.deregister_consumer(STREAM, CONSUMER).unwrap();
    pass(MINUTE).await;
    let (taken, error) = take_to_error(&mut records).await;
    assert_eq!(payloads(&taken), sorted(numbered("held", 20)));
    assert_eq!(error.kind(), ErrorKind::ConsumerNotFound);
    assert_eq!(calls_of(&kinesis, Operation::RegisterStreamConsumer), 0);
    assert!(calls_of(&kinesis, Operation::DescribeStreamConsumer) <= 2);
    let calls = kinesis.statistics().calls;
    pass(60 * MINUTE).await;
    assert_eq!(kinesis.statistics().calls, calls, "nothing goes on");
    assert_eq!(kinesis.statistics().open_subscriptions, 0);
}

#[tokio::test(start_paused = true)]
async fn decision_06_what_all_shards_ask_at_once_is_asked_once() {
    let kinesis = kinesis(Settings::default(), 64);
    let mut records = consumer(&kinesis).build().await.unwrap().into_stream();
    take_for(&mut records, Duration::from_secs(10)).await;
    let before = kinesis.statistics();
    kinesis.deregister_consumer(STREAM, CONSUMER).unwrap();
    put(&kinesis, numbered("record", 300));
    let taken = take_for(&mut records, Duration::from_secs(5)).await;
    assert_eq!(taken.len(), 300);
    let since = |operation| calls_of(&kinesis, operation) - before.calls_of(operation);
    assert!(since(Operation::ListShards) <= 2);
    assert!(since(Operation::DescribeStreamConsumer) <= 5);
    assert_eq!(since(Operation::RegisterStreamConsumer), 1);
    assert_eq!(since(Operation::SubscribeToShard), 64);
}

#[tokio::test(start_paused = true)]
async fn decision_06_shards_that_are_told_not_found_by_mistake_ask_once_each_time_and_go_on() {
    let kinesis = kinesis(Settings::default(), 64);
    let mut records = consumer(&kinesis).build().await.unwrap().into_stream();
    take_for(&mut records, Duration::from_secs(10)).await;
    let before = kinesis.statistics();
    let not_found = "ResourceNotFoundException";
    let error = kinesis_fanout::emulator::ServiceError::new(not_found, "by mistake", 400);
    let fault = Fault::refuse(Operation::SubscribeToShard, not_found, "by mistake", 400);
    kinesis.faults().inject(fault);
    kinesis.faults().interrupt(None, &StreamFault::Exception(error));
    put(&kinesis, numbered("record", 300));
    assert!(take_for(&mut records, 10 * MINUTE).await.is_empty());
    let since = |operation| calls_of(&kinesis, operation) - before.calls_of(operation);
    let subscribes = since(Operation::SubscribeToShard);
    assert!(subscribes <= 64 * 60, "{subscribes} calls");
    let listings = since(Operation::ListShards);
    assert!(listings <= 601, "{listings} calls: one a second at most");
    let looks = since(Operation::DescribeStreamConsumer);
    assert!(looks <= listings, "{looks} calls for {listings} listings");
    assert_eq!(since(Operation::RegisterStreamConsumer), 0);
    kinesis.faults().clear();
    let taken = take_for(&mut records, MINUTE).await;
    assert_eq!(payloads(&taken), sorted(numbered("record", 300)));
}

#[tokio::test(start_paused = true)]
async fn a_deleted_stream_ends_the_reading_after_what_is_held() {
    for deletion in [Duration::ZERO, Duration::from_secs(30)] {
        let settings =
            Settings { stream_deletion_time: deletion, event_max_records: 2, ..Settings::default() };
        let kinesis = kinesis(settings, 4);
        let consumer = consumer(&kinesis)
            .memory_budget(std::num::NonZeroUsize::new(1_000).unwrap())
            .blocked_timeout(30 * MINUTE)
            .build()
            .await
            .unwrap();
        let mut records = consumer.into_stream();
        put(&kinesis, numbered("record", 40));
        pass(Duration::from_secs(5)).await;
        let held = kinesis.statistics().records as usize;
        assert!((5..40).contains(&held), "{held} fit the budget or wait for it");
        let calls = kinesis.statistics().calls.values().sum::<u64>();
        kinesis.delete_stream(STREAM).unwrap();
        // The discovery finds it gone, long before the user comes back.
        pass(3 * MINUTE).await;
        let (taken, error) = take_to_error(&mut records).await;
        assert_eq!(taken.len(), held);
        assert_eq!(error.kind(), ErrorKind::StreamNotFound, "{error}");
        let tried = kinesis.statistics().calls.values().sum::<u64>() - calls;
        assert!(tried <= 4 * 25, "{tried} calls");
    }
}
