use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::contention::Contention;
use super::position::Position;
use super::{CheckCause, Command, EndCause, Event, Input, SubscriptionFailure, TimeoutReason};
use crate::engine::{Backoff, CallId, Output, ShardStart, ShardStatus};
use crate::model::{ChildShard, Failure, FailureClass, SequenceNumber, SubscriptionEvent};

/// The machine of one shard's subscription.
#[derive(Debug)]
pub struct Subscription {
    config: SubscriptionConfig,
    consumer_arn: String,
    state: State,
    position: Position,
    /// The position before the event that waits for room; `None`: all events are stored.
    before_waiting: Option<Position>,
    has_room: bool,
    contention: Contention,
    backoff: Backoff,
    /// The children seen when the shard was closed below our position's end: the next subscribe confirms the end.
    confirming: Option<Vec<ChildShard>>,
    last_call: Option<Instant>,
    /// The first of the failures that no event has followed.
    failing_since: Option<Instant>,
    /// The first of the denials that no event has followed.
    denied_since: Option<Instant>,
    /// The subscription before ended by its time.
    renewing: bool,
    next_call: u64,
    outputs: VecDeque<Output<Command, Event, TimeoutReason>>,
}

/// What can be set.
#[derive(Debug, Clone)]
pub struct SubscriptionConfig {
    /// Quiet for so long while there is room: silent.
    pub silence: Duration,
    /// Without room for so long: given up.
    pub blocked: Duration,
    /// Failing for so long: an error. `None`: tried for ever.
    pub give_up_after: Option<Duration>,
}

#[derive(Debug)]
enum State {
    /// No subscription; the next call is due at the instant, when there is room.
    Idle { due: Instant },
    /// A call is under way.
    Calling { call: CallId },
    /// A subscription is open.
    Open(Open),
    /// The subscription has had its last event, which waits for room.
    Ending { since: Instant, next: Ending },
    /// A listing is asked.
    Checking {
        cause: CheckCause,
        failure: Option<Failure>,
    },
    /// The shard has ended, or failed, or is not wanted any more.
    Over,
}

#[derive(Debug)]
struct Open {
    call: CallId,
    /// Since when nothing came while there was room, or since when there is no room.
    since: Instant,
    /// The silence was noticed; one more look until this instant.
    last_look: Option<Instant>,
}

#[derive(Debug, Clone, PartialEq)]
enum Ending {
    ShardEnd(Vec<ChildShard>),
    Unclear,
}

impl Subscription {
    /// A shard to be read from `start`; `seed` determines the jitter.
    pub fn new(
        config: SubscriptionConfig,
        consumer_arn: String,
        start: ShardStart,
        seed: u64,
        now: Instant,
    ) -> Self {
        Self {
            config,
            consumer_arn,
            state: State::Idle { due: now },
            position: Position::new(start),
            before_waiting: None,
            has_room: false,
            contention: Contention::default(),
            backoff: Backoff::seeded(seed),
            confirming: None,
            last_call: None,
            failing_since: None,
            denied_since: None,
            renewing: false,
            next_call: 0,
            outputs: VecDeque::new(),
        }
    }

    /// Takes an input. Drain [`poll_output`](Self::poll_output) after it.
    pub fn handle(&mut self, input: Input, now: Instant) {
        match input {
            Input::Demand => self.room_found(now),
            Input::Subscribed { call, sent_at } => self.subscribed(call, sent_at, now),
            Input::Refused {
                call,
                sent_at,
                failure,
            } => self.refused(call, sent_at, failure, now),
            Input::Event { call, event } => self.event_came(call, event, now),
            Input::Ended { call } => self.ended(call, now),
            Input::Failed { call, failure } => self.failed(call, failure, now),
            Input::Checked(status) => self.checked(status, now),
            Input::ConsumerMoved { consumer_arn } => self.consumer_moved(consumer_arn, now),
            Input::Timeout => self.timed_out(now),
            Input::Shutdown => self.shut_down(),
        }
        self.call_if_due(now);
    }

    /// The next thing to do, to tell, or to wait for.
    pub fn poll_output(&mut self) -> Output<Command, Event, TimeoutReason> {
        self.outputs
            .pop_front()
            .unwrap_or_else(|| Output::Timeout(self.timeout()))
    }

    /// Whether nothing more will come: the shard has ended, failed, or is not wanted any more.
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    fn timeout(&self) -> Option<(Instant, TimeoutReason)> {
        match &self.state {
            State::Idle { due } if self.has_room => Some((*due, TimeoutReason::Call)),
            State::Open(open) if !self.has_room => {
                Some((open.since + self.config.blocked, TimeoutReason::Blocked))
            }
            State::Open(Open {
                last_look: Some(until),
                ..
            }) => Some((*until, TimeoutReason::LastLook)),
            State::Open(open) => Some((open.since + self.config.silence, TimeoutReason::Silence)),
            State::Ending { since, .. } => Some((*since + self.config.blocked, TimeoutReason::Blocked)),
            State::Idle { .. } | State::Calling { .. } | State::Checking { .. } | State::Over => None,
        }
    }

