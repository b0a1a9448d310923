mod registering;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use self::registering::{FanOutState, registration};
use super::budget::Budget;
use super::builder::{Plan, Settings};
use super::call::{Answer, AnswerFuture, for_lineage, for_registration};
use super::delivery::Delivery;
use super::failure::{lineage_error, shard_error};
use super::merge::LaneId;
use super::polled::PollSlots;
use super::shard_task::{Order, Report, ShardSetup, ShardTask};
use super::shared::{Shared, Stage};
use super::start::{check_same_stream, describe_stream, pin_time};
use super::stream::RecordStream;
use super::{Consumer, ConsumerEvent, now};
use crate::engine::lineage::{self, Lineage, LineageStart, Page};
use crate::engine::reader::{DeliveryMode, Reader};
use crate::engine::registration::{self, Registration};
use crate::engine::{CheckCause, Output, Pin, ShardStart, ShardStatus};
use crate::error::{Error, ErrorKind};
use crate::kinesis::{KinesisPort, PortError};
use crate::model::{Failure, FailureClass, ShardId, StreamSummary};

/// The task at the centre of a consumer: drives the registration and lineage machines against the port, starts a task for
/// each shard that lineage lets go, and carries answers between them. It decides nothing itself.
pub(super) struct Coordinator {
    port: KinesisPort,
    settings: Settings,
    shared: Shared,
    stream: Arc<str>,
    stream_arn: Arc<str>,
    fan_out: FanOutState,
    /// `None`: the shards are polled, and nothing else.
    registration: Option<Registration>,
    lineage: Lineage,
    are_shards_known: bool,
    budget: Budget,
    poll_slots: PollSlots,
    calls: FuturesUnordered<AnswerFuture>,
    shards: BTreeMap<ShardId, ShardLink>,
    /// How the shard was delivered that was handed over last: its children begin that way.
    last_mode: DeliveryMode,
    /// Shards whose check found them listed, and that wait for what becomes of the registered consumer.
    suspecting: Vec<(ShardId, ShardStatus)>,
    tasks: JoinSet<()>,
    next_lane: LaneId,
    report_sender: mpsc::UnboundedSender<Report>,
    reports: mpsc::UnboundedReceiver<Report>,
    /// `None` once nothing more is to be read.
    deliveries: Option<mpsc::UnboundedSender<Delivery>>,
    last_error: Option<PortError>,
    is_registration_over: bool,
}

/// The coordinator's end of a shard task.
struct ShardLink {
    orders: mpsc::UnboundedSender<Order>,
    /// What the shard waits to be told.
    checks: Vec<(DeliveryMode, CheckCause)>,
}

impl Coordinator {
    /// Finds the stream, the registered consumer and the shards, then goes on in a task of its own.
    pub(super) async fn start(plan: Plan) -> Result<Consumer, Error> {
        let summary = describe_stream(&plan).await?;
        check_same_stream(&plan, &summary)?;
        let (deliveries, receiver) = mpsc::unbounded_channel();
        let mut coordinator = Self::new(plan, summary, deliveries);
        let shared = coordinator.shared.clone();
        coordinator.tell_registration(registration::Input::Start);
        coordinator.go_on_until(|it| it.registration.is_none() || it.fan_out != FanOutState::Unknown).await?;
        coordinator.lineage.handle(lineage::Input::Start, now());
        coordinator.go_on_until(|it| it.are_shards_known).await?;
        let guard = FinishGuard(shared.clone());
        tokio::spawn(async move {
            let _guard = guard;
            coordinator.run().await;
        });
        Ok(Consumer { records: RecordStream::new(receiver, shared.clone()), shared })
    }

    fn new(plan: Plan, summary: StreamSummary, deliveries: mpsc::UnboundedSender<Delivery>) -> Self {
        let settings = plan.settings;
        let pin = Pin::at(pin_time(&summary));
        let lineage = Lineage::new(LineageStart::resolve(&plan.start, pin), settings.seed)
            .with_discovery_interval(settings.discovery_interval);
        let registration =
            plan.consumer.map(|consumer| registration(&summary.stream_arn, consumer, &settings));
        let (report_sender, reports) = mpsc::unbounded_channel();
        Self {
            port: plan.port,
            budget: Budget::new(settings.memory_budget),
            shared: Shared::new(),
            stream: plan.stream.name().into(),
            stream_arn: summary.stream_arn.into(),
            fan_out: FanOutState::Unknown,
            registration,
            lineage,
            are_shards_known: false,
            poll_slots: PollSlots::default(),
            calls: FuturesUnordered::new(),
            shards: BTreeMap::new(),
            last_mode: DeliveryMode::FanOut,
            suspecting: Vec::new(),
            tasks: JoinSet::new(),
            next_lane: 0,
            report_sender,
            reports,
            deliveries: Some(deliveries),
            last_error: None,
            is_registration_over: false,
            settings,
        }
    }

