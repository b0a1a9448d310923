//! What is set for a stream or for the account: monitoring, encryption, mode, size of records, limits.

use std::time::Duration;

use kinesis_fanout::emulator::Settings;
use serde_json::{Value, json};

use super::rules;
use crate::streams::*;
use crate::verdict::{Verdict, holds, same};
use crate::world::{Place, World};

rules! {
    M01 "EnableEnhancedMonitoring" "The answer has the metrics before and after; the stream's summary has those after." metrics_enabled;
    M02 "DisableEnhancedMonitoring" "The metrics that are named go off; ALL stands for all of them." metrics_disabled;
    M03 "EnableEnhancedMonitoring" "A metric that there is not, or none at all, is refused." unknown_metrics;
    M04 "StartStreamEncryption" "The stream's summary has KMS and the key, until StopStreamEncryption: then NONE." encryption;
    M05 "StartStreamEncryption" "A type other than KMS, or no key, is refused." refused_encryption;
    M06 "UpdateStreamMode" "The stream's summary has the mode: PROVISIONED unless it is made or changed to ON_DEMAND." mode;
    M07 "UpdateStreamMode" "Twice within 24 hours; the third change is LimitExceededException." two_mode_changes;
    M08 "UpdateMaxRecordSize" "The stream's summary has the size, 1,024 KiB unless it is changed." record_size_told;
    M09 "StartStreamEncryption" "While the stream is UPDATING (a setting: how long) any of these changes is ResourceInUseException." only_when_active;
    M10 "StartStreamEncryption" "For each of these changes a stream that does not exist is ResourceNotFoundException." changes_of_nothing;
    M11 "DescribeLimits" "The account's limits of shards and on-demand streams, and how many are open: a new stream's are counted." limits (alone);
    M12 "DescribeLimits" "One call in a second for the account; the next is LimitExceededException." one_look_at_limits_a_second (alone);
    M13 "DescribeAccountSettings" "The account's commitment is ENABLED, ENABLED_UNTIL_EARLIEST_ALLOWED_END or DISABLED." account_settings (alone);
    M14 "UpdateAccountSettings" "A commitment is ENABLED for 24 hours at least: DISABLED before, it goes on until then." commitment;
}

const INVALID: &[&str] = &["ValidationException", "InvalidArgumentException"];
const LIMIT: &[&str] = &["LimitExceededException"];
const HOUR: Duration = Duration::from_secs(3_600);

async fn summary(place: &Place, stream: &Stream) -> Verdict<Value> {
    let summary = place.call("DescribeStreamSummary", json!({"StreamARN": stream.arn})).await?;
    Ok(summary["StreamDescriptionSummary"].clone())
}

/// A change that is made, and has come into effect.
async fn change(place: &Place, stream: &Stream, operation: &str, request: Value) -> Verdict<Value> {
    let answer = place.call(operation, request).await?;
    place.active(&stream.name).await?;
    Ok(answer)
}

fn metrics(stream: &Stream, names: &[&str]) -> Value {
    json!({"StreamName": stream.name, "ShardLevelMetrics": names})
}

/// The names, in an order that does not depend on the server.
fn sorted(names: &Value) -> Vec<String> {
    let mut names: Vec<_> = array(names).iter().filter_map(Value::as_str).map(str::to_owned).collect();
    names.sort();
    names
}

async fn metrics_on(place: &Place, stream: &Stream) -> Verdict<Vec<String>> {
    Ok(sorted(&summary(place, stream).await?["EnhancedMonitoring"][0]["ShardLevelMetrics"]))
}

async fn metrics_enabled(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    let (bytes, records) = ("IncomingBytes", "OutgoingRecords");
    change(&place, &stream, "EnableEnhancedMonitoring", metrics(&stream, &[bytes])).await?;
    let answer = change(&place, &stream, "EnableEnhancedMonitoring", metrics(&stream, &[records])).await?;
    same!(text(&answer, "StreamName"), stream.name, "StreamName");
    same!(sorted(&answer["CurrentShardLevelMetrics"]), [bytes], "CurrentShardLevelMetrics");
    same!(sorted(&answer["DesiredShardLevelMetrics"]), [bytes, records], "DesiredShardLevelMetrics");
    same!(metrics_on(&place, &stream).await?, [bytes, records], "the metrics of the summary");
    Ok(())
}

