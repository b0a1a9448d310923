//! A registered consumer that is not to be had: the shards are polled until there is one.

use std::time::Duration;

use kinesis_fanout::ErrorKind;
use kinesis_fanout::consumer::{ChangeCause, ConsumerEvent, DeliveryMode, Fallback};
use kinesis_fanout::emulator::{Fault, LocalKinesis, Operation, ServiceError, Settings, StreamFault};

use crate::scene::Scene;
use crate::world::*;

const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

fn reasons(events: &[ConsumerEvent]) -> Vec<String> {
    let reason = |event: &ConsumerEvent| match event {
        ConsumerEvent::FanOutUnavailable { reason } => Some(reason.clone()),
        _ => None,
    };
    events.iter().filter_map(reason).collect()
}

fn registrations(events: &[ConsumerEvent]) -> usize {
    let registered = |event: &&ConsumerEvent| matches!(event, ConsumerEvent::Registered { .. });
    events.iter().filter(registered).count()
}

fn register_others(kinesis: &LocalKinesis, count: usize) {
    for other in 0..count {
        kinesis.register_consumer(STREAM, &format!("other-{other}")).unwrap();
        kinesis.advance(2 * SECOND);
    }
}

/// Polls from the start, for want of a registered consumer.
fn check_polls(scene: &mut Scene, shards: usize, words: &str) {
    assert!(scene.all(DeliveryMode::Polling), "{:?}", scene.modes());
    let changes = scene.changes();
    assert_eq!(changes, vec![(DeliveryMode::Polling, ChangeCause::ConsumerUnavailable); shards]);
    let reasons = reasons(scene.seen());
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    assert!(reasons[0].contains(words), "{reasons:?}");
    assert_eq!(calls_of(&scene.kinesis, Operation::SubscribeToShard), 0);
}

/// All shards are back with fan-out, each after one change.
fn check_is_back(scene: &mut Scene, shards: usize) {
    assert!(scene.all(DeliveryMode::FanOut), "{:?} {:?}", scene.modes(), scene.happened());
    let changes = scene.changes();
    let back = (DeliveryMode::FanOut, ChangeCause::FanOutWorks);
    assert_eq!(changes[changes.len() - shards..], vec![back; shards]);
}

