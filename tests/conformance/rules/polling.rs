//! GetShardIterator and GetRecords.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::rules;
use crate::streams::*;
use crate::verdict::{Verdict, holds, same};
use crate::world::{Place, World, seconds};

rules! {
    P01 "GetRecords" "Five calls in a second for a shard; the next is ProvisionedThroughputExceededException." five_polls_a_second;
    P02 "GetRecords" "A shard gives 2 MB/s: what is above makes the calls that follow ProvisionedThroughputExceededException for 1 s or longer, without data." two_megabytes_a_second (alone);
    P03 "GetRecords" "A Limit above 10,000 is InvalidArgumentException." limit_above_ten_thousand;
    P04 "GetRecords" "An answer has 10,000 records when the call does not say, and never more." ten_thousand_records (alone);
    P05 "GetRecords" "An answer has 10 MiB of data at most." ten_mebibytes (alone);
    P06 "GetRecords" "After such an answer nothing is given for 5 s: ProvisionedThroughputExceededException." then_five_seconds (alone);
    P07 "GetRecords" "At the end of a closed shard NextShardIterator is null and ChildShards are there." end_of_closed_shard;
    P08 "GetShardIterator" "Five calls in a second for an open shard; the next is ProvisionedThroughputExceededException." five_iterators_a_second;
    P09 "GetShardIterator" "An iterator lives for 5 minutes; then it is ExpiredIteratorException." iterator_expires;
    P10 "GetRecords" "What is no iterator is InvalidArgumentException." no_iterator;
    P11 "GetShardIterator" "TRIM_HORIZON, LATEST, AT_ and AFTER_SEQUENCE_NUMBER and AT_TIMESTAMP start where they do for a subscription." positions;
    P12 "GetShardIterator, seen" "A timestamp in the future is InvalidArgumentException: The timestampInMillis parameter cannot be greater than the currentTimestampInMillis." future;
    P13 "GetShardIterator" "A stream or shard that does not exist is ResourceNotFoundException." unknown_stream_or_shard;
    P14 "GetRecords" "Limit bounds the records of an answer; the next iterator reads on behind them." reads_on;
    P15 "GetRecords" "An open shard without records gives none, and an iterator; MillisBehindLatest is 0." empty_shard;
    P16 "GetRecords" "MillisBehindLatest is above 0 while there is more to read." behind;
    P17 "GetRecords" "An iterator can be used again: the same records come." again;
}

const EXCEEDED: &[&str] = &["ProvisionedThroughputExceededException"];
const INVALID: &[&str] = &["InvalidArgumentException", "ValidationException"];
const SECOND: Duration = Duration::from_millis(1_050);

/// A position of GetShardIterator has other names than one of SubscribeToShard.
fn iterator_request(stream: &Stream, shard: &str, position: &Value) -> Value {
    let mut request =
        json!({"StreamName": stream.name, "ShardId": shard, "ShardIteratorType": position["Type"]});
    for (name, member) in [("SequenceNumber", "StartingSequenceNumber"), ("Timestamp", "Timestamp")] {
        if let Some(value) = position.get(name) {
            request[member] = value.clone();
        }
    }
    request
}

async fn iterator(place: &Place, stream: &Stream, shard: &str, position: Value) -> Verdict<String> {
    let got = place.call("GetShardIterator", iterator_request(stream, shard, &position)).await?;
    Ok(text(&got, "ShardIterator"))
}

async fn poll(place: &Place, iterator: &str) -> Verdict<Value> {
    place.call("GetRecords", json!({"ShardIterator": iterator})).await
}

async fn five_polls_a_second(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    let iterator = iterator(&place, &stream, stream.shard(), trim_horizon()).await?;
    for call in 0..5 {
        let answer = place.ask("GetRecords", json!({"ShardIterator": iterator})).await?;
        holds!(answer.is_ok(), "call {call} is refused: {answer:?}");
    }
    place.refused("GetRecords", json!({"ShardIterator": iterator}), EXCEEDED).await?;
    place.pass(SECOND).await?;
    poll(&place, &iterator).await.map(drop)
}

