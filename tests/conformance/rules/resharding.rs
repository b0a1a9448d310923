//! SplitShard, MergeShards, UpdateShardCount, and what becomes of the shards.

use std::time::Duration;

use kinesis_fanout::emulator::Settings;
use serde_json::{Value, json};

use super::rules;
use crate::streams::*;
use crate::verdict::{Verdict, holds, same};
use crate::world::{Place, World};

rules! {
    H01 "SplitShard" "Two children with the parent's hash keys; the second begins at NewStartingHashKey." split_ranges;
    H02 "MergeShards" "One child with the hash keys of both parents." merge_range;
    H03 "Shard" "A shard of a split has ParentShardId; one of a merge AdjacentParentShardId too." parents;
    H04 "Shard" "A parent is closed: it has an EndingSequenceNumber, above its last record's number." ending_number;
    H05 "SequenceNumberRange" "A child's first number is above its parents' ending numbers." starting_number;
    H06 "Sequence numbers, seen" "A sequence number has 56 digits." fifty_six_digits;
    H07 "PutRecord" "Sequence numbers of a shard grow." growing_numbers;
    H08 "developer guide, after resharding" "New records go to the children." new_records_go_to_children;
    H09 "SplitShard" "A shard that is closed, or a hash key outside of the shard, is refused." refused_splits;
    H10 "MergeShards" "Shards that do not lie side by side are InvalidArgumentException." refused_merge;
    H11 "SplitShard" "Five calls of SplitShard in a second for the account; the next is LimitExceededException." five_splits_a_second (alone);
    H12 "MergeShards" "Five calls of MergeShards in a second for the account; the next is LimitExceededException." five_merges_a_second (alone);
    H13 "SplitShard" "The stream is UPDATING for a time (a setting); a split or merge meanwhile is ResourceInUseException." only_when_active;
    H14 "UpdateShardCount" "Shards are split and merged to so many of one size." scaled;
    H15 "UpdateShardCount" "To more than double the shards is refused." more_than_double;
    H16 "UpdateShardCount" "To less than half the shards is refused." less_than_half;
    H17 "UpdateShardCount" "Ten times in 24 hours; the next is LimitExceededException." ten_times_a_day;
    H18 "UpdateShardCount" "Other than by doubling and halving it makes shards that are closed at once." short_lived_shards;
    H19 "developer guide, after resharding" "A parent is read by polling until the retention period has passed, then it is gone." parent_polled_until_expired;
    H20 "IncreaseStreamRetentionPeriod" "Retention of up to 8,760 hours keeps records and closed shards longer; less than 24 hours is refused." retention;
    H21 "SplitShard" "A stream or shard that does not exist is ResourceNotFoundException." unknown;
}

const LIMIT: &[&str] = &["LimitExceededException"];
const NOT_FOUND: &[&str] = &["ResourceNotFoundException"];
const INVALID: &[&str] = &["InvalidArgumentException", "ValidationException"];
const IN_USE: &[&str] = &["ResourceInUseException"];

fn split_at(stream: &Stream, shard: &str, hash_key: u128) -> Value {
    json!({"StreamName": stream.name, "ShardToSplit": shard, "NewStartingHashKey": hash_key.to_string()})
}

fn merge_of(stream: &Stream, shard: &str, adjacent: &str) -> Value {
    json!({"StreamName": stream.name, "ShardToMerge": shard, "AdjacentShardToMerge": adjacent})
}

fn ranges(shards: &[Value]) -> Vec<(u128, u128)> {
    let range = |shard: &Value| {
        let range = &shard["HashKeyRange"];
        (hash_key(&range["StartingHashKey"]), hash_key(&range["EndingHashKey"]))
    };
    let mut ranges: Vec<_> = shards.iter().map(range).collect();
    ranges.sort_unstable();
    ranges
}

async fn split_ranges(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    place.call("SplitShard", split_at(&stream, stream.shard(), 1_000)).await?;
    place.active(&stream.name).await?;
    let open = place.list(&stream.arn, Some(json!({"Type": "AT_LATEST"}))).await?;
    same!(ranges(&open), [(0, 999), (1_000, u128::MAX)], "the ranges");
    Ok(())
}

async fn merge_range(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(2).await?;
    let child = place.merge(&stream, &stream.shards[0], &stream.shards[1]).await?;
    same!(ranges(&[child]), [(0, u128::MAX)], "the range");
    Ok(())
}

async fn parents(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    let children = place.split(&stream, stream.shard()).await?;
    same!(children.len(), 2, "children");
    for child in &children {
        same!(text(child, "ParentShardId"), stream.shard(), "ParentShardId");
        holds!(child["AdjacentParentShardId"].is_null(), "AdjacentParentShardId of a split: {child}");
    }
    let ids = texts(&children, "ShardId");
    let child = place.merge(&stream, &ids[0], &ids[1]).await?;
    let mut parents = vec![text(&child, "ParentShardId"), text(&child, "AdjacentParentShardId")];
    parents.sort();
    same!(parents, ids, "the parents of a merge");
    Ok(())
}

