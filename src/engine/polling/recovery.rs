use std::time::{Duration, Instant};

use super::machine::{Polling, State};
use super::{Command, Event};
use crate::engine::{CheckCause, ShardFailure, ShardStatus};
use crate::model::{ChildShard, Failure, FailureClass, SequenceNumber};

impl Polling {
    pub(super) fn iterator_refused(&mut self, failure: Failure, now: Instant) {
        match failure.class {
            FailureClass::InvalidArgument if self.position.is_pinned() => {
                if self.position.step_pin_back() {
                    self.retry(failure, Duration::ZERO, now);
                } else {
                    self.fail(ShardFailure::PinRefused(failure));
                }
            }
            FailureClass::InvalidArgument => self.check(CheckCause::PositionRefused, Some(failure), now),
            _ => self.refused(failure, now),
        }
    }

    pub(super) fn page_refused(&mut self, failure: Failure, now: Instant) {
        match failure.class {
            FailureClass::ExpiredIterator if !self.has_expired => {
                self.iterator = None;
                self.has_expired = true;
                self.tell(Event::IteratorExpired);
                self.call_after(Duration::ZERO, now);
            }
            // One that has expired when it is new is the doing of a clock, and a failure like others.
            FailureClass::ExpiredIterator | FailureClass::InvalidArgument => {
                self.iterator = None;
                self.escalate(failure, now);
            }
            _ => self.refused(failure, now),
        }
    }

    /// What follows from the failure of either call.
    fn refused(&mut self, failure: Failure, now: Instant) {
        match failure.class {
            FailureClass::Throttled => {
                // Not a failure: the service is there, and the shard is read by somebody.
                self.failing_since = None;
                let wait = self.backoff.next_delay().clamp(SHORTEST_THROTTLE, LONGEST_THROTTLE);
                let retry_in = self.call_after(wait, now);
                self.tell(Event::Throttled { retry_in });
            }
            FailureClass::ResourceNotFound => self.check(CheckCause::NotFound, Some(failure), now),
            // Permissions and keys take a while to become valid everywhere; so a denial is final only after some time.
            FailureClass::AccessDenied | FailureClass::KmsUnavailable | FailureClass::Unsupported
                if self.denial.is_final(now) =>
            {
                self.fail(ShardFailure::Denied(failure));
            }
            _ => self.escalate(failure, now),
        }
    }

    fn escalate(&mut self, failure: Failure, now: Instant) {
        let since = *self.failing_since.get_or_insert(now);
        let failing = now.saturating_duration_since(since);
        if self.config.give_up_after.is_some_and(|limit| failing >= limit) {
            return self.fail(ShardFailure::GaveUp(failure));
        }
        let wait = self.backoff.next_delay();
        self.retry(failure, wait, now);
    }

    fn retry(&mut self, failure: Failure, wait: Duration, now: Instant) {
        let retry_in = Some(self.call_after(wait, now));
        self.tell(Event::CallFailed { failure, retry_in });
    }

    pub(super) fn checked(&mut self, status: ShardStatus, now: Instant) {
        let State::Checking { cause, failure } = &mut self.state else {
            return;
        };
        let (cause, failure) = (*cause, failure.take());
        if status == ShardStatus::Open {
            self.confirming = None;
        }
        let failure_or = |message: &str| {
            failure.clone().unwrap_or_else(|| Failure::new(FailureClass::ResourceNotFound, message))
        };
        match (cause, status) {
            (_, ShardStatus::Gone { children }) => self.end_shard(children),
            (_, ShardStatus::Unlisted) => self.escalate(failure_or("the shard is not listed"), now),
            (CheckCause::NotFound, ShardStatus::Open) => {
                self.escalate(failure_or("the shard is listed and not found"), now);
            }
            // The scan that told nothing of the shard's end is made again, not at once.
            (CheckCause::UnclearEnd, ShardStatus::Open) => {
                self.escalate(failure_or("no iterator for a shard that is open"), now);
            }
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
                self.confirming = Some(children);
                self.call_after(Duration::ZERO, now);
            }
            (CheckCause::NotFound, Some(failure)) => self.escalate(failure, now),
            (_, failure) => self.fall_back(failure, now),
        }
    }

    fn fall_back(&mut self, failure: Option<Failure>, now: Instant) {
        let failure = failure.unwrap_or_else(|| {
            Failure::new(FailureClass::InvalidArgument, "the service refuses the position")
        });
        // What the next scan brings says nothing of the position that was given up.
        self.confirming = None;
        if self.position.fall_back() {
            self.retry(failure, Duration::ZERO, now);
        } else {
            self.fail(ShardFailure::PositionRefused(failure));
        }
    }

    pub(super) fn check(&mut self, cause: CheckCause, failure: Option<Failure>, now: Instant) {
        if let Some(failure) = &failure {
            self.failing_since.get_or_insert(now);
            self.tell(Event::CallFailed { failure: failure.clone(), retry_in: None });
        }
        self.state = State::Checking { cause, failure };
        self.command(Command::Check(cause));
    }

    pub(super) fn end_shard(&mut self, children: Vec<ChildShard>) {
        self.state = State::Over;
        self.tell(Event::ShardEnded { children });
    }

    fn fail(&mut self, failure: ShardFailure) {
        self.state = State::Over;
        self.tell(Event::Failed(failure));
    }
}

/// A shard that is throttled stays so for the next second (API reference, GetRecords), unless others keep it so: each wait is as long as a
/// call is apart from the next at least, and as a page of 10 MiB shuts the shard at most.
const SHORTEST_THROTTLE: Duration = Duration::from_millis(205);
const LONGEST_THROTTLE: Duration = Duration::from_secs(5);
