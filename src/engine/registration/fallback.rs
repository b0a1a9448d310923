//! What becomes of a registration that fails while the shards can be read without one.

use std::time::{Duration, Instant};

use super::state::{Progress, Search, State, Step};
use super::{Event, Operation, Registration, RegistrationFailure};
use crate::model::{ConsumerReference, Failure, FailureClass};

/// That there is another way to read, and when it is taken: instead of an end, the machine tells `Event::Unavailable` and goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegistrationFallback {
    /// How long a search may take before `Unavailable` is told, whether calls fail or the consumer is yet CREATING; the search goes on all the same.
    /// What no waiting mends is told at once.
    pub after: Duration,
    /// The time from a search that has come to an end to the next one, give or take 10 %. At least a second.
    pub retry_every: Duration,
}

impl Registration {
    /// Goes on for as long as the stream is there, and tells when there is no registered consumer to read with.
    pub fn with_fallback(mut self, fallback: RegistrationFallback) -> Self {
        self.fallback = Some(fallback);
        self
    }

    /// A call was refused, and calling again soon does not help. Without the stream, or under a name that is none, there is no later either.
    pub(super) fn refused(&mut self, operation: Operation, failure: Failure, now: Instant) {
        let is_the_end = match failure.class {
            FailureClass::ResourceNotFound => operation == Operation::Register,
            FailureClass::InvalidArgument | FailureClass::Credentials => true,
            _ => false,
        };
        let failure = RegistrationFailure::Call { operation, failure };
        match is_the_end {
            true => self.fail(failure),
            false => self.end_search(failure, now),
        }
    }

    /// This search has come to nothing: the end, or with a fallback the pause before the next attempt.
    pub(super) fn end_search(&mut self, failure: RegistrationFailure, now: Instant) {
        let Some(fallback) = self.fallback else {
            return self.fail(failure);
        };
        self.tell_unavailable(failure);
        self.backoff.reset();
        let least = fallback.retry_every.max(SHORTEST_REST);
        let (low, high) = (least - least / JITTER, least.saturating_add(least / JITTER));
        let until = now.checked_add(self.backoff.random().between(low, high));
        self.state = State::Resting { until };
    }

    /// Once, until there is an ACTIVE consumer again.
    pub(super) fn tell_unavailable(&mut self, failure: RegistrationFailure) {
        if !self.is_unavailable {
            self.is_unavailable = true;
            self.emit(Event::Unavailable(failure));
        }
    }

    /// Searches anew after a rest: by name from the lookup, since somebody else may have registered it.
    pub(super) fn attempt(&mut self, now: Instant) {
        let search = Search::starting(now);
        match self.consumer {
            ConsumerReference::Arn(_) => self.seek(search.at(Step::Wait)),
            ConsumerReference::Name(_) => self.seek(search),
        }
    }

    /// Register was refused by a limit: the stream's registered consumers, those being created, or calls per second. They look alike, and
    /// each may last; so the search goes on by its back-off. From the lookup, since a name that somebody else has registered
    /// meanwhile may be refused by the limit as well.
    pub(super) fn limited(&mut self, search: Search, failure: Failure, now: Instant) {
        self.last_failure = Some(failure.clone());
        self.tell_unavailable(RegistrationFailure::Call { operation: Operation::Register, failure });
        self.pause_to_retry(search.at(Step::LOOKUP), now);
    }

    /// There has been no ACTIVE consumer for long enough. The search goes on where it is.
    pub(super) fn took_too_long(&mut self, search: Search, progress: Progress, now: Instant) {
        self.tell_unavailable(RegistrationFailure::NotActiveInTime {
            waited: now.saturating_duration_since(search.since),
            last_failure: self.last_failure.clone(),
        });
        self.state = State::Seeking(search.begun(now), progress);
    }

    /// While it is unavailable, retries have no bound; the wait for ACTIVE counts from the last one on.
    pub(super) fn is_unbounded(&self, progress: Progress) -> bool {
        self.is_unavailable && progress.is_retry()
    }

    /// When `took_too_long` is due.
    pub(super) fn patience_end(&self, search: Search) -> Option<Instant> {
        let fallback = self.fallback.filter(|_| !self.is_unavailable)?;
        search.since.checked_add(fallback.after)
    }

    /// The registered consumer that was known is there no more. Without a fallback only the deletion of one that was in use counts.
    pub(super) fn forget_consumer(&mut self, now: Instant) {
        if self.consumer_arn.take().is_some() && self.fallback.is_some() {
            self.deletions.note(now);
        }
    }
}

/// Attempts cost calls of a quota that the whole account shares: 5 a second for RegisterStreamConsumer (API reference).
const SHORTEST_REST: Duration = Duration::from_secs(1);
/// A tenth, so that consumers that were started together do not stay together.
const JITTER: u32 = 10;
