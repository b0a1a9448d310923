//! What the clients of AWS call, in the way they do.

use std::time::Duration;

use serde_json::{Value, json};

use super::rules;
use crate::endpoint::Item;
use crate::streams::*;
use crate::verdict::{Stop, Verdict, holds, same};
use crate::world::{World, seconds};

rules! {
    K01 "KCL 3.5.1" "ListShards filtered AT_TRIM_HORIZON, AT_LATEST and AT_TIMESTAMP gives ranges that cover all hash keys, also after a reshard." complete_ranges;
    K02 "KCL 3.5.1" "DescribeStreamConsumer by StreamARN and name before the registration is ResourceNotFoundException, then by the ARN alone once a second, ten times: it becomes ACTIVE." registration;
    K03 "KCL 3.5.1" "At the end of its time a subscription is renewed at once, AFTER_SEQUENCE_NUMBER of the continuation." renewed_at_once;
    K04 "KCL 3.5.1" "A checkpoint is resumed AT_SEQUENCE_NUMBER: its record comes again, then all behind it." checkpoint;
    K05 "KCL 3.5.1" "An event has a continuation and no children, or children with their parents and a null continuation: nothing else." either_or;
    K06 "KCL 3.5.1, polling" "GetRecords with Limit 10000 reads a shard to its end: a null iterator and ChildShards." polling;
    K07 "KPL 1.1.1" "ListShards {StreamName, MaxResults 1000, ShardFilter AT_LATEST} gives the open shards, their ids ending in digits." shard_map;
    K08 "KPL 1.1.1" "PutRecords with an ExplicitHashKey on each of up to 500 entries: the shard of that key, for each, in order." explicit_hash_keys;
    K09 "KPL 1.1.1" "A body of 14 MB is taken." large_body (alone);
    K10 "KPL 1.1.1" "DescribeStreamSummary has the stream's ARN, status, open shards and retention." summary;
}

async fn complete_ranges(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(3).await?;
    place.pass(Duration::from_millis(1_100)).await?;
    let before = seconds(place.now());
    place.pass(Duration::from_millis(1_100)).await?;
    place.split(&stream, &stream.shards[1]).await?;
    for filter in [
        json!({"Type": "AT_TRIM_HORIZON"}),
        json!({"Type": "AT_LATEST"}),
        json!({"Type": "AT_TIMESTAMP", "Timestamp": before}),
    ] {
        let listed = place.list(&stream.arn, Some(filter.clone())).await?;
        let mut ranges: Vec<_> = listed
            .iter()
            .map(|shard| &shard["HashKeyRange"])
            .map(|range| (hash_key(&range["StartingHashKey"]), hash_key(&range["EndingHashKey"])))
            .collect();
        ranges.sort_unstable();
        let mut next = 0_u128;
        for (start, end) in ranges {
            same!(start, next, "where the next shard starts by {filter}");
            next = end.wrapping_add(1);
        }
        same!(next, 0, "where the last shard ends by {filter}");
    }
    Ok(())
}

async fn registration(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    let by_name = json!({"StreamARN": stream.arn, "ConsumerName": "application"});
    place.refused("DescribeStreamConsumer", by_name.clone(), &["ResourceNotFoundException"]).await?;
    place.call("DescribeStreamSummary", json!({"StreamARN": stream.arn})).await?;
    let registered = place.call("RegisterStreamConsumer", by_name).await?;
    let arn = text(&registered["Consumer"], "ConsumerARN");
    for _ in 0..10 {
        let described = place.ask("DescribeStreamConsumer", json!({"ConsumerARN": arn})).await?;
        let described = described.map_err(|error| Stop::Broken(format!("{error:?}")))?;
        if text(&described["ConsumerDescription"], "ConsumerStatus") == "ACTIVE" {
            return Ok(());
        }
        place.pass(Duration::from_secs(1)).await?;
    }
    Err(Stop::Broken("it is not ACTIVE after ten times".into()))
}

async fn renewed_at_once(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer) = place.fan_out().await?;
    let mut events = place.subscribe(&consumer, stream.shard(), trim_horizon()).await?;
    let mut continuation = String::new();
    loop {
        match place.next(&mut events, Duration::from_secs(301)).await? {
            Some(Item::Event(event, _)) => continuation = text(&event, "ContinuationSequenceNumber"),
            Some(Item::End) => break,
            other => return Err(Stop::Broken(format!("{other:?} comes"))),
        }
    }
    place.put(&stream, "k", "a").await?;
    let mut events = place.subscribe(&consumer, stream.shard(), after(&continuation)).await?;
    same!(place.payloads(&mut events, 1).await?, ["a"], "the records");
    Ok(())
}

async fn checkpoint(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer) = place.fan_out().await?;
    let mut puts = Vec::new();
    for data in ["a", "b", "c"] {
        puts.push(place.put(&stream, "k", data).await?);
    }
    let mut events = place.subscribe(&consumer, stream.shard(), at(&puts[1].number)).await?;
    same!(place.payloads(&mut events, 2).await?, ["b", "c"], "the records");
    Ok(())
}

