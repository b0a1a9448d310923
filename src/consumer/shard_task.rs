use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc;

use super::ConsumerEvent;
use super::budget::{Budget, Room};
use super::delivery::{Delivery, Progress, Token};
use super::event_log::EventLog;
use super::fan_out::{self, FanOut, Step};
use super::lag::{LagEntry, Lags};
use super::merge::LaneId;
use super::polled::{self, PollSlots, Polled};
use super::rate::SubscribeRate;
use super::rooms::Rooms;
use super::unpack::{OnMalformed, Unpacked};
use crate::engine::reader::{Command, DeliveryMode, Event, Input, Reader};
use crate::engine::subscription::EndCause;
use crate::engine::{CheckCause, Output, ShardFailure, ShardStatus};
use crate::kinesis::{KinesisPort, PortError};
use crate::model::{ChildShard, RecordPosition, Records, ShardId};

/// The task of one shard: drives its reader against the port, finds room for what it brings in the memory budget and sends it
/// to the record stream. It decides nothing itself.
pub(super) struct ShardTask {
    setup: ShardSetup,
    machine: Reader,
    orders: mpsc::UnboundedReceiver<Order>,
    fan_out: FanOut,
    polled: Polled,
    progress: Arc<Progress>,
    last_error: Option<PortError>,
    _lag: LagEntry,
}

/// What a shard task works with.
pub(super) struct ShardSetup {
    pub(super) lane: LaneId,
    pub(super) stream: Arc<str>,
    pub(super) stream_arn: Arc<str>,
    pub(super) shard_id: ShardId,
    pub(super) port: KinesisPort,
    pub(super) rate: SubscribeRate,
    pub(super) poll_slots: PollSlots,
    pub(super) budget: Budget,
    pub(super) on_malformed: OnMalformed,
    pub(super) log: EventLog,
    pub(super) lags: Lags,
    pub(super) deliveries: mpsc::UnboundedSender<Delivery>,
    pub(super) reports: mpsc::UnboundedSender<Report>,
}

/// What a shard task tells the coordinator.
#[derive(Debug)]
pub(super) enum Report {
    /// Somebody has to look at the list of shards.
    Check { shard_id: ShardId, by: DeliveryMode, cause: CheckCause },
    /// All records of the shard have been handed over.
    HandedOver { shard_id: ShardId, mode: DeliveryMode, children: Vec<ChildShard> },
    /// The shard cannot be read any further.
    Failed { shard_id: ShardId, failure: ShardFailure, error: Option<PortError> },
}

/// What the coordinator tells a shard task.
#[derive(Debug, Clone)]
pub(super) enum Order {
    /// The answer to `Report::Check`.
    Checked(ShardStatus),
    /// The registered consumer is ACTIVE, under this ARN.
    ConsumerActive(String),
    /// There is no registered consumer to subscribe with.
    ConsumerUnavailable,
    /// Read no more; what has been read is still delivered.
    Stop,
}

/// What a shard task waits for.
enum Happening {
    Order(Option<Order>),
    FanOut(fan_out::Happened),
    Polled(polled::Happened),
    Due,
}

/// How the machine stands after its outputs have been carried out.
enum Standing {
    /// Something is under way; the next timeout, if one is due.
    Waiting(Option<Instant>),
    /// The shard has ended and all its events are on their way.
    Ended(Vec<ChildShard>),
    /// There is nothing more to read.
    Over,
}

impl ShardTask {
    pub(super) fn new(setup: ShardSetup, machine: Reader, orders: mpsc::UnboundedReceiver<Order>) -> Self {
        let progress = Arc::default();
        let (port, shard_id) = (setup.port.clone(), setup.shard_id.clone());
        let rooms = || Rooms::new(setup.budget.clone());
        Self {
            fan_out: FanOut::new(port.clone(), setup.rate.clone(), shard_id.clone(), rooms()),
            polled: Polled::new(
                port,
                setup.poll_slots.clone(),
                Arc::clone(&setup.stream_arn),
                shard_id,
                rooms(),
            ),
            _lag: setup.lags.enter(&setup.shard_id, &progress),
            setup,
            machine,
            orders,
            progress,
            last_error: None,
        }
    }

