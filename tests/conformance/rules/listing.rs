//! ListShards.

use std::time::Duration;

use kinesis_fanout::emulator::Settings;
use serde_json::{Value, json};

use super::rules;
use crate::streams::*;
use crate::verdict::{Verdict, holds, same};
use crate::world::{Place, World, seconds};

rules! {
    L01 "ListShards" "1,000 calls in a second for a stream; the next is LimitExceededException." thousand_calls_a_second;
    L02 "ListShards" "A page has 1,000 shards when the call does not say, and never more." thousand_shards_a_page;
    L03 "ListShards" "MaxResults bounds a page; NextToken brings all others, each once." pages;
    L04 "ListShards" "NextToken and StreamName together are InvalidArgumentException." token_excludes_name;
    L05 "ListShards" "A NextToken lives for 300 s; then it is ExpiredNextTokenException." token_expires;
    L06 "ListShards" "A token that is none is InvalidArgumentException." no_token;
    L07 "ListShards" "Shards that have expired are not listed." expired_shards;
    L08 "ShardFilter" "Without a filter, as with FROM_TRIM_HORIZON: all shards, from the horizon on." from_trim_horizon;
    L09 "ShardFilter" "AT_TRIM_HORIZON: the shards that were open at the horizon." at_trim_horizon;
    L10 "ShardFilter" "AT_LATEST: the shards that are open." at_latest;
    L11 "ShardFilter" "AT_TIMESTAMP: the shards that were open then." at_timestamp;
    L12 "ShardFilter" "FROM_TIMESTAMP: the shards that were open then or later." from_timestamp;
    L13 "ShardFilter" "A time before the horizon is the horizon." raised_to_the_horizon;
    L14 "ShardFilter" "AFTER_SHARD_ID: the shards behind this one." after_shard_id;
    L15 "ListShards" "ExclusiveStartShardId: the shards behind this one." exclusive_start;
    L16 "ListShards" "A stream is named by its name or its ARN; one that does not exist is ResourceNotFoundException." named_both_ways;
    L17 "Shard" "An open shard has no EndingSequenceNumber." open_shard;
    L18 "Shard" "The open shards' hash key ranges cover 0 to 2^128 − 1 without gap or overlap." ranges_cover_all;
    L19 "ListShards" "MaxResults is 1 to 10,000." max_results_bounds;
}

const INVALID: &[&str] = &["InvalidArgumentException", "ValidationException"];

async fn thousand_calls_a_second(world: World) -> Verdict {
    // In real time a thousand calls take longer than the second.
    let place = world.set("how fast time passes", Settings::default()).await?;
    let stream = place.stream(1).await?;
    super::registration::limited(&place, "ListShards", 1_000, json!({"StreamName": stream.name})).await
}

async fn thousand_shards_a_page(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1_001).await?;
    same!(stream.shards.len(), 1_001, "shards in all pages");
    for request in
        [json!({"StreamName": stream.name}), json!({"StreamName": stream.name, "MaxResults": 5_000})]
    {
        let page = place.call("ListShards", request).await?;
        same!(array(&page["Shards"]).len(), 1_000, "shards in the first page");
    }
    Ok(())
}

async fn pages(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(5).await?;
    let mut page = place.call("ListShards", json!({"StreamName": stream.name, "MaxResults": 2})).await?;
    let mut ids = texts(&array(&page["Shards"]), "ShardId");
    let mut sizes = vec![ids.len()];
    while let Some(token) = page.get("NextToken").and_then(Value::as_str) {
        holds!(sizes.len() < 10, "there is no last page");
        page = place.call("ListShards", json!({"NextToken": token, "MaxResults": 2})).await?;
        let more = texts(&array(&page["Shards"]), "ShardId");
        sizes.push(more.len());
        ids.extend(more);
    }
    same!(sizes, [2, 2, 1], "the sizes of the pages");
    same!(ids, stream.shards, "the shards");
    Ok(())
}

/// The token behind the first of three shards.
async fn token(place: &Place) -> Verdict<(Stream, String)> {
    let stream = place.stream(3).await?;
    let page = place.call("ListShards", json!({"StreamName": stream.name, "MaxResults": 1})).await?;
    let token = text(&page, "NextToken");
    holds!(!token.is_empty(), "no NextToken behind one of three shards");
    Ok((stream, token))
}

async fn token_excludes_name(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, token) = token(&place).await?;
    let both = json!({"StreamName": stream.name, "NextToken": token});
    place.refused("ListShards", both, &["InvalidArgumentException"]).await.map(drop)
}

async fn token_expires(world: World) -> Verdict {
    let place = world.place().await?;
    let (_, token) = token(&place).await?;
    place.pass(Duration::from_secs(299)).await?;
    place.call("ListShards", json!({"NextToken": token})).await?;
    place.pass(Duration::from_secs(2)).await?;
    let late = json!({"NextToken": token});
    place.refused("ListShards", late, &["ExpiredNextTokenException"]).await.map(drop)
}

async fn no_token(world: World) -> Verdict {
    let place = world.place().await?;
    place
        .refused("ListShards", json!({"NextToken": "bm9uZQ=="}), &["InvalidArgumentException"])
        .await
        .map(drop)
}

async fn expired_shards(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    place.put(&stream, "k", "a").await?;
    let children = place.split(&stream, stream.shard()).await?;
    place.pass(Duration::from_secs(24 * 3_600 + 1)).await?;
    let listed = place.list(&stream.arn, None).await?;
    same!(texts(&listed, "ShardId"), texts(&children, "ShardId"), "the shards");
    Ok(())
}

