//! Fan-out that is not to be had over the wire, and polling over the SDK for as long: no record lost, doubled or out of order.

use std::time::Duration;

use h2::Reason;
use kinesis_fanout::consumer::{
    ChangeCause, ConsumerBuilder, ConsumerEvent, DeliveryMode, Events, FailureClass,
};
use kinesis_fanout::emulator::{Fault, Operation, StreamFault};
use kinesis_fanout::kpl::Aggregator;
use kinesis_fanout::{ConsumerHandle, RecordStream};

use crate::server::Break;
use crate::world::*;

const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

/// A consumer whose every call goes over the SDK, and all that was put and came.
struct Scene<'a> {
    world: &'a World,
    handle: ConsumerHandle,
    events: Events,
    changes: Vec<(DeliveryMode, ChangeCause)>,
    records: RecordStream,
    put: Vec<String>,
    taken: Vec<String>,
}

impl<'a> Scene<'a> {
    async fn start(world: &'a World, builder: ConsumerBuilder) -> Self {
        let consumer = builder.build().await.unwrap();
        let handle = consumer.handle();
        let (events, records) = (handle.events(), consumer.into_stream());
        Self { world, handle, events, changes: Vec::new(), records, put: Vec::new(), taken: Vec::new() }
    }

    /// Puts a record and an aggregate of three, and reads for ten seconds; again and again for this long.
    async fn go_on(&mut self, time: Duration) {
        for _ in 0..time.as_secs() / 10 {
            let texts: Vec<String> = (0..4).map(|n| format!("{}-{n}", self.put.len())).collect();
            self.world.put(&texts[0]);
            let mut aggregator = Aggregator::new();
            for text in &texts[1..] {
                aggregator.add("user", None, text.clone()).unwrap();
            }
            let data = aggregator.finish().unwrap().data;
            self.world.kinesis.put_record(STREAM, "key", Some("0"), data).unwrap();
            self.put.extend(texts);
            self.taken.extend(take_for(&mut self.records, 10 * SECOND).await);
        }
    }

    async fn check(&mut self, what: &str) {
        self.taken.extend(take_for(&mut self.records, 30 * SECOND).await);
        assert_eq!(self.taken.len(), self.put.len(), "{what}");
        assert!(self.taken == self.put, "{what}: out of order");
    }

    fn changes(&mut self) -> &[(DeliveryMode, ChangeCause)] {
        for event in so_far(&mut self.events) {
            if let ConsumerEvent::DeliveryChanged { to, cause, .. } = event {
                self.changes.push((to, cause));
            }
        }
        &self.changes
    }

    fn all(&self, mode: DeliveryMode) -> bool {
        let lag = self.handle.lag();
        !lag.is_empty() && lag.iter().all(|shard| shard.delivery == mode)
    }

    /// An hour without fan-out, and the way back, polled every 20 s.
    async fn an_hour_and_back(&mut self, what: &str, begin: impl Fn(&World)) {
        self.go_on(2 * MINUTE).await;
        assert!(self.all(DeliveryMode::FanOut), "{what}");
        begin(self.world);
        self.go_on(3 * MINUTE).await;
        assert!(self.all(DeliveryMode::Polling), "{what}: {:?}", self.changes());
        self.world.kinesis.split_shard_in_half(STREAM, "shardId-000000000000").unwrap();
        self.go_on(57 * MINUTE).await;
        assert!(self.all(DeliveryMode::Polling), "{what}: {:?}", self.changes());
        self.world.server.mend();
        self.world.kinesis.faults().clear();
        self.go_on(7 * MINUTE).await;
        assert!(self.all(DeliveryMode::FanOut), "{what}: {:?}", self.changes());
        self.check(what).await;
        let polls = self.polls();
        self.go_on(6 * MINUTE).await;
        assert_eq!(self.polls(), polls, "{what}: nothing is polled any more");
        self.check(what).await;
    }

    fn polls(&self) -> u64 {
        self.world.kinesis.statistics().calls_of(Operation::GetRecords)
    }
}

fn subscribing(code: &str) -> Fault {
    Fault::refuse(Operation::SubscribeToShard, code, "on order", 400)
}

