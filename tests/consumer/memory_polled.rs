//! What polling holds while its user is slow.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::time::Duration;

use bytes::Bytes;
use kinesis_fanout::consumer::{ConsumerBuilder, DeliveryMode};
use kinesis_fanout::emulator::{Fault, LocalKinesis, Operation, Settings, StreamFault};
use kinesis_fanout::{Consumer, Record, RecordStream, ShardId};

use crate::polls::{Answer, Bend, watched};
use crate::weighing::{Scales, weighed};
use crate::world::*;

const MIB: usize = 1 << 20;
const BUDGET: usize = 64 * MIB;
const SHARDS: usize = 1_000;
/// The records of each shard: more than twice the budget in all.
const RECORDS: usize = 8;
const RECORD: usize = 20_000;
static PAYLOAD: [u8; RECORD] = [7; RECORD];
/// All of a shard in one page, its numbers and keys included.
const PAGE: usize = RECORDS * (RECORD + 100);
const MINUTE: Duration = Duration::from_secs(60);

/// Puts this many records into each of so many shards.
fn fill(kinesis: &LocalKinesis, shards: usize, records: usize) {
    let width = u128::MAX / shards as u128;
    for shard in 0..shards as u128 {
        let hash_key = (shard * width + width / 2).to_string();
        for _ in 0..records {
            kinesis.put_record(STREAM, "key", Some(&hash_key), Bytes::from_static(&PAYLOAD)).unwrap();
        }
    }
}

/// Each shard has given all of its records, once and in order.
fn check_whole(taken: &[Record], shards: usize, records: usize) {
    let mut of_shards: HashMap<&ShardId, Vec<_>> = HashMap::new();
    for record in taken {
        of_shards.entry(record.shard_id()).or_default().push(record.position());
    }
    assert_eq!(of_shards.len(), shards);
    for (shard, positions) in of_shards {
        assert_eq!(positions.len(), records, "{shard}");
        assert!(positions.windows(2).all(|pair| pair[0] < pair[1]), "{shard}: in order and once");
    }
}

/// Reads all there is, slowly, after three minutes in which it reads nothing. Gives the most that was held.
async fn read_slowly(builder: ConsumerBuilder, scales: &Scales) -> usize {
    let consumer = builder.poll_interval(MINUTE).build().await.unwrap();
    let handle = consumer.handle();
    let mut records = consumer.into_stream();
    pass(3 * MINUTE).await;
    assert!(handle.lag().iter().all(|lag| lag.delivery == DeliveryMode::Polling));
    let most_held = scales.peak();
    assert!(most_held > BUDGET / 2, "{most_held} B: the pause fills the budget");
    take_slowly(&mut records).await;
    scales.peak()
}

/// Takes all records of the thousand shards, a second behind each 200.
async fn take_slowly(records: &mut RecordStream) {
    let mut positions = Vec::new();
    for _ in 0..SHARDS * RECORDS / 200 {
        // Their buffers go with them: what the user keeps is the user's.
        let taken = take(records, 200).await;
        positions.extend(taken.iter().map(|record| (record.shard_id().clone(), record.position())));
        drop(taken);
        pass(Duration::from_secs(1)).await;
    }
    let mut of_shards: HashMap<ShardId, Vec<_>> = HashMap::new();
    for (shard, position) in positions {
        of_shards.entry(shard).or_default().push(position);
    }
    assert_eq!(of_shards.len(), SHARDS);
    for positions in of_shards.values() {
        assert_eq!(positions.len(), RECORDS);
        assert!(positions.windows(2).all(|pair| pair[0] < pair[1]), "in order and once");
    }
}

fn thousand(tell_event_size: bool) -> LocalKinesis {
    let kinesis = kinesis(Settings { tell_event_size, ..obliging() }, SHARDS);
    fill(&kinesis, SHARDS, RECORDS);
    kinesis
}

#[tokio::test(start_paused = true)]
async fn a_thousand_polled_shards_whose_pages_tell_their_size_hold_the_budget_and_no_more() {
    let kinesis = thousand(true);
    let (port, scales) = weighed(&kinesis);
    let most_held = read_slowly(Consumer::builder(port, STREAM).polling().seed(7), &scales).await;
    assert!(most_held <= BUDGET, "{most_held} B");
}

#[tokio::test(start_paused = true)]
async fn a_thousand_polled_shards_hold_64_pages_beside_the_budget_where_no_size_is_told() {
    let kinesis = thousand(false);
    let (port, scales) = weighed(&kinesis);
    let most_held = read_slowly(Consumer::builder(port, STREAM).polling().seed(7), &scales).await;
    assert!(most_held > BUDGET && most_held <= BUDGET + 64 * PAGE, "{most_held} B");
}

