//! SubscribeToShard: who is let in, how long, and how others are refused.

use std::time::Duration;

use kinesis_fanout::emulator::{Fault, RefusalForm, ServiceError, Settings, SlotAfterHangUp, StreamFault};
use serde_json::json;

use super::rules;
use crate::endpoint::{Events, Item};
use crate::streams::*;
use crate::verdict::{Stop, Verdict, holds, same};
use crate::world::{Place, World};

rules! {
    S01 "SubscribeToShard" "One call in a second for a consumer and shard; a second one is LimitExceededException." one_call_a_second;
    S02 "SubscribeToShard" "A consumer that does not exist, or whose stream does not, is ResourceNotFoundException." unknown_consumer;
    S03 "SubscribeToShard" "A shard that the stream does not have is ResourceNotFoundException." unknown_shard;
    S04 "SubscribeToShard" "A sequence number that the shard cannot have given is InvalidArgumentException." foreign_number;
    S05 "SubscribeToShard" "DryRun of a call that would succeed is DryRunOperationException, and opens nothing." dry_run Http;
    S06 "SubscribeToShard" "A subscription lives for up to 5 minutes, then its stream ends without an exception." five_minutes;
    S07 "SubscribeToShard" "It ends after that time in the middle of a catch-up too, behind a whole event; how long it lives is a setting." ends_in_catch_up;
    S08 "SubscribeToShard" "A second call for the same consumer and shard within 5 s of a successful one is ResourceInUseException." refused_within_five_seconds;
    S09 "SubscribeToShard" "The 5 s count from the last successful call: a refused one does not begin them anew." five_seconds_of_success;
    S10 "SubscribeToShard" "After 5 s a second call takes over." take_over;
    S11 "SubscribeToShard" "The subscription that was taken over ends with ResourceInUseException in its stream." taken_over;
    S12 "awslabs/amazon-kinesis-client#391" "The form of that refusal is a setting: status 400, status 500, or an exception in the stream." refusal_forms;
    S13 "undocumented" "Whether hanging up frees the place before the 5 s is a setting: at once, after 3 s, not." slot_after_hang_up;
    S14 "SubscribeToShard" "Two consumers subscribe to the same shard at the same time; two shards have subscriptions of the same consumer." independent;
    S15 "SubscribeToShardEventStream" "An exception of any type that the operation has can come in the stream, and ends it." exceptions_in_stream;
    S16 "SubscribeToShardEventStream" "When its consumer is deregistered, a subscription ends with ResourceNotFoundException in its stream." deregistered;
    S17 "SubscribeToShard" "After the end, a call at the continuation of the last event reads on: nothing is lost, nothing comes twice." renewal;
}

const IN_USE: &[&str] = &["ResourceInUseException"];
const NOT_FOUND: &[&str] = &["ResourceNotFoundException"];
const SECOND: Duration = Duration::from_secs(1);

async fn one_call_a_second(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer) = place.fan_out().await?;
    // A call that is let in would be followed by the refusal of S08.
    let codes = &["InvalidArgumentException", "ValidationException", "ResourceNotFoundException"];
    place.no_subscription(&consumer, stream.shard(), after("7"), codes).await?;
    let limit = &["LimitExceededException"];
    place.no_subscription(&consumer, stream.shard(), after("7"), limit).await?;
    place.pass(SECOND).await?;
    place.no_subscription(&consumer, stream.shard(), after("7"), codes).await.map(drop)
}

async fn unknown_consumer(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    let none = stream.arn.replace(&stream.name, "conformance-no-such-stream");
    for stream_arn in [stream.arn.as_str(), none.as_str()] {
        let consumer = format!("{stream_arn}/consumer/nobody:1700000000");
        place.no_subscription(&consumer, stream.shard(), trim_horizon(), NOT_FOUND).await?;
    }
    Ok(())
}

async fn unknown_shard(world: World) -> Verdict {
    let place = world.place().await?;
    let (_, consumer) = place.fan_out().await?;
    place.no_subscription(&consumer, "shardId-000000000099", trim_horizon(), NOT_FOUND).await.map(drop)
}

async fn foreign_number(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer) = place.fan_out().await?;
    for position in [after("7"), at("7")] {
        let codes = &["InvalidArgumentException"];
        place.no_subscription(&consumer, stream.shard(), position, codes).await?;
        place.pass(SECOND).await?;
    }
    Ok(())
}

async fn dry_run(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer) = place.fan_out().await?;
    let request = json!({
        "ConsumerARN": consumer, "ShardId": stream.shard(), "StartingPosition": trim_horizon(), "DryRun": true,
    });
    let answer = place.clock.soon(place.endpoint.subscribe(request)).await;
    match answer {
        Some(Err(error)) => same!(error.code, "DryRunOperationException", "the refusal"),
        Some(Ok(_)) => return Err(Stop::Broken("it is let in".into())),
        None => return Err(Stop::Broken("no answer".into())),
    }
    place.pass(SECOND).await?;
    place.subscribe(&consumer, stream.shard(), trim_horizon()).await.map(drop)
}