async fn two_megabytes_a_second(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    place.put_many(&stream, 60, 100_000).await?;
    let iterator = iterator(&place, &stream, stream.shard(), trim_horizon()).await?;
    let page = place.call("GetRecords", json!({"ShardIterator": iterator, "Limit": 40})).await?;
    same!(array(&page["Records"]).len(), 40, "records");
    let next = json!({"ShardIterator": text(&page, "NextShardIterator"), "Limit": 20});
    place.pass(Duration::from_millis(250)).await?;
    place.refused("GetRecords", next.clone(), EXCEEDED).await?;
    place.pass(Duration::from_secs(2)).await?;
    same!(array(&place.call("GetRecords", next).await?["Records"]).len(), 20, "records two seconds later");
    Ok(())
}

async fn limit_above_ten_thousand(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    let iterator = iterator(&place, &stream, stream.shard(), trim_horizon()).await?;
    let request = json!({"ShardIterator": iterator, "Limit": 10_001});
    place.refused("GetRecords", request, INVALID).await?;
    place.call("GetRecords", json!({"ShardIterator": iterator, "Limit": 10_000})).await.map(drop)
}

async fn ten_thousand_records(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    place.put_many(&stream, 10_100, 1).await?;
    let iterator = iterator(&place, &stream, stream.shard(), trim_horizon()).await?;
    same!(array(&poll(&place, &iterator).await?["Records"]).len(), 10_000, "records");
    Ok(())
}

/// The answer of the first poll of a shard with 12 MB, and when it was asked for.
async fn large_answer(place: &Place) -> Verdict<(Value, SystemTime)> {
    let stream = place.stream(1).await?;
    place.put_many(&stream, 24, 500_000).await?;
    let iterator = iterator(place, &stream, stream.shard(), trim_horizon()).await?;
    let asked = place.now();
    Ok((poll(place, &iterator).await?, asked))
}

async fn ten_mebibytes(world: World) -> Verdict {
    let place = world.place().await?;
    let records = array(&large_answer(&place).await?.0["Records"]).len();
    holds!((15..=20).contains(&records), "{records} records of 500 kB come");
    Ok(())
}

async fn then_five_seconds(world: World) -> Verdict {
    let place = world.place().await?;
    let (page, asked) = large_answer(&place).await?;
    let next = json!({"ShardIterator": text(&page, "NextShardIterator")});
    let since = || place.now().duration_since(asked).unwrap_or_default();
    for (call, millis) in [1_500, 3_000, 4_500].into_iter().enumerate() {
        let time = Duration::from_millis(millis);
        // The answer itself takes some of the time.
        if call == 0 || since() <= time {
            place.pass(time.saturating_sub(since())).await?;
            place.refused("GetRecords", next.clone(), EXCEEDED).await?;
        }
    }
    place.pass(Duration::from_millis(5_500).saturating_sub(since())).await?;
    holds!(!array(&place.call("GetRecords", next).await?["Records"]).is_empty(), "no records after 5.5 s");
    Ok(())
}

async fn end_of_closed_shard(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    place.put(&stream, "k", "a").await?;
    let children = texts(&place.split(&stream, stream.shard()).await?, "ShardId");
    let mut iterator = iterator(&place, &stream, stream.shard(), trim_horizon()).await?;
    let mut read = Vec::new();
    for _ in 0..5 {
        let page = poll(&place, &iterator).await?;
        read.extend(payloads(&page));
        iterator = text(&page, "NextShardIterator");
        if iterator.is_empty() {
            same!(read, ["a"], "the records");
            same!(texts(&array(&page["ChildShards"]), "ShardId"), children, "the children");
            return Ok(());
        }
        holds!(array(&page["ChildShards"]).is_empty(), "children come with an iterator");
    }
    Err(crate::verdict::Stop::Broken("there is always another iterator".into()))
}

async fn five_iterators_a_second(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    let request = iterator_request(&stream, stream.shard(), &trim_horizon());
    for call in 0..5 {
        let answer = place.ask("GetShardIterator", request.clone()).await?;
        holds!(answer.is_ok(), "call {call} is refused: {answer:?}");
    }
    place.refused("GetShardIterator", request.clone(), EXCEEDED).await?;
    place.pass(SECOND).await?;
    place.call("GetShardIterator", request).await.map(drop)
}

