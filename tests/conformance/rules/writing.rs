//! PutRecord and PutRecords.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kinesis_fanout::emulator::Settings;
use serde_json::{Value, json};

use super::rules;
use crate::streams::*;
use crate::verdict::{Verdict, holds, same};
use crate::world::{Place, World};

rules! {
    W01 "PutRecord" "The MD5 of the partition key, as a number, decides the shard." routed_by_md5;
    W02 "PutRecord" "ExplicitHashKey decides the shard instead; above 2^128 − 1 it is refused." routed_by_hash_key;
    W03 "PutRecords" "An answer for each record, in order, with ShardId and SequenceNumber, and FailedRecordCount." answers_in_order;
    W04 "PutRecords" "500 records; one more is refused." five_hundred_records;
    W05 "PutRecords" "10 MiB in a call, partition keys included; more is refused." ten_mebibytes;
    W06 "PutRecord" "A record has 1 MiB; more is refused." one_mebibyte;
    W07 "developer guide, large records" "The partition key counts." partition_key_counts;
    W08 "UpdateMaxRecordSize" "1,024 to 10,240 KiB raise that; other sizes are refused." raised_record_size;
    W09 "PutRecord" "A partition key has 1 to 256 characters." partition_keys;
    W10 "Service quotas" "A shard takes 1,000 records in a second; then ProvisionedThroughputExceededException." thousand_records_a_second;
    W11 "Service quotas" "A shard takes 1 MB in a second; then ProvisionedThroughputExceededException." megabyte_a_second;
    W12 "PutRecords" "What is too much for a shard fails alone, with ErrorCode and ErrorMessage; the others are put." partial_failure;
    W13 "PutRecord" "A stream is named by its name or its ARN; one that does not exist is ResourceNotFoundException." named_both_ways;
    W14 "UpdateStreamRecordDistributionStrategy" "With AUTO, which an on-demand stream can have, records without a partition key are spread over all shards." spread_records;
    W15 "PutRecord" "Without AUTO a record without a partition key is refused." no_partition_key;
}

const INVALID: &[&str] = &["InvalidArgumentException", "ValidationException"];
const EXCEEDED: &[&str] = &["ProvisionedThroughputExceededException"];

fn record(stream: &Stream, key: &str, bytes: usize) -> Value {
    json!({"StreamName": stream.name, "PartitionKey": key, "Data": STANDARD.encode(vec![b'x'; bytes])})
}

/// The shard whose range has this hash key.
fn shard_of(shards: &[Value], key: u128) -> String {
    let found = shards.iter().find(|shard| {
        let range = &shard["HashKeyRange"];
        (hash_key(&range["StartingHashKey"])..=hash_key(&range["EndingHashKey"])).contains(&key)
    });
    found.map(|shard| text(shard, "ShardId")).unwrap_or_default()
}

async fn routed_by_md5(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(4).await?;
    let shards = place.list(&stream.arn, None).await?;
    // Computed with coreutils' md5sum.
    for (key, md5) in [
        ("a", 0x0cc175b9c0f1b6a831c399e269772661),
        ("b", 0x92eb5ffee6ae2fec3ad71c777531578f),
        ("c", 0x4a8a08f09d37b73795649038408b5f33),
        ("käse", KAESE),
    ] {
        same!(place.put(&stream, key, "x").await?.shard, shard_of(&shards, md5), "the shard of {key}");
    }
    Ok(())
}

async fn routed_by_hash_key(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(4).await?;
    let shards = place.list(&stream.arn, None).await?;
    for key in [0, 1 << 126, (1 << 127) - 1, 1 << 127, u128::MAX] {
        let mut request = record(&stream, "k", 1);
        request["ExplicitHashKey"] = json!(key.to_string());
        let put = place.call("PutRecord", request).await?;
        same!(text(&put, "ShardId"), shard_of(&shards, key), "the shard of {key}");
    }
    for key in ["340282366920938463463374607431768211456", "-1", "x", "007"] {
        let mut request = record(&stream, "k", 1);
        request["ExplicitHashKey"] = json!(key);
        place.refused("PutRecord", request, INVALID).await?;
    }
    Ok(())
}

