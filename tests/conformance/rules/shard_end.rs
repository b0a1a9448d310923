//! The end of a shard, as a subscription and a poll see it.

use std::time::Duration;

use kinesis_fanout::emulator::{Settings, ShardEnd};
use serde_json::{Value, json};

use super::rules;
use crate::streams::*;
use crate::verdict::{Verdict, holds, same};
use crate::world::{Place, World};

rules! {
    X01 "KCL, FanOutRecordsPublisher" "The last event of a closed shard has ContinuationSequenceNumber null and ChildShards." last_event_of_split;
    X02 "KCL, FanOutRecordsPublisher" "Then the stream ends, without an exception." then_the_end;
    X03 "ChildShard" "Each child has its ShardId, its ParentShards and its HashKeyRange; those of a split cover the parent's." children_of_split;
    X04 "ChildShard" "The child of a merge comes to both parents, with both as its ParentShards." child_of_merge;
    X05 "developer guide, after resharding" "A closed parent stays readable: all of its records come, from any position, then its children." parent_stays_readable;
    X06 "KCL, FanOutRecordsPublisher" "The event with the children comes again on every later call that starts behind the last record." last_event_comes_again;
    X07 "KCL, FanOutRecordsPublisher" "So it does for LATEST on a shard that is closed." latest_on_closed_shard Http;
    X08 "KCL, FanOutRecordsPublisher" "A call at the null continuation of the last event fails." null_continuation_is_no_position Http;
    X09 "undocumented" "What the last continuation is, is a setting: null, or kept." kept_continuation;
    X10 "undocumented" "Whether the last records come with the children in one event is a setting." end_with_records;
    X11 "developer guide, after resharding" "When the retention period has passed, a closed shard is EXPIRED: ResourceNotFoundException." expired_parent;
    X12 "undocumented" "ListShards can be behind a reshard by some time (a setting): the children's event comes first." lagging_list;
}

async fn split_with_records(place: &Place) -> Verdict<(Stream, String, Vec<Put>, Vec<Value>)> {
    let (stream, consumer) = place.fan_out().await?;
    let puts = vec![place.put(&stream, "k", "a").await?, place.put(&stream, "k", "b").await?];
    let children = place.split(&stream, stream.shard()).await?;
    Ok((stream, consumer, puts, children))
}

async fn last_event_of_split(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer) = place.fan_out().await?;
    let mut events = place.subscribe(&consumer, stream.shard(), trim_horizon()).await?;
    place.put(&stream, "k", "a").await?;
    place.events(&mut events, 1).await?;
    place.split(&stream, stream.shard()).await?;
    let last = place.last_event(&mut events).await?;
    same!(last["ContinuationSequenceNumber"], Value::Null, "the continuation");
    same!(array(&last["ChildShards"]).len(), 2, "children");
    Ok(())
}

async fn then_the_end(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer) = place.fan_out().await?;
    let mut events = place.subscribe(&consumer, stream.shard(), trim_horizon()).await?;
    place.split(&stream, stream.shard()).await?;
    place.last_event(&mut events).await?;
    place.ended(&mut events, A_WHILE).await
}

async fn children_of_split(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer) = place.fan_out().await?;
    let mut events = place.subscribe(&consumer, stream.shard(), trim_horizon()).await?;
    let listed = place.split(&stream, stream.shard()).await?;
    let children = array(&place.last_event(&mut events).await?["ChildShards"]);
    same!(texts(&children, "ShardId"), texts(&listed, "ShardId"), "the children's ids");
    let mut start = 0;
    for (index, child) in children.iter().enumerate() {
        same!(child["ParentShards"], json!([stream.shard()]), "the parents");
        let range = &child["HashKeyRange"];
        same!(hash_key(&range["StartingHashKey"]), start, "where child {index} starts");
        start = hash_key(&range["EndingHashKey"]).wrapping_add(1);
    }
    same!(start, 0, "where the last child ends");
    Ok(())
}

async fn child_of_merge(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(2).await?;
    let consumer = place.consumer(&stream, "billing").await?;
    let mut open = Vec::new();
    for shard in &stream.shards {
        open.push(place.subscribe(&consumer, shard, trim_horizon()).await?);
    }
    let child = place.merge(&stream, &stream.shards[0], &stream.shards[1]).await?;
    for events in &mut open {
        let children = array(&place.last_event(events).await?["ChildShards"]);
        same!(texts(&children, "ShardId"), [text(&child, "ShardId")], "the children");
        let mut parents = array(&children[0]["ParentShards"]);
        parents.sort_by_key(Value::to_string);
        same!(parents, stream.shards.iter().map(|shard| json!(shard)).collect::<Vec<_>>(), "its parents");
    }
    Ok(())
}

