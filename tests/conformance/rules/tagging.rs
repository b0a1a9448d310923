//! Tags of streams and of registered consumers.

use serde_json::{Map, Value, json};

use super::rules;
use crate::streams::*;
use crate::verdict::{Verdict, holds, same};
use crate::world::{Place, World};

rules! {
    G01 "AddTagsToStream" "Tags are added, and listed by their keys; a key that is there gets the new value." added;
    G02 "AddTagsToStream" "A stream has up to 50 tags; one more is refused, and none is added." fifty_tags;
    G03 "Tag" "A key has 1 to 128 characters and a value up to 256; others are refused, as is a call without tags." lengths;
    G04 "RemoveTagsFromStream" "The keys that are named go; those that the stream does not have are ignored." removed;
    G05 "ListTagsForStream" "Limit bounds a page, HasMoreTags tells of more, and ExclusiveStartTagKey goes on behind a key." paged;
    G06 "TagResource" "A stream's ARN is a resource too: both ways see the same tags." resource_of_stream;
    G07 "TagResource" "A registered consumer has tags of its own." resource_of_consumer;
    G08 "AddTagsToStream" "A stream that does not exist is ResourceNotFoundException, for each call about its tags." tags_of_nothing;
    G09 "CreateStream" "A stream has the tags that it is made with." made_with_tags;
}

const INVALID: &[&str] = &["ValidationException", "InvalidArgumentException"];
/// Which of them is not documented.
const TOO_MANY: &[&str] = &["LimitExceededException", "InvalidArgumentException"];

async fn add(place: &Place, stream: &Stream, tags: Value) -> Verdict {
    let request = json!({"StreamName": stream.name, "Tags": tags});
    place.call("AddTagsToStream", request).await.map(drop)
}

/// All tags of the stream, by one call.
async fn tags(place: &Place, stream: &Stream) -> Verdict<Value> {
    let listed = place.call("ListTagsForStream", json!({"StreamName": stream.name})).await?;
    Ok(by_key(&listed["Tags"]))
}

fn by_key(tags: &Value) -> Value {
    array(tags).iter().map(|tag| (text(tag, "Key"), tag["Value"].clone())).collect::<Map<_, _>>().into()
}

fn numbered(numbers: std::ops::Range<usize>) -> Value {
    numbers.map(|number| (format!("key-{number:03}"), json!("x"))).collect::<Map<_, _>>().into()
}

async fn added(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    same!(tags(&place, &stream).await?, json!({}), "the tags of a new stream");
    add(&place, &stream, json!({"team": "billing", "stage": "test"})).await?;
    add(&place, &stream, json!({"team": "search", "käse": ""})).await?;
    same!(tags(&place, &stream).await?, json!({"team": "search", "stage": "test", "käse": ""}), "the tags");
    Ok(())
}

async fn fifty_tags(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    add(&place, &stream, numbered(0..49)).await?;
    let two_more = json!({"StreamName": stream.name, "Tags": numbered(49..51)});
    place.refused("AddTagsToStream", two_more, TOO_MANY).await?;
    same!(tags(&place, &stream).await?, numbered(0..49), "the tags after the refusal");
    add(&place, &stream, numbered(48..50)).await?;
    same!(tags(&place, &stream).await?, numbered(0..50), "the tags");
    Ok(())
}

async fn lengths(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    for wrong in [json!({"": "x"}), json!({"k".repeat(129): "x"}), json!({"key": "v".repeat(257)}), json!({})]
    {
        let request = json!({"StreamName": stream.name, "Tags": wrong});
        place.refused("AddTagsToStream", request, INVALID).await?;
    }
    let longest = json!({"ä".repeat(128): "ä".repeat(256)});
    add(&place, &stream, longest.clone()).await?;
    same!(tags(&place, &stream).await?, longest, "the longest tag");
    Ok(())
}

async fn removed(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    add(&place, &stream, json!({"a": "1", "b": "2", "c": "3"})).await?;
    let keys = json!({"StreamName": stream.name, "TagKeys": ["a", "c", "nothing"]});
    place.call("RemoveTagsFromStream", keys).await?;
    same!(tags(&place, &stream).await?, json!({"b": "2"}), "the tags");
    let none = json!({"StreamName": stream.name, "TagKeys": []});
    place.refused("RemoveTagsFromStream", none, INVALID).await.map(drop)
}

