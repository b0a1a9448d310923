//! Registered consumers.

use std::time::Duration;

use kinesis_fanout::emulator::Settings;
use serde_json::json;

use super::rules;
use crate::streams::*;
use crate::verdict::{Verdict, holds, same};
use crate::world::{Place, World};

rules! {
    R01 "RegisterStreamConsumer" "Five calls of RegisterStreamConsumer in a second, all streams together; the sixth is LimitExceededException." five_registrations_a_second (alone);
    R02 "RegisterStreamConsumer" "Five consumers of a stream can be CREATING; the sixth is LimitExceededException." five_creating (alone);
    R03 "RegisterStreamConsumer" "A stream has up to 20 registered consumers; the next is LimitExceededException." twenty_consumers;
    R04 "Service quotas" "With On-demand Advantage an on-demand stream has up to 50." fifty_with_advantage;
    R05 "RegisterStreamConsumer" "A consumer's name has 1 to 128 characters of a-z, A-Z, 0-9, `_`, `.` and `-`; any other is refused." names;
    R06 "RegisterStreamConsumer" "A name that a consumer of the stream has already is ResourceInUseException." same_name_again;
    R07 "RegisterStreamConsumer" "The answer says CREATING; some time later the consumer is ACTIVE." creating_then_active;
    R08 "undocumented" "How long a consumer is CREATING is a setting." creation_time;
    R09 "DeregisterStreamConsumer" "A deregistered consumer is DELETING for a time (a setting), then gone: ResourceNotFoundException." deleting_then_gone;
    R10 "SubscribeToShard" "A consumer that is CREATING cannot subscribe: ResourceInUseException." no_reading_while_creating;
    R11 "awslabs/kinesis-hot-shard-advisor#37" "That refusal reads: Consumer X with creation timestamp T under stream: S, account A is not in ACTIVE status." words_of_not_active;
    R12 "SubscribeToShard" "A consumer that is DELETING cannot subscribe." no_reading_while_deleting;
    R13 "Consumer" "A consumer's ARN is its stream's, `/consumer/`, its name, `:` and the second of its creation." arn;
    R14 "Consumer" "A consumer that is deregistered and registered again has another ARN." another_arn;
    R15 "DescribeStreamConsumer" "A consumer is described by its ARN, by its stream's ARN and its name, or by all three." described_three_ways;
    R16 "DescribeStreamConsumer" "A consumer that is not registered is ResourceNotFoundException." not_registered;
    R17 "DescribeStreamConsumer" "20 calls in a second for a stream; the next is LimitExceededException." twenty_descriptions_a_second;
    R18 "DeregisterStreamConsumer" "A consumer is deregistered by its ARN, or by its stream's ARN and its name." deregistered_both_ways;
    R19 "DeregisterStreamConsumer" "Five calls in a second for a stream; the next is LimitExceededException." five_deregistrations_a_second;
    R20 "ListStreamConsumers" "Lists all consumers of a stream, in pages." listed_in_pages;
    R21 "ListStreamConsumers" "Five calls in a second for a stream; the next is LimitExceededException." five_lists_a_second;
}

const LIMIT: &[&str] = &["LimitExceededException"];
const INVALID: &[&str] = &["ValidationException", "InvalidArgumentException"];

async fn five_registrations_a_second(world: World) -> Verdict {
    let place = world.place().await?;
    let (first, second) = (place.stream(1).await?, place.stream(1).await?);
    place.pass(Duration::from_secs(1)).await?;
    // Two streams, so that neither has more than five that are CREATING.
    for call in 0..5 {
        let stream = if call % 2 == 0 { &first } else { &second };
        let request = json!({"StreamARN": stream.arn, "ConsumerName": format!("consumer-{call}")});
        let answer = place.ask("RegisterStreamConsumer", request).await?;
        holds!(answer.is_ok(), "call {call} is refused: {answer:?}");
    }
    let sixth = json!({"StreamARN": first.arn, "ConsumerName": "consumer-5"});
    place.refused("RegisterStreamConsumer", sixth, LIMIT).await.map(drop)
}

