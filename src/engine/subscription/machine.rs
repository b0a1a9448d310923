use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::contention::Contention;
use super::state::{Open, State};
use super::{Command, EndCause, Event, Input, TimeoutReason};
use crate::engine::{Backoff, CallId, Denial, Output, Position, ShardStart};
use crate::model::{ChildShard, Failure, FailureClass};

/// The machine of one shard's subscription.
#[derive(Debug)]
pub struct Subscription {
    pub(super) config: SubscriptionConfig,
    pub(super) consumer_arn: String,
    pub(super) state: State,
    pub(super) position: Position,
    /// The position before the event that waits for room; `None`: all events are stored.
    pub(super) before_waiting: Option<Position>,
    pub(super) has_room: bool,
    pub(super) contention: Contention,
    pub(super) backoff: Backoff,
    /// The children seen when the shard was closed below our position's end: the next subscribe confirms the end.
    pub(super) confirming: Option<Vec<ChildShard>>,
    /// The first of the bare ends, and of nothing else, of subscriptions that were to confirm it.
    pub(super) bare_since: Option<Instant>,
    pub(super) last_call: Option<Instant>,
    /// The first of the failures that no event has followed.
    pub(super) failing_since: Option<Instant>,
    pub(super) denial: Denial,
    /// The subscription before ended by its time.
    pub(super) renewing: bool,
    pub(super) next_call: u64,
    pub(super) outputs: VecDeque<Output<Command, Event, TimeoutReason>>,
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

impl Subscription {
    /// A shard to be read from `start`; `seed` determines the jitter.
    pub fn new(
        config: SubscriptionConfig,
        consumer_arn: String,
        start: ShardStart,
        seed: u64,
        now: Instant,
    ) -> Self {
        Self::at(config, consumer_arn, Position::new(start), seed, now)
    }

    /// A shard to be read on from `position`.
    pub fn at(
        config: SubscriptionConfig,
        consumer_arn: String,
        position: Position,
        seed: u64,
        now: Instant,
    ) -> Self {
        Self {
            config,
            consumer_arn,
            state: State::Idle { due: now },
            position,
            before_waiting: None,
            has_room: false,
            contention: Contention::default(),
            backoff: Backoff::seeded(seed),
            confirming: None,
            bare_since: None,
            last_call: None,
            failing_since: None,
            denial: Denial::default(),
            renewing: false,
            next_call: 0,
            outputs: VecDeque::new(),
        }
    }

    /// Stops without a word: the call or subscription at hand is given up, and what waits for room is dropped. [`restart`](Self::restart)
    /// goes on.
    pub fn suspend(&mut self, now: Instant) {
        if matches!(self.state, State::Calling { .. } | State::Open(_)) {
            self.contention.call_answered_or_given_up(now);
        }
        if matches!(self.state, State::Calling { .. }) {
            // It may have been sent just now.
            self.last_call = Some(now);
        }
        self.contention.let_go();
        self.outputs.clear();
        self.state = State::Over;
    }

    /// Goes on from `position` as a new machine would, but for the calls of this shard that count against the new ones.
    pub fn restart(&mut self, consumer_arn: String, position: Position, now: Instant) {
        let due = self.last_call.map_or(now, |last| now.max(last + CALL_SPACING + CALL_JITTER));
        let calls = (std::mem::take(&mut self.contention), self.last_call, self.next_call);
        let seed = self.backoff.random().next_u64();
        *self = Self::at(self.config.clone(), consumer_arn, position, seed, due);
        (self.contention, self.last_call, self.next_call) = calls;
    }