async fn paged(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    add(&place, &stream, numbered(0..5)).await?;
    let (mut keys, mut after) = (Vec::new(), None);
    for page in 0..3 {
        let mut request = json!({"StreamName": stream.name, "Limit": 2});
        if let Some(after) = after {
            request["ExclusiveStartTagKey"] = after;
        }
        let listed = place.call("ListTagsForStream", request).await?;
        let page_keys = texts(&array(&listed["Tags"]), "Key");
        same!(page_keys.len(), if page < 2 { 2 } else { 1 }, "tags on page {page}");
        same!(listed["HasMoreTags"], json!(page < 2), "HasMoreTags on page {page}");
        after = page_keys.last().map(|key| json!(key));
        keys.extend(page_keys);
    }
    keys.sort();
    let all: Vec<_> = (0..5).map(|number| format!("key-{number:03}")).collect();
    same!(keys, all, "the keys of all pages");
    for limit in [0, 51] {
        let request = json!({"StreamName": stream.name, "Limit": limit});
        place.refused("ListTagsForStream", request, INVALID).await?;
    }
    Ok(())
}

async fn resource_of_stream(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    add(&place, &stream, json!({"a": "1"})).await?;
    place.call("TagResource", json!({"ResourceARN": stream.arn, "Tags": {"b": "2", "c": "3"}})).await?;
    same!(tags(&place, &stream).await?, json!({"a": "1", "b": "2", "c": "3"}), "the stream's tags");
    place.call("UntagResource", json!({"ResourceARN": stream.arn, "TagKeys": ["a", "c"]})).await?;
    let listed = place.call("ListTagsForResource", json!({"ResourceARN": stream.arn})).await?;
    same!(by_key(&listed["Tags"]), json!({"b": "2"}), "the resource's tags");
    Ok(())
}

async fn resource_of_consumer(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer) = place.fan_out().await?;
    add(&place, &stream, json!({"of": "stream"})).await?;
    place.call("TagResource", json!({"ResourceARN": consumer, "Tags": {"of": "consumer"}})).await?;
    let listed = place.call("ListTagsForResource", json!({"ResourceARN": consumer})).await?;
    same!(by_key(&listed["Tags"]), json!({"of": "consumer"}), "the consumer's tags");
    same!(tags(&place, &stream).await?, json!({"of": "stream"}), "the stream's tags");
    place.call("UntagResource", json!({"ResourceARN": consumer, "TagKeys": ["of"]})).await?;
    let listed = place.call("ListTagsForResource", json!({"ResourceARN": consumer})).await?;
    holds!(array(&listed["Tags"]).is_empty(), "its tags are left: {listed}");
    Ok(())
}

async fn tags_of_nothing(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    let (none, arn) = ("conformance-none", stream.arn.replace(&stream.name, "conformance-none"));
    for (operation, request) in [
        ("AddTagsToStream", json!({"StreamName": none, "Tags": {"a": "1"}})),
        ("ListTagsForStream", json!({"StreamName": none})),
        ("RemoveTagsFromStream", json!({"StreamName": none, "TagKeys": ["a"]})),
        ("TagResource", json!({"ResourceARN": arn, "Tags": {"a": "1"}})),
        ("ListTagsForResource", json!({"ResourceARN": arn})),
        ("UntagResource", json!({"ResourceARN": arn, "TagKeys": ["a"]})),
    ] {
        place.refused(operation, request, &["ResourceNotFoundException"]).await?;
    }
    Ok(())
}

async fn made_with_tags(world: World) -> Verdict {
    let place = world.place().await?;
    let name = place.name();
    let made = json!({"StreamName": name, "ShardCount": 1, "Tags": {"team": "billing"}});
    place.call("CreateStream", made).await?;
    let arn = place.active(&name).await?;
    let stream = Stream { name, arn, shards: vec![] };
    same!(tags(&place, &stream).await?, json!({"team": "billing"}), "the tags");
    Ok(())
}
