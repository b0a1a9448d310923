//! Where a subscription starts.

use std::time::Duration;

use kinesis_fanout::emulator::Settings;
use serde_json::{Value, json};

use super::rules;
use crate::streams::*;
use crate::verdict::{Verdict, holds, same};
use crate::world::{Place, World, seconds};

rules! {
    Q01 "StartingPosition" "TRIM_HORIZON starts with the oldest record." horizon;
    Q02 "StartingPosition" "LATEST starts behind the newest record." newest Http;
    Q03 "StartingPosition" "AT_SEQUENCE_NUMBER starts with the record of that number, AFTER_SEQUENCE_NUMBER behind it." at_and_after;
    Q04 "StartingPosition" "AT_TIMESTAMP starts with the first record of that time or later, no matter whether one is of that very time." later_record;
    Q05 "StartingPosition" "AT_TIMESTAMP before the oldest record is TRIM_HORIZON." before_the_horizon;
    Q06 "StartingPosition" "A timestamp counts to the millisecond." milliseconds;
    Q07 "LocalStack's tests against AWS" "AT_SEQUENCE_NUMBER with the shard's own StartingSequenceNumber is valid on an empty shard." starting_number_of_empty_shard;
    Q08 "StartingPosition" "AFTER_SEQUENCE_NUMBER without a number, or with none that could be one, is refused." no_number Http;
    Q09 "undocumented" "Whether SubscribeToShard refuses a timestamp in the future is a setting: InvalidArgumentException, or waiting for it." future;
    Q10 "undocumented" "Whether a number below the trim horizon is refused or read as the horizon is a setting." trimmed_number;
    Q11 "StartingPosition" "A position of no known type is refused." unknown_type Http;
}

async fn three(place: &Place) -> Verdict<(Stream, String, Vec<Put>)> {
    let (stream, consumer) = place.fan_out().await?;
    let mut puts = Vec::new();
    for data in ["a", "b", "c"] {
        puts.push(place.put(&stream, "k", data).await?);
        place.pass(Duration::from_millis(20)).await?;
    }
    Ok((stream, consumer, puts))
}

/// The first records, up to so many, from a position.
async fn from(
    place: &Place,
    consumer: &str,
    stream: &Stream,
    position: Value,
    records: usize,
) -> Verdict<Vec<String>> {
    let mut events = place.subscribe(consumer, stream.shard(), position).await?;
    let read = place.payloads(&mut events, records).await?;
    drop(events);
    place.pass(Duration::from_millis(5_100)).await?;
    Ok(read)
}

async fn horizon(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer, _) = three(&place).await?;
    same!(from(&place, &consumer, &stream, trim_horizon(), 3).await?, ["a", "b", "c"], "the records");
    Ok(())
}

async fn newest(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer, _) = three(&place).await?;
    let mut events = place.subscribe(&consumer, stream.shard(), latest()).await?;
    place.put(&stream, "k", "d").await?;
    same!(place.payloads(&mut events, 1).await?, ["d"], "the records");
    Ok(())
}

async fn at_and_after(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer, puts) = three(&place).await?;
    same!(from(&place, &consumer, &stream, at(&puts[1].number), 2).await?, ["b", "c"], "AT");
    same!(from(&place, &consumer, &stream, after(&puts[1].number), 1).await?, ["c"], "AFTER");
    Ok(())
}

async fn later_record(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer) = place.fan_out().await?;
    place.put(&stream, "k", "a").await?;
    place.pass(Duration::from_millis(300)).await?;
    let between = seconds(place.now());
    place.pass(Duration::from_millis(300)).await?;
    place.put(&stream, "k", "b").await?;
    same!(from(&place, &consumer, &stream, at_time(between), 1).await?, ["b"], "the records");
    Ok(())
}

async fn before_the_horizon(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer, _) = three(&place).await?;
    let long_ago = seconds(place.now()) - 400.0 * 86_400.0;
    same!(from(&place, &consumer, &stream, at_time(long_ago), 3).await?, ["a", "b", "c"], "the records");
    Ok(())
}