    /// Takes an input. Drain [`poll_output`](Self::poll_output) after it.
    pub fn handle(&mut self, input: Input, now: Instant) {
        match input {
            Input::Demand => self.room_found(now),
            Input::NoRoom { call } => self.room_missing(call, now),
            Input::Subscribed { call, sent_at } => self.subscribed(call, sent_at, now),
            Input::Refused { call, sent_at, failure } => self.refused(call, sent_at, failure, now),
            Input::Received { call, at } => self.received(call, at),
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
        self.outputs.pop_front().unwrap_or_else(|| Output::Timeout(self.timeout()))
    }

    /// Whether nothing more will come: the shard has ended, failed, or is not wanted any more.
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Whether the shard's last event has come, which waits for room.
    pub fn is_ending(&self) -> bool {
        matches!(self.state, State::Ending { .. })
    }

    /// Whether a subscription is open that has brought an event.
    pub fn is_established(&self) -> bool {
        matches!(self.state, State::Open(_)) && self.contention.is_established()
    }

    /// Whether an event, or the first call, waits for room.
    pub fn is_without_room(&self) -> bool {
        !self.has_room
    }

    /// Where the events that are stored end.
    pub fn stored_position(&self) -> &Position {
        self.before_waiting.as_ref().unwrap_or(&self.position)
    }

    /// Counts as done what another reader of the shard has brought meanwhile.
    pub fn catch_up_with(&mut self, other: &Position) {
        self.position.catch_up_with(other);
        if let Some(before) = &mut self.before_waiting {
            before.catch_up_with(other);
        }
    }

    fn timeout(&self) -> Option<(Instant, TimeoutReason)> {
        // A limit too long for the clock is no limit.
        let (at, reason) = match &self.state {
            State::Idle { due } if self.has_room => (Some(*due), TimeoutReason::Call),
            State::Open(open) if !self.has_room => {
                (open.since.checked_add(self.config.blocked), TimeoutReason::Blocked)
            }
            State::Open(Open { last_look: Some(until), .. }) => (Some(*until), TimeoutReason::LastLook),
            State::Open(open) => (open.silent_at(self.config.silence), TimeoutReason::Silence),
            State::Ending { since, .. } => (since.checked_add(self.config.blocked), TimeoutReason::Blocked),
            State::Idle { .. } | State::Calling { .. } | State::Checking { .. } | State::Over => return None,
        };
        Some((at?, reason))
    }

    fn subscribed(&mut self, call: CallId, sent_at: Instant, now: Instant) {
        if self.open_by(call).is_some() {
            return;
        }
        if !self.is_calling(call) {
            // A late success lives on at the service unless it is closed, and may have taken over from a call after it.
            self.contention.late_call_answered(now);
            return self.command(Command::Close { call });
        }
        self.call_was_sent(sent_at);
        self.contention.call_answered_or_given_up(now);
        self.state = State::Open(Open::new(call, now));
        if self.has_room {
            self.command(Command::Read { call });
        }
    }

    fn refused(&mut self, call: CallId, sent_at: Instant, failure: Failure, now: Instant) {
        if !self.is_calling(call) {
            return;
        }
        self.call_was_sent(sent_at);
        self.refuse(failure, now);
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
            (TimeoutReason::LastLook, State::Open(open)) => {
                let (call, quiet) = (open.call, open.quiet(self.config.silence, now));
                self.command(Command::Close { call });
                let failure = Failure::new(FailureClass::TimedOut, "the subscription fell silent");
                self.renewing = false;
                self.bare_since = None;
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

    fn shut_down(&mut self) {
        if let State::Calling { call } | State::Open(Open { call, .. }) = self.state {
            self.command(Command::Close { call });
        }
        self.state = State::Over;
    }

    /// Waits for the next call: `wait` at least, and a second after the last one (the service's limit for a shard).
    pub(super) fn retry(&mut self, cause: EndCause, wait: Duration, now: Instant) {
        let spacing = CALL_SPACING + self.backoff.random().between(CALL_MARGIN, CALL_JITTER);
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

    fn is_calling(&self, call: CallId) -> bool {
        matches!(self.state, State::Calling { call: current } if current == call)
    }

    pub(super) fn command(&mut self, command: Command) {
        self.outputs.push_back(Output::Command(command));
    }

    pub(super) fn tell(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }
}

/// The service allows one SubscribeToShard call per second for a shard and consumer (API reference).
const CALL_SPACING: Duration = Duration::from_secs(1);
/// What is sent a second apart does not arrive so.
const CALL_MARGIN: Duration = Duration::from_millis(25);
/// Spreads the calls of many shards that were started together.
const CALL_JITTER: Duration = Duration::from_millis(100);
/// A process that slept finds its deadline passed and the data in its socket: one turn of the event loop tells the two apart.
const LAST_LOOK: Duration = Duration::from_millis(250);