async fn either_or(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer) = place.fan_out().await?;
    let mut events = place.subscribe(&consumer, stream.shard(), trim_horizon()).await?;
    place.put(&stream, "k", "a").await?;
    place.events(&mut events, 1).await?;
    place.put(&stream, "k", "b").await?;
    place.split(&stream, stream.shard()).await?;
    let since = place.now();
    while place.now().duration_since(since).unwrap_or_default() <= A_WHILE {
        let event = place.event(&mut events, A_WHILE).await?;
        let children = array(&event["ChildShards"]);
        let continuation = &event["ContinuationSequenceNumber"];
        let is_one = continuation.is_string() == children.is_empty();
        holds!(is_one, "{} children come with a continuation of {continuation}", children.len());
        if !children.is_empty() {
            let parents = children.iter().all(|child| child["ParentShards"] == json!([stream.shard()]));
            holds!(parents, "the parents are not told: {children:?}");
            return place.ended(&mut events, A_WHILE).await;
        }
    }
    Err(Stop::Broken("no children come".into()))
}

async fn polling(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    place.put_many(&stream, 30, 10).await?;
    place.split(&stream, stream.shard()).await?;
    let request =
        json!({"StreamARN": stream.arn, "ShardId": stream.shard(), "ShardIteratorType": "TRIM_HORIZON"});
    let mut iterator = place.call("GetShardIterator", request).await?["ShardIterator"].clone();
    let mut records = 0;
    for _ in 0..4 {
        let page = place.call("GetRecords", json!({"ShardIterator": iterator, "Limit": 10_000})).await?;
        records += array(&page["Records"]).len();
        iterator = page.get("NextShardIterator").cloned().unwrap_or(Value::Null);
        if iterator.is_null() {
            same!((records, array(&page["ChildShards"]).len()), (30, 2), "records and children");
            return Ok(());
        }
    }
    Err(Stop::Broken("there is always another iterator".into()))
}

async fn shard_map(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(2).await?;
    let children = place.split(&stream, &stream.shards[0]).await?;
    let request =
        json!({"StreamName": stream.name, "MaxResults": 1_000, "ShardFilter": {"Type": "AT_LATEST"}});
    let mut ids = texts(&array(&place.call("ListShards", request).await?["Shards"]), "ShardId");
    for id in &ids {
        let digits = id.rsplit('-').next().is_some_and(|digits| digits.parse::<u64>().is_ok());
        holds!(digits, "{id} does not end in digits");
    }
    let mut expected = texts(&children, "ShardId");
    expected.push(stream.shards[1].clone());
    expected.sort();
    ids.sort();
    same!(ids, expected, "the shards");
    Ok(())
}

async fn explicit_hash_keys(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(2).await?;
    let key = |entry: usize| if entry.is_multiple_of(3) { u128::MAX - entry as u128 } else { entry as u128 };
    let records: Vec<_> = (0..500)
        .map(|entry| json!({"PartitionKey": "a", "ExplicitHashKey": key(entry).to_string(), "Data": "eA=="}))
        .collect();
    let put = place.call("PutRecords", json!({"StreamName": stream.name, "Records": records})).await?;
    let shards = texts(&array(&put["Records"]), "ShardId");
    let expected: Vec<_> = (0..500).map(|entry| stream.shards[usize::from(entry % 3 == 0)].clone()).collect();
    same!(shards, expected, "the shards");
    Ok(())
}

async fn large_body(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    // 10 MiB in base64.
    let data = "eHh4".repeat(349_500);
    let records = vec![json!({"PartitionKey": "a", "ExplicitHashKey": "0", "Data": data}); 10];
    let put = place.call("PutRecords", json!({"StreamName": stream.name, "Records": records})).await?;
    let answers = array(&put["Records"]);
    same!(answers.len(), 10, "answers");
    // A shard takes 1 MB in a second, where that limit is on: the call is taken, and what is too much is told.
    let told = |answer: &Value| answer["SequenceNumber"].is_string() || answer["ErrorCode"] == TOO_MUCH;
    holds!(answers.iter().all(told), "the answers are {answers:?}");
    holds!(answers[0]["SequenceNumber"].is_string(), "the first record is refused: {}", answers[0]);
    Ok(())
}

async fn summary(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(2).await?;
    let summary = place.call("DescribeStreamSummary", json!({"StreamName": stream.name})).await?;
    let summary = &summary["StreamDescriptionSummary"];
    same!(text(summary, "StreamARN"), stream.arn, "StreamARN");
    same!(text(summary, "StreamStatus"), "ACTIVE", "StreamStatus");
    same!(summary["OpenShardCount"], json!(2), "OpenShardCount");
    same!(summary["RetentionPeriodHours"], json!(24), "RetentionPeriodHours");
    Ok(())
}