async fn milliseconds(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer, _) = three(&place).await?;
    let mut events = place.subscribe(&consumer, stream.shard(), trim_horizon()).await?;
    let came = place.events(&mut events, 3).await?;
    drop(events);
    place.pass(Duration::from_millis(5_100)).await?;
    let records: Vec<_> = came.iter().flat_map(|event| array(&event["Records"])).collect();
    let arrival = records[1]["ApproximateArrivalTimestamp"].as_f64().unwrap_or_default();
    same!(from(&place, &consumer, &stream, at_time(arrival), 2).await?, ["b", "c"], "at b's time");
    let later = ((arrival * 1_000.0).round() + 1.0) / 1_000.0;
    same!(from(&place, &consumer, &stream, at_time(later), 1).await?, ["c"], "1 ms later");
    Ok(())
}

async fn starting_number_of_empty_shard(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer) = place.fan_out().await?;
    let shards = place.list(&stream.arn, None).await?;
    let start = text(&shards[0]["SequenceNumberRange"], "StartingSequenceNumber");
    let mut events = place.subscribe(&consumer, stream.shard(), at(&start)).await?;
    place.put(&stream, "k", "a").await?;
    same!(place.payloads(&mut events, 1).await?, ["a"], "the records");
    Ok(())
}

async fn no_number(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer) = place.fan_out().await?;
    for position in [json!({"Type": "AFTER_SEQUENCE_NUMBER"}), after(""), after("none"), at("")] {
        let codes = &["ValidationException", "InvalidArgumentException"];
        place.no_subscription(&consumer, stream.shard(), position, codes).await?;
        place.pass(Duration::from_secs(1)).await?;
    }
    Ok(())
}

async fn future(world: World) -> Verdict {
    for refuses in [true, false] {
        let settings = Settings { refuse_future_timestamp: refuses, ..Settings::default() };
        let place = world.set("timestamps in the future", settings).await?;
        let (stream, consumer) = place.fan_out().await?;
        let later = at_time(seconds(place.now()) + 4.0);
        if refuses {
            let codes = &["InvalidArgumentException"];
            let error = place.no_subscription(&consumer, stream.shard(), later, codes).await?;
            let words = "cannot be greater than the currentTimestampInMillis";
            holds!(error.message.contains(words), "it reads: {}", error.message);
        } else {
            let mut events = place.subscribe(&consumer, stream.shard(), later).await?;
            place.put(&stream, "k", "before").await?;
            place.pass(Duration::from_millis(4_500)).await?;
            place.put(&stream, "k", "after").await?;
            let mut read = Vec::new();
            while read.is_empty() {
                read = payloads(&place.event(&mut events, A_WHILE).await?);
            }
            same!(read, ["after"], "the records");
        }
    }
    Ok(())
}

async fn trimmed_number(world: World) -> Verdict {
    for refuses in [true, false] {
        let settings = Settings {
            refuse_trimmed_sequence_number: refuses,
            retention: Duration::from_secs(3_600),
            ..Settings::default()
        };
        let place = world.set("how long a record is kept", settings).await?;
        let (stream, consumer, puts) = three(&place).await?;
        place.pass(Duration::from_secs(3_601)).await?;
        place.put(&stream, "k", "d").await?;
        if refuses {
            let codes = &["InvalidArgumentException"];
            place.no_subscription(&consumer, stream.shard(), after(&puts[0].number), codes).await?;
        } else {
            let read = from(&place, &consumer, &stream, after(&puts[0].number), 1).await?;
            same!(read, ["d"], "the records");
        }
    }
    Ok(())
}

async fn unknown_type(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer) = place.fan_out().await?;
    let codes = &["ValidationException", "InvalidArgumentException"];
    for position in [json!({"Type": "YESTERDAY"}), json!({})] {
        place.no_subscription(&consumer, stream.shard(), position, codes).await?;
    }
    Ok(())
}
