//! What goes wrong while a consumer polls and nothing else.

use std::num::NonZeroU16;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use kinesis_fanout::ErrorKind;
use kinesis_fanout::consumer::{ConsumerEvent, FailureClass};
use kinesis_fanout::emulator::{Fault, Operation, Settings};

use crate::polls::poll_along;
use crate::world::*;

const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

fn limit(records: u16) -> NonZeroU16 {
    NonZeroU16::new(records).unwrap()
}

#[tokio::test(start_paused = true)]
async fn throttles_by_another_who_polls_slow_it_down_and_are_seen_and_never_an_error() {
    let kinesis = kinesis(Settings::default(), 1);
    let exceeded = "ProvisionedThroughputExceededException";
    for operation in [Operation::GetRecords, Operation::GetShardIterator] {
        kinesis.faults().clear();
        let consumer = polled(&kinesis).give_up_after(MINUTE).build().await.unwrap();
        let mut events = consumer.handle().events();
        let mut records = consumer.into_stream();
        if operation == Operation::GetRecords {
            take_for(&mut records, 5 * SECOND).await;
        }
        kinesis.faults().inject(Fault::refuse(operation, exceeded, "Rate exceeded", 400));
        let calls = calls_of(&kinesis, operation);
        put_data(&kinesis, "record");
        assert!(take_for(&mut records, 10 * MINUTE).await.iter().all(|r| r.data() != b"record"));
        let calls = calls_of(&kinesis, operation) - calls;
        let throttled = so_far(&mut events)
            .into_iter()
            .filter_map(|event| match event {
                ConsumerEvent::Throttled { retry_in, .. } => Some(retry_in),
                ConsumerEvent::ShardStarted { .. } => None,
                other => panic!("{other:?}"),
            })
            .collect::<Vec<_>>();
        assert!(throttled.len() as u64 >= calls - 1, "{} of {calls}", throttled.len());
        assert!((120..1_000).contains(&calls), "{calls} calls in ten minutes");
        assert!(throttled.iter().all(|wait| *wait >= Duration::from_millis(200) && *wait <= 5 * SECOND));
        kinesis.faults().clear();
        assert_eq!(take(&mut records, 1).await.len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn beside_one_who_uses_all_five_calls_a_second_of_a_shard_it_goes_on() {
    let kinesis = kinesis(Settings::default(), 1);
    poll_along(&kinesis, 30 * MINUTE);
    let consumer = polled(&kinesis).build().await.unwrap();
    let mut records = consumer.into_stream();
    for round in 0..20 {
        let texts_of_round = numbered(&format!("round-{round}"), 10);
        for text in &texts_of_round {
            put_data(&kinesis, text.clone());
        }
        let taken = take_for(&mut records, MINUTE).await;
        assert_eq!(texts(&taken), texts_of_round);
    }
}

#[tokio::test(start_paused = true)]
async fn a_user_who_was_away_for_ten_minutes_finds_all_behind_an_iterator_that_has_expired() {
    for tell_event_size in [false, true] {
        let kinesis = kinesis(Settings { tell_event_size, ..Settings::default() }, 1);
        let budget = std::num::NonZeroUsize::new(1_500_000).unwrap();
        let consumer = polled(&kinesis).memory_budget(budget).poll_limit(limit(10)).build().await.unwrap();
        let mut events = consumer.handle().events();
        let mut records = consumer.into_stream();
        let payload = Bytes::from(vec![7; 100_000]);
        let mut last = None;
        for _ in 0..60 {
            last = Some(put_data(&kinesis, payload.clone()));
        }
        pass(10 * MINUTE).await;
        let taken = take_for(&mut records, 2 * MINUTE).await;
        assert_eq!(taken.len(), 60, "sizes told: {tell_event_size}");
        assert!(taken.windows(2).all(|pair| pair[0].position() < pair[1].position()));
        assert_eq!(taken.last().unwrap().sequence_number(), last.unwrap());
        let expired = |event: &&ConsumerEvent| matches!(event, ConsumerEvent::IteratorExpired { .. });
        let expired = so_far(&mut events).iter().filter(expired).count();
        assert_eq!(expired, 1, "sizes told: {tell_event_size}");
        assert!(calls_of(&kinesis, Operation::GetShardIterator) <= 2);
    }
}

#[tokio::test(start_paused = true)]
async fn iterators_that_are_always_expired_are_not_asked_for_in_a_frenzy() {
    let kinesis = kinesis(Settings::default(), 1);
    kinesis.faults().inject(Fault::expired_iterator());
    let mut records = polled(&kinesis).build().await.unwrap().into_stream();
    put_data(&kinesis, "record");
    assert!(take_for(&mut records, 10 * MINUTE).await.is_empty());
    let calls = calls_of(&kinesis, Operation::GetShardIterator);
    assert!((20..=200).contains(&calls), "{calls} calls");
    kinesis.faults().clear();
    assert_eq!(texts(&take_for(&mut records, MINUTE).await), ["record"]);
}

#[tokio::test(start_paused = true)]
async fn a_polled_shard_that_fails_is_tried_for_ever_or_as_long_as_is_told() {
    for operation in [Operation::GetShardIterator, Operation::GetRecords] {
        let down = Fault::refuse(operation, "InternalFailureException", "down", 500);
        let kinesis = kinesis(Settings::default(), 1);
        kinesis.faults().inject(down);
        put_data(&kinesis, "record");
        let consumer = polled(&kinesis).build().await.unwrap();
        let mut events = consumer.handle().events();
        let mut forever = consumer.into_stream();
        let began = kinesis.now();
        let builder = polled(&kinesis).give_up_after(5 * MINUTE);
        let (taken, error) = take_to_error(&mut builder.build().await.unwrap().into_stream()).await;
        assert!(taken.is_empty());
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{operation}");
        assert_eq!(error.shard_id().unwrap().as_str(), SHARD);
        let waited = kinesis.now().duration_since(began).unwrap();
        assert!((5 * MINUTE..7 * MINUTE).contains(&waited), "{waited:?}");

        let calls = calls_of(&kinesis, operation);
        so_far(&mut events);
        assert!(take_for(&mut forever, 60 * MINUTE).await.is_empty());
        let calls = calls_of(&kinesis, operation) - calls;
        assert!((150..400).contains(&calls), "{calls} calls: one every 15 s on average");
        let failed = |event: &&ConsumerEvent| matches!(event, ConsumerEvent::PollFailed { .. });
        let failed = so_far(&mut events).iter().filter(failed).count() as u64;
        assert_eq!(failed, calls, "every call is seen in the events");
        kinesis.faults().clear();
        assert_eq!(texts(&take(&mut forever, 1).await), ["record"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_poll_without_an_answer_holds_nothing_up_for_good() {
    let kinesis = kinesis(Settings::default(), 200);
    for operation in [Operation::GetShardIterator, Operation::GetRecords] {
        kinesis.faults().inject(Fault::silent(operation, None).times(150));
    }
    put(&kinesis, numbered("record", 400));
    let consumer = polled(&kinesis).poll_interval(10 * SECOND).build().await.unwrap();
    let mut events = consumer.handle().events();
    let mut records = consumer.into_stream();
    let taken = take_for(&mut records, 10 * MINUTE).await;
    assert_eq!(payloads(&taken), sorted(numbered("record", 400)));
    let timed_out = so_far(&mut events)
        .iter()
        .filter(|event| matches!(event, ConsumerEvent::PollFailed { failure, .. } if failure.class == FailureClass::TimedOut))
        .count();
    assert_eq!(timed_out, 300);
}

#[tokio::test(start_paused = true)]
async fn polls_that_are_denied_for_a_minute_are_an_error_and_for_less_are_none() {
    for operation in [Operation::GetShardIterator, Operation::GetRecords] {
        let kinesis = kinesis(Settings::default(), 2);
        put(&kinesis, numbered("record", 20));
        kinesis.faults().inject(Fault::access_denied(operation));
        let mut records = polled(&kinesis).build().await.unwrap().into_stream();
        assert!(take_for(&mut records, 40 * SECOND).await.is_empty());
        kinesis.faults().clear();
        assert_eq!(take_for(&mut records, MINUTE).await.len(), 20);
        put(&kinesis, numbered("held", 20));
        pass(10 * SECOND).await;
        kinesis.faults().inject(Fault::access_denied(operation));
        kinesis.faults().inject(Fault::expired_iterator());
        let began = kinesis.now();
        let (taken, error) = take_to_error(&mut records).await;
        assert_eq!(payloads(&taken), sorted(numbered("held", 20)));
        assert_eq!(error.kind(), ErrorKind::AccessDenied, "{operation}");
        let waited = kinesis.now().duration_since(began).unwrap();
        assert!((MINUTE..4 * MINUTE).contains(&waited), "{operation}: {waited:?}");
        let calls = kinesis.statistics().calls;
        pass(60 * MINUTE).await;
        assert_eq!(kinesis.statistics().calls, calls, "nothing goes on");
    }
}

#[tokio::test(start_paused = true)]
async fn credentials_that_have_expired_for_an_hour_are_waited_for_while_polling() {
    let kinesis = kinesis(Settings::default(), 4);
    let mut records = polled(&kinesis).build().await.unwrap().into_stream();
    take_for(&mut records, MINUTE).await;
    for operation in Operation::ALL {
        kinesis.faults().inject(Fault::expired_credentials(operation));
    }
    put(&kinesis, numbered("meanwhile", 40));
    kinesis.split_shard_in_half(STREAM, SHARD).unwrap();
    put(&kinesis, numbered("children", 40));
    assert!(take_for(&mut records, 60 * MINUTE).await.is_empty());
    kinesis.faults().clear();
    let taken = take_for(&mut records, 2 * MINUTE).await;
    let expected = [numbered("meanwhile", 40), numbered("children", 40)].concat();
    assert_eq!(payloads(&taken), sorted(expected));
}

#[tokio::test(start_paused = true)]
async fn a_deleted_stream_ends_the_polling_after_what_is_held() {
    for deletion in [Duration::ZERO, 30 * SECOND] {
        let kinesis = kinesis(Settings { stream_deletion_time: deletion, ..Settings::default() }, 4);
        let mut records = polled(&kinesis).build().await.unwrap().into_stream();
        put(&kinesis, numbered("held", 40));
        pass(10 * SECOND).await;
        kinesis.delete_stream(STREAM).unwrap();
        pass(3 * MINUTE).await;
        let (taken, error) = take_to_error(&mut records).await;
        assert_eq!(payloads(&taken), sorted(numbered("held", 40)));
        assert_eq!(error.kind(), ErrorKind::StreamNotFound, "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_ends_polling_whatever_is_open() {
    for operation in [None, Some(Operation::GetShardIterator), Some(Operation::GetRecords)] {
        let kinesis = kinesis(Settings::default(), 200);
        if let Some(operation) = operation {
            kinesis.faults().inject(Fault::silent(operation, None));
        }
        put(&kinesis, numbered("record", 1_000));
        let consumer = polled(&kinesis).build().await.unwrap();
        let handle = consumer.handle();
        let mut records = consumer.into_stream();
        pass(Duration::from_millis(500)).await;
        let began = kinesis.now();
        handle.shutdown().await.unwrap();
        assert_eq!(kinesis.now(), began, "at once");
        assert!(records.next().await.is_none());
        let calls = kinesis.statistics().calls;
        pass(60 * MINUTE).await;
        assert_eq!(kinesis.statistics().calls, calls, "nothing goes on");
    }
}

#[tokio::test(start_paused = true)]
async fn a_polling_consumer_can_be_dropped_at_any_moment() {
    for millis in (0..3_000).step_by(37) {
        let kinesis = kinesis(Settings::default(), 3);
        kinesis.faults().inject(Fault::silent(Operation::GetRecords, Some(SECOND / 3)));
        put(&kinesis, numbered("record", 30));
        kinesis.split_shard_in_half(STREAM, SHARD).unwrap();
        let time = Duration::from_millis(millis);
        let reading = async {
            let mut records = polled(&kinesis).build().await.unwrap().into_stream();
            while records.next().await.expect("the stream goes on").is_ok() {}
        };
        assert!(tokio::time::timeout(time, reading).await.is_err());
        pass(SECOND).await;
        let calls = kinesis.statistics().calls;
        pass(MINUTE).await;
        assert_eq!(kinesis.statistics().calls, calls, "dropped after {time:?}, it goes on");
    }
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_cannot_be_polled_keeps_no_room_that_others_wait_for() {
    let down = |operation| Fault::refuse(operation, "InternalFailureException", "down", 500);
    let exceeded = "ProvisionedThroughputExceededException";
    for fault in [
        down(Operation::GetShardIterator),
        down(Operation::GetRecords),
        Fault::expired_iterator(),
        Fault::refuse(Operation::GetRecords, exceeded, "Rate exceeded", 400),
    ] {
        for tell_event_size in [false, true] {
            let settings = Settings { max_record_size: 10 << 20, tell_event_size, ..Settings::default() };
            let kinesis = kinesis(settings, 2);
            kinesis.faults().inject(fault.clone().shard(SHARD));
            let high = u128::MAX.to_string();
            let huge = "x".repeat(3 << 20);
            kinesis.put_record(STREAM, "key", Some(&high), huge).unwrap();
            for n in 0..100 {
                kinesis.put_record(STREAM, "key", Some(&high), format!("{n}")).unwrap();
            }
            let budget = std::num::NonZeroUsize::new(1 << 20).unwrap();
            let consumer = polled(&kinesis).memory_budget(budget).build().await.unwrap();
            let taken = take_for(&mut consumer.into_stream(), MINUTE).await;
            assert_eq!(taken.len(), 101, "{fault:?}, sizes told: {tell_event_size}");
        }
    }
}