    /// Works until `is_reached`, or an error.
    async fn go_on_until(&mut self, is_reached: fn(&Self) -> bool) -> Result<(), Error> {
        loop {
            let due = self.carry_out();
            if let Some(error) = self.shared.take_fatal() {
                return Err(error);
            }
            if is_reached(self) {
                return Ok(());
            }
            self.step(due).await;
        }
    }

    /// Works until the consumer is to end, and ends it.
    async fn run(mut self) {
        while self.shared.stage() == Stage::Running {
            let due = self.carry_out();
            let shared = self.shared.clone();
            tokio::select! {
                biased;
                () = shared.reached(Stage::Failing) => {}
                () = self.step(due) => {}
            }
        }
        self.deliver_rest().await;
        self.deregister().await;
    }

    /// After a failure: lets the shards deliver what they have read, for as long as the user takes it.
    async fn deliver_rest(&mut self) {
        self.deliveries = None;
        for link in self.shards.values() {
            link.order(Order::Stop);
        }
        let shared = self.shared.clone();
        tokio::select! {
            () = shared.reached(Stage::Stopping) => {}
            () = async { while self.tasks.join_next().await.is_some() {} } => {}
        }
        self.tasks.shutdown().await;
    }

    /// At the end: deletes the registered consumer, if that is wanted.
    async fn deregister(&mut self) {
        if self.registration.is_none() {
            return;
        }
        let deregister = self.settings.deregister;
        self.tell_registration(registration::Input::Shutdown { deregister });
        let finishing = async {
            loop {
                let due = self.carry_out();
                if self.is_registration_over {
                    return;
                }
                self.step(due).await;
            }
        };
        if tokio::time::timeout(SHUTDOWN_DEADLINE, finishing).await.is_err() {
            self.shared
                .leave(ErrorKind::Unavailable, "the registered consumer was not deleted in time".into());
        }
    }

    /// Waits for the next thing that happens, and tells the machines.
    async fn step(&mut self, due: Option<Instant>) {
        tokio::select! {
            Some(answer) = self.calls.next() => self.answered(answer),
            Some(report) = self.reports.recv() => self.reported(report),
            Some(ended) = self.tasks.join_next() => {
                if let Err(error) = ended && error.is_panic() {
                    self.shared.fail(Error::new(ErrorKind::Internal, "the task of a shard panicked").with_source(Some(error.into())));
                }
            }
            () = tokio::time::sleep_until(due.unwrap_or_else(|| now() + FAR_OFF).into()) => {
                self.tell_registration(registration::Input::Timeout);
                self.lineage.handle(lineage::Input::Timeout, now());
            }
        }
    }

    fn answered(&mut self, answer: Answer) {
        match answer {
            Answer::Described(call, result) => {
                let result = self.noted("DescribeStreamConsumer", result);
                self.tell_registration(registration::Input::Described { call, result });
            }
            Answer::Registered(call, result) => {
                let result = self.noted("RegisterStreamConsumer", result);
                self.tell_registration(registration::Input::Registered { call, result });
            }
            Answer::Deregistered(call, result) => {
                let result = self.noted("DeregisterStreamConsumer", result);
                self.tell_registration(registration::Input::Deregistered { call, result });
            }
            Answer::Listed(call, result) => {
                let result = self.noted("ListShards", result);
                let result = result.map(|page| Page { shards: page.shards, next_token: page.next_token });
                self.lineage.handle(lineage::Input::Listed { call, result }, now());
            }
        }
    }

    fn reported(&mut self, report: Report) {
        match report {
            Report::Check { shard_id, by, cause } => {
                if let Some(link) = self.shards.get_mut(&shard_id) {
                    link.checks.retain(|(asked_by, _)| *asked_by != by);
                    link.checks.push((by, cause));
                }
                self.lineage.handle(lineage::Input::Check { shard: shard_id }, now());
            }
            Report::HandedOver { shard_id, mode, children } => {
                self.last_mode = mode;
                self.shards.remove(&shard_id);
                self.lineage.handle(lineage::Input::HandedOver { shard: shard_id, children }, now());
            }
            Report::Failed { shard_id, failure, error } => {
                self.shared.fail(shard_error(failure, error).in_shard(shard_id));
            }
        }
    }

    /// Drains both machines, until neither has anything to say; gives the next instant that one of them waits for.
    fn carry_out(&mut self) -> Option<Instant> {
        loop {
            let registration_due = loop {
                match self.registration.as_mut().map(Registration::poll_output) {
                    Some(Output::Command(command)) => {
                        self.calls.push(for_registration(self.port.clone(), command));
                    }
                    Some(Output::Event(event)) => self.registration_event(event),
                    Some(Output::Timeout(due)) => break due.map(|(at, _)| at),
                    None => break None,
                }
            };
            // What lineage says can be an input of registration, so a lineage that spoke means another round.
            let mut has_spoken = false;
            let lineage_due = loop {
                match self.lineage.poll_output() {
                    Output::Command(command) => {
                        self.calls.push(for_lineage(self.port.clone(), self.stream_arn.to_string(), command))
                    }
                    Output::Event(event) => self.lineage_event(event),
                    Output::Timeout(due) => break due.map(|(at, _)| at),
                }
                has_spoken = true;
            };
            if !has_spoken {
                return [registration_due, lineage_due].into_iter().flatten().min();
            }
        }
    }