async fn metrics_disabled(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    change(&place, &stream, "EnableEnhancedMonitoring", metrics(&stream, &["ALL"])).await?;
    same!(metrics_on(&place, &stream).await?.len(), 7, "the metrics of ALL");
    let some = metrics(&stream, &["IncomingBytes", "IteratorAgeMilliseconds"]);
    let answer = change(&place, &stream, "DisableEnhancedMonitoring", some).await?;
    same!(sorted(&answer["CurrentShardLevelMetrics"]).len(), 7, "the metrics before");
    let left = sorted(&answer["DesiredShardLevelMetrics"]);
    let gone = !left.iter().any(|name| name == "IncomingBytes" || name == "IteratorAgeMilliseconds");
    holds!(left.len() == 5 && gone, "the metrics after: {left:?}");
    change(&place, &stream, "DisableEnhancedMonitoring", metrics(&stream, &["ALL"])).await?;
    holds!(metrics_on(&place, &stream).await?.is_empty(), "metrics are on after ALL");
    Ok(())
}

async fn unknown_metrics(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    for names in [&["Everything"][..], &[]] {
        for operation in ["EnableEnhancedMonitoring", "DisableEnhancedMonitoring"] {
            place.refused(operation, metrics(&stream, names), INVALID).await?;
        }
    }
    Ok(())
}

fn key(stream: &Stream) -> Value {
    json!({"StreamName": stream.name, "EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"})
}

async fn encryption(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    same!(text(&summary(&place, &stream).await?, "EncryptionType"), "NONE", "EncryptionType at first");
    change(&place, &stream, "StartStreamEncryption", key(&stream)).await?;
    let started = summary(&place, &stream).await?;
    same!(text(&started, "EncryptionType"), "KMS", "EncryptionType");
    same!(text(&started, "KeyId"), "alias/aws/kinesis", "KeyId");
    change(&place, &stream, "StopStreamEncryption", key(&stream)).await?;
    let stopped = summary(&place, &stream).await?;
    same!(text(&stopped, "EncryptionType"), "NONE", "EncryptionType after the stop");
    holds!(stopped["KeyId"].is_null(), "KeyId after the stop is {}", stopped["KeyId"]);
    Ok(())
}

async fn refused_encryption(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    for request in [
        json!({"StreamName": stream.name, "EncryptionType": "ROT13", "KeyId": "alias/aws/kinesis"}),
        json!({"StreamName": stream.name, "EncryptionType": "KMS"}),
        json!({"StreamName": stream.name, "EncryptionType": "KMS", "KeyId": ""}),
    ] {
        for operation in ["StartStreamEncryption", "StopStreamEncryption"] {
            place.refused(operation, request.clone(), INVALID).await?;
        }
    }
    Ok(())
}

fn to_mode(stream: &Stream, mode: &str) -> Value {
    json!({"StreamARN": stream.arn, "StreamModeDetails": {"StreamMode": mode}})
}

async fn mode(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    let told = async || Ok(text(&summary(&place, &stream).await?["StreamModeDetails"], "StreamMode"));
    same!(told().await?, "PROVISIONED", "the mode at first");
    change(&place, &stream, "UpdateStreamMode", to_mode(&stream, "ON_DEMAND")).await?;
    same!(told().await?, "ON_DEMAND", "the mode");
    place.refused("UpdateStreamMode", to_mode(&stream, "SOMETIMES"), INVALID).await.map(drop)
}

async fn two_mode_changes(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    for mode in ["ON_DEMAND", "PROVISIONED"] {
        change(&place, &stream, "UpdateStreamMode", to_mode(&stream, mode)).await?;
    }
    place.refused("UpdateStreamMode", to_mode(&stream, "ON_DEMAND"), LIMIT).await.map(drop)
}

async fn record_size_told(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    same!(summary(&place, &stream).await?["MaxRecordSizeInKiB"], json!(1_024), "the size at first");
    let size = json!({"StreamARN": stream.arn, "MaxRecordSizeInKiB": 2_048});
    change(&place, &stream, "UpdateMaxRecordSize", size).await?;
    same!(summary(&place, &stream).await?["MaxRecordSizeInKiB"], json!(2_048), "the size");
    Ok(())
}

