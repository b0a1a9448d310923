//! The shutdown, with or without deregistration.

use std::time::Instant;

use super::state::{Progress, State, Step};
use super::{Command, Event, Registration, TimeoutReason};
use crate::model::{Failure, FailureClass};

impl Registration {
    pub(super) fn shut_down(&mut self, deregister: bool) {
        match self.state {
            State::Seeking(search, Progress::Asked(call)) if deregister && search.step == Step::Register => {
                self.state = State::Leaving { call };
            }
            State::Resting { .. } | State::Failed if deregister && self.unanswered_register.is_some() => {
                if let Some(call) = self.unanswered_register.take() {
                    self.state = State::Leaving { call };
                }
            }
            State::Idle
            | State::Seeking(..)
            | State::Resting { .. }
            | State::Active
            | State::Verifying(_)
            | State::Failed => self.leave(deregister),
            State::Leaving { .. } | State::Deregistering { .. } | State::ShutDown => {}
        }
    }

    pub(super) fn leave(&mut self, deregister: bool) {
        if !deregister {
            return self.finish();
        }
        self.backoff.reset();
        self.deregister(1);
    }

    pub(super) fn deregister(&mut self, attempt: u32) {
        let Some(consumer_arn) = self.consumer_arn.clone() else {
            return self.finish();
        };
        let call = self.next_call();
        self.state = State::Deregistering { attempt, progress: Progress::Asked(call) };
        self.command(Command::Deregister { call, consumer_arn });
    }

    pub(super) fn deregistered(&mut self, result: Result<(), Failure>, now: Instant) {
        let (State::Deregistering { attempt, .. }, Some(consumer_arn)) =
            (self.state, self.consumer_arn.clone())
        else {
            return;
        };
        match result {
            Err(failure) if failure.class.is_retryable() && attempt < DEREGISTER_ATTEMPTS => {
                let until = now + self.backoff.next_delay();
                self.state =
                    State::Deregistering { attempt, progress: Progress::Paused(until, TimeoutReason::Retry) };
            }
            Err(failure) if failure.class != FailureClass::ResourceNotFound => {
                self.emit(Event::NotDeregistered { consumer_arn, failure });
                self.finish();
            }
            Ok(()) | Err(_) => {
                self.consumer_arn = None;
                self.emit(Event::Deregistered { consumer_arn });
                self.finish();
            }
        }
    }

    fn finish(&mut self) {
        self.state = State::ShutDown;
        self.emit(Event::ShutDown);
    }
}

/// With the back-off between them about 15 s in all: half of the deadline of a shutdown.
const DEREGISTER_ATTEMPTS: u32 = 5;