    fn room_found(&mut self, now: Instant) {
        self.has_room = true;
        self.before_waiting = None;
        match &mut self.state {
            State::Open(open) => {
                open.since = now;
                let call = open.call;
                self.command(Command::Read { call });
            }
            State::Ending {
                next: Ending::ShardEnd(children),
                ..
            } => {
                let children = std::mem::take(children);
                self.end_shard(children);
            }
            State::Ending {
                next: Ending::Unclear,
                ..
            } => self.check(CheckCause::UnclearEnd, None),
            State::Idle { .. } | State::Calling { .. } | State::Checking { .. } | State::Over => {}
        }
    }

    fn subscribed(&mut self, call: CallId, sent_at: Instant, now: Instant) {
        if !self.is_calling(call) {
            // A late success lives on at the service unless it is closed.
            return self.command(Command::Close { call });
        }
        self.call_was_sent(sent_at);
        self.contention.call_answered_or_given_up(now);
        self.state = State::Open(Open {
            call,
            since: now,
            last_look: None,
        });
        if self.has_room {
            self.command(Command::Read { call });
        }
    }

    fn refused(&mut self, call: CallId, sent_at: Instant, failure: Failure, now: Instant) {
        if !self.is_calling(call) {
            return;
        }
        self.call_was_sent(sent_at);
        match failure.class {
            FailureClass::TimedOut | FailureClass::Unavailable | FailureClass::Malformed => {
                // It may have been accepted all the same.
                self.contention.call_answered_or_given_up(now);
            }
            _ => self.contention.call_refused(),
        }
        match failure.class {
            FailureClass::InvalidArgument if self.position.is_pinned() => self.step_pin_back(failure, now),
            FailureClass::InvalidArgument => self.check(CheckCause::PositionRefused, Some(failure)),
            _ => self.break_off(failure, now),
        }
    }

    fn event_came(&mut self, call: CallId, event: SubscriptionEvent, now: Instant) {
        let Some(open) = self.open_by(call) else { return };
        open.since = now;
        open.last_look = None;
        self.note_progress(now);
        let before = self.position.clone();
        let skip_through = self.position.advance(&event);
        self.before_waiting = Some(before);
        self.has_room = false;
        let ending = match (&event.continuation, event.child_shards.is_empty()) {
            (_, false) => Some(Ending::ShardEnd(event.child_shards.clone())),
            (None, true) if event.records.is_empty() && self.confirming.is_some() => {
                Some(Ending::ShardEnd(self.confirming.take().unwrap_or_default()))
            }
            (None, true) => Some(Ending::Unclear),
            (Some(_), true) => None,
        };
        if event.continuation.is_some() || !event.records.is_empty() {
            self.confirming = None;
        }
        self.tell(Event::Deliver { event, skip_through });
        if let Some(next) = ending {
            self.command(Command::Close { call });
            self.state = State::Ending { since: now, next };
        }
    }

    /// An event has come: what went wrong before is over.
    fn note_progress(&mut self, now: Instant) {
        if !self.contention.is_established() {
            self.tell(Event::Established {
                renewal: self.renewing,
            });
        }
        self.contention.event_came(now);
        self.renewing = false;
        self.backoff.reset();
        self.failing_since = None;
        self.denied_since = None;
    }

    fn ended(&mut self, call: CallId, now: Instant) {
        if self.open_by(call).is_none() {
            return;
        }
        if self.contention.is_established() {
            self.renewing = true;
            return self.retry(EndCause::Expired, Duration::ZERO, now);
        }
        match self.confirming.take() {
            Some(children) => self.end_shard(children),
            None => {
                let failure = Failure::new(
                    FailureClass::Unavailable,
                    "the subscription ended without an event",
                );
                self.escalate(EndCause::Barren, failure, now);
            }
        }
    }

    fn failed(&mut self, call: CallId, failure: Failure, now: Instant) {
        if self.open_by(call).is_none() {
            return;
        }
        if failure.class == FailureClass::ResourceInUse && self.contention.is_foreign() {
            let wait = self.contention.lose(now, self.backoff.random());
            self.renewing = false;
            return self.retry(EndCause::Contended, wait, now);
        }
        self.break_off(failure, now);
    }