async fn parent_stays_readable(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer, puts, _) = split_with_records(&place).await?;
    for (position, expected) in [
        (trim_horizon(), &["a", "b"][..]),
        (after(&puts[0].number), &["b"]),
        (at(&puts[1].number), &["b"]),
        (at_time(0.0), &["a", "b"]),
    ] {
        let mut events = place.subscribe(&consumer, stream.shard(), position.clone()).await?;
        let (read, last) = place.to_the_end(&mut events).await?;
        same!(read, expected, "the records at {position}");
        same!(array(&last["ChildShards"]).len(), 2, "children");
        drop(events);
        place.pass(Duration::from_millis(5_100)).await?;
    }
    Ok(())
}

async fn last_event_comes_again(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer, puts, _) = split_with_records(&place).await?;
    for _ in 0..2 {
        let mut events = place.subscribe(&consumer, stream.shard(), after(&puts[1].number)).await?;
        let event = place.last_event(&mut events).await?;
        same!(array(&event["ChildShards"]).len(), 2, "children");
        place.ended(&mut events, A_WHILE).await?;
        place.pass(Duration::from_millis(5_100)).await?;
    }
    Ok(())
}

async fn latest_on_closed_shard(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer, ..) = split_with_records(&place).await?;
    let mut events = place.subscribe(&consumer, stream.shard(), latest()).await?;
    let event = place.last_event(&mut events).await?;
    same!(array(&event["ChildShards"]).len(), 2, "children");
    same!(event["ContinuationSequenceNumber"], Value::Null, "the continuation");
    place.ended(&mut events, A_WHILE).await
}

async fn null_continuation_is_no_position(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer, ..) = split_with_records(&place).await?;
    let codes = &["ValidationException", "InvalidArgumentException"];
    for number in [Value::Null, json!("")] {
        let position = json!({"Type": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": number});
        place.no_subscription(&consumer, stream.shard(), position, codes).await?;
        place.pass(Duration::from_secs(1)).await?;
    }
    Ok(())
}

async fn kept_continuation(world: World) -> Verdict {
    for shard_end in [ShardEnd::NullContinuation, ShardEnd::KeptContinuation] {
        let settings = Settings { shard_end, ..Settings::default() };
        let place = world.set("the continuation at the end of a shard", settings).await?;
        let (stream, consumer, puts, _) = split_with_records(&place).await?;
        let mut events = place.subscribe(&consumer, stream.shard(), trim_horizon()).await?;
        let last = place.last_event(&mut events).await?;
        place.ended(&mut events, A_WHILE).await?;
        let continuation = &last["ContinuationSequenceNumber"];
        if shard_end == ShardEnd::NullContinuation {
            same!(*continuation, Value::Null, "the continuation");
            continue;
        }
        let kept = text(&last, "ContinuationSequenceNumber");
        holds!(number(&kept) >= number(&puts[1].number), "the continuation is {continuation}");
        place.pass(Duration::from_millis(5_100)).await?;
        let mut again = place.subscribe(&consumer, stream.shard(), after(&kept)).await?;
        same!(array(&place.event(&mut again, A_WHILE).await?["ChildShards"]).len(), 2, "children");
    }
    Ok(())
}

async fn end_with_records(world: World) -> Verdict {
    for together in [false, true] {
        let settings = Settings { shard_end_with_records: together, ..Settings::default() };
        let place = world.set("whether the end comes with records", settings).await?;
        let (stream, consumer, ..) = split_with_records(&place).await?;
        let mut events = place.subscribe(&consumer, stream.shard(), trim_horizon()).await?;
        let first = place.event(&mut events, A_WHILE).await?;
        same!(payloads(&first), ["a", "b"], "the records");
        same!(!array(&first["ChildShards"]).is_empty(), together, "whether the children come with them");
    }
    Ok(())
}

async fn expired_parent(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer, ..) = split_with_records(&place).await?;
    place.pass(Duration::from_secs(24 * 3_600 + 1)).await?;
    let codes = &["ResourceNotFoundException"];
    place.no_subscription(&consumer, stream.shard(), trim_horizon(), codes).await.map(drop)
}

async fn lagging_list(world: World) -> Verdict {
    for lag in [Duration::ZERO, Duration::from_secs(2)] {
        let settings = Settings { list_shards_lag: lag, ..Settings::default() };
        let place = world.set("how late ListShards is", settings).await?;
        let (stream, consumer) = place.fan_out().await?;
        let mut events = place.subscribe(&consumer, stream.shard(), trim_horizon()).await?;
        let half = (1_u128 << 127).to_string();
        let split =
            json!({"StreamName": stream.name, "ShardToSplit": stream.shard(), "NewStartingHashKey": half});
        place.call("SplitShard", split).await?;
        place.last_event(&mut events).await?;
        let at_once = place.list(&stream.arn, None).await?.len();
        same!(at_once, if lag.is_zero() { 3 } else { 1 }, "shards listed at once with a lag of {lag:?}");
        place.pass(lag).await?;
        same!(place.list(&stream.arn, None).await?.len(), 3, "shards listed after {lag:?}");
    }
    Ok(())
}
