//! What is carried over from one reader to the other: to the record, whatever happens at the switch.

use std::num::NonZeroUsize;
use std::time::Duration;

use kinesis_fanout::consumer::{ChangeCause, ConsumerBuilder, ConsumerEvent, DeliveryMode, Fallback};
use kinesis_fanout::emulator::{Continuation, Fault, LocalKinesis, Operation, Settings, StreamFault};
use kinesis_fanout::{ErrorKind, RecordPosition, StartPosition};

use crate::fallback::deaths;
use crate::scene::Scene;
use crate::world::*;

const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

/// Falls back after ten seconds and tries again every half minute.
fn hasty(kinesis: &LocalKinesis) -> ConsumerBuilder {
    let fallback = Fallback::Polling { after: 10 * SECOND, probe_every: 30 * SECOND };
    falling_back(kinesis).fallback(fallback).silence_timeout(8 * SECOND)
}

/// Splits the shard of the smallest hash key.
fn split_lowest(kinesis: &LocalKinesis) {
    let shards = kinesis.list_shards(STREAM).unwrap();
    let lowest =
        shards.iter().filter(|shard| !shard.is_closed()).min_by_key(|shard| shard.hash_key_range.start());
    kinesis.split_shard_in_half(STREAM, lowest.unwrap().shard_id.as_str()).unwrap();
}

/// Settings under which continuations are records' numbers, and never are.
fn both_continuations() -> [Settings; 2] {
    [Continuation::EqualToLastRecord, Continuation::NeverARecord].map(|continuation| Settings {
        continuation,
        event_max_records: 3,
        ..obliging()
    })
}