#[tokio::test(start_paused = true)]
async fn subscriptions_that_are_reset_for_an_hour_are_polled_for() {
    for how in [
        Break::Reset(Reason::INTERNAL_ERROR),
        Break::Reset(Reason::REFUSED_STREAM),
        Break::ResetInFrame(Reason::CANCEL, 50),
        Break::EndInFrame(13),
        Break::Flip(-1),
    ] {
        let world = World::new(1);
        let mut scene = Scene::start(&world, world.over_the_sdk().poll_interval(20 * SECOND)).await;
        scene.an_hour_and_back(&format!("{how:?}"), |world| world.server.break_always(how)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn subscriptions_that_are_silent_refused_or_unanswered_for_an_hour_are_polled_for() {
    let silence = || StreamFault::Silence(None);
    for (what, fault, interrupt) in [
        ("silent", Fault::in_stream(0, silence()), silence()),
        ("refused", subscribing("InternalFailureException"), StreamFault::End),
        ("throttled", subscribing("LimitExceededException"), StreamFault::End),
        ("unanswered", Fault::silent(Operation::SubscribeToShard, None), silence()),
    ] {
        let world = World::new(1);
        let mut scene = Scene::start(&world, world.over_the_sdk().poll_interval(20 * SECOND)).await;
        let begin = |world: &World| {
            world.kinesis.faults().inject(fault.clone());
            world.kinesis.faults().interrupt(None, &interrupt);
        };
        scene.an_hour_and_back(what, begin).await;
    }
}

/// A server without fan-out, and a policy that does not have it: both are told at once.
#[tokio::test(start_paused = true)]
async fn without_subscribe_to_shard_or_the_permission_it_is_polled_at_once() {
    for (fault, class) in [
        (Fault::unknown_operation(Operation::SubscribeToShard), FailureClass::Unsupported),
        (Fault::access_denied(Operation::SubscribeToShard), FailureClass::AccessDenied),
    ] {
        let world = World::new(3);
        world.kinesis.faults().inject(fault);
        world.put("first");
        let mut scene = Scene::start(&world, world.over_the_sdk()).await;
        assert_eq!(take_for(&mut scene.records, SECOND / 2).await, ["first"], "{class:?}: at once");
        scene.go_on(12 * MINUTE).await;
        scene.check(&format!("{class:?}")).await;
        assert!(scene.all(DeliveryMode::Polling));
        let calls = world.calls();
        assert!((2..=4).contains(&calls), "{class:?}: {calls} calls for a shard");
        let changes = scene.changes();
        assert_eq!(changes.len(), 3);
        let denied =
            |cause: &ChangeCause| matches!(cause, ChangeCause::FanOutDenied(why) if why.class == class);
        assert!(changes.iter().all(|(_, cause)| denied(cause)), "{changes:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_permission_to_register_it_is_polled_until_there_is_one() {
    let world = World::new(3);
    for operation in [Operation::RegisterStreamConsumer, Operation::DescribeStreamConsumer] {
        world.kinesis.faults().inject(Fault::access_denied(operation));
    }
    let mut scene = Scene::start(&world, world.over_the_sdk()).await;
    scene.go_on(12 * MINUTE).await;
    assert!(scene.all(DeliveryMode::Polling));
    assert_eq!(world.all_calls(), 0);
    world.kinesis.faults().clear();
    scene.go_on(6 * MINUTE).await;
    assert!(scene.all(DeliveryMode::FanOut), "{:?}", scene.changes());
    scene.check("registration").await;
}

/// Polling alone over the SDK, with a reshard on the way.
#[tokio::test(start_paused = true)]
async fn polling_alone_goes_over_the_users_client() {
    let world = World::new(2);
    let mut scene = Scene::start(&world, world.over_the_sdk().polling()).await;
    scene.go_on(5 * MINUTE).await;
    world.kinesis.split_shard_in_half(STREAM, "shardId-000000000000").unwrap();
    scene.go_on(5 * MINUTE).await;
    scene.check("polling").await;
    assert_eq!((world.all_calls(), world.server.connections()), (0, 0));
    let registered = world.kinesis.statistics().calls_of(Operation::RegisterStreamConsumer);
    assert_eq!(registered, 0);
}