/// A shard with two records that was split: itself, its last record's number, the children.
async fn closed_shard(place: &Place) -> Verdict<(Value, String, Vec<Value>)> {
    let stream = place.stream(1).await?;
    place.put(&stream, "k", "a").await?;
    let last = place.put(&stream, "k", "b").await?.number;
    let children = place.split(&stream, stream.shard()).await?;
    let listed = place.list(&stream.arn, None).await?;
    let parent = listed.into_iter().find(|shard| shard["ShardId"] == stream.shard());
    match parent {
        Some(parent) => Ok((parent, last, children)),
        None => Err(crate::verdict::Stop::Broken("the parent is not listed".into())),
    }
}

async fn ending_number(world: World) -> Verdict {
    let place = world.place().await?;
    let (parent, last, _) = closed_shard(&place).await?;
    let ending = text(&parent["SequenceNumberRange"], "EndingSequenceNumber");
    holds!(number(&ending) > number(&last), "{ending:?} with a last record of {last}");
    Ok(())
}

async fn starting_number(world: World) -> Verdict {
    let place = world.place().await?;
    let (parent, _, children) = closed_shard(&place).await?;
    let ending = text(&parent["SequenceNumberRange"], "EndingSequenceNumber");
    holds!(!ending.is_empty(), "the parent has no EndingSequenceNumber");
    for child in children {
        let start = text(&child["SequenceNumberRange"], "StartingSequenceNumber");
        holds!(number(&start) > number(&ending), "{start} behind a parent's {ending}");
    }
    Ok(())
}

async fn fifty_six_digits(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    let put = place.put(&stream, "k", "a").await?;
    same!(put.number.len(), 56, "digits of {}", put.number);
    holds!(!put.number.starts_with('0'), "{}", put.number);
    Ok(())
}

async fn growing_numbers(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    let mut before = number("0");
    for _ in 0..20 {
        let put = number(&place.put(&stream, "k", "a").await?.number);
        holds!(put > before, "{put:?} after {before:?}");
        before = put;
    }
    Ok(())
}

async fn new_records_go_to_children(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    let children = texts(&place.split(&stream, stream.shard()).await?, "ShardId");
    for key in ["a", "b", "c", "d", "e", "f"] {
        let put = place.put(&stream, key, "x").await?;
        holds!(children.contains(&put.shard), "a record goes to {}", put.shard);
    }
    Ok(())
}

async fn refused_splits(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(2).await?;
    let outside = split_at(&stream, &stream.shards[0], u128::MAX - 5);
    place.refused("SplitShard", outside, INVALID).await?;
    place.split(&stream, &stream.shards[0]).await?;
    let again = split_at(&stream, &stream.shards[0], 1_000);
    let codes = &["ResourceInUseException", "InvalidArgumentException"];
    place.refused("SplitShard", again, codes).await.map(drop)
}

async fn refused_merge(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(3).await?;
    let apart = merge_of(&stream, &stream.shards[0], &stream.shards[2]);
    place.refused("MergeShards", apart, &["InvalidArgumentException"]).await.map(drop)
}

async fn five_splits_a_second(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    let unknown = split_at(&stream, "shardId-000000000099", 1_000);
    super::registration::limited(&place, "SplitShard", 5, unknown).await
}

async fn five_merges_a_second(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    let unknown = merge_of(&stream, "shardId-000000000098", "shardId-000000000099");
    super::registration::limited(&place, "MergeShards", 5, unknown).await
}

async fn only_when_active(world: World) -> Verdict {
    for time in [Duration::ZERO, Duration::from_secs(30)] {
        let settings = Settings { reshard_time: time, ..Settings::default() };
        let place = world.set("how long a stream is UPDATING", settings).await?;
        let stream = place.stream(2).await?;
        place.call("SplitShard", split_at(&stream, &stream.shards[0], 1_000)).await?;
        let second = split_at(&stream, &stream.shards[1], u128::MAX - 1_000);
        if !time.is_zero() {
            let summary = place.call("DescribeStreamSummary", json!({"StreamName": stream.name})).await?;
            same!(text(&summary["StreamDescriptionSummary"], "StreamStatus"), "UPDATING", "the status");
            place.refused("SplitShard", second.clone(), IN_USE).await?;
            let merge = merge_of(&stream, &stream.shards[0], &stream.shards[1]);
            place.refused("MergeShards", merge, IN_USE).await?;
            place.pass(time).await?;
        }
        place.call("SplitShard", second).await?;
    }
    Ok(())
}

async fn scale(place: &Place, stream: &Stream, target: usize) -> Verdict<Vec<Value>> {
    let request =
        json!({"StreamName": stream.name, "TargetShardCount": target, "ScalingType": "UNIFORM_SCALING"});
    place.call("UpdateShardCount", request).await?;
    place.active(&stream.name).await?;
    place.list(&stream.arn, Some(json!({"Type": "AT_LATEST"}))).await
}

