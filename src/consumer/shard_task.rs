use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt;
use tokio::sync::mpsc;

use super::ConsumerEvent;
use super::budget::{Budget, Room, RoomFuture};
use super::delivery::{Delivery, Progress, Token};
use super::event_log::EventLog;
use super::happening::{
    Answer, Boxed, Happening, ReadStep, RoomFor, answered, granted, passed, read, stopped,
};
use super::merge::LaneId;
use super::rate::SubscribeRate;
use super::unpack::{OnMalformed, Unpacked};
use crate::engine::subscription::{Command, EndCause, Event, Input, Subscription};
use crate::engine::{CallId, CheckCause, Output, ShardFailure, ShardStatus};
use crate::kinesis::{EventSource, KinesisPort, PortError, SubscribeToShard};
use crate::model::{ChildShard, RecordPosition, ShardId, StartingPosition, SubscriptionEvent};

/// The task of one shard: drives its subscription machine against the port, finds room for each event in the memory budget
/// and sends it to the record stream. It decides nothing itself.
pub(super) struct ShardTask {
    setup: ShardSetup,
    machine: Subscription,
    orders: mpsc::UnboundedReceiver<Order>,
    call: Option<(CallId, Boxed<Answer>)>,
    subscription: Option<(CallId, Box<dyn EventSource>)>,
    is_reading: bool,
    /// What waits for room.
    waiting: Option<(RoomFor, RoomFuture)>,
    /// The room for the event that is being read, where its size is known before.
    reserved: Option<Room>,
    /// The room that let a subscription be taken anew, for its first event: given back at once, it would let all in that wait.
    kept: Option<Room>,
    progress: Arc<Progress>,
    last_error: Option<PortError>,
}

/// What a shard task works with.
pub(super) struct ShardSetup {
    pub(super) lane: LaneId,
    pub(super) stream: Arc<str>,
    pub(super) shard_id: ShardId,
    pub(super) port: KinesisPort,
    pub(super) rate: SubscribeRate,
    pub(super) budget: Budget,
    pub(super) on_malformed: OnMalformed,
    pub(super) log: EventLog,
    pub(super) deliveries: mpsc::UnboundedSender<Delivery>,
    pub(super) reports: mpsc::UnboundedSender<Report>,
}

/// What a shard task tells the coordinator.
#[derive(Debug)]
pub(super) enum Report {
    /// Somebody has to look at the list of shards.
    Check { shard_id: ShardId, cause: CheckCause },
    /// All records of the shard have been handed over.
    HandedOver { shard_id: ShardId, children: Vec<ChildShard> },
    /// The shard cannot be read any further.
    Failed { shard_id: ShardId, failure: ShardFailure, error: Option<PortError> },
}