    /// Runs until the shard has been handed over to its end, or is not wanted any more.
    pub(super) async fn run(mut self) {
        loop {
            let due = match self.carry_out() {
                Standing::Waiting(due) => due,
                Standing::Ended(children) => return self.see_handed_over(children).await,
                Standing::Over => return self.deliver_rest().await,
            };
            let happening = self.next_happening(due).await;
            if let Some(input) = self.input(happening) {
                self.machine.handle(input, super::now());
            }
        }
    }

    /// Drains the machine's outputs.
    fn carry_out(&mut self) -> Standing {
        let mut ended = None;
        loop {
            match self.machine.poll_output() {
                Output::Command(command) => self.obey(command),
                Output::Event(Event::ShardEnded { children }) => ended = Some(children),
                Output::Event(Event::Failed(failure)) => {
                    let (shard_id, error) = (self.setup.shard_id.clone(), self.last_error.take());
                    self.report(Report::Failed { shard_id, failure, error });
                }
                Output::Event(event) => self.tell(event),
                Output::Timeout(due) => {
                    return match ended {
                        Some(children) => Standing::Ended(children),
                        None if self.machine.is_over() => Standing::Over,
                        None => Standing::Waiting(due.map(|(at, _)| at)),
                    };
                }
            }
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Begin(DeliveryMode::FanOut) => self.fan_out.rooms.begin(),
            Command::Begin(DeliveryMode::Polling) => {
                self.progress.set_mode(DeliveryMode::Polling);
                self.polled.rooms.begin();
            }
            Command::End(DeliveryMode::FanOut) => self.fan_out.end(),
            Command::End(DeliveryMode::Polling) => self.polled.end(),
            Command::FanOut(command) => self.fan_out.obey(command),
            Command::Polling(command) => self.polled.obey(command),
            Command::Check { by, cause } => {
                self.report(Report::Check { shard_id: self.setup.shard_id.clone(), by, cause })
            }
        }
    }

    fn tell(&mut self, event: Event) {
        let shard_id = self.setup.shard_id.clone();
        let event = match event {
            Event::Deliver { mode, records, millis_behind_latest, skip_through } => {
                return self.take_in(mode, records, millis_behind_latest, skip_through);
            }
            Event::Established { renewal: false } => ConsumerEvent::Subscribed { shard_id },
            Event::Established { renewal: true } => ConsumerEvent::Renewed { shard_id },
            Event::SubscriptionEnded { cause: EndCause::Silent(after), .. } => {
                ConsumerEvent::Silent { shard_id, after }
            }
            Event::SubscriptionEnded { cause: EndCause::Blocked(after), .. } => {
                ConsumerEvent::Blocked { shard_id, after }
            }
            Event::SubscriptionEnded { cause: EndCause::Contended, retry_in } => {
                ConsumerEvent::Contended { shard_id, retry_in: retry_in.unwrap_or_default() }
            }
            Event::SubscriptionEnded { cause, retry_in } => {
                ConsumerEvent::SubscriptionEnded { shard_id, cause, retry_in }
            }
            Event::Throttled { retry_in } => ConsumerEvent::Throttled { shard_id, retry_in },
            Event::IteratorExpired => ConsumerEvent::IteratorExpired { shard_id },
            Event::PollFailed { failure, retry_in } => {
                ConsumerEvent::PollFailed { shard_id, failure, retry_in }
            }
            Event::DeliveryChanged { from, to, cause } => {
                self.progress.set_mode(to);
                ConsumerEvent::DeliveryChanged { shard_id, from, to, cause }
            }
            Event::ProbeFailed { cause, next_in } => ConsumerEvent::ProbeFailed { shard_id, cause, next_in },
            // Both are taken out by `carry_out`.
            Event::ShardEnded { .. } | Event::Failed(_) => return,
        };
        self.setup.log.push(event);
    }

    /// Unpacks records and queues for their room.
    fn take_in(
        &mut self,
        mode: DeliveryMode,
        records: Records,
        millis_behind_latest: u64,
        skip_through: Option<RecordPosition>,
    ) {
        self.progress.came();
        let weight = records.weight();
        let setup = &self.setup;
        let (unpacked, malformed) = Unpacked::new(
            Arc::clone(&setup.stream),
            setup.shard_id.clone(),
            records,
            millis_behind_latest,
            skip_through,
            setup.on_malformed,
        );
        for (sequence_number, reason) in malformed {
            let shard_id = setup.shard_id.clone();
            setup.log.push(ConsumerEvent::MalformedAggregate { shard_id, sequence_number, reason });
        }
        if unpacked.is_drained() {
            self.progress.passed_without_records(millis_behind_latest);
        }
        self.rooms(mode).take_in(unpacked, weight);
    }