async fn iterator_expires(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    let iterator = iterator(&place, &stream, stream.shard(), trim_horizon()).await?;
    place.pass(Duration::from_secs(299)).await?;
    poll(&place, &iterator).await?;
    place.pass(Duration::from_secs(2)).await?;
    place
        .refused("GetRecords", json!({"ShardIterator": iterator}), &["ExpiredIteratorException"])
        .await
        .map(drop)
}

async fn no_iterator(world: World) -> Verdict {
    let place = world.place().await?;
    place.refused("GetRecords", json!({"ShardIterator": "bm9uZQ=="}), INVALID).await.map(drop)
}

async fn positions(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    let (a, b) = (place.put(&stream, "k", "a").await?, place.put(&stream, "k", "b").await?);
    place.pass(Duration::from_millis(300)).await?;
    let between = seconds(place.now());
    place.pass(Duration::from_millis(300)).await?;
    place.put(&stream, "k", "c").await?;
    for (position, expected) in [
        (trim_horizon(), &["a", "b", "c"][..]),
        (at(&b.number), &["b", "c"]),
        (after(&a.number), &["b", "c"]),
        (at_time(between), &["c"]),
        (at_time(0.0), &["a", "b", "c"]),
        (latest(), &[]),
    ] {
        let iterator = iterator(&place, &stream, stream.shard(), position.clone()).await?;
        same!(payloads(&poll(&place, &iterator).await?), expected, "the records at {position}");
    }
    Ok(())
}

async fn future(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    let later = at_time(seconds(place.now()) + 3_600.0);
    let request = iterator_request(&stream, stream.shard(), &later);
    let error = place.refused("GetShardIterator", request, &["InvalidArgumentException"]).await?;
    let words = "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis";
    holds!(error.message.contains(words), "it reads: {}", error.message);
    Ok(())
}

async fn unknown_stream_or_shard(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    let mut nowhere = stream.clone();
    nowhere.name = "conformance-no-such-stream".into();
    for (stream, shard) in [(&nowhere, stream.shard()), (&stream, "shardId-000000000099")] {
        let request = iterator_request(stream, shard, &trim_horizon());
        place.refused("GetShardIterator", request, &["ResourceNotFoundException"]).await?;
    }
    Ok(())
}

async fn reads_on(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    for data in ["a", "b", "c"] {
        place.put(&stream, "k", data).await?;
    }
    let iterator = iterator(&place, &stream, stream.shard(), trim_horizon()).await?;
    let page = place.call("GetRecords", json!({"ShardIterator": iterator, "Limit": 2})).await?;
    same!(payloads(&page), ["a", "b"], "the first records");
    let page = poll(&place, &text(&page, "NextShardIterator")).await?;
    same!(payloads(&page), ["c"], "the next records");
    place.put(&stream, "k", "d").await?;
    same!(payloads(&poll(&place, &text(&page, "NextShardIterator")).await?), ["d"], "what came later");
    Ok(())
}

async fn empty_shard(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    let iterator = iterator(&place, &stream, stream.shard(), trim_horizon()).await?;
    let page = poll(&place, &iterator).await?;
    same!(page["Records"], json!([]), "Records");
    same!(page["MillisBehindLatest"], json!(0), "MillisBehindLatest");
    holds!(!text(&page, "NextShardIterator").is_empty(), "no iterator");
    Ok(())
}

async fn behind(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    place.put(&stream, "k", "a").await?;
    place.pass(Duration::from_millis(1_500)).await?;
    place.put(&stream, "k", "b").await?;
    let iterator = iterator(&place, &stream, stream.shard(), trim_horizon()).await?;
    let page = place.call("GetRecords", json!({"ShardIterator": iterator, "Limit": 1})).await?;
    let behind = page["MillisBehindLatest"].as_u64().unwrap_or_default();
    holds!(behind >= 1, "MillisBehindLatest is {behind}");
    Ok(())
}

async fn again(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    place.put(&stream, "k", "a").await?;
    let iterator = iterator(&place, &stream, stream.shard(), trim_horizon()).await?;
    for _ in 0..2 {
        same!(payloads(&poll(&place, &iterator).await?), ["a"], "the records");
    }
    Ok(())
}