async fn answers_in_order(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(2).await?;
    let shards = place.list(&stream.arn, None).await?;
    let keys = [0, u128::MAX, 5, 1 << 127];
    let records: Vec<_> = keys
        .iter()
        .map(|key| json!({"PartitionKey": "k", "ExplicitHashKey": key.to_string(), "Data": "eA=="}))
        .collect();
    let put = place.call("PutRecords", json!({"StreamName": stream.name, "Records": records})).await?;
    same!(put["FailedRecordCount"], json!(0), "FailedRecordCount");
    let answers = array(&put["Records"]);
    same!(texts(&answers, "ShardId"), keys.map(|key| shard_of(&shards, key)), "the shards");
    let numbers = texts(&answers, "SequenceNumber");
    holds!(number(&numbers[2]) > number(&numbers[0]), "{} after {}", numbers[2], numbers[0]);
    Ok(())
}

async fn five_hundred_records(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    let records = |count| json!({"StreamName": stream.name, "Records": vec![json!({"PartitionKey": "k", "Data": "eA=="}); count]});
    let put = place.call("PutRecords", records(500)).await?;
    same!(array(&put["Records"]).len(), 500, "answers");
    place.refused("PutRecords", records(501), INVALID).await?;
    place.refused("PutRecords", records(0), INVALID).await.map(drop)
}

async fn ten_mebibytes(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    let data = STANDARD.encode(vec![b'x'; (1 << 20) - 1]);
    let records = |count| json!({"StreamName": stream.name, "Records": vec![json!({"PartitionKey": "k", "Data": data}); count]});
    let put = place.call("PutRecords", records(10)).await?;
    same!(array(&put["Records"]).len(), 10, "answers to 10 MiB");
    place.refused("PutRecords", records(11), INVALID).await.map(drop)
}

async fn one_mebibyte(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    place.call("PutRecord", record(&stream, "k", (1 << 20) - 1)).await?;
    place.refused("PutRecord", record(&stream, "k", (1 << 20) + 1), INVALID).await.map(drop)
}

async fn partition_key_counts(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    let key = "k".repeat(200);
    place.call("PutRecord", record(&stream, &key, (1 << 20) - 200)).await?;
    place.refused("PutRecord", record(&stream, &key, (1 << 20) - 199), INVALID).await.map(drop)
}

async fn raised_record_size(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    let size = |kibibytes: u64| json!({"StreamARN": stream.arn, "MaxRecordSizeInKiB": kibibytes});
    for refused in [1_023, 10_241] {
        place.refused("UpdateMaxRecordSize", size(refused), INVALID).await?;
    }
    let larger = record(&stream, "k", 2 << 20);
    place.refused("PutRecord", larger.clone(), INVALID).await?;
    place.call("UpdateMaxRecordSize", size(10_240)).await?;
    place.active(&stream.name).await?;
    place.call("PutRecord", larger).await?;
    place.call("PutRecord", record(&stream, "k", (10 << 20) - 1)).await?;
    place.refused("PutRecord", record(&stream, "k", 10 << 20), INVALID).await.map(drop)
}

async fn partition_keys(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    place.call("PutRecord", record(&stream, &"ä".repeat(256), 1)).await?;
    for key in [String::new(), "k".repeat(257)] {
        place.refused("PutRecord", record(&stream, &key, 1), INVALID).await?;
    }
    Ok(())
}

/// The emulator's tests write as fast as they can, unless it is set to the documented limits.
async fn limited(world: &World) -> Verdict<Place> {
    match world.set("limits of writing", Settings { limit_writes: true, ..Settings::default() }).await {
        Ok(place) => Ok(place),
        Err(_) => world.place().await,
    }
}