async fn five_creating(world: World) -> Verdict {
    let place = match world.set("how long a consumer is CREATING", slow_registration()).await {
        Ok(place) => place,
        // Six in the same moment do as well where creation takes any time at all.
        Err(_) => world.place().await?,
    };
    let stream = place.stream(1).await?;
    for call in 0..5 {
        if place.local.is_some() {
            place.pass(Duration::from_millis(250)).await?;
        }
        let request = json!({"StreamARN": stream.arn, "ConsumerName": format!("consumer-{call}")});
        place.call("RegisterStreamConsumer", request).await?;
    }
    let sixth = json!({"StreamARN": stream.arn, "ConsumerName": "consumer-5"});
    place.refused("RegisterStreamConsumer", sixth, LIMIT).await.map(drop)
}

fn slow_registration() -> Settings {
    Settings { consumer_creation_time: Duration::from_secs(60), ..Settings::default() }
}

async fn register(place: &Place, stream: &Stream, names: impl Iterator<Item = String>) -> Verdict {
    for name in names {
        place.consumer(stream, &name).await?;
    }
    Ok(())
}

async fn twenty_consumers(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    register(&place, &stream, (0..20).map(|consumer| format!("consumer-{consumer}"))).await?;
    place.pass(Duration::from_secs(1)).await?;
    let next = json!({"StreamARN": stream.arn, "ConsumerName": "consumer-20"});
    place.refused("RegisterStreamConsumer", next, LIMIT).await.map(drop)
}

async fn fifty_with_advantage(world: World) -> Verdict {
    let place = world.set("On-demand Advantage", Settings::default()).await?;
    let name = place.name();
    let mode = json!({"StreamMode": "ON_DEMAND"});
    place.call("CreateStream", json!({"StreamName": name, "StreamModeDetails": mode})).await?;
    let arn = place.active(&name).await?;
    let stream = Stream { name, arn, shards: vec![] };
    register(&place, &stream, (0..20).map(|consumer| format!("consumer-{consumer}"))).await?;
    place.pass(Duration::from_secs(1)).await?;
    let next = json!({"StreamARN": stream.arn, "ConsumerName": "consumer-20"});
    place.refused("RegisterStreamConsumer", next, LIMIT).await?;
    let commitment = json!({"MinimumThroughputBillingCommitment": {"Status": "ENABLED"}});
    place.call("UpdateAccountSettings", commitment).await?;
    register(&place, &stream, (20..50).map(|consumer| format!("consumer-{consumer}"))).await?;
    place.pass(Duration::from_secs(1)).await?;
    let next = json!({"StreamARN": stream.arn, "ConsumerName": "consumer-50"});
    place.refused("RegisterStreamConsumer", next, LIMIT).await.map(drop)
}

async fn names(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    for name in [String::new(), "a b".into(), "käse".into(), "a/b".into(), "x".repeat(129)] {
        let request = json!({"StreamARN": stream.arn, "ConsumerName": name});
        place.pass(Duration::from_millis(250)).await?;
        place.refused("RegisterStreamConsumer", request, INVALID).await?;
    }
    place.consumer(&stream, "aZ0_.-").await?;
    place.consumer(&stream, &"x".repeat(128)).await.map(drop)
}

async fn same_name_again(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, _) = place.fan_out().await?;
    let again = json!({"StreamARN": stream.arn, "ConsumerName": "billing"});
    place.refused("RegisterStreamConsumer", again, &["ResourceInUseException"]).await.map(drop)
}

async fn creating_then_active(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    let request = json!({"StreamARN": stream.arn, "ConsumerName": "billing"});
    let registered = place.call("RegisterStreamConsumer", request).await?;
    let consumer = &registered["Consumer"];
    same!(text(consumer, "ConsumerStatus"), "CREATING", "the answer's status");
    let by_name = json!({"StreamARN": stream.arn, "ConsumerName": "billing"});
    for _ in 0..50 {
        let described = place.call("DescribeStreamConsumer", by_name.clone()).await?;
        if described["ConsumerDescription"]["ConsumerStatus"] == "ACTIVE" {
            return Ok(());
        }
        place.pass(Duration::from_millis(100)).await?;
    }
    Err(crate::verdict::Stop::Broken("it is not ACTIVE after 5 s".into()))
}

