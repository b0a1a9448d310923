use std::time::Duration;

use kinesis_fanout::emulator::model::{Admission, Next, SubscriptionId};
use kinesis_fanout::engine::CallId;
use kinesis_fanout::engine::reader::{DeliveryMode, Input};
use kinesis_fanout::engine::subscription::{Command, Input as Told};
use kinesis_fanout::model::{Failure, FailureClass, StartingPosition, SubscriptionEvent};

use super::Shard;
use super::room::Room;
use crate::plan::Trouble;
use crate::service::{EPOCH, Service, Stray, failed};

/// A call of SubscribeToShard.
#[derive(Debug)]
pub(super) struct FanOutCall {
    call: CallId,
    consumer_arn: String,
    position: StartingPosition,
    sent_at: Duration,
    /// When it arrives, and then when its answer does.
    pub(super) at: Duration,
    answer: Option<Answered>,
}

#[derive(Debug)]
enum Answered {
    Open(SubscriptionId),
    RefusedInStream(Failure),
    Refused(Failure),
    /// It was accepted, and nobody is told.
    Lost(SubscriptionId),
}

/// A subscription that was accepted.
#[derive(Debug)]
pub(super) struct Stream {
    call: CallId,
    /// The model's; `None`: it only brings a failure.
    pub(super) id: Option<SubscriptionId>,
    failure: Option<Failure>,
    events: u64,
    is_dead: bool,
    /// The event that has come and found no room.
    taken: Option<SubscriptionEvent>,
    /// When it is read; `None`: it is not to be read.
    pub(super) read_at: Option<Duration>,
}

impl Shard {
    pub(super) fn obey_fan_out(&mut self, command: Command, service: &mut Service) {
        assert!(self.is_fan_out_alive, "commanded after its end: {command:?}");
        match command {
            Command::Subscribe { call, consumer_arn, starting_position } => {
                assert!(self.call.is_none() && self.stream.is_none(), "a second subscription");
                assert!(self.fan_out_room.is_none(), "called without room");
                self.assert_position(DeliveryMode::FanOut, &starting_position, service);
                let queued = if service.luck.one_in(10) { 3_000 } else { 5 };
                let sent_at = service.after(0, queued);
                let at = sent_at + service.luck.millis(3, 20);
                let position = starting_position;
                self.call = Some(FanOutCall { call, consumer_arn, position, sent_at, at, answer: None });
            }
            Command::Read { call } => {
                let soon = service.after(1, 20) + self.takes_long(service);
                let stream = self.stream.as_mut().filter(|stream| stream.call == call);
                stream.expect("read from no subscription").read_at = Some(soon);
            }
            Command::Close { call } => {
                let calling = self.call.as_ref().map(|call| call.call);
                let open = self.stream.as_ref().map(|stream| stream.call);
                assert!([calling, open].contains(&Some(call)), "{call:?} is not alive");
                self.drop_call(service);
                self.drop_stream(service);
            }
            Command::Withdraw => {
                assert!(self.fan_out_room.take().is_some_and(|room| room.holds()), "nothing waits");
                service.counts.add("events withdrawn");
                self.fan_out_room = Some(Room::wanted(service));
            }
            Command::Check(_) => panic!("the reader makes the checks"),
        }
    }

    /// The call arrives at the service, or its answer arrives here.
    pub(super) fn call_goes_on(&mut self, service: &mut Service) {
        let Some(mut call) = self.call.take() else { return };
        let Some(answer) = call.answer.take() else {
            self.subscribes.sent(call.sent_at);
            let answer = self.subscribe(&call, service);
            let is_lost = matches!(answer, Answered::Lost(_))
                || matches!(&answer, Answered::Refused(failure) if failure.class == FailureClass::TimedOut);
            let slow = self.takes_long(service);
            call.at = if is_lost { call.sent_at + ANSWER_TIMEOUT } else { service.trip() + slow };
            call.answer = Some(answer);
            self.call = Some(call);
            return;
        };
        let (id, sent_at) = (call.call, service.instant_at(call.sent_at));
        let (subscription, failure) = match answer {
            Answered::Open(subscription) => (Some(subscription), None),
            Answered::RefusedInStream(failure) => (None, Some(failure)),
            Answered::Refused(failure) => return self.refused(id, sent_at, failure, service),
            Answered::Lost(subscription) => {
                service.counts.add("subscription accepted unseen");
                service.let_go(subscription);
                return self.refused(id, sent_at, timed_out(), service);
            }
        };
        self.stream = Some(Stream {
            call: id,
            id: subscription,
            failure,
            events: 0,
            is_dead: false,
            taken: None,
            read_at: None,
        });
        self.tell(Input::FanOut(Told::Subscribed { call: id, sent_at }), service);
    }

