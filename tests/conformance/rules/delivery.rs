//! What a subscription delivers: its events, how they are packed, and when they come.

use std::time::Duration;

use kinesis_fanout::emulator::{Continuation, Settings};
use serde_json::{Value, json};

use super::rules;
use crate::endpoint::{Events, Item};
use crate::streams::*;
use crate::verdict::{Stop, Verdict, holds, same};
use crate::world::{Place, World, seconds};

rules! {
    E01 "SubscribeToShardEvent" "An event has Records, ContinuationSequenceNumber and MillisBehindLatest; ChildShards only at the end of the shard." members_of_an_event;
    E02 "SubscribeToShardEvent" "ContinuationSequenceNumber is a decimal number of at most 129 digits, without leading zeros." form_of_continuation;
    E03 "SubscribeToShardEvent" "The continuation moves on when no data comes." moves_on_when_idle;
    E04 "SubscribeToShardEvent" "MillisBehindLatest is 0 when caught up." caught_up;
    E05 "SubscribeToShardEvent" "MillisBehindLatest is above 0 while there is more to read." behind (alone);
    E06 "LocalStack" "A subscription without records gets an event without records every 5 s." idle_event;
    E07 "undocumented" "How often it does is a setting." idle_interval;
    E08 "SubscribeToShard" "A new record reaches a waiting subscription at once." at_once;
    E09 "undocumented" "The continuation is opaque, at or above the last record and below the next: equal to the last record's number, or never any record's (a setting). AT and AFTER start behind the same records, but for AT of a record's own number." continuation_modes;
    E10 "undocumented" "How many records and bytes come in an event are settings; a larger record comes alone." packing;
    E11 "enhanced fan-out" "A shard gives each consumer 2 MB/s." two_megabytes_a_second (alone);
    E12 "enhanced fan-out" "That is each consumer's own: a second one takes nothing from the first." own_throughput (alone);
    E13 "undocumented" "The pace is a setting, and can be off." pace_off;
    E14 "Record" "A record has Data, PartitionKey, SequenceNumber and ApproximateArrivalTimestamp, in milliseconds." members_of_a_record;
    E15 "LocalStack's snapshots of AWS" "A record of a stream without encryption has no EncryptionType." no_encryption_type;
    E16 "StartStreamEncryption" "A record that is put while the stream is encrypted has EncryptionType KMS." encryption_type;
    E17 "SubscribeToShard" "Records come in the order of their sequence numbers." ordered;
    E18 "RFC 9113, flow control" "A client that does not read is not read for: the server takes nothing from the shard for it, and when it reads on it misses nothing." not_read_for (alone);
}

async fn members_of_an_event(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer) = place.fan_out().await?;
    let mut events = place.subscribe(&consumer, stream.shard(), trim_horizon()).await?;
    place.put(&stream, "k", "a").await?;
    let with_records = place.events(&mut events, 1).await?.remove(0);
    let idle = place.event(&mut events, A_WHILE).await?;
    for event in [with_records, idle] {
        holds!(event["Records"].is_array(), "Records: {event}");
        holds!(event["ContinuationSequenceNumber"].is_string(), "ContinuationSequenceNumber: {event}");
        holds!(event["MillisBehindLatest"].is_u64(), "MillisBehindLatest: {event}");
        holds!(array(&event["ChildShards"]).is_empty(), "ChildShards: {event}");
    }
    Ok(())
}

async fn form_of_continuation(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer) = place.fan_out().await?;
    let mut events = place.subscribe(&consumer, stream.shard(), trim_horizon()).await?;
    place.put(&stream, "k", "a").await?;
    for event in place.events(&mut events, 1).await? {
        let number = text(&event, "ContinuationSequenceNumber");
        let digits = (1..=129).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
        holds!(digits && (number == "0" || !number.starts_with('0')), "it is {number:?}");
    }
    Ok(())
}

/// The next event, which has to have no records.
async fn idle(place: &Place, events: &mut Events, within: Duration) -> Verdict<Value> {
    let event = place.event(events, within).await?;
    holds!(array(&event["Records"]).is_empty(), "records come");
    Ok(event)
}

