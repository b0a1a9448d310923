use std::time::{Duration, Instant};

use super::machine::Subscription;
use super::state::{Open, State};
use super::{Command, EndCause, Event};
use crate::engine::{CallId, CheckCause, ShardFailure, ShardStatus};
use crate::model::{ChildShard, Failure, FailureClass, SequenceNumber};

impl Subscription {
    /// The service did not let the call in, whether it said so by HTTP or within the subscription before its first event.
    pub(super) fn refuse(&mut self, failure: Failure, now: Instant) {
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

    pub(super) fn failed(&mut self, call: CallId, failure: Failure, now: Instant) {
        if self.open_by(call).is_none() {
            return;
        }
        match failure.class {
            FailureClass::ResourceInUse | FailureClass::InvalidArgument
                if !self.contention.is_established() =>
            {
                self.refuse(failure, now);
            }
            FailureClass::ResourceInUse if self.contention.is_foreign() => {
                let wait = self.contention.lose(now, self.backoff.random());
                self.renewing = false;
                self.retry(EndCause::Contended, wait, now);
            }
            _ => self.break_off(failure, now),
        }
    }

    /// What follows from a failure, whether it came instead of a subscription or within one.
    pub(super) fn break_off(&mut self, failure: Failure, now: Instant) {
        self.contention.let_go();
        self.renewing = false;
        self.bare_since = None;
        match failure.class {
            FailureClass::ResourceInUse if self.is_to_give_up(now) => {
                self.fail(ShardFailure::GaveUp(failure));
            }
            FailureClass::ResourceInUse => {
                let wait = self.backoff.random().between(IN_USE_SHORTEST, IN_USE_LONGEST);
                self.retry(EndCause::InUse, wait, now);
            }
            // A shard never ends before the event that waits is stored: the next call asks anew.
            FailureClass::ResourceNotFound if self.before_waiting.is_some() => {
                self.escalate(EndCause::Failed(failure.clone()), failure, now);
            }
            FailureClass::ResourceNotFound => self.check(CheckCause::NotFound, Some(failure)),
            FailureClass::AccessDenied | FailureClass::KmsUnavailable | FailureClass::Unsupported => {
                self.denied(failure, now);
            }
            _ => self.escalate(EndCause::Failed(failure.clone()), failure, now),
        }
    }

    /// Permissions and keys take a while to become valid everywhere, and what stands between us and the service may be about to be
    /// mended; so a denial is final only after some time.
    fn denied(&mut self, failure: Failure, now: Instant) {
        if self.denial.is_final(now) {
            return self.fail(ShardFailure::Denied(failure));
        }
        self.escalate(EndCause::Failed(failure.clone()), failure, now);
    }

    pub(super) fn escalate(&mut self, cause: EndCause, failure: Failure, now: Instant) {
        self.contention.let_go();
        if self.is_to_give_up(now) {
            return self.fail(ShardFailure::GaveUp(failure));
        }
        let wait = self.backoff.next_delay();
        self.retry(cause, wait, now);
    }

    /// Counts a failure, and tells whether there has been no event for as long as the user wants to wait.
    fn is_to_give_up(&mut self, now: Instant) -> bool {
        let since = *self.failing_since.get_or_insert(now);
        self.config.give_up_after.is_some_and(|limit| now.saturating_duration_since(since) >= limit)
    }

    pub(super) fn checked(&mut self, status: ShardStatus, now: Instant) {
        let State::Checking { cause, failure } = &mut self.state else {
            return;
        };
        let (cause, failure) = (*cause, failure.take());
        if status == ShardStatus::Open {
            self.confirming = None;
        }
        let not_found = || Failure::new(FailureClass::ResourceNotFound, "the shard is not listed");
        match (cause, status) {
            (_, ShardStatus::Gone { children }) => self.end_shard(children),
            (_, ShardStatus::Unlisted) => {
                let failure = failure.unwrap_or_else(not_found);
                self.escalate(EndCause::Failed(failure.clone()), failure, now);
            }
            (CheckCause::NotFound, ShardStatus::Open) => {
                let failure = failure.unwrap_or_else(not_found);
                self.escalate(EndCause::Failed(failure.clone()), failure, now);
            }
            (CheckCause::UnclearEnd, ShardStatus::Open) => self.retry(EndCause::Expired, Duration::ZERO, now),
            (CheckCause::PositionRefused, ShardStatus::Open) => self.fall_back(failure, now),
            (cause, ShardStatus::Closed { ending_sequence_number, children }) => {
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
            return self.end_shard(children);
        }
        match (cause, failure) {
            (CheckCause::UnclearEnd, _) => {
                self.bare_since = None;
                self.confirming = Some(children);
                self.retry(EndCause::Expired, Duration::ZERO, now);
            }
            (CheckCause::NotFound, Some(failure)) => {
                self.escalate(EndCause::Failed(failure.clone()), failure, now);
            }
            (_, failure) => self.fall_back(failure, now),
        }
    }

    fn fall_back(&mut self, failure: Option<Failure>, now: Instant) {
        let failure = failure.unwrap_or_else(|| {
            Failure::new(FailureClass::InvalidArgument, "the service refuses the position")
        });
        // What the next subscribe brings says nothing of the position that was given up.
        self.confirming = None;
        if self.position.fall_back() {
            self.retry(EndCause::Failed(failure), Duration::ZERO, now);
        } else {
            self.fail(ShardFailure::PositionRefused(failure));
        }
    }

    pub(super) fn step_pin_back(&mut self, failure: Failure, now: Instant) {
        if self.position.step_pin_back() {
            self.retry(EndCause::Failed(failure), Duration::ZERO, now);
        } else {
            self.fail(ShardFailure::PinRefused(failure));
        }
    }

    pub(super) fn consumer_moved(&mut self, consumer_arn: String, now: Instant) {
        let moved = consumer_arn != self.consumer_arn;
        self.consumer_arn = consumer_arn;
        match self.state {
            State::Checking { cause: CheckCause::NotFound, .. } if !moved => {
                let failure =
                    Failure::new(FailureClass::ResourceNotFound, "the registered consumer has not moved");
                self.escalate(EndCause::Failed(failure.clone()), failure, now);
            }
            _ if !moved => {}
            State::Calling { call } | State::Open(Open { call, .. }) => {
                self.command(Command::Close { call });
                self.contention.call_answered_or_given_up(now);
                self.contention.let_go();
                self.retry(EndCause::ConsumerMoved, Duration::ZERO, now);
            }
            State::Checking { cause: CheckCause::NotFound, .. } => {
                self.retry(EndCause::ConsumerMoved, Duration::ZERO, now);
            }
            State::Idle { .. } | State::Ending { .. } | State::Checking { .. } | State::Over => {}
        }
    }

    pub(super) fn check(&mut self, cause: CheckCause, failure: Option<Failure>) {
        if let Some(failure) = &failure {
            self.contention.let_go();
            self.renewing = false;
            self.tell(Event::Ended { cause: EndCause::Failed(failure.clone()), retry_in: None });
        }
        self.state = State::Checking { cause, failure };
        self.command(Command::Check(cause));
    }

    pub(super) fn end_shard(&mut self, children: Vec<ChildShard>) {
        self.state = State::Over;
        self.tell(Event::ShardEnded { children });
    }

    pub(super) fn fail(&mut self, failure: ShardFailure) {
        self.state = State::Over;
        self.tell(Event::Failed(failure));
    }
}

/// A refusal for the 5 s rule is over after 5 s at the latest (API reference); there is no reason to escalate.
const IN_USE_SHORTEST: Duration = Duration::from_secs(1);
const IN_USE_LONGEST: Duration = Duration::from_secs(5);