    fn takes_long(&self, service: &mut Service) -> Duration {
        match service.trouble(self.index, |trouble| trouble == Trouble::Slow) {
            Some(_) => service.luck.seconds(0, 12),
            None => Duration::ZERO,
        }
    }

    /// A number that was given as a continuation, or with a record, is not accepted any more.
    pub(super) fn number_is_refused(&self, position: &StartingPosition, service: &mut Service) -> bool {
        let refuses = service.trouble(self.index, |trouble| trouble == Trouble::NumbersRefused).is_some();
        let has_last = service.ledger.book(&self.id).last.is_some();
        refuses && has_last && matches!(position, StartingPosition::AfterSequenceNumber(_))
    }

    fn refused(
        &mut self,
        call: CallId,
        sent_at: std::time::Instant,
        failure: Failure,
        service: &mut Service,
    ) {
        self.note_hurt(&failure, service);
        self.tell(Input::FanOut(Told::Refused { call, sent_at, failure }), service);
    }

    pub(super) fn hurt(&mut self, service: &Service) {
        if self.mode == DeliveryMode::FanOut {
            self.hurt_since.get_or_insert(service.now);
        }
    }

    fn note_hurt(&mut self, failure: &Failure, service: &mut Service) {
        if failure.class != FailureClass::ResourceInUse {
            self.hurt(service);
        }
        self.is_denied = matches!(failure.class, FailureClass::AccessDenied | FailureClass::Unsupported);
        self.has_fallen_back |= failure.class == FailureClass::InvalidArgument;
        self.note_denial(failure.class, service);
    }

    fn subscribe(&mut self, call: &FanOutCall, service: &mut Service) -> Answered {
        let injected = service.trouble(self.index, |trouble| {
            matches!(trouble, Trouble::SubscribeRefused(_) | Trouble::SubscribeUnanswered { .. })
        });
        match injected {
            Some(Trouble::SubscribeRefused(class)) => {
                return Answered::Refused(Failure::new(class, "injected"));
            }
            Some(Trouble::SubscribeUnanswered { seen: false }) => return Answered::Refused(timed_out()),
            _ => {}
        }
        if self.pin_is_refused(&call.position, service) {
            service.counts.add("pins refused, fan-out");
            return Answered::Refused(Failure::new(FailureClass::InvalidArgument, "injected"));
        }
        if self.number_is_refused(&call.position, service) {
            service.counts.add("numbers refused, fan-out");
            return Answered::Refused(Failure::new(FailureClass::InvalidArgument, "injected"));
        }
        let (start, now) = (call.position.clone().into(), service.timestamp());
        match service.model.subscribe_to_shard(&call.consumer_arn, &self.id, &start, now) {
            Ok(Admission::Open(id)) if injected.is_some() => Answered::Lost(id),
            Ok(Admission::Open(id)) => Answered::Open(id),
            Ok(Admission::RefusedInStream(error)) => Answered::RefusedInStream(failed(&error)),
            Err(error) => Answered::Refused(failed(&error)),
        }
    }

    /// A service whose clock is behind refuses the time that stands for LATEST.
    pub(super) fn pin_is_refused(&mut self, position: &StartingPosition, service: &mut Service) -> bool {
        let kinesis_fanout::engine::ShardStart::Pinned(_) = self.start else { return false };
        let behind = service.trouble(self.index, |trouble| matches!(trouble, Trouble::PinRefused(_)));
        let (StartingPosition::AtTimestamp(time), Some(Trouble::PinRefused(behind))) = (position, behind)
        else {
            return false;
        };
        let book = service.ledger.book(&self.id);
        if book.last.is_some() || *time <= EPOCH.saturating_add(service.now).saturating_sub(behind) {
            return false;
        }
        book.may_start_earlier = true;
        true
    }