/// What the coordinator tells a shard task.
#[derive(Debug, Clone)]
pub(super) enum Order {
    /// The answer to `Report::Check`.
    Checked(ShardStatus),
    /// The registered consumer has another ARN.
    ConsumerMoved(String),
    /// Read no more; what has been read is still delivered.
    Stop,
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
    pub(super) fn new(
        setup: ShardSetup,
        machine: Subscription,
        orders: mpsc::UnboundedReceiver<Order>,
    ) -> Self {
        let waiting = Some((RoomFor::Subscription, setup.budget.acquire(ANY_ROOM)));
        Self {
            setup,
            machine,
            orders,
            call: None,
            subscription: None,
            is_reading: false,
            waiting,
            reserved: None,
            kept: None,
            progress: Arc::default(),
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
                self.machine.handle(input, now());
            }
        }
    }

    /// Drains the machine's outputs.
    fn carry_out(&mut self) -> Standing {
        let mut ended = None;
        let mut is_over = false;
        loop {
            match self.machine.poll_output() {
                Output::Command(command) => self.obey(command),
                Output::Event(Event::ShardEnded { children }) => ended = Some(children),
                Output::Event(Event::Failed(failure)) => {
                    is_over = true;
                    let (shard_id, error) = (self.setup.shard_id.clone(), self.last_error.take());
                    self.report(Report::Failed { shard_id, failure, error });
                }
                Output::Event(event) => self.tell(event),
                Output::Timeout(due) => {
                    return match ended {
                        Some(children) => Standing::Ended(children),
                        None if is_over || self.machine.is_over() => Standing::Over,
                        None => Standing::Waiting(due.map(|(at, _)| at)),
                    };
                }
            }
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Subscribe { call, consumer_arn, starting_position } => {
                self.call = Some((call, self.subscribe(consumer_arn, starting_position)));
            }
            Command::Read { call } => {
                self.is_reading = self.subscription.as_ref().is_some_and(|(id, _)| *id == call)
            }
            Command::Close { call } => {
                self.call.take_if(|(id, _)| *id == call);
                self.subscription.take_if(|(id, _)| *id == call);
                self.is_reading = false;
                self.give_back();
                if let Some((RoomFor::NextEvent(bytes), _)) = self.waiting {
                    self.wait_for_subscription(bytes);
                }
            }
            Command::Withdraw => {
                if let Some((RoomFor::Event(_, bytes), _)) = self.waiting {
                    self.wait_for_subscription(bytes);
                }
            }
            Command::Check(cause) => {
                self.report(Report::Check { shard_id: self.setup.shard_id.clone(), cause })
            }
        }
    }

    fn subscribe(&self, consumer_arn: String, starting_position: StartingPosition) -> Boxed<Answer> {
        let (port, rate) = (self.setup.port.clone(), self.setup.rate.clone());
        let request =
            SubscribeToShard { consumer_arn, shard_id: self.setup.shard_id.clone(), starting_position };
        Box::pin(async move {
            rate.turn().await;
            let sent_at = now();
            (sent_at, port.subscribe_to_shard(request).await)
        })
    }

    fn tell(&mut self, event: Event) {
        let shard_id = self.setup.shard_id.clone();
        let event = match event {
            Event::Deliver { event, skip_through } => return self.take_in(event, skip_through),
            Event::Established { renewal: false } => ConsumerEvent::Subscribed { shard_id },
            Event::Established { renewal: true } => ConsumerEvent::Renewed { shard_id },
            Event::Ended { cause: EndCause::Silent(after), .. } => ConsumerEvent::Silent { shard_id, after },
            Event::Ended { cause: EndCause::Blocked(after), .. } => {
                ConsumerEvent::Blocked { shard_id, after }
            }
            Event::Ended { cause: EndCause::Contended, retry_in } => {
                ConsumerEvent::Contended { shard_id, retry_in: retry_in.unwrap_or_default() }
            }
            Event::Ended { cause, retry_in } => {
                ConsumerEvent::SubscriptionEnded { shard_id, cause, retry_in }
            }
            // Both are taken out by `carry_out`.
            Event::ShardEnded { .. } | Event::Failed(_) => return,
        };
        self.setup.log.push(event);
    }

    /// Unpacks an event and queues for its room. One without a record for the user needs none.
    fn take_in(&mut self, event: SubscriptionEvent, skip_through: Option<RecordPosition>) {
        let weight = event.weight();
        let setup = &self.setup;
        let (unpacked, malformed) = Unpacked::new(
            Arc::clone(&setup.stream),
            setup.shard_id.clone(),
            event,
            skip_through,
            setup.on_malformed,
        );
        for (sequence_number, reason) in malformed {
            let shard_id = setup.shard_id.clone();
            setup.log.push(ConsumerEvent::MalformedAggregate { shard_id, sequence_number, reason });
        }
        let budget = &self.setup.budget;
        let kept = self.kept.take().and_then(|room| budget.fit(room, weight));
        let reserved = self.reserved.take().or(kept);
        self.waiting = Some(match reserved {
            _ if unpacked.is_drained() => (RoomFor::Nothing, Budget::no_room()),
            Some(room) => (RoomFor::Event(Box::new(unpacked), weight), Budget::room_at_hand(room)),
            None => (RoomFor::Event(Box::new(unpacked), weight), budget.acquire(weight)),
        });
    }

    /// Waits until an event that found no room could find it: with less, its subscription would be taken anew for nothing.
    fn wait_for_subscription(&mut self, bytes: usize) {
        self.waiting = Some((RoomFor::Subscription, self.setup.budget.acquire(bytes)));
    }

    async fn next_happening(&mut self, due: Option<Instant>) -> Happening {
        let (call, subscription, is_reading) = (&mut self.call, &mut self.subscription, self.is_reading);
        let is_size_known = self.reserved.is_some();
        tokio::select! {
            biased;
            order = self.orders.recv() => Happening::Order(order),
            (call, answer) = answered(call) => Happening::Called(call, answer),
            room = granted(&mut self.waiting) => Happening::Room(room),
            // Before the timer: a process that slept finds both the data and the deadline.
            (call, read) = read(subscription, is_size_known), if is_reading => Happening::Read(call, read),
            () = passed(due) => Happening::Due,
        }
    }

    fn input(&mut self, happening: Happening) -> Option<Input> {
        Some(match happening {
            Happening::Order(Some(Order::Checked(status))) => Input::Checked(status),
            Happening::Order(Some(Order::ConsumerMoved(consumer_arn))) => {
                Input::ConsumerMoved { consumer_arn }
            }
            Happening::Order(Some(Order::Stop) | None) => Input::Shutdown,
            Happening::Called(call, (sent_at, answer)) => self.called(call, sent_at, answer),
            Happening::Read(call, ReadStep::Size(bytes)) => return self.reserve(call, bytes),
            Happening::Read(call, ReadStep::Event(event)) => self.read(call, event),
            Happening::Room(room) => {
                self.use_room(room);
                Input::Demand
            }
            Happening::Due => {
                self.tell_received();
                Input::Timeout
            }
        })
    }

    /// Before a deadline is judged: bytes without an event show that the subscription is alive.
    fn tell_received(&mut self) {
        if let Some((call, source)) = &self.subscription
            && let Some(at) = source.last_received()
        {
            self.machine.handle(Input::Received { call: *call, at }, now());
        }
    }

    /// Gives back the room of an event that does not come.
    fn give_back(&mut self) {
        self.reserved = None;
        self.kept = None;
    }

    fn called(
        &mut self,
        call: CallId,
        sent_at: Instant,
        answer: Result<Box<dyn EventSource>, PortError>,
    ) -> Input {
        self.call = None;
        match answer {
            Ok(source) => {
                self.subscription = Some((call, source));
                Input::Subscribed { call, sent_at }
            }
            Err(error) => {
                self.give_back();
                Input::Refused { call, sent_at, failure: self.keep(error) }
            }
        }
    }

    fn read(&mut self, call: CallId, read: Result<Option<SubscriptionEvent>, PortError>) -> Input {
        self.is_reading = false;
        match read {
            Ok(Some(event)) => Input::Event { call, event },
            Ok(None) => {
                self.subscription = None;
                self.give_back();
                Input::Ended { call }
            }
            Err(error) => {
                self.subscription = None;
                self.give_back();
                Input::Failed { call, failure: self.keep(error) }
            }
        }
    }

    fn keep(&mut self, error: PortError) -> crate::model::Failure {
        let failure = error.failure.clone();
        self.last_error = Some(error);
        failure
    }

    /// Makes room for an event before it is read.
    fn reserve(&mut self, call: CallId, bytes: usize) -> Option<Input> {
        let kept = self.kept.take().and_then(|room| self.setup.budget.fit(room, bytes));
        let mut room = match kept {
            Some(room) => Budget::room_at_hand(room),
            None => self.setup.budget.acquire(bytes),
        };
        match (&mut room).now_or_never() {
            Some(room) => {
                self.reserved = Some(room);
                None
            }
            None => {
                self.is_reading = false;
                self.waiting = Some((RoomFor::NextEvent(bytes), room));
                Some(Input::NoRoom { call })
            }
        }
    }

    fn use_room(&mut self, room: Room) {
        match self.waiting.take() {
            Some((RoomFor::Event(event, _), _)) => self.send(*event, room),
            Some((RoomFor::NextEvent(_), _)) => self.reserved = Some(room),
            Some((RoomFor::Subscription, _)) => self.kept = Some(room),
            Some((RoomFor::Nothing, _)) | None => {}
        }
    }

    fn send(&self, event: Unpacked, room: Room) {
        let token = Token::new(room, &self.progress);
        // A stream that is gone has stopped the consumer already.
        let _ = self.setup.deliveries.send(Delivery { lane: self.setup.lane, event, token });
    }

    /// Delivers the event that still waits for room: it may be the last that can ever be read. A shutdown aborts the wait.
    async fn deliver_rest(mut self) {
        if matches!(self.waiting, Some((RoomFor::Event(..), _))) {
            let room = granted(&mut self.waiting).await;
            self.use_room(room);
        }
    }

    /// Waits until the user has been given the last record, and tells the coordinator.
    async fn see_handed_over(mut self, children: Vec<ChildShard>) {
        tokio::select! {
            () = self.progress.all_handed_over() => {}
            () = stopped(&mut self.orders) => return,
        }
        let shard_id = self.setup.shard_id.clone();
        let child_ids = children.iter().map(|child| child.shard_id.clone()).collect();
        self.setup.log.push(ConsumerEvent::ShardEnded { shard_id: shard_id.clone(), children: child_ids });
        self.report(Report::HandedOver { shard_id, children });
    }

    fn report(&self, report: Report) {
        // A coordinator that is gone has ended this task too.
        let _ = self.setup.reports.send(report);
    }
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// Room for the next event, whose size is not known before it is read.
const ANY_ROOM: usize = 1;