    /// What follows from a failure, whether it came instead of a subscription or within one.
    fn break_off(&mut self, failure: Failure, now: Instant) {
        self.contention.let_go();
        self.renewing = false;
        match failure.class {
            FailureClass::ResourceInUse => {
                let wait = self.backoff.random().between(IN_USE_SHORTEST, IN_USE_LONGEST);
                self.retry(EndCause::InUse, wait, now);
            }
            FailureClass::ResourceNotFound => self.check(CheckCause::NotFound, Some(failure)),
            FailureClass::AccessDenied | FailureClass::KmsUnavailable => self.denied(failure, now),
            _ => self.escalate(EndCause::Failed(failure.clone()), failure, now),
        }
    }

    /// Permissions and keys take a while to become valid everywhere, so a denial is final only after some time.
    fn denied(&mut self, failure: Failure, now: Instant) {
        let since = *self.denied_since.get_or_insert(now);
        if now.saturating_duration_since(since) >= DENIED_PATIENCE {
            return self.fail(SubscriptionFailure::Denied(failure));
        }
        self.escalate(EndCause::Failed(failure.clone()), failure, now);
    }

    fn escalate(&mut self, cause: EndCause, failure: Failure, now: Instant) {
        self.contention.let_go();
        let since = *self.failing_since.get_or_insert(now);
        if self
            .config
            .give_up_after
            .is_some_and(|limit| now.saturating_duration_since(since) >= limit)
        {
            return self.fail(SubscriptionFailure::GaveUp(failure));
        }
        let wait = self.backoff.next_delay();
        self.retry(cause, wait, now);
    }

    fn checked(&mut self, status: ShardStatus, now: Instant) {
        let State::Checking { cause, failure } = &mut self.state else {
            return;
        };
        let (cause, failure) = (*cause, failure.take());
        let not_found = || Failure::new(FailureClass::ResourceNotFound, "the shard is not listed");
        match (cause, status) {
            (_, ShardStatus::Gone { children }) => self.end_shard(children),
            (_, ShardStatus::Unlisted) => {
                let failure = failure.unwrap_or_else(not_found);
                self.escalate(EndCause::Failed(failure.clone()), failure, now);
            }
            (CheckCause::NotFound, ShardStatus::Open | ShardStatus::Closed { .. }) => {
                let failure = failure.unwrap_or_else(not_found);
                self.escalate(EndCause::Failed(failure.clone()), failure, now);
            }
            (CheckCause::UnclearEnd, ShardStatus::Open) => self.retry(EndCause::Expired, Duration::ZERO, now),
            (CheckCause::PositionRefused, ShardStatus::Open) => self.fall_back(failure, now),
            (
                cause,
                ShardStatus::Closed {
                    ending_sequence_number,
                    children,
                },
            ) => {
                self.checked_closed(cause, failure, &ending_sequence_number, children, now);
            }
        }
    }

    fn checked_closed(
        &mut self,
        cause: CheckCause,
        failure: Option<Failure>,
        ending: &SequenceNumber,
        children: Vec<ChildShard>,
        now: Instant,
    ) {
        let confirmed = cause == CheckCause::PositionRefused && self.confirming.is_some();
        if self.position.has_reached(ending) || confirmed {
            self.end_shard(children);
        } else if cause == CheckCause::UnclearEnd {
            self.confirming = Some(children);
            self.retry(EndCause::Expired, Duration::ZERO, now);
        } else {
            self.fall_back(failure, now);
        }
    }

    fn fall_back(&mut self, failure: Option<Failure>, now: Instant) {
        let failure = failure.unwrap_or_else(|| {
            Failure::new(FailureClass::InvalidArgument, "the service refuses the position")
        });
        if self.position.fall_back() {
            self.retry(EndCause::Failed(failure), Duration::ZERO, now);
        } else {
            self.fail(SubscriptionFailure::PositionRefused(failure));
        }
    }

    fn step_pin_back(&mut self, failure: Failure, now: Instant) {
        if self.position.step_pin_back() {
            self.retry(EndCause::Failed(failure), Duration::ZERO, now);
        } else {
            self.fail(SubscriptionFailure::PinRefused(failure));
        }
    }

    fn consumer_moved(&mut self, consumer_arn: String, now: Instant) {
        self.consumer_arn = consumer_arn;
        match self.state {
            State::Calling { call } | State::Open(Open { call, .. }) => {
                self.command(Command::Close { call });
                self.contention.call_answered_or_given_up(now);
                self.contention.let_go();
                self.retry(EndCause::ConsumerMoved, Duration::ZERO, now);
            }
            State::Checking {
                cause: CheckCause::NotFound,
                ..
            } => {
                self.retry(EndCause::ConsumerMoved, Duration::ZERO, now);
            }
            State::Idle { .. } | State::Ending { .. } | State::Checking { .. } | State::Over => {}
        }
    }