    /// What the subscription brings, if it brings anything.
    pub(super) fn read(&mut self, service: &mut Service) {
        let index = self.index;
        let Some(stream) = &mut self.stream else { return };
        stream.read_at = None;
        let (call, events) = (stream.call, stream.events);
        if let Some(event) = stream.taken.take() {
            return self.event_came(call, event, service);
        }
        if let Some(failure) = stream.failure.take() {
            return self.stream_fails(call, failure, service);
        }
        let trouble = service.trouble(index, |trouble| match trouble {
            Trouble::Silent => true,
            Trouble::Breaks(after, _) | Trouble::BareEnds(after) => after <= events,
            _ => false,
        });
        match trouble {
            Some(Trouble::Silent) => stream.is_dead = true,
            Some(Trouble::Breaks(_, class)) => {
                return self.stream_fails(call, Failure::new(class, "injected"), service);
            }
            Some(_) => return self.stream_ends(call, service),
            None => {}
        }
        if stream.is_dead {
            return;
        }
        let Some(id) = stream.id else { return };
        match service.model.subscription_next(id, service.timestamp()) {
            Next::Event(event) => {
                stream.events += 1;
                self.event_is_there(call, event.into(), service);
            }
            Next::WaitUntil(time) => stream.read_at = Some(service.when(time)),
            Next::Failed(error) => self.stream_fails(call, failed(&error), service),
            Next::Ended => self.stream_ends(call, service),
        }
    }

    /// Its size is known before it is taken in; then there may be no room for it.
    fn event_is_there(&mut self, call: CallId, event: SubscriptionEvent, service: &mut Service) {
        let is_full = service.plan.is_size_told && service.is_faulty() && service.luck.one_in(10);
        if !is_full {
            return self.event_came(call, event, service);
        }
        service.counts.add("events without room");
        self.hurt_since = None;
        if let Some(stream) = &mut self.stream {
            stream.taken = Some(event);
        }
        self.fan_out_room = Some(Room::wanted(service));
        self.tell(Input::FanOut(Told::NoRoom { call }), service);
    }

    fn event_came(&mut self, call: CallId, event: SubscriptionEvent, service: &mut Service) {
        self.tell(Input::FanOut(Told::Event { call, event }), service);
    }

    fn stream_fails(&mut self, call: CallId, failure: Failure, service: &mut Service) {
        self.drop_stream(service);
        self.note_hurt(&failure, service);
        self.tell(Input::FanOut(Told::Failed { call, failure }), service);
    }

    fn stream_ends(&mut self, call: CallId, service: &mut Service) {
        if self.stream.as_ref().is_some_and(|stream| stream.events == 0) {
            self.hurt(service);
        }
        self.drop_stream(service);
        self.tell(Input::FanOut(Told::Ended { call }), service);
    }

    /// The call is given up: it may be on its way, or answered.
    pub(super) fn drop_call(&mut self, service: &mut Service) {
        let Some(call) = self.call.take() else { return };
        match call.answer {
            Some(Answered::Open(id) | Answered::Lost(id)) => service.let_go(id),
            Some(_) => {}
            None if call.sent_at <= service.now => {
                self.subscribes.sent(call.sent_at);
                let stray = Stray {
                    consumer_arn: call.consumer_arn,
                    shard: self.id.clone(),
                    position: call.position,
                };
                service.strays.push((call.at, stray));
            }
            None => {}
        }
    }

    pub(super) fn drop_stream(&mut self, service: &mut Service) {
        if let Some(id) = self.stream.take().and_then(|stream| stream.id) {
            service.let_go(id);
        }
    }
}

fn timed_out() -> Failure {
    Failure::new(FailureClass::TimedOut, "no answer")
}

/// How long a call may take until its answer's headers.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);
