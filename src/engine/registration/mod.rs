//! The machine that finds or registers the consumer whose ARN every subscription names, and looks after it.
//!
//! It does not know what shards are, nor who subscribes. Somebody who suspects that the registered consumer is gone says so
//! ([`Input::Suspected`]); the answer is one event for all who ask.
//!
//! ```text
//!                     by ARN
//!   Idle ── Start ──────────────────────────────────────────────┐
//!    │ by name                                                  │
//!    ▼            not found              CREATING               ▼      Suspected
//!  Lookup ──────────────────> Register ───────────> Wait ───> Active <────────────> Verify
//!   ▲ │ ▲ └── ACTIVE: Active     │  LimitExceeded:  │ ▲ └┐      ▲      ACTIVE        │  CREATING: Wait
//!   │ │ └──── ResourceInUse ─────┘  again, later    │ └──┘ CREATING                 │
//!   └─┘ DELETING                                    └── gone, by name: Lookup ───────┘
//!                                                       gone, by ARN: Failed(ConsumerGone)
//!
//!  Shutdown: any ──> ShutDown, or ──> Deregister ──> ShutDown if it is asked for. A refusal that no retry mends: Failed.
//!
//!  With a fallback, in place of Failed:
//!
//!   Lookup, Register, Wait, Verify ── comes to nothing: Unavailable ──> Rest ── retry_every ──> Lookup, by ARN: Wait
//!   Register ── LimitExceeded: Unavailable, later ──> Lookup
//!   Lookup, Register, Wait ── without end for `after`: Unavailable ──> the same, again and again
//! ```
//!
//! - Lookup, Register and Wait together are bounded ([`WAIT_FOR_ACTIVE`]); what is retryable is tried again within that.
//! - Verify is single-flight and has no bound: an outage does not end a consumer that was active.
//! - A consumer given by name that was deleted is registered again, at most three times within an hour (decision 5).
//!
//! With a fallback ([`RegistrationFallback`]) the shards can be read without a registered consumer, so the search never ends, and
//! `Unavailable` says once that it has nothing for now:
//!
//! | what happens | told | and then |
//! |---|---|---|
//! | LimitExceeded or throttling from Register | at once | on from the lookup by the back-off (1 → 30 s), without a bound |
//! | other retryable failures, no answer, CREATING | after `after` | on as before; failures without a bound |
//! | AccessDenied or Unsupported in a search, a KMS failure | at once | an attempt every `retry_every` |
//! | AccessDenied or Unsupported in Verify | after a minute | an attempt every `retry_every` |
//! | not ACTIVE in time, deleted too often, gone by ARN | at once | an attempt every `retry_every` |
//! | no stream (ResourceNotFound from Register), InvalidArgument | | Failed |
//! | bad credentials | | Failed before the first `Active` or `Unavailable`; an outage after it |
//!
//! - An attempt is a whole search in the order above; by ARN it begins with Wait. It may find one that somebody else has registered.
//! - A consumer that is CREATING is waited for within the bound, which counts anew from the last failure once `Unavailable` is told.
//! - The bound of three registrations an hour holds over all attempts, and includes those that were never ACTIVE.
//!
//! Sources: API reference of RegisterStreamConsumer, DescribeStreamConsumer, DeregisterStreamConsumer; KCL
//! FanOutConsumerRegistration (describe, register, race by ResourceInUse, wait for ACTIVE).

mod deletions;
mod failure;
mod fallback;
mod leave;
mod message;
mod poll_pace;
mod seek;
mod state;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::{Backoff, CallId, Denial};
use crate::model::{ConsumerReference, Failure};
use deletions::Deletions;
use state::{Progress, Search, State, Step};

pub use failure::{Operation, RegistrationFailure};
pub use fallback::RegistrationFallback;
pub use message::{Command, Event, Input, TimeoutReason};

/// The registration of one consumer with one stream.
#[derive(Debug)]
pub struct Registration {
    stream_arn: String,
    consumer: ConsumerReference,
    wait_for_active: Duration,
    /// `None`: what fails is the end.
    fallback: Option<RegistrationFallback>,
    state: State,
    /// The registered consumer as far as it is known to exist.
    consumer_arn: Option<String>,
    /// The ARN of the last `Event::Active`.
    announced: Option<String>,
    /// `Event::Unavailable` was told, and nothing since.
    is_unavailable: bool,
    deletions: Deletions,
    denial: Denial,
    /// Of the search that is under way.
    last_failure: Option<Failure>,
    backoff: Backoff,
    /// A Register that was not waited for any longer: what it registers is ours all the same.
    unanswered_register: Option<CallId>,
    last_call: u64,
    outputs: VecDeque<Output>,
}

/// What this machine has to say.
pub type Output = super::Output<Command, Event, TimeoutReason>;

/// How long a registered consumer may take to become ACTIVE, unless it is set otherwise. It takes seconds; with five being
/// created at once (the limit per account) and other processes before us, minutes. KCL's 10 s are too short (its issue #506).
pub const WAIT_FOR_ACTIVE: Duration = Duration::from_secs(600);