/// Reads events without records until the stream ends, and gives how long that took, to the second.
async fn life(place: &Place, events: &mut Events, most: u64) -> Verdict<u64> {
    let started = place.now();
    loop {
        let lived = || place.now().duration_since(started).unwrap_or_default().as_secs_f64().round() as u64;
        match place.next(events, Duration::from_secs(most + 1)).await? {
            Some(Item::Event(..)) if lived() <= most => {}
            Some(Item::End) => return Ok(lived()),
            other => return Err(Stop::Broken(format!("after {} s: {other:?}", lived()))),
        }
    }
}

async fn five_minutes(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer) = place.fan_out().await?;
    let mut events = place.subscribe(&consumer, stream.shard(), trim_horizon()).await?;
    let lived = life(&place, &mut events, 300).await?;
    holds!((297..=303).contains(&lived), "it ends after {lived} s");
    Ok(())
}

async fn ends_in_catch_up(world: World) -> Verdict {
    for seconds in [2, 7] {
        let settings = Settings {
            subscription_time: Duration::from_secs(seconds),
            event_max_bytes: 20_000,
            pace: Some(100_000),
            ..Settings::default()
        };
        let place = world.set("how long a subscription lives", settings).await?;
        let (stream, consumer) = place.fan_out().await?;
        // 1 MB is 10 s at this pace.
        place.put_many(&stream, 100, 10_000).await?;
        let mut events = place.subscribe(&consumer, stream.shard(), trim_horizon()).await?;
        let (started, mut records) = (place.now(), 0);
        loop {
            match place.next(&mut events, Duration::from_secs(10)).await? {
                Some(Item::Event(event, _)) => records += array(&event["Records"]).len(),
                Some(Item::End) => break,
                other => return Err(Stop::Broken(format!("{other:?} comes"))),
            }
        }
        let lived = place.now().duration_since(started).unwrap_or_default().as_secs_f64();
        holds!((lived - seconds as f64).abs() < 1.0, "it ends after {lived} s, not {seconds} s");
        holds!(records > 0 && records < 100, "{records} records come in {seconds} s");
    }
    Ok(())
}

async fn refused_within_five_seconds(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer) = place.fan_out().await?;
    let _held = place.subscribe(&consumer, stream.shard(), trim_horizon()).await?;
    place.pass(Duration::from_millis(1_500)).await?;
    place.no_subscription(&consumer, stream.shard(), trim_horizon(), IN_USE).await?;
    place.pass(Duration::from_millis(2_500)).await?;
    place.no_subscription(&consumer, stream.shard(), trim_horizon(), IN_USE).await.map(drop)
}

async fn five_seconds_of_success(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer) = place.fan_out().await?;
    let _held = place.subscribe(&consumer, stream.shard(), trim_horizon()).await?;
    place.pass(Duration::from_millis(4_000)).await?;
    place.no_subscription(&consumer, stream.shard(), trim_horizon(), IN_USE).await?;
    place.pass(Duration::from_millis(1_500)).await?;
    place.subscribe(&consumer, stream.shard(), trim_horizon()).await.map(drop)
}

/// A subscription, and one that takes over 5.5 s later.
async fn contended(place: &Place) -> Verdict<(Stream, Events, Events)> {
    let (stream, consumer) = place.fan_out().await?;
    let first = place.subscribe(&consumer, stream.shard(), trim_horizon()).await?;
    place.pass(Duration::from_millis(5_500)).await?;
    let second = place.subscribe(&consumer, stream.shard(), trim_horizon()).await?;
    Ok((stream, first, second))
}

async fn take_over(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, _first, mut second) = contended(&place).await?;
    place.put(&stream, "k", "a").await?;
    same!(place.payloads(&mut second, 1).await?, ["a"], "the new subscription's records");
    Ok(())
}

async fn taken_over(world: World) -> Verdict {
    let place = world.place().await?;
    let (_, mut first, _second) = contended(&place).await?;
    for _ in 0..4 {
        match place.next(&mut first, A_WHILE).await? {
            // What was on its way.
            Some(Item::Event(..)) => {}
            Some(Item::Exception { code, .. }) => {
                same!(code, "ResourceInUseException", "the exception");
                return place.ended(&mut first, SECOND).await;
            }
            other => return Err(Stop::Broken(format!("{other:?} comes, not an exception"))),
        }
    }
    Err(Stop::Broken("the old subscription goes on".into()))
}

async fn refusal_forms(world: World) -> Verdict {
    for (form, status) in
        [(RefusalForm::Http400, 400), (RefusalForm::Http500, 500), (RefusalForm::InStream, 0)]
    {
        let settings = Settings { refusal: form, ..Settings::default() };
        let place = world.set("the form of a refusal", settings).await?;
        let (stream, consumer) = place.fan_out().await?;
        let _held = place.subscribe(&consumer, stream.shard(), trim_horizon()).await?;
        place.pass(SECOND).await?;
        match (form, place.ask_for_events(&consumer, stream.shard(), trim_horizon()).await?) {
            (RefusalForm::InStream, Ok(mut events)) => match place.next(&mut events, SECOND).await? {
                Some(Item::Exception { code, .. }) => same!(code, "ResourceInUseException", "the exception"),
                other => return Err(Stop::Broken(format!("{other:?} comes, not an exception"))),
            },
            (RefusalForm::Http400 | RefusalForm::Http500, Err(error)) => {
                same!((error.status, error.code.as_str()), (status, "ResourceInUseException"), "the refusal");
            }
            (form, _) => return Err(Stop::Broken(format!("not refused as {form:?}"))),
        }
    }
    Ok(())
}