async fn thousand_records_a_second(world: World) -> Verdict {
    let place = limited(&world).await?;
    let stream = place.stream(1).await?;
    let records = json!({"StreamName": stream.name, "Records": vec![json!({"PartitionKey": "k", "Data": "eA=="}); 500]});
    for _ in 0..2 {
        let put = place.call("PutRecords", records.clone()).await?;
        same!(put["FailedRecordCount"], json!(0), "FailedRecordCount");
    }
    place.refused("PutRecord", record(&stream, "k", 1), EXCEEDED).await?;
    place.pass(Duration::from_millis(1_050)).await?;
    place.call("PutRecord", record(&stream, "k", 1)).await.map(drop)
}

async fn megabyte_a_second(world: World) -> Verdict {
    let place = limited(&world).await?;
    let stream = place.stream(1).await?;
    place.call("PutRecord", record(&stream, "k", 900_000)).await?;
    place.refused("PutRecord", record(&stream, "k", 900_000), EXCEEDED).await?;
    place.pass(Duration::from_millis(1_050)).await?;
    place.call("PutRecord", record(&stream, "k", 900_000)).await.map(drop)
}

async fn partial_failure(world: World) -> Verdict {
    let place = limited(&world).await?;
    let stream = place.stream(2).await?;
    let data = STANDARD.encode(vec![b'x'; 700_000]);
    let to = |key: u128| json!({"PartitionKey": "k", "ExplicitHashKey": key.to_string(), "Data": data});
    let records = vec![to(0), to(1), to(u128::MAX)];
    let put = place.call("PutRecords", json!({"StreamName": stream.name, "Records": records})).await?;
    same!(put["FailedRecordCount"], json!(1), "FailedRecordCount");
    let answers = array(&put["Records"]);
    same!(
        text(&answers[1], "ErrorCode"),
        "ProvisionedThroughputExceededException",
        "ErrorCode of the second"
    );
    holds!(!text(&answers[1], "ErrorMessage").is_empty(), "no ErrorMessage");
    for put in [&answers[0], &answers[2]] {
        holds!(!text(put, "SequenceNumber").is_empty(), "not put: {put}");
    }
    Ok(())
}

async fn named_both_ways(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    let by_arn = |arn: &str| json!({"StreamARN": arn, "PartitionKey": "k", "Data": "eA=="});
    place.call("PutRecord", record(&stream, "k", 1)).await?;
    place.call("PutRecord", by_arn(&stream.arn)).await?;
    let mut nowhere = stream.clone();
    nowhere.name = "conformance-no-such-stream".into();
    let none_arn = stream.arn.replace(&stream.name, &nowhere.name);
    for request in [record(&nowhere, "k", 1), by_arn(&none_arn)] {
        place.refused("PutRecord", request, &["ResourceNotFoundException"]).await?;
    }
    Ok(())
}

/// Only an on-demand stream can have AUTO.
async fn on_demand(place: &Place) -> Verdict<Stream> {
    let name = place.name();
    let mode = json!({"StreamMode": "ON_DEMAND"});
    place.call("CreateStream", json!({"StreamName": name, "StreamModeDetails": mode})).await?;
    let arn = place.active(&name).await?;
    let shards = texts(&place.list(&arn, None).await?, "ShardId");
    Ok(Stream { name, arn, shards })
}

async fn spread_records(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = on_demand(&place).await?;
    let auto = json!({"StreamARN": stream.arn, "RecordDistributionStrategy": "AUTO"});
    place.call("UpdateStreamRecordDistributionStrategy", auto).await?;
    place.active(&stream.name).await?;
    let mut used = Vec::new();
    for _ in 0..60 {
        let put = place.call("PutRecord", json!({"StreamName": stream.name, "Data": "eA=="})).await?;
        used.push(text(&put, "ShardId"));
    }
    used.sort();
    used.dedup();
    same!(used, stream.shards, "the shards of 60 records");
    Ok(())
}

async fn no_partition_key(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    let without = json!({"StreamName": stream.name, "Data": "eA=="});
    place.refused("PutRecord", without, INVALID).await.map(drop)
}

/// Of the key in UTF-8.
const KAESE: u128 = 0x479ce55152efba4b251e970f79a49312;