async fn creation_time(world: World) -> Verdict {
    for time in [Duration::ZERO, Duration::from_millis(500), Duration::from_secs(30)] {
        let settings = Settings { consumer_creation_time: time, ..Settings::default() };
        let place = world.set("how long a consumer is CREATING", settings).await?;
        let stream = place.stream(1).await?;
        let request = json!({"StreamARN": stream.arn, "ConsumerName": "billing"});
        let registered = place.call("RegisterStreamConsumer", request).await?;
        let arn = text(&registered["Consumer"], "ConsumerARN");
        if !time.is_zero() {
            place.pass(time - Duration::from_millis(1)).await?;
            same!(place.consumer_status(&arn).await?, "CREATING", "just before {time:?}");
            place.pass(Duration::from_millis(1)).await?;
        }
        same!(place.consumer_status(&arn).await?, "ACTIVE", "after {time:?}");
    }
    Ok(())
}

async fn deleting_then_gone(world: World) -> Verdict {
    for time in [Duration::ZERO, Duration::from_secs(10)] {
        let settings = Settings { consumer_deletion_time: time, ..Settings::default() };
        let place = world.set("how long a consumer is DELETING", settings).await?;
        let (_, arn) = place.fan_out().await?;
        place.call("DeregisterStreamConsumer", json!({"ConsumerARN": arn})).await?;
        if !time.is_zero() {
            same!(place.consumer_status(&arn).await?, "DELETING", "at once");
            place.pass(time).await?;
        }
        let gone = json!({"ConsumerARN": arn});
        place.refused("DescribeStreamConsumer", gone, &["ResourceNotFoundException"]).await?;
    }
    Ok(())
}

/// A consumer that was registered in this moment.
async fn fresh(place: &Place) -> Verdict<(Stream, String)> {
    let stream = place.stream(1).await?;
    let request = json!({"StreamARN": stream.arn, "ConsumerName": "billing"});
    let registered = place.call("RegisterStreamConsumer", request).await?;
    Ok((stream, text(&registered["Consumer"], "ConsumerARN")))
}

async fn no_reading_while_creating(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer) = fresh(&place).await?;
    let codes = &["ResourceInUseException"];
    place.no_subscription(&consumer, stream.shard(), trim_horizon(), codes).await.map(drop)
}

async fn words_of_not_active(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer) = fresh(&place).await?;
    let codes = &["ResourceInUseException"];
    let error = place.no_subscription(&consumer, stream.shard(), trim_horizon(), codes).await?;
    let account = stream.arn.split(':').nth(4).unwrap_or_default();
    let (start, end) = (
        "Consumer billing with creation timestamp ",
        format!(" under stream: {}, account {account} is not in ACTIVE status.", stream.name),
    );
    let told = error.message.starts_with(start) && error.message.ends_with(&end);
    holds!(told, "it reads: {}", error.message);
    Ok(())
}

async fn no_reading_while_deleting(world: World) -> Verdict {
    let settings = Settings { consumer_deletion_time: Duration::from_secs(60), ..Settings::default() };
    let place = world.set("how long a consumer is DELETING", settings).await?;
    let (stream, consumer) = place.fan_out().await?;
    place.call("DeregisterStreamConsumer", json!({"ConsumerARN": consumer})).await?;
    let codes = &["ResourceInUseException"];
    place.no_subscription(&consumer, stream.shard(), trim_horizon(), codes).await.map(drop)
}

async fn arn(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, arn) = place.fan_out().await?;
    let described = place.call("DescribeStreamConsumer", json!({"ConsumerARN": arn})).await?;
    let created = described["ConsumerDescription"]["ConsumerCreationTimestamp"].as_f64().unwrap_or_default();
    same!(arn, format!("{}/consumer/billing:{}", stream.arn, created.floor()), "the ARN");
    Ok(())
}

async fn another_arn(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, first) = place.fan_out().await?;
    place.call("DeregisterStreamConsumer", json!({"ConsumerARN": first})).await?;
    place.pass(Duration::from_secs(2)).await?;
    let second = place.consumer(&stream, "billing").await?;
    holds!(first != second, "both have the ARN {first}");
    let old = json!({"ConsumerARN": first});
    place.refused("DescribeStreamConsumer", old, &["ResourceNotFoundException"]).await.map(drop)
}