/// Denied, and then a thousand subscriptions broken at once: all are polled from that moment.
#[tokio::test(start_paused = true)]
async fn a_thousand_shards_that_fall_back_at_once_hold_the_budget_and_no_more() {
    let kinesis = kinesis(Settings { tell_event_size: true, ..obliging() }, SHARDS);
    let (port, scales) = weighed(&kinesis);
    let builder = Consumer::builder(port, STREAM).fan_out(CONSUMER).seed(7);
    let consumer = builder.poll_interval(MINUTE).build().await.unwrap();
    let handle = consumer.handle();
    let mut records = consumer.into_stream();
    take_for(&mut records, MINUTE / 4).await;
    assert_eq!(kinesis.statistics().open_subscriptions, SHARDS);
    // Half the records wait with fan-out, or for room there, when it ends.
    fill(&kinesis, SHARDS, RECORDS / 2);
    pass(MINUTE / 4).await;
    kinesis.faults().inject(Fault::access_denied(Operation::SubscribeToShard));
    kinesis.faults().interrupt(None, &StreamFault::End);
    fill(&kinesis, SHARDS, RECORDS / 2);
    pass(3 * MINUTE).await;
    assert!(scales.peak() > BUDGET / 2 && scales.peak() <= BUDGET, "{} B", scales.peak());
    take_slowly(&mut records).await;
    assert!(scales.peak() <= BUDGET, "{} B", scales.peak());
    let polled = handle.lag().iter().filter(|lag| lag.delivery == DeliveryMode::Polling).count();
    assert!(polled >= SHARDS / 2, "{polled} are polled");
    kinesis.faults().clear();
    assert!(take_for(&mut records, 6 * MINUTE).await.is_empty());
    assert!(handle.lag().iter().all(|lag| lag.delivery == DeliveryMode::FanOut), "all go back");
}

/// Each page is larger than the budget, and wants all of it, which the calls that wait for a place must not keep from it.
#[tokio::test(start_paused = true)]
async fn more_large_pages_of_unknown_size_than_there_are_places_are_all_read() {
    let shards = 150;
    let kinesis = kinesis(Settings::default(), shards);
    fill(&kinesis, shards, 20);
    let (port, scales) = weighed(&kinesis);
    let builder = Consumer::builder(port, STREAM).polling().seed(7).poll_interval(MINUTE);
    let builder = builder.memory_budget(NonZeroUsize::new(50_000).unwrap());
    let mut records =
        builder.poll_limit(std::num::NonZeroU16::new(10).unwrap()).build().await.unwrap().into_stream();
    let taken = take_for(&mut records, 10 * MINUTE).await;
    check_whole(&taken, shards, 20);
    drop(taken);
    assert_eq!(scales.held(), 0);
}

/// What a shard gives while its page waits for room makes the page larger. Its room is there at the second call.
#[tokio::test(start_paused = true)]
async fn a_page_that_has_grown_while_it_waited_for_room_finds_it_though_its_call_is_throttled() {
    let kinesis = kinesis(Settings { tell_event_size: true, ..Settings::default() }, 3);
    let width = u128::MAX / 3;
    let put_into = |shard: u128, bytes: usize| {
        let hash_key = (shard * width + width / 2).to_string();
        kinesis.put_record(STREAM, "key", Some(&hash_key), vec![7; bytes]).unwrap();
    };
    put_into(0, 60_000);
    let (port, polls) = watched(&kinesis, Bend::Straight);
    let builder = Consumer::builder(port, STREAM).polling().seed(7);
    let mut records =
        builder.memory_budget(NonZeroUsize::new(150_000).unwrap()).build().await.unwrap().into_stream();
    pass(MINUTE / 10).await;
    // The first is in the user's hands; the second waits for its room, and the third behind it.
    put_into(1, 60_000);
    pass(MINUTE / 10).await;
    put_into(2, 60_000);
    pass(MINUTE / 10).await;
    put_into(1, 4_000);
    let exceeded = "ProvisionedThroughputExceededException";
    let throttled = Fault::refuse(Operation::GetRecords, exceeded, "Rate exceeded", 400);
    kinesis.faults().inject(throttled.shard("shardId-000000000001").times(1));
    assert_eq!(take_for(&mut records, MINUTE).await.len(), 4);
    let given = |shard: &str| {
        let with_records = |answer: &Answer| matches!(answer, Answer::Page { records, .. } if *records > 0);
        polls.scans().iter().filter(|poll| poll.shard == shard && with_records(&poll.answer)).count()
    };
    assert_eq!(given("shardId-000000000001"), 2, "given up once, and then read");
    assert_eq!(given("shardId-000000000002"), 2);
}

/// A page that is given up for want of room has cost the shard its share of the limits.
#[tokio::test(start_paused = true)]
async fn a_slow_user_does_not_make_every_polled_shard_fetch_its_pages_again_and_again() {
    for tell_event_size in [false, true] {
        let kinesis = kinesis(Settings { tell_event_size, ..Settings::default() }, 16);
        fill(&kinesis, 16, 150);
        let (port, polls) = watched(&kinesis, Bend::Straight);
        let budget = NonZeroUsize::new(2 * MIB).unwrap();
        let builder = Consumer::builder(port, STREAM).polling().memory_budget(budget).seed(7);
        let builder = builder.poll_interval(MINUTE / 10).poll_limit(std::num::NonZeroU16::new(12).unwrap());
        let mut records = builder.build().await.unwrap().into_stream();
        let mut taken = 0;
        for _ in 0..16 * 150 / 20 {
            taken += take(&mut records, 20).await.len();
            pass(Duration::from_secs(1)).await;
        }
        let given = |answer: Answer| match answer {
            Answer::Page { records, .. } => records,
            Answer::Iterator | Answer::Refused(_) => 0,
        };
        let fetched: usize = polls.scans().into_iter().map(|poll| given(poll.answer)).sum();
        assert!(fetched < 3 * taken, "sizes told: {tell_event_size}: {fetched} fetched for {taken}");
        let empty = polls.scans().len();
        assert!(empty < 100_000, "{empty} polls");
    }
}
