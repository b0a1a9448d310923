//! Subscriptions that are not to be had: the shards are polled until they are.

use std::time::Duration;

use kinesis_fanout::ErrorKind;
use kinesis_fanout::consumer::{ChangeCause, ConsumerEvent, DeliveryMode, EndCause, FailureClass, Fallback};
use kinesis_fanout::emulator::{Fault, LocalKinesis, Operation, RefusalForm, ServiceError, StreamFault};

use crate::polls::poll_along;
use crate::scene::{Scene, changes};
use crate::world::*;

const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

/// A way for fan-out to be dead.
pub(crate) struct Dead {
    pub(crate) name: &'static str,
    /// What meets each call.
    pub(crate) fault: Fault,
    /// What meets the subscriptions that are open.
    pub(crate) interrupt: StreamFault,
}

impl Dead {
    pub(crate) fn begin(&self, kinesis: &LocalKinesis) {
        kinesis.faults().inject(self.fault.clone());
        kinesis.faults().interrupt(None, &self.interrupt);
    }
}

/// All of them.
pub(crate) fn deaths() -> Vec<Dead> {
    let exception = |code: &'static str| StreamFault::Exception(ServiceError::new(code, "on order", 400));
    let refuse = |code: &str, status| Fault::refuse(Operation::SubscribeToShard, code, "on order", status);
    let silence = || StreamFault::Silence(None);
    vec![
        Dead { name: "accepted and silent", fault: Fault::in_stream(0, silence()), interrupt: silence() },
        Dead { name: "refused", fault: refuse("InternalFailureException", 500), interrupt: StreamFault::End },
        Dead {
            name: "reset",
            fault: Fault::in_stream(0, StreamFault::TruncatedFrame),
            interrupt: StreamFault::TruncatedFrame,
        },
        Dead {
            name: "ended at once",
            fault: Fault::in_stream(0, StreamFault::End),
            interrupt: StreamFault::End,
        },
        Dead {
            name: "an exception in the stream",
            fault: Fault::in_stream(0, exception("InternalFailureException")),
            interrupt: exception("InternalFailureException"),
        },
        Dead {
            name: "unanswered",
            fault: Fault::silent(Operation::SubscribeToShard, None),
            interrupt: StreamFault::TruncatedFrame,
        },
        Dead {
            name: "throttled",
            fault: refuse("LimitExceededException", 400),
            interrupt: exception("LimitExceededException"),
        },
    ]
}

/// The subscribe calls for all shards.
fn subscribes_of_all(kinesis: &LocalKinesis) -> u64 {
    calls_of(kinesis, Operation::SubscribeToShard)
}

