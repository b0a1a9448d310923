//! From a name to an ACTIVE registered consumer, and what becomes of a suspicion.

use std::time::{Duration, Instant};

use super::poll_pace::PollPace;
use super::state::{Progress, Search, State, Step};
use super::{Command, Event, Operation, Registration, RegistrationFailure, TimeoutReason};
use crate::model::{ConsumerDescription, ConsumerReference, ConsumerStatus, Failure, FailureClass};

impl Registration {
    /// Makes the call of the search's step.
    pub(super) fn seek(&mut self, search: Search) {
        let call = self.next_call();
        let command = match (search.step, &self.consumer_arn) {
            (Step::Wait, Some(consumer_arn)) => {
                Command::DescribeByArn { call, consumer_arn: consumer_arn.clone() }
            }
            (Step::Register, _) => Command::Register {
                call,
                stream_arn: self.stream_arn.clone(),
                consumer_name: self.consumer.name().into(),
            },
            (Step::Lookup { .. } | Step::Wait, _) => Command::DescribeByName {
                call,
                stream_arn: self.stream_arn.clone(),
                consumer_name: self.consumer.name().into(),
            },
        };
        self.state = State::Seeking(search, Progress::Asked(call));
        self.command(command);
    }

    /// Looks whether the consumer that is in use is still there.
    pub(super) fn verify(&mut self) {
        let Some(consumer_arn) = self.consumer_arn.clone() else {
            return;
        };
        let call = self.next_call();
        self.state = State::Verifying(Progress::Asked(call));
        self.command(Command::DescribeByArn { call, consumer_arn });
    }

    pub(super) fn described(&mut self, result: Result<ConsumerDescription, Failure>, now: Instant) {
        match self.state {
            State::Seeking(search, _) => match search.step {
                Step::Lookup { contested } => self.looked_up(search, contested, result, now),
                Step::Wait => self.waited(search, result, now),
                Step::Register => {}
            },
            State::Verifying(_) => self.verified(result, now),
            State::Idle
            | State::Active
            | State::Leaving { .. }
            | State::Deregistering { .. }
            | State::Failed
            | State::ShutDown => {}
        }
    }

    fn looked_up(
        &mut self,
        search: Search,
        contested: bool,
        result: Result<ConsumerDescription, Failure>,
        now: Instant,
    ) {
        match result {
            Ok(found) => self.found(search, found, now),
            Err(failure) if failure.class == FailureClass::ResourceNotFound => {
                let search = search.at(Step::Register);
                match contested {
                    // In use and yet not there: the stream is not ACTIVE, or two answers disagree. Not at once again.
                    true => self.pause_to_retry(search, now),
                    false => self.seek(search),
                }
            }
            Err(failure) => self.search_failed(search, Operation::Describe, failure, now),
        }
    }

    fn found(&mut self, search: Search, found: ConsumerDescription, now: Instant) {
        self.backoff.reset();
        self.denial.clear();
        match found.status {
            ConsumerStatus::Active => self.activate(found.consumer_arn),
            ConsumerStatus::Creating => {
                self.consumer_arn = Some(found.consumer_arn);
                self.pause_to_poll(search.at(Step::Wait), now);
            }
            ConsumerStatus::Deleting => {
                self.consumer_arn = None;
                self.pause_to_poll(search.at(Step::LOOKUP), now);
            }
        }
    }

    fn waited(&mut self, search: Search, result: Result<ConsumerDescription, Failure>, now: Instant) {
        match result {
            Ok(found) if found.status != ConsumerStatus::Deleting => self.found(search, found, now),
            Err(failure) if failure.class != FailureClass::ResourceNotFound => {
                self.search_failed(search, Operation::Describe, failure, now);
            }
            Ok(_) | Err(_) => self.vanished(search, now),
        }
    }

    /// Deleted by somebody while it was awaited.
    fn vanished(&mut self, search: Search, now: Instant) {
        self.consumer_arn = None;
        match self.consumer {
            ConsumerReference::Arn(_) => self.fail(RegistrationFailure::ConsumerGone),
            ConsumerReference::Name(_) => self.pause_to_poll(search.at(Step::LOOKUP), now),
        }
    }

