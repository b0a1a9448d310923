use std::time::{Duration, Instant};

use super::machine::Subscription;
use super::state::{Ending, Open, State};
use super::{Command, EndCause, Event};
use crate::engine::{CallId, CheckCause};
use crate::model::{Failure, FailureClass, SubscriptionEvent};

impl Subscription {
    pub(super) fn room_found(&mut self, now: Instant) {
        if self.has_room {
            return;
        }
        self.has_room = true;
        self.before_waiting = None;
        match &mut self.state {
            State::Open(open) => {
                open.since = now;
                let call = open.call;
                self.command(Command::Read { call });
            }
            State::Ending { next: Ending::ShardEnd(children), .. } => {
                let children = std::mem::take(children);
                self.end_shard(children);
            }
            State::Ending { next: Ending::Unclear, .. } => self.check(CheckCause::UnclearEnd, None),
            State::Idle { .. } | State::Calling { .. } | State::Checking { .. } | State::Over => {}
        }
    }

    pub(super) fn room_missing(&mut self, call: CallId, now: Instant) {
        if !self.has_room {
            return;
        }
        let Some(open) = self.open_by(call) else { return };
        open.since = now;
        open.last_look = None;
        self.has_room = false;
    }

    /// Bytes that make no event yet: the connection lives, though an event may not take for ever.
    pub(super) fn received(&mut self, call: CallId, at: Instant) {
        let silence = self.config.silence;
        let Some(open) = self.open_by(call) else { return };
        if open.heard.is_none_or(|heard| heard < at) {
            open.heard = Some(at);
            if open.silent_at(silence).is_none_or(|silent_at| silent_at > at) {
                open.last_look = None;
            }
        }
    }

    pub(super) fn event_came(&mut self, call: CallId, event: SubscriptionEvent, now: Instant) {
        let Some(open) = self.open_by(call) else { return };
        open.since = now;
        open.last_look = None;
        self.note_progress(now);
        let before = self.position.clone();
        let skip_through = self.position.advance(&event.records, event.continuation.as_ref());
        self.before_waiting = Some(before);
        self.has_room = false;
        let ending = match (&event.continuation, event.child_shards.is_empty()) {
            (_, false) => Some(Ending::ShardEnd(event.child_shards.clone())),
            (None, true) => match &self.confirming {
                Some(children) if event.records.is_empty() => Some(Ending::ShardEnd(children.clone())),
                _ => Some(Ending::Unclear),
            },
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
            self.tell(Event::Established { renewal: self.renewing });
        }
        self.contention.event_came(now);
        self.renewing = false;
        self.backoff.reset();
        self.failing_since = None;
        self.bare_since = None;
        self.denial.clear();
    }

    pub(super) fn ended(&mut self, call: CallId, now: Instant) {
        if self.open_by(call).is_none() {
            return;
        }
        if self.contention.is_established() {
            self.renewing = true;
            return self.retry(EndCause::Expired, Duration::ZERO, now);
        }
        if let Some(children) = &self.confirming {
            let since = *self.bare_since.get_or_insert(now);
            if now.saturating_duration_since(since) >= BARE_ENDS_CONFIRM_AFTER {
                let children = children.clone();
                return self.end_shard(children);
            }
        }
        let failure = Failure::new(FailureClass::Unavailable, "the subscription ended without an event");
        self.escalate(EndCause::Barren, failure, now);
    }

    /// Gives the event that waits for room back to the service (decision 9): it comes again when there is room.
    pub(super) fn withdraw(&mut self, blocked: Duration, now: Instant) {
        if let Some(position) = self.before_waiting.take() {
            self.position = position;
            self.command(Command::Withdraw);
        }
        self.contention.let_go();
        self.renewing = false;
        self.failing_since = None;
        self.retry(EndCause::Blocked(blocked), Duration::ZERO, now);
    }

    pub(super) fn open_by(&mut self, call: CallId) -> Option<&mut Open> {
        match &mut self.state {
            State::Open(open) if open.call == call => Some(open),
            _ => None,
        }
    }
}

/// A connection that breaks, or a proxy that drains, can look like a bare end, and a shard that is taken for ended loses what it still
/// holds. So a closed shard is confirmed by bare ends only if there was nothing else for as long as an outage takes to show itself.
const BARE_ENDS_CONFIRM_AFTER: Duration = Duration::from_secs(60);