async fn slot_after_hang_up(world: World) -> Verdict {
    let cases = [
        (SlotAfterHangUp::AtOnce, 1_000, true),
        (SlotAfterHangUp::AfterThreeSeconds, 2_500, false),
        (SlotAfterHangUp::AfterThreeSeconds, 3_500, true),
        (SlotAfterHangUp::Not, 4_900, false),
        (SlotAfterHangUp::Not, 5_100, true),
    ];
    for (slot, millis, free) in cases {
        let settings = Settings { slot_after_hang_up: slot, ..Settings::default() };
        let place = world.set("what a hang-up frees", settings).await?;
        let (stream, consumer) = place.fan_out().await?;
        let events = place.subscribe(&consumer, stream.shard(), trim_horizon()).await?;
        drop(events);
        place.pass(Duration::from_millis(millis)).await?;
        let again = place.ask_for_events(&consumer, stream.shard(), trim_horizon()).await?;
        same!(again.is_ok(), free, "let in {millis} ms after a hang-up with {slot:?}");
    }
    Ok(())
}

async fn independent(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(2).await?;
    let (billing, search) =
        (place.consumer(&stream, "billing").await?, place.consumer(&stream, "search").await?);
    let mut open = Vec::new();
    for (consumer, shard) in [(&billing, 0), (&billing, 1), (&search, 0)] {
        open.push(place.subscribe(consumer, &stream.shards[shard], trim_horizon()).await?);
    }
    let put = place.put(&stream, "k", "a").await?;
    for (index, events) in open.iter_mut().enumerate() {
        if stream.shards[index % 2] == put.shard {
            same!(place.payloads(events, 1).await?, ["a"], "the records of subscription {index}");
        }
    }
    Ok(())
}

async fn exceptions_in_stream(world: World) -> Verdict {
    for code in [
        "ResourceNotFoundException",
        "ResourceInUseException",
        "KMSDisabledException",
        "KMSInvalidStateException",
        "KMSAccessDeniedException",
        "KMSNotFoundException",
        "KMSOptInRequired",
        "KMSThrottlingException",
        "InternalFailureException",
    ] {
        let place = world.set("exceptions on order", Settings::default()).await?;
        let local = place.emulator("what happens on order")?;
        let status = if code == "InternalFailureException" { 500 } else { 400 };
        let error = ServiceError::new(code, "on order", status);
        local.faults().inject(Fault::in_stream(1, StreamFault::Exception(error)));
        let (stream, consumer) = place.fan_out().await?;
        place.put(&stream, "k", "a").await?;
        let mut events = place.subscribe(&consumer, stream.shard(), trim_horizon()).await?;
        same!(place.payloads(&mut events, 1).await?, ["a"], "what comes before");
        match place.next(&mut events, A_WHILE).await? {
            Some(Item::Exception { code: is, message }) => {
                same!((is.as_str(), message.as_str()), (code, "on order"), "the exception");
            }
            other => return Err(Stop::Broken(format!("{other:?} comes, not {code}"))),
        }
        place.ended(&mut events, SECOND).await?;
    }
    Ok(())
}

async fn deregistered(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer) = place.fan_out().await?;
    let mut events = place.subscribe(&consumer, stream.shard(), trim_horizon()).await?;
    place.call("DeregisterStreamConsumer", json!({"ConsumerARN": consumer})).await?;
    for _ in 0..3 {
        match place.next(&mut events, A_WHILE).await? {
            Some(Item::Event(..)) => {}
            Some(Item::Exception { code, .. }) => {
                same!(code, "ResourceNotFoundException", "the exception");
                return Ok(());
            }
            other => return Err(Stop::Broken(format!("{other:?} comes, not an exception"))),
        }
    }
    Err(Stop::Broken("the subscription goes on".into()))
}

async fn renewal(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer) = place.fan_out().await?;
    let (mut read, mut position) = (Vec::new(), trim_horizon());
    for round in 0..3 {
        place.put(&stream, "k", format!("{round}a")).await?;
        let mut events = place.subscribe(&consumer, stream.shard(), position.clone()).await?;
        for put in [None, Some("b")] {
            if let Some(name) = put {
                place.put(&stream, "k", format!("{round}{name}")).await?;
            }
            for event in place.events(&mut events, 1).await? {
                read.extend(payloads(&event));
                position = after(&text(&event, "ContinuationSequenceNumber"));
            }
        }
        drop(events);
        place.pass(Duration::from_millis(5_500)).await?;
    }
    same!(read, ["0a", "0b", "1a", "1b", "2a", "2b"], "the records");
    Ok(())
}
