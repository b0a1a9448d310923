//! What `build` cannot work with: each a typed error, at once or within its bound.

use std::time::Duration;

use kinesis_fanout::consumer::{ConsumerBuilder, Fallback};
use kinesis_fanout::emulator::{Fault, LocalKinesis, Operation, Settings};
use kinesis_fanout::{Consumer, Error, ErrorKind};

use crate::world::*;

const MINUTE: Duration = Duration::from_secs(60);

/// The error of a build, and how long it took.
async fn refused(kinesis: &LocalKinesis, builder: ConsumerBuilder) -> (Error, Duration) {
    let began = kinesis.now();
    let built = tokio::time::timeout(Duration::from_secs(3600), builder.build()).await;
    let error = built.expect("the build comes to an end").expect_err("no consumer");
    (error, kinesis.now().duration_since(began).unwrap())
}

fn denied(operation: Operation) -> Fault {
    let message = "User is not authorized to perform this operation";
    Fault::refuse(operation, "AccessDeniedException", message, 400)
}

/// All calls that were made, of whatever operation.
fn all_calls(kinesis: &LocalKinesis) -> u64 {
    kinesis.statistics().calls.values().sum()
}

#[tokio::test(start_paused = true)]
async fn what_cannot_work_is_refused_before_any_call() {
    let kinesis = kinesis(Settings::default(), 1);
    let arn = kinesis.stream_arn(STREAM).unwrap();
    let foreign = format!("{}/consumer/billing:1700000000", arn.replace("orders", "parcels"));
    let zero = Duration::ZERO;
    let with = |stream: &str| Consumer::builder(&kinesis, stream);
    let builders = [
        ("no fan_out", with(STREAM)),
        ("no name", with("").fan_out(CONSUMER)),
        ("a name with a space", with("my orders").fan_out(CONSUMER)),
        ("an ARN of something else", with("arn:aws:s3:::orders").fan_out(CONSUMER)),
        ("an ARN cut short", with(&arn.replace("stream/orders", "stream/")).fan_out(CONSUMER)),
        ("no consumer", with(STREAM).fan_out("")),
        ("a stream for a consumer", with(STREAM).fan_out(&arn)),
        ("a consumer's ARN cut short", with(STREAM).fan_out(format!("{arn}/consumer/billing"))),
        ("a consumer of another stream", with(STREAM).fan_out(&foreign)),
        ("the same by ARN", with(&arn).fan_out(&foreign)),
        ("silence_timeout", consumer(&kinesis).silence_timeout(zero)),
        ("blocked_timeout", consumer(&kinesis).blocked_timeout(zero)),
        ("discovery_interval", consumer(&kinesis).discovery_interval(zero)),
        ("registration_timeout", consumer(&kinesis).registration_timeout(zero)),
        ("give_up_after", consumer(&kinesis).give_up_after(zero)),
    ];
    for (what, builder) in builders {
        let (error, waited) = refused(&kinesis, builder).await;
        assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{what}");
        assert!(!error.is_retryable() && error.shard_id().is_none());
        assert!(waited.is_zero());
        if what.ends_with("timeout") || what.ends_with("interval") {
            assert!(error.to_string().contains(what), "{error}");
        }
    }
    assert_eq!(all_calls(&kinesis), 0);
}

#[tokio::test(start_paused = true)]
async fn durations_without_end_are_none() {
    let kinesis = kinesis(Settings::default(), 1);
    put_data(&kinesis, "record");
    let (ever, consumer) = (Duration::MAX, consumer(&kinesis));
    let consumer = consumer.silence_timeout(ever).blocked_timeout(ever);
    let consumer = consumer.discovery_interval(ever).registration_timeout(ever);
    let built = consumer.give_up_after(ever).build().await;
    let mut records = built.unwrap().into_stream();
    let taken = take_for(&mut records, Duration::from_secs(1000)).await;
    assert_eq!(texts(&taken), ["record"]);
}