async fn moves_on_when_idle(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer) = place.fan_out().await?;
    let mut events = place.subscribe(&consumer, stream.shard(), trim_horizon()).await?;
    let first = text(&idle(&place, &mut events, A_WHILE).await?, "ContinuationSequenceNumber");
    let second = text(&idle(&place, &mut events, A_WHILE).await?, "ContinuationSequenceNumber");
    holds!(number(&second) > number(&first), "{second} after {first}");
    let put = place.put(&stream, "k", "a").await?;
    holds!(number(&put.number) > number(&second), "the record is {} after {second}", put.number);
    Ok(())
}

async fn caught_up(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer) = place.fan_out().await?;
    place.put(&stream, "k", "a").await?;
    let mut events = place.subscribe(&consumer, stream.shard(), trim_horizon()).await?;
    let last = place.events(&mut events, 1).await?.remove(0);
    let idle = idle(&place, &mut events, A_WHILE).await?;
    for event in [last, idle] {
        same!(event["MillisBehindLatest"], json!(0), "MillisBehindLatest");
    }
    Ok(())
}

async fn behind(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer) = place.fan_out().await?;
    place.put_many(&stream, 50, 100_000).await?;
    place.pass(Duration::from_secs(2)).await?;
    let mut events = place.subscribe(&consumer, stream.shard(), trim_horizon()).await?;
    let came = place.events(&mut events, 50).await?;
    holds!(came.len() > 1, "5 MB come in one event");
    let behind = came[0]["MillisBehindLatest"].as_u64().unwrap_or_default();
    holds!(behind >= 1_500, "MillisBehindLatest is {behind} for records 2 s old");
    same!(came[came.len() - 1]["MillisBehindLatest"], json!(0), "MillisBehindLatest of the last");
    Ok(())
}

/// The milliseconds between two events without records.
async fn interval(place: &Place, within: Duration) -> Verdict<u64> {
    let (stream, consumer) = place.fan_out().await?;
    let mut events = place.subscribe(&consumer, stream.shard(), trim_horizon()).await?;
    idle(place, &mut events, within).await?;
    let first = place.now();
    idle(place, &mut events, within).await?;
    let between = place.now().duration_since(first).unwrap_or_default();
    Ok(u64::try_from(between.as_millis()).unwrap_or(u64::MAX))
}

async fn idle_event(world: World) -> Verdict {
    let place = world.place().await?;
    let between = interval(&place, Duration::from_secs(8)).await?;
    holds!((4_000..=6_000).contains(&between), "one comes every {between} ms");
    Ok(())
}

async fn idle_interval(world: World) -> Verdict {
    for seconds in [1, 20] {
        let time = Duration::from_secs(seconds);
        let settings = Settings { idle_event_interval: time, ..Settings::default() };
        let place = world.set("how often an event comes", settings).await?;
        let between = interval(&place, time * 2).await?;
        holds!(between.abs_diff(seconds * 1_000) <= 500, "one comes every {between} ms, not {seconds} s");
    }
    Ok(())
}

async fn at_once(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer) = place.fan_out().await?;
    let mut events = place.subscribe(&consumer, stream.shard(), trim_horizon()).await?;
    place.put(&stream, "k", "first").await?;
    place.events(&mut events, 1).await?;
    place.put(&stream, "k", "a").await?;
    let before = place.now();
    place.events(&mut events, 1).await?;
    let took = place.now().duration_since(before).unwrap_or_default();
    holds!(took < Duration::from_millis(500), "it takes {took:?}");
    Ok(())
}

async fn continuation_modes(world: World) -> Verdict {
    for mode in [Continuation::EqualToLastRecord, Continuation::NeverARecord] {
        let settings = Settings { continuation: mode, event_max_records: 1, ..Settings::default() };
        let place = world.set("what the continuation is", settings).await?;
        let (stream, consumer) = place.fan_out().await?;
        let mut puts = Vec::new();
        for data in ["a", "b", "c"] {
            puts.push(place.put(&stream, "k", data).await?.number);
        }
        let mut events = place.subscribe(&consumer, stream.shard(), trim_horizon()).await?;
        let first = place.event(&mut events, A_WHILE).await?;
        let continuation = text(&first, "ContinuationSequenceNumber");
        let inside = number(&puts[0]) <= number(&continuation) && number(&continuation) < number(&puts[1]);
        holds!(inside, "{mode:?}: {continuation} is not between {} and {}", puts[0], puts[1]);
        let is_a_record = puts.contains(&continuation);
        same!(is_a_record, mode == Continuation::EqualToLastRecord, "{mode:?}: whether it is a record's");
        let at_again = if is_a_record { "a" } else { "b" };
        for (position, expected) in [(after(&continuation), "b"), (at(&continuation), at_again)] {
            place.pass(Duration::from_millis(5_100)).await?;
            let mut events = place.subscribe(&consumer, stream.shard(), position.clone()).await?;
            same!(place.payloads(&mut events, 1).await?, [expected], "{mode:?} at {position}");
        }
    }
    Ok(())
}