impl Registration {
    /// The registration of `consumer` with the stream of this ARN. The seed is for jitter.
    pub fn new(stream_arn: impl Into<String>, consumer: ConsumerReference, seed: u64) -> Self {
        Self {
            stream_arn: stream_arn.into(),
            consumer,
            wait_for_active: WAIT_FOR_ACTIVE,
            fallback: None,
            state: State::Idle,
            consumer_arn: None,
            announced: None,
            is_unavailable: false,
            deletions: Deletions::default(),
            denial: Denial::default(),
            last_failure: None,
            backoff: Backoff::seeded(seed),
            unanswered_register: None,
            last_call: 0,
            outputs: VecDeque::new(),
        }
    }

    /// Bounds the wait for ACTIVE, at the start and after each deletion.
    pub fn with_wait_for_active(mut self, bound: Duration) -> Self {
        self.wait_for_active = bound;
        self
    }

    /// Takes an input in.
    pub fn handle(&mut self, input: Input, now: Instant) {
        match input {
            Input::Start => self.start(now),
            Input::Described { call, result } if self.awaits(call) => self.described(result, now),
            Input::Registered { call, result } if self.awaits(call) => self.registered(result, now),
            Input::Registered { call, result } if self.unanswered_register == Some(call) => {
                self.registered_late(result);
            }
            Input::Deregistered { call, result } if self.awaits(call) => self.deregistered(result, now),
            Input::Described { .. } | Input::Registered { .. } | Input::Deregistered { .. } => {}
            Input::Suspected => self.suspected(),
            Input::Timeout => self.timed_out(now),
            Input::Shutdown { deregister } => self.shut_down(deregister),
        }
    }

    /// The next output; `Timeout` when there is nothing more to say.
    pub fn poll_output(&mut self) -> Output {
        self.outputs.pop_front().unwrap_or_else(|| Output::Timeout(self.due()))
    }

    fn start(&mut self, now: Instant) {
        if self.state != State::Idle {
            return;
        }
        match &self.consumer {
            ConsumerReference::Arn(arn) => {
                let arn = arn.clone();
                self.activate(arn);
            }
            ConsumerReference::Name(_) => self.seek(Search::starting(now)),
        }
    }

    fn suspected(&mut self) {
        if self.state == State::Active {
            self.verify();
        }
    }

    fn timed_out(&mut self, now: Instant) {
        match self.state {
            State::Seeking(search, progress) if self.is_overdue(search, progress, now) => {
                let waited = now.saturating_duration_since(search.since);
                let last_failure = self.last_failure.clone();
                if search.step == Step::Register {
                    self.unanswered_register = progress.call();
                }
                self.end_search(RegistrationFailure::NotActiveInTime { waited, last_failure }, now);
            }
            State::Seeking(search, progress) if self.patience_end(search).is_some_and(|end| end <= now) => {
                self.took_too_long(search, progress, now);
            }
            State::Seeking(search, progress) if progress.is_due(now) => match self.is_unbounded(progress) {
                true => self.seek(search.begun(now)),
                false => self.seek(search),
            },
            State::Resting { until: Some(until) } if until <= now => self.attempt(now),
            State::Verifying(progress) if progress.is_due(now) => self.verify(),
            State::Deregistering { attempt, progress } if progress.is_due(now) => {
                self.deregister(attempt + 1);
            }
            State::Seeking(..)
            | State::Resting { .. }
            | State::Verifying(_)
            | State::Deregistering { .. }
            | State::Idle
            | State::Active
            | State::Leaving { .. }
            | State::Failed
            | State::ShutDown => {}
        }
    }

    fn due(&self) -> Option<(Instant, TimeoutReason)> {
        let (bound, patience_end) = match self.state {
            State::Seeking(search, progress) => (self.deadline(search, progress), self.patience_end(search)),
            State::Idle
            | State::Resting { .. }
            | State::Active
            | State::Verifying(_)
            | State::Leaving { .. }
            | State::Deregistering { .. }
            | State::Failed
            | State::ShutDown => (None, None),
        };
        let bound = bound.map(|at| (at, TimeoutReason::WaitForActive));
        let patience_end = patience_end.map(|at| (at, TimeoutReason::Unavailable));
        [bound, patience_end, self.state.pause_end()].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    /// `None`: there is no bound, or it is so far off that there is no such instant.
    fn deadline(&self, search: Search, progress: Progress) -> Option<Instant> {
        let deadline = search.since.checked_add(self.wait_for_active);
        deadline.filter(|_| !self.is_unbounded(progress))
    }

    fn is_overdue(&self, search: Search, progress: Progress, now: Instant) -> bool {
        self.deadline(search, progress).is_some_and(|deadline| deadline <= now)
    }

    fn activate(&mut self, consumer_arn: String) {
        self.backoff.reset();
        self.last_failure = None;
        self.is_unavailable = false;
        self.state = State::Active;
        self.consumer_arn = Some(consumer_arn.clone());
        if self.announced.as_ref() == Some(&consumer_arn) {
            return self.emit(Event::Confirmed { consumer_arn });
        }
        self.announced = Some(consumer_arn.clone());
        self.emit(Event::Active { consumer_arn });
    }

    fn fail(&mut self, failure: RegistrationFailure) {
        self.state = State::Failed;
        self.emit(Event::Failed(failure));
    }

    fn awaits(&self, call: CallId) -> bool {
        self.state.awaited_call() == Some(call)
    }

    fn next_call(&mut self) -> CallId {
        self.last_call += 1;
        CallId(self.last_call)
    }

    fn command(&mut self, command: Command) {
        self.outputs.push_back(Output::Command(command));
    }

    fn emit(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }
}