async fn scaled(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(2).await?;
    for target in [4, 3, 2, 1] {
        let ranges = ranges(&scale(&place, &stream, target).await?);
        same!(ranges.len(), target, "open shards");
        let size = u128::MAX / target as u128;
        for (start, end) in &ranges {
            let rounding = (end - start).abs_diff(size);
            holds!(rounding <= 16, "a shard of {} hash keys where {target} share them", end - start);
        }
        holds!(ranges.windows(2).all(|pair| pair[0].1 + 1 == pair[1].0), "{ranges:?} have gaps");
    }
    Ok(())
}

fn scaling(stream: &Stream, target: usize) -> Value {
    json!({"StreamName": stream.name, "TargetShardCount": target, "ScalingType": "UNIFORM_SCALING"})
}

const TOO_FAR: &[&str] = &["LimitExceededException", "InvalidArgumentException"];

async fn more_than_double(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(2).await?;
    place.refused("UpdateShardCount", scaling(&stream, 5), TOO_FAR).await.map(drop)
}

async fn less_than_half(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(5).await?;
    place.refused("UpdateShardCount", scaling(&stream, 2), TOO_FAR).await.map(drop)
}

async fn ten_times_a_day(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    for call in 0..10 {
        scale(&place, &stream, if call % 2 == 0 { 2 } else { 1 }).await?;
        place.pass(Duration::from_millis(300)).await?;
    }
    place.refused("UpdateShardCount", scaling(&stream, 2), LIMIT).await?;
    if place.local.is_some() {
        place.pass(Duration::from_secs(24 * 3_600)).await?;
        scale(&place, &stream, 2).await?;
    }
    Ok(())
}

async fn short_lived_shards(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(2).await?;
    scale(&place, &stream, 3).await?;
    let listed = place.list(&stream.arn, None).await?;
    // Two parents, three children, and what was split off and merged again in between.
    let closed = listed.iter().filter(|shard| !is_open(shard)).count();
    holds!(closed > 2, "{closed} of {} shards are closed", listed.len());
    Ok(())
}

async fn poll(place: &Place, stream: &Stream, shard: &str) -> Verdict<Vec<String>> {
    let request = json!({"StreamName": stream.name, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"});
    let got = place.call("GetShardIterator", request).await?;
    Ok(payloads(&place.call("GetRecords", json!({"ShardIterator": text(&got, "ShardIterator")})).await?))
}

async fn parent_polled_until_expired(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    place.put(&stream, "k", "a").await?;
    place.split(&stream, stream.shard()).await?;
    same!(poll(&place, &stream, stream.shard()).await?, ["a"], "the parent's records");
    place.pass(Duration::from_secs(23 * 3_600)).await?;
    same!(poll(&place, &stream, stream.shard()).await?, ["a"], "the parent's records after 23 h");
    place.pass(Duration::from_secs(3_601)).await?;
    let request =
        json!({"StreamName": stream.name, "ShardId": stream.shard(), "ShardIteratorType": "TRIM_HORIZON"});
    place.refused("GetShardIterator", request, NOT_FOUND).await.map(drop)
}

async fn retention(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    let hours = |hours: u64| json!({"StreamName": stream.name, "RetentionPeriodHours": hours});
    for refused in [8_761, 23] {
        place.refused("IncreaseStreamRetentionPeriod", hours(refused), INVALID).await?;
    }
    place.call("IncreaseStreamRetentionPeriod", hours(48)).await?;
    place.active(&stream.name).await?;
    let summary = place.call("DescribeStreamSummary", json!({"StreamName": stream.name})).await?;
    same!(summary["StreamDescriptionSummary"]["RetentionPeriodHours"], json!(48), "hours");
    place.refused("DecreaseStreamRetentionPeriod", hours(23), INVALID).await?;
    if place.local.is_some() {
        place.put(&stream, "k", "a").await?;
        place.pass(Duration::from_secs(47 * 3_600)).await?;
        same!(poll(&place, &stream, stream.shard()).await?, ["a"], "the records after 47 h");
        place.pass(Duration::from_secs(3_601)).await?;
        same!(poll(&place, &stream, stream.shard()).await?, [""; 0], "the records after 48 h");
    }
    place.call("DecreaseStreamRetentionPeriod", hours(24)).await.map(drop)
}

async fn unknown(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    place.refused("SplitShard", split_at(&stream, "shardId-000000000099", 1_000), NOT_FOUND).await?;
    let mut nowhere = stream.clone();
    nowhere.name = "conformance-no-such-stream".into();
    place.refused("SplitShard", split_at(&nowhere, stream.shard(), 1_000), NOT_FOUND).await?;
    let merge = merge_of(&stream, stream.shard(), "shardId-000000000099");
    place.refused("MergeShards", merge, NOT_FOUND).await.map(drop)
}