    fn lineage_event(&mut self, event: lineage::Event) {
        use lineage::Event;
        match event {
            Event::InitialShards { .. } => self.are_shards_known = true,
            Event::StartShard { shard, start, parents } => self.start_shard(shard, start, parents),
            Event::Checked { shard, status } => self.checked(shard, status),
            Event::Failed(failure) => self.shared.fail(lineage_error(failure, self.last_error.take())),
        }
    }

    fn start_shard(&mut self, shard_id: ShardId, start: ShardStart, parents: Vec<ShardId>) {
        let Some(deliveries) = self.deliveries.clone() else { return };
        let lane = self.next_lane;
        self.next_lane += 1;
        let seed = self.settings.seed.wrapping_add(lane);
        let config = self.settings.reader();
        let machine = match (&self.registration, &self.fan_out) {
            (None, _) => Reader::polling(config, start, seed, now()),
            (Some(_), FanOutState::Active(arn))
                if self.last_mode == DeliveryMode::Polling && !parents.is_empty() =>
            {
                Reader::fan_out_after_polling(config, Some(arn.clone()), start, seed, now())
            }
            (Some(_), FanOutState::Active(arn)) => {
                Reader::fan_out(config, Some(arn.clone()), start, seed, now())
            }
            (Some(_), FanOutState::Unknown | FanOutState::Unavailable) => {
                Reader::fan_out(config, None, start, seed, now())
            }
        };
        self.shared.log.push(ConsumerEvent::ShardStarted { shard_id: shard_id.clone(), parents });
        let setup = ShardSetup {
            lane,
            stream: Arc::clone(&self.stream),
            stream_arn: Arc::clone(&self.stream_arn),
            shard_id: shard_id.clone(),
            port: self.port.clone(),
            rate: self.settings.rate.clone(),
            poll_slots: self.poll_slots.clone(),
            budget: self.budget.clone(),
            on_malformed: self.settings.on_malformed,
            log: self.shared.log.clone(),
            lags: self.shared.lags.clone(),
            deliveries,
            reports: self.report_sender.clone(),
        };
        let (orders, receiver) = mpsc::unbounded_channel();
        self.tasks.spawn(ShardTask::new(setup, machine, receiver).run());
        self.shards.insert(shard_id, ShardLink { orders, checks: Vec::new() });
    }

    /// A shard that is listed, and that the service says it does not know: then it is the registered consumer that is gone.
    fn checked(&mut self, shard_id: ShardId, status: ShardStatus) {
        let Some(link) = self.shards.get_mut(&shard_id) else {
            return;
        };
        // Of a registered consumer that is being looked for nobody has to be suspicious.
        let is_listed = matches!(status, ShardStatus::Open | ShardStatus::Closed { .. })
            && self.fan_out != FanOutState::Unavailable;
        let (suspecting, others): (Vec<_>, Vec<_>) =
            link.checks.drain(..).partition(|check| is_listed && *check == ASKS_FOR_CONSUMER);
        if !others.is_empty() {
            link.order(Order::Checked(status.clone()));
        }
        if !suspecting.is_empty() {
            self.suspecting.push((shard_id, status));
            self.tell_registration(registration::Input::Suspected);
        }
    }

    /// Keeps the error of a failed call for the case that it is the last one, and tells of it. A consumer that is not there yet, or
    /// in use, is part of a start.
    fn noted<T>(&mut self, operation: &'static str, result: Result<T, PortError>) -> Result<T, Failure> {
        result.map_err(|error| {
            let failure = error.failure.clone();
            self.last_error = Some(error);
            if !matches!(failure.class, FailureClass::ResourceNotFound | FailureClass::ResourceInUse) {
                self.shared.log.push(ConsumerEvent::CallFailed { operation, failure: failure.clone() });
            }
            failure
        })
    }

    fn order(&self, shard_id: &ShardId, order: Order) {
        if let Some(link) = self.shards.get(shard_id) {
            link.order(order);
        }
    }
}

impl ShardLink {
    fn order(&self, order: Order) {
        // A task that has just ended needs no orders.
        let _ = self.orders.send(order);
    }
}

/// Says that the consumer has finished, however its task ends.
struct FinishGuard(Shared);

impl Drop for FinishGuard {
    fn drop(&mut self) {
        if std::thread::panicking() || self.0.stage() == Stage::Running {
            self.0.fail(Error::new(ErrorKind::Internal, "the consumer's coordinator ended before its time"));
        }
        self.0.advance(Stage::Finished);
    }
}

/// A subscription that the service knows nothing of: the shard is gone, or else the registered consumer.
const ASKS_FOR_CONSUMER: (DeliveryMode, CheckCause) = (DeliveryMode::FanOut, CheckCause::NotFound);
/// How long the end of a consumer may take.
const SHUTDOWN_DEADLINE: Duration = Duration::from_secs(30);
/// The sleep of a coordinator for which nothing is due.
const FAR_OFF: Duration = Duration::from_secs(3600);