    async fn next_happening(&mut self, due: Option<Instant>) -> Happening {
        tokio::select! {
            biased;
            order = self.orders.recv() => Happening::Order(order),
            // Both before the timer: a process that slept finds both the data and the deadline.
            happened = self.fan_out.next() => Happening::FanOut(happened),
            happened = self.polled.next() => Happening::Polled(happened),
            () = passed(due) => Happening::Due,
        }
    }

    fn input(&mut self, happening: Happening) -> Option<Input> {
        Some(match happening {
            Happening::Order(Some(Order::Checked(status))) => Input::Checked(status),
            Happening::Order(Some(Order::ConsumerActive(consumer_arn))) => {
                Input::ConsumerActive { consumer_arn }
            }
            Happening::Order(Some(Order::ConsumerUnavailable)) => Input::ConsumerUnavailable,
            Happening::Order(Some(Order::Stop) | None) => Input::Shutdown,
            Happening::FanOut(happened) => {
                let step = self.fan_out.step(happened);
                Input::FanOut(self.take_step(step, crate::engine::subscription::Input::Demand)?)
            }
            Happening::Polled(happened) => {
                let step = self.polled.step(happened);
                Input::Polling(self.take_step(step, crate::engine::polling::Input::Demand)?)
            }
            Happening::Due => {
                // Before a deadline is judged: bytes without an event show that the subscription is alive.
                if let Some(received) = self.fan_out.received() {
                    self.machine.handle(Input::FanOut(received), super::now());
                }
                Input::Timeout
            }
        })
    }

    /// What a step tells the machine: `demand` once records have found room and are sent.
    fn take_step<T>(&mut self, step: Step<T>, demand: T) -> Option<T> {
        match step {
            Step::Told(input) => Some(input),
            Step::Failed(input, error) => {
                self.last_error = Some(error);
                Some(input)
            }
            Step::Stored(records, room) => {
                self.send(*records, room);
                Some(demand)
            }
            Step::Nothing => None,
        }
    }

    fn send(&self, event: Unpacked, room: Room) {
        let token = Token::new(room, event.millis_behind_latest(), &self.progress);
        // A stream that is gone has stopped the consumer already.
        let _ = self.setup.deliveries.send(Delivery { lane: self.setup.lane, event, token });
    }

    /// Delivers what still waits for room: it may be the last that can ever be read. A shutdown aborts the wait.
    async fn deliver_rest(mut self) {
        self.keep_records_only();
        for mode in [DeliveryMode::FanOut, DeliveryMode::Polling] {
            if self.rooms(mode).has_records() {
                let room = self.rooms(mode).granted().await;
                if let Some((records, room)) = self.rooms(mode).fill(room) {
                    self.send(*records, room);
                }
            }
        }
    }

    /// Waits until the user has been given the last record, and tells the coordinator.
    async fn see_handed_over(mut self, children: Vec<ChildShard>) {
        self.keep_records_only();
        tokio::select! {
            () = self.progress.all_handed_over() => {}
            () = stopped(&mut self.orders) => return,
        }
        let shard_id = self.setup.shard_id.clone();
        let child_ids = children.iter().map(|child| child.shard_id.clone()).collect();
        self.setup.log.push(ConsumerEvent::ShardEnded { shard_id: shard_id.clone(), children: child_ids });
        self.report(Report::HandedOver { shard_id, mode: self.progress.mode(), children });
    }

    /// Nothing more is read, so what is read may have all the room.
    fn keep_records_only(&mut self) {
        self.fan_out.rooms.keep_records_only();
        self.polled.rooms.keep_records_only();
    }

    fn rooms(&mut self, mode: DeliveryMode) -> &mut Rooms {
        match mode {
            DeliveryMode::FanOut => &mut self.fan_out.rooms,
            DeliveryMode::Polling => &mut self.polled.rooms,
        }
    }

    fn report(&self, report: Report) {
        // A coordinator that is gone has ended this task too.
        let _ = self.setup.reports.send(report);
    }
}

/// Ready when the task is to stop.
async fn stopped(orders: &mut mpsc::UnboundedReceiver<Order>) {
    while let Some(order) = orders.recv().await {
        if matches!(order, Order::Stop) {
            return;
        }
    }
}

/// Ready when the instant has come.
async fn passed(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}