/// How many records the events have from the horizon on.
async fn packed(place: &Place, stream: &Stream, consumer: &str, records: usize) -> Verdict<Vec<usize>> {
    let mut events = place.subscribe(consumer, stream.shard(), trim_horizon()).await?;
    let came = place.events(&mut events, records).await?;
    Ok(came.iter().map(|event| array(&event["Records"]).len()).collect())
}

async fn packing(world: World) -> Verdict {
    let what = "how events are packed";
    for (settings, records, bytes, most) in [
        (Settings::default(), 1_200, 10, 500),
        (Settings { event_max_records: 7, ..Settings::default() }, 30, 10, 7),
        (Settings::default(), 25, 100_000, 10),
        (Settings { event_max_bytes: 50_000, ..Settings::default() }, 12, 10_000, 4),
        (Settings { event_max_bytes: 1_000, ..Settings::default() }, 5, 10_000, 1),
    ] {
        let place = world.set(what, settings).await?;
        let (stream, consumer) = place.fan_out().await?;
        place.put_many(&stream, records, bytes).await?;
        let packed = packed(&place, &stream, &consumer, records).await?;
        same!(packed.iter().max(), Some(&most), "the most records of {bytes} bytes in an event");
    }
    Ok(())
}

/// How many seconds so many records of 100 kB take to come to subscriptions that read at the same time.
async fn catch_up(place: &Place, stream: &Stream, consumers: &[String], records: usize) -> Verdict<f64> {
    place.put_many(stream, records, 100_000).await?;
    let mut open = Vec::new();
    for consumer in consumers {
        open.push(place.subscribe(consumer, stream.shard(), trim_horizon()).await?);
    }
    let started = place.now();
    // All at once: on the emulator the clock moves for one future.
    let reading = futures::future::join_all(open.iter_mut().map(|events| count(events, records)));
    let Some(counts) = place.clock.within(MOST, reading).await? else {
        return Err(Stop::Broken(format!("{records} records do not come within {MOST:?}")));
    };
    holds!(counts.iter().all(|count| *count == records), "{counts:?} of {records} records come");
    Ok(place.now().duration_since(started).unwrap_or_default().as_secs_f64())
}

/// Reads until so many records have come or something else than an event comes, and gives their number.
async fn count(events: &mut Events, records: usize) -> usize {
    let mut count = 0;
    while count < records {
        match events.next().await {
            Item::Event(event, _) => count += array(&event["Records"]).len(),
            Item::InitialResponse(_) => {}
            _ => break,
        }
    }
    count
}

async fn two_megabytes_a_second(world: World) -> Verdict {
    let place = world.place().await?;
    place.emulator(SLOW)?;
    let (stream, consumer) = place.fan_out().await?;
    let seconds = catch_up(&place, &stream, &[consumer], 60).await?;
    // 6 MB less the first event and what a second may hold.
    holds!((1.8..4.5).contains(&seconds), "6 MB come in {seconds:.1} s");
    Ok(())
}

async fn own_throughput(world: World) -> Verdict {
    let place = world.place().await?;
    place.emulator(SLOW)?;
    let stream = place.stream(1).await?;
    let (billing, search) =
        (place.consumer(&stream, "billing").await?, place.consumer(&stream, "search").await?);
    let seconds = catch_up(&place, &stream, &[billing, search], 50).await?;
    // 5 MB each; 10 MB out of the same 2 MB/s would take 5 s, and one after the other as long.
    holds!(seconds < 3.8, "5 MB come to each of two in {seconds:.1} s");
    Ok(())
}

