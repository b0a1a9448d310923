//! From a name to an ACTIVE registered consumer, and what becomes of a suspicion.

use std::time::Instant;

use super::poll_pace::PollPace;
use super::state::{Progress, Search, State, Step};
use super::{Command, Event, Operation, Registration, RegistrationFailure, TimeoutReason};
use crate::model::{ConsumerDescription, ConsumerReference, ConsumerStatus, Failure, FailureClass};

impl Registration {
    /// Makes the call of the search's step.
    pub(super) fn seek(&mut self, search: Search) {
        let call = self.next_call();
        let awaited = match &self.consumer {
            ConsumerReference::Arn(arn) => Some(arn),
            ConsumerReference::Name(_) => self.consumer_arn.as_ref(),
        };
        let command = match (search.step, awaited) {
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
            | State::Resting { .. }
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
                self.not_registered(search, contested, now);
            }
            Err(failure) => self.search_failed(search, Operation::Describe, failure, now),
        }
    }

    fn not_registered(&mut self, search: Search, contested: bool, now: Instant) {
        self.forget_consumer(now);
        if self.fallback.is_some()
            && let Some(times) = self.deletions.too_often(now)
        {
            return self.end_search(RegistrationFailure::DeletedTooOften { times }, now);
        }
        let search = search.at(Step::Register);
        match contested {
            // In use and yet not there: the stream is not ACTIVE, or two answers disagree. Not at once again.
            true => self.pause_to_retry(search, now),
            false => self.seek(search),
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
                self.forget_consumer(now);
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
        self.forget_consumer(now);
        match self.consumer {
            ConsumerReference::Arn(_) => self.end_search(RegistrationFailure::ConsumerGone, now),
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
            | State::Resting { .. }
            | State::Active
            | State::Verifying(_)
            | State::Deregistering { .. }
            | State::Failed
            | State::ShutDown => {}
        }
    }

    /// The answer of a Register after the bound of its search.
    pub(super) fn registered_late(&mut self, result: Result<ConsumerDescription, Failure>) {
        self.unanswered_register = None;
        if let (Ok(registered), None) = (result, &self.consumer_arn) {
            self.consumer_arn = Some(registered.consumer_arn.clone());
            self.emit(Event::Registered { consumer_arn: registered.consumer_arn });
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
                if self.fallback.is_some() {
                    self.deletions.made_good(now);
                }
                self.consumer_arn = Some(registered.consumer_arn.clone());
                self.emit(Event::Registered { consumer_arn: registered.consumer_arn.clone() });
                self.found(search, registered, now);
            }
            // Another process was faster.
            Err(failure) if failure.class == FailureClass::ResourceInUse => {
                self.last_failure = Some(failure);
                self.seek(search.at(Step::Lookup { contested: true }));
            }
            Err(failure) if failure.class == FailureClass::Throttled && self.fallback.is_some() => {
                self.limited(search, failure, now);
            }
            Err(failure) => self.search_failed(search, Operation::Register, failure, now),
        }
    }

    fn search_failed(&mut self, search: Search, operation: Operation, failure: Failure, now: Instant) {
        // A denial may pass, but with a fallback nobody has to wait for that.
        let denies = matches!(failure.class, FailureClass::AccessDenied | FailureClass::Unsupported);
        let is_denied_now = denies && self.fallback.is_some();
        if is_denied_now || !self.may_pass(failure.class, now) {
            return self.refused(operation, failure, now);
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
            Err(failure) => self.refused(Operation::Describe, failure, now),
        }
    }

    /// Whether the call may succeed later. Once there was an ACTIVE consumer, credentials that expire are an outage, as they are
    /// for subscriptions, and a denial may be one, for a while, as may an answer of something that stands before the service; before that they are a mistake. Once it is unavailable, the stream is
    /// read without one: expired credentials are an outage there too.
    fn may_pass(&mut self, class: FailureClass, now: Instant) -> bool {
        match class {
            FailureClass::Credentials => self.announced.is_some() || self.is_unavailable,
            FailureClass::AccessDenied | FailureClass::Unsupported if self.announced.is_some() => {
                !self.denial.is_final(now)
            }
            class => class.is_retryable(),
        }
    }

    /// The consumer that was in use is gone.
    fn deleted(&mut self, now: Instant) {
        self.consumer_arn = None;
        self.backoff.reset();
        self.denial.clear();
        self.deletions.note(now);
        match (&self.consumer, self.deletions.too_often(now)) {
            (ConsumerReference::Arn(_), _) => self.end_search(RegistrationFailure::ConsumerGone, now),
            (ConsumerReference::Name(_), Some(times)) => {
                self.end_search(RegistrationFailure::DeletedTooOften { times }, now);
            }
            (ConsumerReference::Name(_), None) => self.seek(Search::starting(now)),
        }
    }

    fn pause_to_poll(&mut self, search: Search, now: Instant) {
        let mut pace = search.pace.unwrap_or(PollPace::starting(now));
        let until = now + pace.next_delay(now, self.backoff.random());
        let search = Search { pace: Some(pace), ..search };
        self.state = State::Seeking(search, Progress::Paused(until, TimeoutReason::Poll));
    }

    pub(super) fn pause_to_retry(&mut self, search: Search, now: Instant) {
        let until = now + self.backoff.next_delay();
        self.state = State::Seeking(search, Progress::Paused(until, TimeoutReason::Retry));
    }
}
