use std::time::Instant;

use super::TimeoutReason;
use super::poll_pace::PollPace;
use crate::engine::CallId;

/// Where the machine stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Idle,
    /// On the way to an ACTIVE consumer.
    Seeking(Search, Progress),
    /// Between a search that has come to nothing and the next attempt. `None`: so far off that there is no such instant.
    Resting {
        until: Option<Instant>,
    },
    Active,
    /// Looking whether a suspected consumer is still there.
    Verifying(Progress),
    /// Shut down while a registration is under way: its answer brings the ARN to deregister.
    Leaving {
        call: CallId,
    },
    Deregistering {
        attempt: u32,
        progress: Progress,
    },
    Failed,
    ShutDown,
}

/// One search for an ACTIVE consumer, under one bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Search {
    pub(super) step: Step,
    pub(super) since: Instant,
    /// Set by the first look at a consumer that is CREATING or DELETING.
    pub(super) pace: Option<PollPace>,
}

/// The next call of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Describe by name. Contested: a Register has just been refused because the name is in use.
    Lookup { contested: bool },
    /// Register the name.
    Register,
    /// Describe by ARN until it is ACTIVE.
    Wait,
}

/// Whether a call is out, or waits for its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    Asked(CallId),
    Paused(Instant, TimeoutReason),
}

impl State {
    /// The call whose answer is awaited.
    pub(super) fn awaited_call(&self) -> Option<CallId> {
        match *self {
            Self::Seeking(_, progress) | Self::Verifying(progress) | Self::Deregistering { progress, .. } => {
                progress.call()
            }
            Self::Leaving { call } => Some(call),
            Self::Idle | Self::Resting { .. } | Self::Active | Self::Failed | Self::ShutDown => None,
        }
    }

    /// When a pause ends.
    pub(super) fn pause_end(&self) -> Option<(Instant, TimeoutReason)> {
        match *self {
            Self::Seeking(_, progress) | Self::Verifying(progress) | Self::Deregistering { progress, .. } => {
                progress.pause_end()
            }
            Self::Resting { until } => until.map(|until| (until, TimeoutReason::Attempt)),
            Self::Idle | Self::Active | Self::Leaving { .. } | Self::Failed | Self::ShutDown => None,
        }
    }
}

impl Search {
    /// A search that begins now, with a look.
    pub(super) fn starting(now: Instant) -> Self {
        Self { step: Step::LOOKUP, since: now, pace: None }
    }

    /// The same search at this step.
    pub(super) fn at(self, step: Step) -> Self {
        Self { step, ..self }
    }

    /// The same search as if it began now.
    pub(super) fn begun(self, now: Instant) -> Self {
        Self { since: now, ..self }
    }
}

impl Step {
    /// The first look.
    pub(super) const LOOKUP: Self = Self::Lookup { contested: false };
}

impl Progress {
    /// Whether this is a pause that has ended.
    pub(super) fn is_due(self, now: Instant) -> bool {
        self.pause_end().is_some_and(|(until, _)| until <= now)
    }

    /// Whether something that failed is to be tried again.
    pub(super) fn is_retry(self) -> bool {
        matches!(self, Self::Paused(_, TimeoutReason::Retry))
    }

    /// The call that is out.
    pub(super) fn call(self) -> Option<CallId> {
        match self {
            Self::Asked(call) => Some(call),
            Self::Paused(..) => None,
        }
    }

    fn pause_end(self) -> Option<(Instant, TimeoutReason)> {
        match self {
            Self::Asked(_) => None,
            Self::Paused(until, reason) => Some((until, reason)),
        }
    }
}
