use std::future::Future;
use std::pin::Pin;
use std::time::Instant;

use super::budget::Room;
use super::rate::SubscribeRate;
use super::rooms::Rooms;
use super::unpack::Unpacked;
use crate::engine::CallId;
use crate::engine::subscription::{Command, Input};
use crate::kinesis::{EventSource, KinesisPort, PortError, SubscribeToShard};
use crate::model::{Failure, ShardId, StartingPosition, SubscriptionEvent};

/// The call and the stream of a shard's subscription. It does what the subscription machine wants and tells it what comes of it.
pub(super) struct FanOut {
    port: KinesisPort,
    rate: SubscribeRate,
    shard_id: ShardId,
    call: Option<(CallId, Boxed<Answer>)>,
    subscription: Option<(CallId, Box<dyn EventSource>)>,
    is_reading: bool,
    pub(super) rooms: Rooms,
}

/// What has happened to a subscription.
pub(super) enum Happened {
    /// The call was answered.
    Answered(CallId, Answer),
    /// Room was granted.
    Room(Room),
    /// The next event has this size in bytes.
    Size(CallId, usize),
    /// The event, or the end.
    Event(CallId, Result<Option<SubscriptionEvent>, PortError>),
}

/// What follows from it.
pub(super) enum Step<Input> {
    /// Something for the machine.
    Told(Input),
    /// Something for the machine, and the client's own error.
    Failed(Input, PortError),
    /// Records have found room: for the user, and then a `Demand` for the machine.
    Stored(Box<Unpacked>, Room),
    /// Nothing yet.
    Nothing,
}

/// The answer of SubscribeToShard, and when the call was sent.
pub(super) type Answer = (Instant, Result<Box<dyn EventSource>, PortError>);
pub(super) type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

impl FanOut {
    pub(super) fn new(port: KinesisPort, rate: SubscribeRate, shard_id: ShardId, rooms: Rooms) -> Self {
        Self { port, rate, shard_id, call: None, subscription: None, is_reading: false, rooms }
    }

    pub(super) fn obey(&mut self, command: Command) {
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
                self.rooms.call_over();
            }
            Command::Withdraw => self.rooms.withdraw(),
            // The reader takes them out.
            Command::Check(_) => {}
        }
    }

    fn subscribe(&self, consumer_arn: String, starting_position: StartingPosition) -> Boxed<Answer> {
        let (port, rate, shard_id) = (self.port.clone(), self.rate.clone(), self.shard_id.clone());
        let request = SubscribeToShard { consumer_arn, shard_id, starting_position };
        Box::pin(async move {
            rate.turn().await;
            let sent_at = super::now();
            (sent_at, port.subscribe_to_shard(request).await)
        })
    }

    /// Drops the call, the stream and the room.
    pub(super) fn end(&mut self) {
        self.call = None;
        self.subscription = None;
        self.is_reading = false;
        self.rooms.clear();
    }

    /// When bytes came last, where the port knows.
    pub(super) fn received(&self) -> Option<Input> {
        let (call, source) = self.subscription.as_ref()?;
        source.last_received().map(|at| Input::Received { call: *call, at })
    }

    /// The next thing that happens. Cancel-safe.
    pub(super) async fn next(&mut self) -> Happened {
        let (call, subscription, is_reading) = (&mut self.call, &mut self.subscription, self.is_reading);
        let is_size_known = self.rooms.is_reserved();
        tokio::select! {
            biased;
            (call, answer) = answered(call) => Happened::Answered(call, answer),
            room = self.rooms.granted() => Happened::Room(room),
            happened = read(subscription, is_size_known), if is_reading => happened,
        }
    }

    pub(super) fn step(&mut self, happened: Happened) -> Step<Input> {
        match happened {
            Happened::Answered(call, (sent_at, answer)) => self.answered(call, sent_at, answer),
            Happened::Room(room) => match self.rooms.fill(room) {
                Some((records, room)) => Step::Stored(records, room),
                None => Step::Told(Input::Demand),
            },
            Happened::Size(call, bytes) if self.rooms.reserve(bytes) => {
                debug_assert!(self.subscription.as_ref().is_some_and(|(id, _)| *id == call));
                Step::Nothing
            }
            Happened::Size(call, _) => {
                self.is_reading = false;
                Step::Told(Input::NoRoom { call })
            }
            Happened::Event(call, read) => self.read(call, read),
        }
    }

    fn answered(
        &mut self,
        call: CallId,
        sent_at: Instant,
        answer: Result<Box<dyn EventSource>, PortError>,
    ) -> Step<Input> {
        self.call = None;
        match answer {
            Ok(source) => {
                self.subscription = Some((call, source));
                Step::Told(Input::Subscribed { call, sent_at })
            }
            Err(error) => {
                self.rooms.give_back();
                failed(error, |failure| Input::Refused { call, sent_at, failure })
            }
        }
    }

    fn read(&mut self, call: CallId, read: Result<Option<SubscriptionEvent>, PortError>) -> Step<Input> {
        self.is_reading = false;
        match read {
            Ok(Some(event)) => return Step::Told(Input::Event { call, event }),
            Ok(None) | Err(_) => {
                self.subscription = None;
                self.rooms.give_back();
            }
        }
        match read {
            Err(error) => failed(error, |failure| Input::Failed { call, failure }),
            Ok(_) => Step::Told(Input::Ended { call }),
        }
    }
}

/// What a failure tells the machine, beside the client's own error.
pub(super) fn failed<Input>(error: PortError, input: impl FnOnce(Failure) -> Input) -> Step<Input> {
    Step::Failed(input(error.failure.clone()), error)
}

/// The answer to the call under way.
pub(super) async fn answered<T>(call: &mut Option<(CallId, Boxed<T>)>) -> (CallId, T) {
    match call {
        Some((id, answer)) => (*id, answer.await),
        None => std::future::pending().await,
    }
}

/// The next event, or its size first, where the port tells it.
async fn read(subscription: &mut Option<(CallId, Box<dyn EventSource>)>, is_size_known: bool) -> Happened {
    let Some((id, source)) = subscription else {
        return std::future::pending().await;
    };
    if !is_size_known && let Some(bytes) = source.next_size().await {
        return Happened::Size(*id, bytes);
    }
    Happened::Event(*id, source.next_event().await)
}