#[tokio::test(start_paused = true)]
async fn a_consumer_of_a_stream_of_the_same_name_elsewhere_is_refused() {
    let kinesis = kinesis(Settings::default(), 1);
    let elsewhere = kinesis.stream_arn(STREAM).unwrap().replace("000000000000", "111111111111");
    let foreign = format!("{elsewhere}/consumer/billing:1700000000");
    let (error, _) = refused(&kinesis, Consumer::builder(&kinesis, STREAM).fan_out(foreign)).await;
    assert_eq!(error.kind(), ErrorKind::InvalidConfiguration);
    assert!(error.to_string().contains("111111111111"), "{error}");
    assert_eq!(calls_of(&kinesis, Operation::SubscribeToShard), 0);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_does_not_exist_is_an_error_at_once() {
    let kinesis = kinesis(Settings::default(), 1);
    let arn = kinesis.stream_arn(STREAM).unwrap();
    let elsewhere = arn.replace("us-east-1", "eu-west-1");
    for stream in ["parcels", &arn.replace("orders", "parcels"), &elsewhere] {
        let calls = all_calls(&kinesis);
        let builder = Consumer::builder(&kinesis, stream).fan_out(CONSUMER);
        let (error, waited) = refused(&kinesis, builder).await;
        assert_eq!(error.kind(), ErrorKind::StreamNotFound, "{stream}");
        assert!(error.to_string().contains(stream.rsplit('/').next().unwrap()));
        assert!(std::error::Error::source(&error).is_some());
        assert!(waited.is_zero());
        assert_eq!(all_calls(&kinesis) - calls, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_registered_consumer_that_does_not_exist_is_an_error_of_the_stream() {
    let kinesis = kinesis(Settings::default(), 8);
    let arn = kinesis.stream_arn(STREAM).unwrap();
    let consumer_arn = format!("{arn}/consumer/{CONSUMER}:1700000000");
    let builder = Consumer::builder(&kinesis, STREAM).fan_out(consumer_arn).fallback(Fallback::Off);
    let mut records = builder.build().await.unwrap().into_stream();
    let began = kinesis.now();
    let (taken, error) = take_to_error(&mut records).await;
    assert!(taken.is_empty());
    assert_eq!(error.kind(), ErrorKind::ConsumerNotFound);
    assert!(kinesis.now().duration_since(began).unwrap() <= Duration::from_secs(2));
    assert_eq!(calls_of(&kinesis, Operation::SubscribeToShard), 8);
    assert_eq!(calls_of(&kinesis, Operation::DescribeStreamConsumer), 1);
    assert_eq!(calls_of(&kinesis, Operation::RegisterStreamConsumer), 0);
    assert_eq!(calls_of(&kinesis, Operation::ListShards), 3);
}

#[tokio::test(start_paused = true)]
async fn denied_or_expired_at_the_start_is_an_error_at_once() {
    let operations = [
        Operation::DescribeStreamSummary,
        Operation::DescribeStreamConsumer,
        Operation::RegisterStreamConsumer,
        Operation::ListShards,
    ];
    for operation in operations {
        for (fault, kind) in [
            (denied(operation), ErrorKind::AccessDenied),
            (Fault::expired_credentials(operation), ErrorKind::Credentials),
        ] {
            let kinesis = kinesis(Settings::default(), 1);
            kinesis.faults().inject(fault);
            let (error, waited) = refused(&kinesis, consumer(&kinesis)).await;
            assert_eq!(error.kind(), kind, "{operation}");
            assert!(std::error::Error::source(&error).is_some(), "{operation}");
            assert!(waited <= Duration::from_secs(1), "{operation}: {waited:?}");
            assert_eq!(calls_of(&kinesis, operation), 1, "{operation}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_down_or_does_not_answer_at_the_start_is_unavailable_after_its_bound() {
    let operations = [
        (Operation::DescribeStreamSummary, MINUTE),
        (Operation::ListShards, MINUTE),
        (Operation::DescribeStreamConsumer, 10 * MINUTE),
        (Operation::RegisterStreamConsumer, 10 * MINUTE),
    ];
    for (operation, bound) in operations {
        for fault in
            [Fault::refuse(operation, "InternalFailure", "down", 500), Fault::silent(operation, None)]
        {
            let kinesis = kinesis(Settings::default(), 1);
            kinesis.faults().inject(fault);
            let (error, waited) = refused(&kinesis, consumer(&kinesis)).await;
            assert_eq!(error.kind(), ErrorKind::Unavailable, "{operation}");
            assert!(error.is_retryable());
            let grace = MINUTE;
            assert!((bound..bound + grace).contains(&waited), "{operation}: {waited:?}");
            let calls = calls_of(&kinesis, operation);
            // Full jitter, from 1 s to 30 s; a silent call is waited for.
            let most = bound.as_secs() / 5 + 5;
            assert!((1..=most).contains(&calls), "{operation}: {calls} calls");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_recovers_in_time_is_waited_for() {
    let operations = [
        Operation::DescribeStreamSummary,
        Operation::ListShards,
        Operation::DescribeStreamConsumer,
        Operation::RegisterStreamConsumer,
    ];
    for operation in operations {
        for fault in [
            Fault::refuse(operation, "LimitExceededException", "slow down", 400),
            Fault::silent(operation, None),
        ] {
            let kinesis = kinesis(Settings::default(), 1);
            put_data(&kinesis, "record");
            kinesis.faults().inject(fault.times(1));
            let mut records = consumer(&kinesis).build().await.unwrap().into_stream();
            assert_eq!(texts(&take(&mut records, 1).await), ["record"], "{operation}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_without_room_for_another_consumer_is_unavailable_in_the_end() {
    let settings = Settings { max_consumers: 1, ..Settings::default() };
    let kinesis = kinesis(settings, 1);
    kinesis.register_consumer(STREAM, "other").unwrap();
    let builder = consumer(&kinesis).registration_timeout(5 * MINUTE);
    let (error, waited) = refused(&kinesis, builder).await;
    assert_eq!((error.kind(), waited), (ErrorKind::Unavailable, 5 * MINUTE));
    assert!(error.to_string().contains("Too many consumers"), "{error}");
    let calls = calls_of(&kinesis, Operation::RegisterStreamConsumer);
    assert!((5..60).contains(&calls), "{calls} calls");
}

#[tokio::test(start_paused = true)]
async fn a_consumer_that_never_becomes_active_is_unavailable_in_the_end() {
    let settings = Settings { consumer_creation_time: Duration::MAX, ..Settings::default() };
    let kinesis = kinesis(settings, 1);
    let (error, waited) = refused(&kinesis, consumer(&kinesis)).await;
    assert_eq!((error.kind(), waited), (ErrorKind::Unavailable, 10 * MINUTE));
    let calls = calls_of(&kinesis, Operation::DescribeStreamConsumer);
    assert!(calls <= 180, "{calls} calls");
    assert_eq!(calls_of(&kinesis, Operation::RegisterStreamConsumer), 1);
}