/// A stream whose only shard was split some time after its creation: the times before and after it, the children.
struct Split {
    stream: Stream,
    before: f64,
    after: f64,
    children: Vec<String>,
}

async fn split(place: &Place) -> Verdict<Split> {
    let stream = place.stream(1).await?;
    place.pass(Duration::from_millis(1_200)).await?;
    let before = seconds(place.now());
    place.pass(Duration::from_millis(1_200)).await?;
    let children = texts(&place.split(&stream, stream.shard()).await?, "ShardId");
    place.pass(Duration::from_millis(1_200)).await?;
    let after = seconds(place.now());
    place.pass(Duration::from_millis(1_200)).await?;
    Ok(Split { stream, before, after, children })
}

impl Split {
    /// What is listed by a filter has to be the parent, the children, or both.
    async fn lists(&self, place: &Place, filter: Option<Value>, parent: bool, children: bool) -> Verdict {
        let listed = place.list(&self.stream.arn, filter.clone()).await?;
        let mut expected = if parent { self.stream.shards.clone() } else { vec![] };
        expected.extend(self.children.iter().filter(|_| children).cloned());
        same!(texts(&listed, "ShardId"), expected, "the shards by {filter:?}");
        Ok(())
    }
}

fn timed(kind: &str, seconds: f64) -> Option<Value> {
    Some(json!({"Type": kind, "Timestamp": seconds}))
}

async fn from_trim_horizon(world: World) -> Verdict {
    let place = world.place().await?;
    let split = split(&place).await?;
    split.lists(&place, None, true, true).await?;
    split.lists(&place, Some(json!({"Type": "FROM_TRIM_HORIZON"})), true, true).await
}

async fn at_trim_horizon(world: World) -> Verdict {
    let place = world.place().await?;
    split(&place).await?.lists(&place, Some(json!({"Type": "AT_TRIM_HORIZON"})), true, false).await
}

async fn at_latest(world: World) -> Verdict {
    let place = world.place().await?;
    split(&place).await?.lists(&place, Some(json!({"Type": "AT_LATEST"})), false, true).await
}

async fn at_timestamp(world: World) -> Verdict {
    let place = world.place().await?;
    let split = split(&place).await?;
    split.lists(&place, timed("AT_TIMESTAMP", split.before), true, false).await?;
    split.lists(&place, timed("AT_TIMESTAMP", split.after), false, true).await
}

async fn from_timestamp(world: World) -> Verdict {
    let place = world.place().await?;
    let split = split(&place).await?;
    split.lists(&place, timed("FROM_TIMESTAMP", split.before), true, true).await?;
    split.lists(&place, timed("FROM_TIMESTAMP", split.after), false, true).await
}

async fn raised_to_the_horizon(world: World) -> Verdict {
    let place = world.place().await?;
    let split = split(&place).await?;
    let long_ago = split.before - 400.0 * 86_400.0;
    split.lists(&place, timed("AT_TIMESTAMP", long_ago), true, false).await?;
    split.lists(&place, timed("FROM_TIMESTAMP", long_ago), true, true).await
}

async fn after_shard_id(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(4).await?;
    let filter = json!({"Type": "AFTER_SHARD_ID", "ShardId": stream.shards[1]});
    let listed = place.list(&stream.arn, Some(filter)).await?;
    same!(texts(&listed, "ShardId"), stream.shards[2..], "the shards");
    Ok(())
}

async fn exclusive_start(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(4).await?;
    let request = json!({"StreamName": stream.name, "ExclusiveStartShardId": stream.shards[1]});
    let listed = place.call("ListShards", request).await?;
    same!(texts(&array(&listed["Shards"]), "ShardId"), stream.shards[2..], "the shards");
    Ok(())
}

async fn named_both_ways(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(2).await?;
    for request in [json!({"StreamName": stream.name}), json!({"StreamARN": stream.arn})] {
        let listed = place.call("ListShards", request).await?;
        same!(texts(&array(&listed["Shards"]), "ShardId"), stream.shards, "the shards");
    }
    let none = "conformance-no-such-stream";
    let none_arn = stream.arn.replace(&stream.name, none);
    for request in [json!({"StreamName": none}), json!({"StreamARN": none_arn})] {
        place.refused("ListShards", request, &["ResourceNotFoundException"]).await?;
    }
    Ok(())
}

async fn open_shard(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    let children = place.split(&stream, stream.shard()).await?;
    for child in children {
        let range = &child["SequenceNumberRange"];
        holds!(range["EndingSequenceNumber"].is_null(), "{range}");
        holds!(range["StartingSequenceNumber"].is_string(), "{range}");
    }
    Ok(())
}

async fn ranges_cover_all(world: World) -> Verdict {
    let place = world.place().await?;
    for shards in [1, 3, 4, 7] {
        let stream = place.stream(shards).await?;
        let mut start = 0_u128;
        let listed = place.list(&stream.arn, Some(json!({"Type": "AT_LATEST"}))).await?;
        same!(listed.len(), shards, "shards");
        for shard in listed {
            let range = &shard["HashKeyRange"];
            same!(hash_key(&range["StartingHashKey"]), start, "where the next of {shards} shards starts");
            start = hash_key(&range["EndingHashKey"]).wrapping_add(1);
        }
        same!(start, 0, "where the last shard ends");
    }
    Ok(())
}

async fn max_results_bounds(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    for count in [0, 10_001, -1] {
        place.refused("ListShards", json!({"StreamName": stream.name, "MaxResults": count}), INVALID).await?;
    }
    place.call("ListShards", json!({"StreamName": stream.name, "MaxResults": 10_000})).await.map(drop)
}