#[tokio::test(start_paused = true)]
async fn fan_out_that_is_dead_for_an_hour_is_polled_for_and_comes_back() {
    for dead in deaths() {
        let kinesis = kinesis(obliging(), 2);
        let builder = falling_back(&kinesis).poll_interval(10 * SECOND);
        let mut scene = Scene::start(&kinesis, builder).await;
        scene.go_on(MINUTE, 5 * SECOND).await;
        dead.begin(&kinesis);
        scene.go_on(2 * MINUTE, 5 * SECOND).await;
        assert!(scene.all(DeliveryMode::Polling), "{}: {:?}", dead.name, scene.modes());
        let calls = subscribes_of_all(&kinesis);
        let polled_since = kinesis.now();
        scene.go_on(58 * MINUTE, 5 * SECOND).await;
        let calls = subscribes_of_all(&kinesis) - calls;
        let probes = scene.failed_probes() as u64;
        assert!((18..=28).contains(&probes), "{}: {probes} probes of two shards in an hour", dead.name);
        assert_eq!(probes, calls, "{}", dead.name);
        assert!(scene.all(DeliveryMode::Polling), "{}", dead.name);
        assert!(kinesis.now() > polled_since);
        let causes = scene.changes();
        assert_eq!(causes.len(), 2, "{}: {causes:?}", dead.name);
        for (to, cause) in causes {
            assert_eq!(to, DeliveryMode::Polling);
            let ChangeCause::FanOutFailing(failed_for) = cause else { panic!("{}: {cause:?}", dead.name) };
            assert!((MINUTE..MINUTE + 2 * SECOND).contains(&failed_for), "{}: {failed_for:?}", dead.name);
        }

        kinesis.faults().clear();
        scene.go_on(6 * MINUTE, 5 * SECOND).await;
        assert!(scene.all(DeliveryMode::FanOut), "{}: {:?}", dead.name, scene.modes());
        let causes = scene.changes();
        assert_eq!(causes[2..], vec![(DeliveryMode::FanOut, ChangeCause::FanOutWorks); 2]);
        scene.check(dead.name).await;
        let polls = calls_of(&kinesis, Operation::GetRecords);
        scene.go_on(10 * MINUTE, 5 * SECOND).await;
        assert_eq!(calls_of(&kinesis, Operation::GetRecords), polls, "{}", dead.name);
        scene.check(dead.name).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_less_than_a_minute_is_not_polled_for() {
    for dead in deaths() {
        let kinesis = kinesis(obliging(), 2);
        let mut scene = Scene::start(&kinesis, falling_back(&kinesis)).await;
        scene.go_on(MINUTE, 5 * SECOND).await;
        dead.begin(&kinesis);
        scene.go_on(25 * SECOND, 5 * SECOND).await;
        kinesis.faults().clear();
        scene.go_on(5 * MINUTE, 5 * SECOND).await;
        scene.check(dead.name).await;
        assert_eq!(scene.changes(), [], "{}", dead.name);
        assert_eq!(calls_of(&kinesis, Operation::GetShardIterator), 0, "{}", dead.name);
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_shard_falls_back_and_returns_whether_its_last_record_is_long_ago_or_never_was() {
    for dead in deaths() {
        for put_before in [false, true] {
            let kinesis = kinesis(obliging(), 1);
            let mut scene = Scene::start(&kinesis, falling_back(&kinesis)).await;
            if put_before {
                scene.put();
            }
            scene.read_for(HOUR).await;
            dead.begin(&kinesis);
            scene.read_for(3 * MINUTE).await;
            assert!(scene.all(DeliveryMode::Polling), "{}", dead.name);
            scene.put();
            scene.read_for(5 * SECOND).await;
            assert_eq!(scene.taken(), if put_before { 10 } else { 5 }, "{}: polled at once", dead.name);
            scene.read_for(HOUR / 3).await;
            kinesis.faults().clear();
            scene.read_for(6 * MINUTE).await;
            assert!(scene.all(DeliveryMode::FanOut), "{}", dead.name);
            scene.put();
            scene.check(dead.name).await;
            assert_eq!(scene.changes().len(), 2, "{}", dead.name);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_no_waiting_mends_is_polled_for_at_once_and_tried_again_every_five_minutes() {
    for (name, fault, class) in [
        ("denied", Fault::access_denied(Operation::SubscribeToShard), FailureClass::AccessDenied),
        ("unknown", Fault::unknown_operation(Operation::SubscribeToShard), FailureClass::Unsupported),
    ] {
        let kinesis = kinesis(obliging(), 3);
        kinesis.faults().inject(fault.clone());
        let mut scene = Scene::start(&kinesis, falling_back(&kinesis)).await;
        scene.put();
        scene.read_for(SECOND / 2).await;
        assert_eq!(scene.taken(), 5, "{name}: at once");
        assert!(scene.all(DeliveryMode::Polling), "{name}");
        for (_, cause) in scene.changes() {
            let ChangeCause::FanOutDenied(failure) = cause else { panic!("{name}: {cause:?}") };
            assert_eq!(failure.class, class);
        }
        scene.go_on(HOUR, 10 * SECOND).await;
        let calls = subscribes(&kinesis).len();
        assert!((11..=14).contains(&calls), "{name}: {calls} calls in an hour");
        kinesis.faults().clear();
        scene.go_on(6 * MINUTE, 10 * SECOND).await;
        assert!(scene.all(DeliveryMode::FanOut), "{name}");
        // Withdrawn again while it serves.
        kinesis.faults().inject(fault);
        kinesis.faults().interrupt(None, &StreamFault::End);
        scene.go_on(5 * SECOND, SECOND).await;
        assert!(scene.all(DeliveryMode::Polling), "{name}");
        scene.check(name).await;
    }
}

#[tokio::test(start_paused = true)]
async fn where_polling_is_denied_fan_out_is_tried_on_and_serves_when_it_is_back() {
    for operation in [Operation::GetShardIterator, Operation::GetRecords] {
        for dead in deaths() {
            let kinesis = kinesis(obliging(), 2);
            let mut scene = Scene::start(&kinesis, falling_back(&kinesis)).await;
            scene.go_on(MINUTE, 5 * SECOND).await;
            kinesis.faults().inject(Fault::access_denied(operation));
            dead.begin(&kinesis);
            scene.go_on(20 * MINUTE, 5 * SECOND).await;
            let changes = scene.changes();
            let denied = changes.iter().filter(|(_, cause)| matches!(cause, ChangeCause::PollingDenied(_)));
            let denied = denied.count();
            assert!((2..=12).contains(&denied), "{}: {denied} times", dead.name);
            assert_eq!(changes.len(), 2 * denied, "{}", dead.name);
            assert!(scene.all(DeliveryMode::FanOut), "{}", dead.name);
            kinesis.faults().clear();
            kinesis.faults().inject(Fault::access_denied(operation));
            scene.go_on(2 * MINUTE, 5 * SECOND).await;
            scene.check(dead.name).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn where_both_are_denied_it_is_a_typed_error() {
    for operation in [Operation::GetShardIterator, Operation::GetRecords] {
        for probe_every in [SECOND, 30 * SECOND, 5 * MINUTE, Duration::MAX] {
            let kinesis = kinesis(obliging(), 2);
            kinesis.faults().inject(Fault::access_denied(operation));
            kinesis.faults().inject(Fault::access_denied(Operation::SubscribeToShard));
            let fallback = Fallback::Polling { after: MINUTE, probe_every };
            let mut records = falling_back(&kinesis).fallback(fallback).build().await.unwrap().into_stream();
            let began = kinesis.now();
            let (taken, error) = take_to_error(&mut records).await;
            assert!(taken.is_empty());
            assert_eq!(error.kind(), ErrorKind::AccessDenied, "{error}");
            let waited = kinesis.now().duration_since(began).unwrap();
            assert!((MINUTE..4 * MINUTE).contains(&waited), "{probe_every:?}: {waited:?}");
        }
    }
}

/// Decision 7: two users of one registered consumer show as contention, for ever, and are never hidden by polling.
#[tokio::test(start_paused = true)]
async fn decision_07_contention_never_falls_back() {
    for refusal in [RefusalForm::Http400, RefusalForm::Http500, RefusalForm::InStream] {
        let settings = kinesis_fanout::emulator::Settings { refusal, ..Default::default() };
        let kinesis = kinesis(settings, 2);
        let mut first = Scene::start(&kinesis, falling_back(&kinesis).seed(1)).await;
        pass(3 * SECOND).await;
        let mut second = Scene::start(&kinesis, falling_back(&kinesis).seed(2)).await;
        for _ in 0..360 {
            put(&kinesis, ["record".to_owned()]);
            tokio::join!(first.read_for(10 * SECOND), second.read_for(10 * SECOND));
        }
        for scene in [&mut first, &mut second] {
            let contended = |event: &&ConsumerEvent| matches!(event, ConsumerEvent::Contended { .. });
            assert!(scene.seen().iter().filter(contended).count() > 20);
            assert_eq!(scene.changes(), []);
        }
        assert_eq!(calls_of(&kinesis, Operation::GetShardIterator), 0);
    }
}

/// The service is there and refuses, since another holds the subscription, for an hour.
#[tokio::test(start_paused = true)]
async fn decision_07_a_subscription_that_is_in_use_for_an_hour_never_falls_back() {
    for in_stream in [false, true] {
        let kinesis = kinesis(obliging(), 2);
        let mut scene = Scene::start(&kinesis, falling_back(&kinesis)).await;
        scene.go_on(MINUTE, 5 * SECOND).await;
        let code = "ResourceInUseException";
        let in_use = ServiceError::new(code, "in use", 400);
        kinesis.faults().inject(match in_stream {
            true => Fault::in_stream(0, StreamFault::Exception(in_use)),
            false => Fault::refuse(Operation::SubscribeToShard, code, "in use", 400),
        });
        kinesis.faults().interrupt(None, &StreamFault::End);
        scene.go_on(HOUR, MINUTE).await;
        assert_eq!(scene.changes(), []);
        kinesis.faults().clear();
        scene.check("in use").await;
        let in_use = |event: &&ConsumerEvent| {
            matches!(event, ConsumerEvent::SubscriptionEnded { cause: EndCause::InUse, .. })
        };
        assert!(scene.seen().iter().filter(in_use).count() > 1_000);
    }
}

#[tokio::test(start_paused = true)]
async fn a_consumer_that_falls_back_shares_its_shard_with_one_who_uses_all_five_calls_a_second() {
    for dead in deaths().into_iter().step_by(3) {
        let kinesis = kinesis(obliging(), 1);
        let mut scene = Scene::start(&kinesis, falling_back(&kinesis)).await;
        scene.go_on(MINUTE, 5 * SECOND).await;
        poll_along(&kinesis, HOUR);
        dead.begin(&kinesis);
        scene.go_on(20 * MINUTE, 5 * SECOND).await;
        assert!(scene.all(DeliveryMode::Polling), "{}", dead.name);
        kinesis.faults().clear();
        scene.go_on(6 * MINUTE, 5 * SECOND).await;
        assert!(scene.all(DeliveryMode::FanOut), "{}", dead.name);
        scene.check(dead.name).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_while_probing_ends_at_once_and_leaves_nothing() {
    for dead in deaths() {
        let kinesis = kinesis(obliging(), 3);
        dead.begin(&kinesis);
        let fallback = Fallback::Polling { after: 10 * SECOND, probe_every: 20 * SECOND };
        let mut scene = Scene::start(&kinesis, falling_back(&kinesis).fallback(fallback)).await;
        scene.go_on(3 * MINUTE, 5 * SECOND).await;
        let calls = subscribes(&kinesis).len();
        while subscribes(&kinesis).len() == calls {
            scene.read_for(SECOND / 10).await;
        }
        let began = kinesis.now();
        scene.handle.shutdown().await.unwrap();
        assert_eq!(kinesis.now(), began, "{}", dead.name);
        let calls = kinesis.statistics().calls;
        pass(HOUR).await;
        assert_eq!(kinesis.statistics().calls, calls, "{}", dead.name);
        assert_eq!(kinesis.statistics().open_subscriptions, 0);
        assert!(scene.handle.lag().is_empty());
        assert!(!changes(scene.seen()).is_empty());
    }
}