/// Each change that makes a stream UPDATING, as a call.
fn changes(stream: &Stream) -> [(&'static str, Value); 6] {
    [
        ("StartStreamEncryption", key(stream)),
        ("StopStreamEncryption", key(stream)),
        ("EnableEnhancedMonitoring", metrics(stream, &["ALL"])),
        ("DisableEnhancedMonitoring", metrics(stream, &["ALL"])),
        ("UpdateStreamMode", to_mode(stream, "ON_DEMAND")),
        ("UpdateMaxRecordSize", json!({"StreamARN": stream.arn, "MaxRecordSizeInKiB": 2_048})),
    ]
}

async fn only_when_active(world: World) -> Verdict {
    let settings = Settings { stream_update_time: Duration::from_secs(30), ..Settings::default() };
    let place = world.set("how long a stream is UPDATING", settings).await?;
    let stream = place.stream(1).await?;
    for (first, request) in changes(&stream) {
        place.call(first, request).await?;
        same!(text(&summary(&place, &stream).await?, "StreamStatus"), "UPDATING", "the status after {first}");
        for (operation, request) in changes(&stream) {
            place.refused(operation, request, &["ResourceInUseException"]).await?;
            place.pass(Duration::from_millis(250)).await?;
        }
        place.pass(Duration::from_secs(30)).await?;
        same!(text(&summary(&place, &stream).await?, "StreamStatus"), "ACTIVE", "the status 30 s later");
    }
    Ok(())
}

async fn changes_of_nothing(world: World) -> Verdict {
    let place = world.place().await?;
    let mut nowhere = place.stream(1).await?;
    nowhere.arn = nowhere.arn.replace(&nowhere.name, "conformance-none");
    nowhere.name = "conformance-none".into();
    for (operation, request) in changes(&nowhere) {
        place.refused(operation, request, &["ResourceNotFoundException"]).await?;
    }
    Ok(())
}

async fn limits(world: World) -> Verdict {
    let place = world.place().await?;
    let before = place.call("DescribeLimits", json!({})).await?;
    place.stream(3).await?;
    place.pass(Duration::from_millis(1_100)).await?;
    let after = place.call("DescribeLimits", json!({})).await?;
    let count = |limits: &Value, member: &str| limits[member].as_u64();
    for member in ["ShardLimit", "OpenShardCount", "OnDemandStreamCount", "OnDemandStreamCountLimit"] {
        holds!(count(&after, member).is_some(), "{member} is {}", after[member]);
    }
    let (before, after) = (count(&before, "OpenShardCount"), count(&after, "OpenShardCount"));
    same!(after, before.map(|before| before + 3), "OpenShardCount");
    Ok(())
}

async fn one_look_at_limits_a_second(world: World) -> Verdict {
    let place = world.place().await?;
    super::registration::limited(&place, "DescribeLimits", 1, json!({})).await
}

async fn status(place: &Place) -> Verdict<String> {
    let settings = place.call("DescribeAccountSettings", json!({})).await?;
    Ok(text(&settings["MinimumThroughputBillingCommitment"], "Status"))
}

async fn account_settings(world: World) -> Verdict {
    let place = world.place().await?;
    let status = status(&place).await?;
    let known = ["ENABLED", "ENABLED_UNTIL_EARLIEST_ALLOWED_END", "DISABLED"].contains(&status.as_str());
    holds!(known, "Status is {status:?}");
    Ok(())
}

async fn commitment(world: World) -> Verdict {
    // Who commits an account pays for it.
    let place = world.set("a commitment that costs nothing", Settings::default()).await?;
    let commit = |status: &str| json!({"MinimumThroughputBillingCommitment": {"Status": status}});
    same!(status(&place).await?, "DISABLED", "Status at first");
    place.refused("UpdateAccountSettings", commit("SOMETIMES"), INVALID).await?;
    let answer = place.call("UpdateAccountSettings", commit("ENABLED")).await?;
    let answer = &answer["MinimumThroughputBillingCommitment"];
    let time = |member: &str| answer[member].as_f64().unwrap_or_default();
    same!(time("EarliestAllowedEndAt") - time("StartedAt"), 86_400.0, "the seconds that it lasts at least");
    place.pass(HOUR).await?;
    place.call("UpdateAccountSettings", commit("DISABLED")).await?;
    same!(status(&place).await?, "ENABLED_UNTIL_EARLIEST_ALLOWED_END", "Status after an hour");
    place.pass(HOUR * 23).await?;
    same!(status(&place).await?, "DISABLED", "Status after a day");
    Ok(())
}