async fn pace_off(world: World) -> Verdict {
    for (pace, expected) in [(None, 0.0..1.0), (Some(400_000), 5.0..9.0), (Some(1_500_000), 1.0..3.0)] {
        let place = world.set("the pace", Settings { pace, ..Settings::default() }).await?;
        let (stream, consumer) = place.fan_out().await?;
        let seconds = catch_up(&place, &stream, &[consumer], 30).await?;
        holds!(expected.contains(&seconds), "3 MB come in {seconds:.1} s with a pace of {pace:?}");
    }
    Ok(())
}

async fn members_of_a_record(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer) = place.fan_out().await?;
    let put = place.put(&stream, "käse", "a").await?;
    let now = seconds(place.now());
    let mut events = place.subscribe(&consumer, stream.shard(), trim_horizon()).await?;
    let event = place.events(&mut events, 1).await?.remove(0);
    let record = &event["Records"][0];
    same!(payloads(&event), ["a"], "Data");
    same!(text(record, "PartitionKey"), "käse", "PartitionKey");
    same!(text(record, "SequenceNumber"), put.number, "SequenceNumber");
    let arrival = record["ApproximateArrivalTimestamp"].as_f64().unwrap_or_default();
    holds!((arrival - now).abs() < 2.0, "ApproximateArrivalTimestamp is {arrival}, now {now}");
    let millis = arrival * 1_000.0;
    holds!((millis - millis.round()).abs() < 0.01, "ApproximateArrivalTimestamp is {arrival}");
    Ok(())
}

async fn no_encryption_type(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer) = place.fan_out().await?;
    place.put(&stream, "k", "a").await?;
    let mut events = place.subscribe(&consumer, stream.shard(), trim_horizon()).await?;
    let event = place.events(&mut events, 1).await?.remove(0);
    let kind = event["Records"][0].get("EncryptionType");
    holds!(kind.is_none(), "EncryptionType is {kind:?}");
    Ok(())
}

async fn encryption_type(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer) = place.fan_out().await?;
    let key = json!({"StreamName": stream.name, "EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"});
    place.call("StartStreamEncryption", key.clone()).await?;
    place.active(&stream.name).await?;
    place.put(&stream, "k", "a").await?;
    let mut events = place.subscribe(&consumer, stream.shard(), trim_horizon()).await?;
    let event = place.events(&mut events, 1).await?.remove(0);
    same!(text(&event["Records"][0], "EncryptionType"), "KMS", "EncryptionType");
    place.call("StopStreamEncryption", key).await.map(drop)
}

async fn ordered(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer) = place.fan_out().await?;
    place.put_many(&stream, 700, 10).await?;
    let mut events = place.subscribe(&consumer, stream.shard(), trim_horizon()).await?;
    let came = place.events(&mut events, 700).await?;
    let records: Vec<_> = came.iter().flat_map(|event| array(&event["Records"])).collect();
    let numbers: Vec<_> = texts(&records, "SequenceNumber").iter().map(|digits| number(digits)).collect();
    same!(numbers.len(), 700, "records");
    holds!(numbers.is_sorted_by(|a, b| a < b), "they are not in order");
    Ok(())
}

async fn not_read_for(world: World) -> Verdict {
    let place = match world.set("the pace", Settings { pace: None, ..Settings::default() }).await {
        Ok(place) => place,
        Err(_) => world.place().await?,
    };
    let (stream, consumer) = place.fan_out().await?;
    let records = if place.local.is_some() { 200 } else { 60 };
    place.put_many(&stream, records, 100_000).await?;
    let mut events = place.subscribe(&consumer, stream.shard(), trim_horizon()).await?;
    place.pass(Duration::from_secs(5)).await?;
    if let Some(local) = &place.local {
        // Of 20 MB some are in the sockets, in the windows and in one event.
        let taken = local.statistics().records;
        holds!(taken <= 120, "{taken} records of 100 kB are taken for a client that does not read");
    }
    let mut came = 0;
    while came < records {
        match place.next(&mut events, A_WHILE).await? {
            Some(Item::Event(event, _)) => came += array(&event["Records"]).len(),
            other => return Err(Stop::Broken(format!("{other:?} after {came} records"))),
        }
    }
    same!(came, records, "records");
    Ok(())
}

/// More than 12 MB take at 2 MB/s, and no more than a rule may take of real time.
const MOST: Duration = Duration::from_secs(10);
/// In real time the one looks like the other.
const SLOW: &str = "whether it is slow or keeps to a pace";