#[tokio::test(start_paused = true)]
async fn without_permission_to_register_or_to_describe_it_polls_and_asks_again_every_five_minutes() {
    for operation in [Operation::RegisterStreamConsumer, Operation::DescribeStreamConsumer] {
        let kinesis = kinesis(Settings::default(), 4);
        kinesis.faults().inject(Fault::access_denied(operation));
        let began = kinesis.now();
        let mut scene = Scene::start(&kinesis, falling_back(&kinesis)).await;
        assert!(kinesis.now().duration_since(began).unwrap() < SECOND, "at once");
        scene.go_on(62 * MINUTE, 10 * SECOND).await;
        check_polls(&mut scene, 4, "AccessDenied");
        let calls = calls_of(&kinesis, operation);
        assert!((11..=14).contains(&calls), "{operation}: {calls} calls in an hour");
        kinesis.faults().clear();
        scene.go_on(6 * MINUTE, 10 * SECOND).await;
        check_is_back(&mut scene, 4);
        scene.go_on(10 * MINUTE, 10 * SECOND).await;
        scene.check(&operation.to_string()).await;
        assert_eq!(scene.changes().len(), 8);
        assert_eq!(registrations(scene.seen()), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn at_the_limit_of_registered_consumers_it_polls_and_all_shards_go_back_when_one_is_freed() {
    let shards = 50;
    let kinesis = kinesis(Settings::default(), shards);
    register_others(&kinesis, 20);
    let builder = falling_back(&kinesis).poll_interval(10 * SECOND);
    let mut scene = Scene::start(&kinesis, builder).await;
    scene.go_on(30 * MINUTE, 10 * SECOND).await;
    check_polls(&mut scene, shards, "Too many consumers");
    let calls = calls_of(&kinesis, Operation::RegisterStreamConsumer);
    assert!((100..=200).contains(&calls), "{calls} attempts: one every 15 s on average");
    kinesis.deregister_consumer(STREAM, "other-7").unwrap();
    scene.go_on(40 * SECOND, SECOND).await;
    check_is_back(&mut scene, shards);
    scene.check("limit").await;
    assert_eq!(kinesis.statistics().open_subscriptions, shards);
    let polls = calls_of(&kinesis, Operation::GetRecords);
    scene.go_on(5 * MINUTE, 10 * SECOND).await;
    assert_eq!(calls_of(&kinesis, Operation::GetRecords), polls, "nothing is polled any more");
}

#[tokio::test(start_paused = true)]
async fn while_five_others_are_being_created_it_polls() {
    let settings = Settings { consumer_creation_time: 2 * MINUTE, ..Settings::default() };
    let kinesis = kinesis(settings, 3);
    register_others(&kinesis, 5);
    let mut scene = Scene::start(&kinesis, falling_back(&kinesis)).await;
    scene.go_on(MINUTE, 5 * SECOND).await;
    check_polls(&mut scene, 3, "Too many consumers");
    // The others, a retry, and ours, which is created as slowly.
    scene.go_on(2 * MINUTE, 5 * SECOND).await;
    assert!(scene.all(DeliveryMode::Polling));
    scene.go_on(3 * MINUTE, 5 * SECOND).await;
    check_is_back(&mut scene, 3);
    scene.check("creating").await;
}

#[tokio::test(start_paused = true)]
async fn a_registered_consumer_by_arn_that_is_gone_is_waited_for_and_never_registered() {
    for comes_back in [true, false] {
        let kinesis = kinesis(Settings::default(), 4);
        let arn = kinesis.register_consumer(STREAM, CONSUMER).unwrap().arn;
        pass(SECOND).await;
        let builder = kinesis_fanout::Consumer::builder(&kinesis, STREAM).fan_out(&arn).seed(7);
        let mut scene = Scene::start(&kinesis, builder).await;
        scene.go_on(2 * MINUTE, 5 * SECOND).await;
        assert!(scene.all(DeliveryMode::FanOut) && scene.changes().is_empty());
        if comes_back {
            let gone = ServiceError::new("ResourceNotFoundException", "no such consumer", 400);
            for operation in [Operation::SubscribeToShard, Operation::DescribeStreamConsumer] {
                kinesis.faults().inject(Fault::refuse(operation, &gone.code, "no such consumer", 400));
            }
            kinesis.faults().interrupt(None, &StreamFault::Exception(gone));
        } else {
            kinesis.deregister_consumer(STREAM, CONSUMER).unwrap();
        }
        let calls = calls_of(&kinesis, Operation::DescribeStreamConsumer);
        scene.go_on(30 * MINUTE, 5 * SECOND).await;
        assert!(scene.all(DeliveryMode::Polling), "{:?}", scene.modes());
        assert_eq!(reasons(scene.seen()).len(), 1);
        let calls = calls_of(&kinesis, Operation::DescribeStreamConsumer) - calls;
        assert!((5..=8).contains(&calls), "{calls} looks in half an hour");
        kinesis.faults().clear();
        scene.go_on(10 * MINUTE, 5 * SECOND).await;
        if comes_back {
            check_is_back(&mut scene, 4);
        } else {
            assert!(scene.all(DeliveryMode::Polling));
        }
        scene.check("by ARN").await;
        assert_eq!(calls_of(&kinesis, Operation::RegisterStreamConsumer), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn decision_05_a_consumer_that_is_deleted_four_times_in_an_hour_is_polled_instead_and_then_fanned_out_again()
 {
    let kinesis = kinesis(Settings::default(), 8);
    let mut scene = Scene::start(&kinesis, falling_back(&kinesis)).await;
    for _ in 0..3 {
        scene.go_on(5 * MINUTE, 10 * SECOND).await;
        kinesis.deregister_consumer(STREAM, CONSUMER).unwrap();
    }
    scene.go_on(5 * MINUTE, 10 * SECOND).await;
    assert!(scene.all(DeliveryMode::FanOut), "registered again each time");
    kinesis.deregister_consumer(STREAM, CONSUMER).unwrap();
    scene.go_on(5 * MINUTE, 10 * SECOND).await;
    assert!(scene.all(DeliveryMode::Polling));
    let reasons = reasons(scene.seen());
    assert!(reasons.last().unwrap().contains("4 times"), "{reasons:?}");
    assert_eq!(calls_of(&kinesis, Operation::RegisterStreamConsumer), 4);
    scene.go_on(30 * MINUTE, 10 * SECOND).await;
    assert_eq!(calls_of(&kinesis, Operation::RegisterStreamConsumer), 4, "not within the hour");
    scene.go_on(60 * MINUTE, 10 * SECOND).await;
    check_is_back(&mut scene, 8);
    scene.check("four times").await;
}

#[tokio::test(start_paused = true)]
async fn a_registration_that_is_never_answered_is_polled_for_after_a_minute() {
    for operation in [Operation::RegisterStreamConsumer, Operation::DescribeStreamConsumer] {
        let kinesis = kinesis(Settings::default(), 2);
        kinesis.faults().inject(Fault::silent(operation, None));
        let began = kinesis.now();
        let mut scene = Scene::start(&kinesis, falling_back(&kinesis)).await;
        let waited = kinesis.now().duration_since(began).unwrap();
        assert!((MINUTE..2 * MINUTE).contains(&waited), "{waited:?}");
        scene.go_on(30 * MINUTE, 10 * SECOND).await;
        assert!(scene.all(DeliveryMode::Polling));
        kinesis.faults().clear();
        scene.go_on(2 * MINUTE, 10 * SECOND).await;
        check_is_back(&mut scene, 2);
        scene.check(&operation.to_string()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn with_polling_denied_too_both_are_tried_on_until_one_is_allowed() {
    for operation in [Operation::GetShardIterator, Operation::GetRecords] {
        let kinesis = kinesis(Settings::default(), 2);
        kinesis.faults().inject(Fault::access_denied(Operation::RegisterStreamConsumer));
        kinesis.faults().inject(Fault::access_denied(operation));
        let mut scene = Scene::start(&kinesis, falling_back(&kinesis)).await;
        scene.go_on(20 * MINUTE, MINUTE).await;
        assert_eq!(scene.taken(), 0);
        let told = |event: &ConsumerEvent| matches!(event, ConsumerEvent::PollFailed { .. });
        assert!(scene.seen().iter().any(told), "seen, and no end of the stream");
        kinesis.faults().clear();
        scene.go_on(10 * MINUTE, MINUTE).await;
        assert!(scene.all(DeliveryMode::FanOut), "{:?}", scene.modes());
        scene.check(&operation.to_string()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn times_of_the_fallback_that_cannot_work_are_refused_and_endless_ones_are_none() {
    let kinesis = kinesis(Settings::default(), 1);
    let ever = Duration::MAX;
    for (what, after, probe_every) in [("after", Duration::ZERO, ever), ("probe_every", ever, Duration::ZERO)]
    {
        let error = falling_back(&kinesis).fallback(polling(after, probe_every)).build().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfiguration);
        assert!(error.to_string().contains(what), "{error}");
    }
    assert_eq!(kinesis.statistics().calls.values().sum::<u64>(), 0);
    kinesis.faults().inject(Fault::access_denied(Operation::RegisterStreamConsumer));
    let builder = falling_back(&kinesis).fallback(polling(ever, ever));
    let mut scene = Scene::start(&kinesis, builder).await;
    scene.go_on(60 * MINUTE, MINUTE).await;
    scene.check("for ever").await;
    assert_eq!(calls_of(&kinesis, Operation::RegisterStreamConsumer), 1);
}

fn polling(after: Duration, probe_every: Duration) -> Fallback {
    Fallback::Polling { after, probe_every }
}