    pub(super) fn registered(&mut self, result: Result<ConsumerDescription, Failure>, now: Instant) {
        match self.state {
            State::Seeking(search, _) if search.step == Step::Register => {
                self.search_registered(search, result, now);
            }
            State::Leaving { .. } => {
                self.consumer_arn = result.ok().map(|registered| registered.consumer_arn);
                self.leave(true);
            }
            State::Seeking(..)
            | State::Idle
            | State::Active
            | State::Verifying(_)
            | State::Deregistering { .. }
            | State::Failed
            | State::ShutDown => {}
        }
    }

    fn search_registered(
        &mut self,
        search: Search,
        result: Result<ConsumerDescription, Failure>,
        now: Instant,
    ) {
        match result {
            Ok(registered) => {
                self.emit(Event::Registered { consumer_arn: registered.consumer_arn.clone() });
                self.found(search, registered, now);
            }
            // Another process was faster.
            Err(failure) if failure.class == FailureClass::ResourceInUse => {
                self.last_failure = Some(failure);
                self.seek(search.at(Step::Lookup { contested: true }));
            }
            Err(failure) => self.search_failed(search, Operation::Register, failure, now),
        }
    }

    fn search_failed(&mut self, search: Search, operation: Operation, failure: Failure, now: Instant) {
        if !self.may_pass(failure.class, now) {
            return self.fail(RegistrationFailure::Call { operation, failure });
        }
        self.last_failure = Some(failure);
        self.pause_to_retry(search, now);
    }

    fn verified(&mut self, result: Result<ConsumerDescription, Failure>, now: Instant) {
        if result.is_ok() {
            self.denial.clear();
        }
        match result {
            Ok(found) => match found.status {
                ConsumerStatus::Active => self.activate(found.consumer_arn),
                ConsumerStatus::Creating => self.found(Search::starting(now), found, now),
                ConsumerStatus::Deleting => self.deleted(now),
            },
            Err(failure) if failure.class == FailureClass::ResourceNotFound => self.deleted(now),
            Err(failure) if self.may_pass(failure.class, now) => {
                let until = now + self.backoff.next_delay();
                self.state = State::Verifying(Progress::Paused(until, TimeoutReason::Retry));
            }
            Err(failure) => self.fail(RegistrationFailure::Call { operation: Operation::Describe, failure }),
        }
    }

    /// Whether the call may succeed later. Once there was an ACTIVE consumer, credentials that expire are an outage, as they are
    /// for subscriptions, and a denial may be one, for a while; before that they are a mistake.
    fn may_pass(&mut self, class: FailureClass, now: Instant) -> bool {
        match class {
            FailureClass::Credentials => self.announced.is_some(),
            FailureClass::AccessDenied if self.announced.is_some() => !self.denial.is_final(now),
            class => class.is_retryable(),
        }
    }

    /// The consumer that was in use is gone.
    fn deleted(&mut self, now: Instant) {
        self.consumer_arn = None;
        self.backoff.reset();
        self.denial.clear();
        self.deletions.retain(|at| now.saturating_duration_since(*at) < DELETIONS_COUNT_FOR);
        self.deletions.push_back(now);
        let times = self.deletions.len();
        match self.consumer {
            ConsumerReference::Arn(_) => self.fail(RegistrationFailure::ConsumerGone),
            ConsumerReference::Name(_) if times > REGISTERED_AGAIN_AT_MOST => {
                self.fail(RegistrationFailure::DeletedTooOften { times });
            }
            ConsumerReference::Name(_) => self.seek(Search::starting(now)),
        }
    }

    fn pause_to_poll(&mut self, search: Search, now: Instant) {
        let mut pace = search.pace.unwrap_or(PollPace::starting(now));
        let until = now + pace.next_delay(now, self.backoff.random());
        let search = Search { pace: Some(pace), ..search };
        self.state = State::Seeking(search, Progress::Paused(until, TimeoutReason::Poll));
    }

    fn pause_to_retry(&mut self, search: Search, now: Instant) {
        let until = now + self.backoff.next_delay();
        self.state = State::Seeking(search, Progress::Paused(until, TimeoutReason::Retry));
    }
}

/// Decision 5: one that is deleted a fourth time within an hour is not wanted.
const REGISTERED_AGAIN_AT_MOST: usize = 3;
const DELETIONS_COUNT_FOR: Duration = Duration::from_secs(3600);