async fn described_three_ways(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, arn) = place.fan_out().await?;
    for request in [
        json!({"ConsumerARN": arn}),
        json!({"StreamARN": stream.arn, "ConsumerName": "billing"}),
        json!({"StreamARN": stream.arn, "ConsumerName": "billing", "ConsumerARN": arn}),
    ] {
        let described = place.call("DescribeStreamConsumer", request).await?;
        let consumer = &described["ConsumerDescription"];
        same!(text(consumer, "ConsumerARN"), arn, "its ARN");
        same!(text(consumer, "ConsumerName"), "billing", "its name");
        same!(text(consumer, "ConsumerStatus"), "ACTIVE", "its status");
    }
    let described =
        place.call("DescribeStreamConsumer", json!({"StreamARN": stream.arn, "ConsumerName": "billing"}));
    same!(text(&described.await?["ConsumerDescription"], "StreamARN"), stream.arn, "its stream");
    Ok(())
}

async fn not_registered(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    for request in [
        json!({"StreamARN": stream.arn, "ConsumerName": "nobody"}),
        json!({"ConsumerARN": format!("{}/consumer/nobody:1700000000", stream.arn)}),
    ] {
        place.refused("DescribeStreamConsumer", request, &["ResourceNotFoundException"]).await?;
    }
    Ok(())
}

/// So many calls are let in, and the next is not; a second later one is again.
pub(super) async fn limited(
    place: &Place,
    operation: &str,
    rate: usize,
    request: serde_json::Value,
) -> Verdict {
    place.pass(Duration::from_secs(1)).await?;
    for call in 0..rate {
        let answer = place.ask(operation, request.clone()).await?;
        let limited = matches!(&answer, Err(error) if LIMIT.contains(&error.code.as_str()));
        holds!(!limited, "call {call} in the second is refused: {answer:?}");
    }
    place.refused(operation, request.clone(), LIMIT).await?;
    place.pass(Duration::from_millis(1_100)).await?;
    let answer = place.ask(operation, request).await?;
    let limited = matches!(&answer, Err(error) if LIMIT.contains(&error.code.as_str()));
    holds!(!limited, "a second later: {answer:?}");
    Ok(())
}

async fn twenty_descriptions_a_second(world: World) -> Verdict {
    let place = world.place().await?;
    let (_, arn) = place.fan_out().await?;
    limited(&place, "DescribeStreamConsumer", 20, json!({"ConsumerARN": arn})).await
}

async fn deregistered_both_ways(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    for by_arn in [true, false] {
        let arn = place.consumer(&stream, "billing").await?;
        let request = match by_arn {
            true => json!({"ConsumerARN": arn}),
            false => json!({"StreamARN": stream.arn, "ConsumerName": "billing"}),
        };
        place.call("DeregisterStreamConsumer", request).await?;
        place.pass(Duration::from_secs(1)).await?;
        let gone = json!({"ConsumerARN": arn});
        place.refused("DescribeStreamConsumer", gone, &["ResourceNotFoundException"]).await?;
    }
    Ok(())
}

async fn five_deregistrations_a_second(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    let nobody = json!({"StreamARN": stream.arn, "ConsumerName": "nobody"});
    limited(&place, "DeregisterStreamConsumer", 5, nobody).await
}

async fn listed_in_pages(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    for name in ["a", "b", "c"] {
        place.consumer(&stream, name).await?;
    }
    let (mut names, mut token) = (Vec::new(), None);
    loop {
        let mut request = json!({"StreamARN": stream.arn, "MaxResults": 2});
        if let Some(token) = token {
            request["NextToken"] = token;
        }
        let page = place.call("ListStreamConsumers", request).await?;
        let consumers = array(&page["Consumers"]);
        holds!(consumers.len() <= 2, "a page of {}", consumers.len());
        names.extend(texts(&consumers, "ConsumerName"));
        token = page.get("NextToken").filter(|token| !token.is_null()).cloned();
        if token.is_none() || names.len() > 3 {
            break;
        }
    }
    names.sort();
    same!(names, ["a", "b", "c"], "the consumers");
    Ok(())
}

async fn five_lists_a_second(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    limited(&place, "ListStreamConsumers", 5, json!({"StreamARN": stream.arn})).await
}
