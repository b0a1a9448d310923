use std::time::{Duration, SystemTime};

use kinesis_fanout::emulator::{Fault, LocalKinesis, Settings, SlotAfterHangUp, StreamFault};

use crate::world::*;

const SHARD: &str = "shardId-000000000000";

/// The times of the SubscribeToShard calls for a shard.
fn call_times(kinesis: &LocalKinesis, shard_id: &str) -> Vec<SystemTime> {
    kinesis.statistics().subscribe_calls_of(shard_id).into_iter().map(|call| call.at.into()).collect()
}

fn since(earlier: SystemTime, later: SystemTime) -> Duration {
    later.duration_since(earlier).unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_first_record_comes_within_a_second_of_active() {
    for millis in [0, 300, 999, 3_300, 9_900] {
        let creation = Duration::from_millis(millis);
        let kinesis = kinesis(Settings { consumer_creation_time: creation, ..Settings::default() }, 1);
        put(&kinesis, numbered("record", 1));
        let began = kinesis.now();
        let mut records = consumer(&kinesis).build().await.unwrap().into_stream();
        take(&mut records, 1).await;
        let after_active = since(began, kinesis.now()).saturating_sub(creation);
        assert!(after_active <= Duration::from_secs(1), "{after_active:?} after {creation:?} of CREATING");
    }
}

#[tokio::test(start_paused = true)]
async fn a_child_is_subscribed_within_a_second_of_its_parents_last_record_though_nobody_polls() {
    let kinesis = kinesis(Settings::default(), 2);
    put(&kinesis, numbered("record", 50));
    kinesis.merge_shards(STREAM, SHARD, "shardId-000000000001").unwrap();
    let child = "shardId-000000000002";
    let mut records = consumer(&kinesis).build().await.unwrap().into_stream();
    take(&mut records, 49).await;
    pass(Duration::from_secs(20)).await;
    assert!(call_times(&kinesis, child).is_empty(), "one record of a parent is still to be handed over");
    take(&mut records, 1).await;
    let handed_over = kinesis.now();
    // The user works on that record and does not come back to the stream.
    pass(Duration::from_secs(2)).await;
    let calls = call_times(&kinesis, child);
    let waited = since(handed_over, *calls.first().expect("the child is subscribed"));
    assert!(waited <= Duration::from_millis(1100), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_ends_by_its_time_is_renewed_at_once() {
    let kinesis = kinesis(Settings::default(), 1);
    let mut records = consumer(&kinesis).build().await.unwrap().into_stream();
    take_for(&mut records, Duration::from_secs(1000)).await;
    let calls = call_times(&kinesis, SHARD);
    assert_eq!(calls.len(), 4);
    for pair in calls.windows(2) {
        let (life, late) = (Duration::from_secs(300), Duration::from_millis(10));
        assert!((life..life + late).contains(&since(pair[0], pair[1])), "{calls:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_ends_every_stream_at_once_is_called_once_a_second_at_most() {
    for events_before in [0, 1] {
        let settings = Settings {
            take_over_after: Duration::ZERO,
            slot_after_hang_up: SlotAfterHangUp::AtOnce,
            limit_calls: false,
            ..Settings::default()
        };
        let kinesis = kinesis(settings, 3);
        kinesis.faults().inject(Fault::in_stream(events_before, StreamFault::End));
        let mut records = consumer(&kinesis).build().await.unwrap().into_stream();
        for round in 0..60 {
            put(&kinesis, numbered(&format!("round-{round}"), 3));
            take_for(&mut records, Duration::from_secs(10)).await;
        }
        for shard in kinesis.list_shards(STREAM).unwrap() {
            let calls = call_times(&kinesis, shard.shard_id.as_str());
            assert!(calls.len() > 10, "it goes on trying");
            let shortest = calls.windows(2).map(|pair| since(pair[0], pair[1])).min().unwrap();
            assert!(shortest >= Duration::from_secs(1), "{shortest:?} behind {events_before} events");
        }
    }
}