    fn timed_out(&mut self, now: Instant) {
        let Some((at, reason)) = self.timeout() else {
            return;
        };
        if now < at {
            return;
        }
        match (reason, &mut self.state) {
            (TimeoutReason::Silence, State::Open(open)) => open.last_look = Some(now + LAST_LOOK),
            (TimeoutReason::LastLook, State::Open(Open { call, since, .. })) => {
                let (call, quiet) = (*call, now.saturating_duration_since(*since));
                self.command(Command::Close { call });
                let failure = Failure::new(FailureClass::TimedOut, "the subscription fell silent");
                self.renewing = false;
                self.escalate(EndCause::Silent(quiet), failure, now);
            }
            (TimeoutReason::Blocked, State::Open(Open { call, since, .. })) => {
                let (call, blocked) = (*call, now.saturating_duration_since(*since));
                self.command(Command::Close { call });
                self.withdraw(blocked, now);
            }
            (TimeoutReason::Blocked, State::Ending { since, .. }) => {
                let blocked = now.saturating_duration_since(*since);
                self.withdraw(blocked, now);
            }
            // The call itself is made by `call_if_due`.
            (TimeoutReason::Call, _) => {}
            (TimeoutReason::Silence | TimeoutReason::LastLook | TimeoutReason::Blocked, _) => {}
        }
    }

    /// Gives the event that waits for room back to the service (decision 9): it comes again when there is room.
    fn withdraw(&mut self, blocked: Duration, now: Instant) {
        if let Some(position) = self.before_waiting.take() {
            self.position = position;
            self.command(Command::Withdraw);
        }
        self.contention.let_go();
        self.renewing = false;
        self.retry(EndCause::Blocked(blocked), Duration::ZERO, now);
    }

    fn shut_down(&mut self) {
        if let State::Calling { call } | State::Open(Open { call, .. }) = self.state {
            self.command(Command::Close { call });
        }
        self.state = State::Over;
    }

    /// Waits for the next call: `wait` at least, and a second after the last one (the service's limit for a shard).
    fn retry(&mut self, cause: EndCause, wait: Duration, now: Instant) {
        let spacing = CALL_SPACING + self.backoff.random().between(Duration::ZERO, CALL_JITTER);
        let due = (now + wait).max(self.last_call.map_or(now, |last| last + spacing));
        let retry_in = self.has_room.then(|| due.saturating_duration_since(now));
        self.tell(Event::Ended { cause, retry_in });
        self.state = State::Idle { due };
    }

    fn call_if_due(&mut self, now: Instant) {
        let State::Idle { due } = self.state else { return };
        if !self.has_room || now < due {
            return;
        }
        let call = CallId(self.next_call);
        self.next_call += 1;
        self.last_call = Some(now);
        self.state = State::Calling { call };
        self.command(Command::Subscribe {
            call,
            consumer_arn: self.consumer_arn.clone(),
            starting_position: self.position.starting_position(),
        });
    }

    fn call_was_sent(&mut self, at: Instant) {
        self.last_call = self.last_call.max(Some(at));
        self.contention.call_sent(at);
    }

    fn check(&mut self, cause: CheckCause, failure: Option<Failure>) {
        if let Some(failure) = &failure {
            self.tell(Event::Ended {
                cause: EndCause::Failed(failure.clone()),
                retry_in: None,
            });
        }
        self.state = State::Checking { cause, failure };
        self.command(Command::Check(cause));
    }

    fn end_shard(&mut self, children: Vec<ChildShard>) {
        self.state = State::Over;
        self.tell(Event::ShardEnded { children });
    }

    fn fail(&mut self, failure: SubscriptionFailure) {
        self.state = State::Over;
        self.tell(Event::Failed(failure));
    }

    fn is_calling(&self, call: CallId) -> bool {
        matches!(self.state, State::Calling { call: current } if current == call)
    }

    fn open_by(&mut self, call: CallId) -> Option<&mut Open> {
        match &mut self.state {
            State::Open(open) if open.call == call => Some(open),
            _ => None,
        }
    }

    fn command(&mut self, command: Command) {
        self.outputs.push_back(Output::Command(command));
    }

    fn tell(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }
}

/// The service allows one SubscribeToShard call per second for a shard and consumer (API reference).
const CALL_SPACING: Duration = Duration::from_secs(1);
/// Spreads the calls of many shards that were started together.
const CALL_JITTER: Duration = Duration::from_millis(100);
/// A refusal for the 5 s rule is over after 5 s at the latest (API reference); there is no reason to escalate.
const IN_USE_SHORTEST: Duration = Duration::from_secs(1);
const IN_USE_LONGEST: Duration = Duration::from_secs(5);
/// A process that slept finds its deadline passed and the data in its socket: one turn of the event loop tells the two apart.
const LAST_LOOK: Duration = Duration::from_millis(250);
/// IAM is eventually consistent; changes are said to show within a minute.
const DENIED_PATIENCE: Duration = Duration::from_secs(60);