#[tokio::test(start_paused = true)]
async fn a_reshard_at_any_moment_of_the_way_there_and_back_loses_nothing() {
    // The fan-out dies at 20 s, polling serves from about 30 s on, probes follow from 57 s on, and it works again from 80 s on.
    for dead in deaths() {
        for millis in (15_000..130_000).step_by(8_300) {
            let kinesis = kinesis(Settings { event_max_records: 3, ..obliging() }, 1);
            let mut scene = Scene::start(&kinesis, hasty(&kinesis)).await;
            let mut is_split = false;
            for step in 0..280u64 {
                match step {
                    40 => dead.begin(&kinesis),
                    160 => kinesis.faults().clear(),
                    _ => {}
                }
                if !is_split && step * 500 >= millis {
                    is_split = true;
                    scene.put();
                    split_lowest(&kinesis);
                    scene.put();
                    split_lowest(&kinesis);
                }
                if step % 3 == 0 {
                    scene.put();
                }
                scene.read_for(SECOND / 2).await;
            }
            scene.check(&format!("{}, split at {millis} ms", dead.name)).await;
            let changes = scene.changes();
            assert!(changes.iter().any(|(to, _)| *to == DeliveryMode::Polling));
            assert!(scene.all(DeliveryMode::FanOut), "{}, split at {millis} ms", dead.name);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_children_of_a_polled_shard_are_polled_at_once_and_each_goes_back() {
    for dead in deaths() {
        let kinesis = kinesis(obliging(), 1);
        let mut scene = Scene::start(&kinesis, falling_back(&kinesis)).await;
        scene.go_on(MINUTE, 5 * SECOND).await;
        dead.begin(&kinesis);
        scene.go_on(2 * MINUTE, 5 * SECOND).await;
        for _ in 0..5 {
            split_lowest(&kinesis);
            scene.put();
            let before = scene.taken();
            scene.read_for(5 * SECOND).await;
            assert_eq!(scene.taken() - before, 5, "{}: a child waits for nothing", dead.name);
        }
        kinesis.faults().clear();
        scene.go_on(6 * MINUTE, 5 * SECOND).await;
        assert!(scene.all(DeliveryMode::FanOut), "{}: {:?}", dead.name, scene.modes());
        scene.check(dead.name).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_user_who_stops_inside_an_aggregate_while_the_reader_changes_gets_the_rest_of_it_once() {
    for settings in both_continuations() {
        for dead in deaths() {
            let kinesis = kinesis(settings.clone(), 1);
            let mut scene = Scene::start(&kinesis, hasty(&kinesis)).await;
            scene.put();
            scene.put();
            // The second record of the aggregate of three.
            scene.read(8).await;
            dead.begin(&kinesis);
            pass(45 * SECOND).await;
            assert!(scene.all(DeliveryMode::Polling), "{}", dead.name);
            scene.put();
            scene.put();
            scene.read(10).await;
            kinesis.faults().clear();
            pass(3 * MINUTE).await;
            assert!(scene.all(DeliveryMode::FanOut), "{}", dead.name);
            scene.put();
            scene.check(dead.name).await;
            assert_eq!(scene.changes().len(), 2, "{}", dead.name);
        }
    }
}

/// The first read of all is polled, from inside an aggregate, and fan-out takes over before the rest of it is read.
#[tokio::test(start_paused = true)]
async fn decision_02_a_start_inside_an_aggregate_holds_over_both_switches() {
    for settings in both_continuations() {
        for is_read in [false, true] {
            let kinesis = kinesis(settings.clone(), 1);
            let aggregated = put_data(&kinesis, aggregate(&numbered("user", 5)));
            kinesis.faults().inject(Fault::access_denied(Operation::SubscribeToShard));
            if !is_read {
                kinesis.faults().inject(Fault::silent(Operation::GetRecords, None));
            }
            let done = RecordPosition::within_aggregate(aggregated, 1);
            let otherwise = Box::new(StartPosition::Latest);
            let start = StartPosition::PerShard { positions: [(SHARD.into(), done)].into(), otherwise };
            let consumer = hasty(&kinesis).start(start).build().await.unwrap();
            let handle = consumer.handle();
            let mut records = consumer.into_stream();
            pass(10 * SECOND).await;
            assert_eq!(handle.lag()[0].delivery, DeliveryMode::Polling);
            kinesis.faults().clear();
            pass(2 * MINUTE).await;
            assert_eq!(handle.lag()[0].delivery, DeliveryMode::FanOut, "read by polling: {is_read}");
            put_data(&kinesis, "after");
            let taken = take_for(&mut records, MINUTE).await;
            assert_eq!(texts(&taken), ["user-2", "user-3", "user-4", "after"], "polled: {is_read}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn latest_holds_over_the_switch_before_any_record_came() {
    for dead in deaths() {
        let kinesis = kinesis(obliging(), 1);
        put_data(&kinesis, "old");
        pass(2 * SECOND).await;
        dead.begin(&kinesis);
        let latest = hasty(&kinesis).start(StartPosition::Latest);
        let mut scene = Scene::start(&kinesis, latest).await;
        scene.put();
        scene.read_for(MINUTE).await;
        assert!(scene.all(DeliveryMode::Polling), "{}", dead.name);
        kinesis.faults().clear();
        scene.read_for(2 * MINUTE).await;
        scene.put();
        scene.check(dead.name).await;
        assert!(scene.all(DeliveryMode::FanOut), "{}", dead.name);
    }
}

/// A position whose number has been trimmed is refused; its time is not.
#[tokio::test(start_paused = true)]
async fn decision_01_a_position_that_was_trimmed_goes_on_at_its_time_at_both_switches() {
    for dead in deaths() {
        let settings = Settings {
            retention: Duration::from_secs(3600),
            refuse_trimmed_sequence_number: true,
            ..obliging()
        };
        let kinesis = kinesis(settings, 1);
        let mut scene = Scene::start(&kinesis, hasty(&kinesis).poll_interval(20 * SECOND)).await;
        scene.put();
        scene.read_for(Duration::from_secs(3700)).await;
        dead.begin(&kinesis);
        scene.read_for(MINUTE).await;
        assert!(scene.all(DeliveryMode::Polling), "{}", dead.name);
        scene.put();
        // This one is trimmed too before fan-out is back.
        scene.read_for(Duration::from_secs(3700)).await;
        assert_eq!(scene.taken(), 10, "{}", dead.name);
        kinesis.faults().clear();
        scene.read_for(3 * MINUTE).await;
        assert!(scene.all(DeliveryMode::FanOut), "{}: {:?}", dead.name, scene.happened());
        scene.put();
        scene.check(dead.name).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_is_over_while_its_position_was_trimmed_gives_its_children() {
    let settings =
        Settings { retention: Duration::from_secs(3600), refuse_trimmed_sequence_number: true, ..obliging() };
    let kinesis = kinesis(settings, 1);
    let mut scene = Scene::start(&kinesis, hasty(&kinesis)).await;
    scene.put();
    scene.read_for(Duration::from_secs(2 * 3600)).await;
    for operation in [Operation::SubscribeToShard, Operation::GetRecords] {
        kinesis.faults().inject(Fault::refuse(operation, "InternalFailureException", "down", 500));
    }
    kinesis.faults().interrupt(None, &StreamFault::End);
    scene.read_for(MINUTE).await;
    split_lowest(&kinesis);
    scene.put();
    scene.read_for(MINUTE).await;
    kinesis.faults().clear();
    scene.read_for(5 * MINUTE).await;
    scene.check("trimmed and closed").await;
}

/// The user takes a record now and then, with little room, while fan-out dies and comes back again and again.
#[tokio::test(start_paused = true)]
async fn a_slow_user_at_the_switches_gets_all_in_order() {
    for (settings, tell_event_size) in both_continuations().into_iter().zip([false, true]) {
        for dead in deaths() {
            let kinesis = kinesis(Settings { tell_event_size, ..settings.clone() }, 1);
            let room = NonZeroUsize::new(600).unwrap();
            let mut scene = Scene::start(&kinesis, hasty(&kinesis).memory_budget(room)).await;
            for round in 0..6 {
                for _ in 0..8 {
                    scene.put();
                    scene.put();
                    scene.read(3).await;
                    pass(4 * SECOND).await;
                }
                match round % 2 {
                    0 => dead.begin(&kinesis),
                    _ => kinesis.faults().clear(),
                }
            }
            while scene.taken() < scene.expected() {
                scene.read(5.min(scene.expected() - scene.taken())).await;
                pass(2 * SECOND).await;
            }
            scene.check(dead.name).await;
            let polled = scene.changes().iter().filter(|(to, _)| *to == DeliveryMode::Polling).count();
            assert!(polled >= 1, "{}", dead.name);
        }
    }
}

/// Nobody takes anything for an hour, and there is no room for a probe.
#[tokio::test(start_paused = true)]
async fn a_probe_without_room_costs_nothing_and_fan_out_is_back_once_there_is_room() {
    for tell_event_size in [false, true] {
        let kinesis = kinesis(Settings { tell_event_size, ..obliging() }, 2);
        kinesis.faults().inject(Fault::access_denied(Operation::SubscribeToShard));
        let room = NonZeroUsize::new(1_000).unwrap();
        let mut scene = Scene::start(&kinesis, hasty(&kinesis).memory_budget(room)).await;
        for _ in 0..40 {
            scene.put();
        }
        pass(2 * MINUTE).await;
        kinesis.faults().clear();
        let calls = calls_of(&kinesis, Operation::SubscribeToShard);
        pass(60 * MINUTE).await;
        let calls = calls_of(&kinesis, Operation::SubscribeToShard) - calls;
        assert!(calls <= 2, "sizes told: {tell_event_size}: {calls} calls while there is no room");
        scene.go_on(5 * MINUTE, 5 * SECOND).await;
        assert!(scene.all(DeliveryMode::FanOut), "sizes told: {tell_event_size}");
        scene.check("no room").await;
    }
}

/// A user who is away for an hour is not taken for a fan-out that fails.
#[tokio::test(start_paused = true)]
async fn a_user_who_is_away_never_makes_a_shard_fall_back() {
    for tell_event_size in [false, true] {
        let kinesis = kinesis(Settings { tell_event_size, event_max_records: 3, ..obliging() }, 2);
        let room = NonZeroUsize::new(1_000).unwrap();
        let mut scene = Scene::start(&kinesis, hasty(&kinesis).memory_budget(room)).await;
        for _ in 0..40 {
            scene.put();
        }
        pass(60 * MINUTE).await;
        scene.go_on(5 * MINUTE, 5 * SECOND).await;
        scene.check("away").await;
        assert_eq!(scene.changes(), []);
        let blocked = |event: &ConsumerEvent| matches!(event, ConsumerEvent::Blocked { .. });
        assert!(scene.seen().iter().any(blocked));
    }
}

#[tokio::test(start_paused = true)]
async fn lag_and_events_tell_who_reads_a_shard_and_how_far_behind() {
    let kinesis = kinesis(Settings { pace: Some(1_000), ..obliging() }, 1);
    let mut scene = Scene::start(&kinesis, hasty(&kinesis)).await;
    let lag = &scene.handle.lag()[0];
    assert_eq!((lag.millis_behind_latest, lag.age), (None, None));
    scene.put();
    scene.read_for(20 * SECOND).await;
    let lag = &scene.handle.lag()[0];
    assert_eq!(
        (lag.shard_id.as_str(), lag.delivery, lag.millis_behind_latest),
        (SHARD, DeliveryMode::FanOut, Some(0))
    );
    kinesis.faults().inject(Fault::access_denied(Operation::SubscribeToShard));
    kinesis.faults().interrupt(None, &StreamFault::End);
    scene.read_for(2 * SECOND).await;
    assert_eq!(scene.handle.lag()[0].delivery, DeliveryMode::Polling);
    let exceeded = "ProvisionedThroughputExceededException";
    kinesis.faults().inject(Fault::refuse(Operation::GetRecords, exceeded, "Rate exceeded", 400));
    assert!(scene.handle.lag()[0].age.unwrap() <= SECOND);
    pass(10 * SECOND).await;
    assert!(scene.handle.lag()[0].age.unwrap() >= 9 * SECOND, "old, and told to be");
    for _ in 0..3_000 {
        scene.put();
    }
    pass(10 * SECOND).await;
    kinesis.faults().clear();
    kinesis.faults().inject(Fault::access_denied(Operation::SubscribeToShard));
    scene.read(100).await;
    scene.read_for(MINUTE).await;
    assert_eq!(scene.handle.lag()[0].millis_behind_latest, Some(0));
    scene.check("lag").await;
    let changes = scene.changes();
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert!(matches!(changes[0], (DeliveryMode::Polling, ChangeCause::FanOutDenied(_))));
}

/// The page wants all of the budget, and its shard's own probe has a byte of it when another shard ends the reading.
#[tokio::test(start_paused = true)]
async fn what_waits_for_room_when_the_reading_is_over_is_handed_over_though_a_probe_is_under_way() {
    let kinesis = kinesis(obliging(), 2);
    let other = "shardId-000000000001";
    kinesis.faults().inject(Fault::access_denied(Operation::SubscribeToShard).shard(other));
    kinesis.faults().inject(Fault::access_denied(Operation::SubscribeToShard).times(1));
    kinesis.faults().inject(Fault::in_stream(0, StreamFault::Silence(None)));
    let builder = hasty(&kinesis).memory_budget(NonZeroUsize::new(50_000).unwrap());
    let mut records = builder.silence_timeout(100 * SECOND).build().await.unwrap().into_stream();
    while subscribes(&kinesis).len() < 2 {
        pass(SECOND).await;
    }
    put_data(&kinesis, vec![7; 60_000]);
    pass(3 * SECOND).await;
    kinesis.faults().inject(Fault::expired_iterator().shard(other).times(1));
    let refuse = Fault::refuse(Operation::GetShardIterator, "InvalidArgumentException", "no position", 400);
    kinesis.faults().inject(refuse.shard(other));
    pass(10 * SECOND).await;
    let (taken, error) = take_to_error(&mut records).await;
    assert_eq!((taken.len(), error.kind()), (1, ErrorKind::PositionRefused));
}

/// What both refuse is the end, told as such.
#[tokio::test(start_paused = true)]
async fn a_position_that_no_reader_may_have_is_a_typed_error() {
    let kinesis = kinesis(obliging(), 1);
    put_data(&kinesis, "record");
    let mut records = hasty(&kinesis).build().await.unwrap().into_stream();
    assert_eq!(texts(&take(&mut records, 1).await), ["record"]);
    let refuse = |operation| Fault::refuse(operation, "InvalidArgumentException", "not from this shard", 400);
    kinesis.faults().inject(Fault::access_denied(Operation::SubscribeToShard));
    kinesis.faults().inject(refuse(Operation::GetShardIterator));
    kinesis.faults().interrupt(None, &StreamFault::End);
    let (_, error) = take_to_error(&mut records).await;
    assert_eq!(error.kind(), ErrorKind::PositionRefused, "{error}");
}
