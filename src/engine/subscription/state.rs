use std::time::{Duration, Instant};

use crate::engine::{CallId, CheckCause};
use crate::model::{ChildShard, Failure};

#[derive(Debug)]
pub(super) enum State {
    /// No subscription; the next call is due at the instant, when there is room.
    Idle { due: Instant },
    /// A call is under way.
    Calling { call: CallId },
    /// A subscription is open.
    Open(Open),
    /// The subscription has had its last event, which waits for room.
    Ending { since: Instant, next: Ending },
    /// A listing is asked.
    Checking { cause: CheckCause, failure: Option<Failure> },
    /// The shard has ended, or failed, or is not wanted any more.
    Over,
}

#[derive(Debug)]
pub(super) struct Open {
    pub(super) call: CallId,
    /// Since when no event came while there was room, or since when there is no room.
    pub(super) since: Instant,
    /// When bytes came last that make no event yet.
    pub(super) heard: Option<Instant>,
    /// The silence was noticed; one more look until this instant.
    pub(super) last_look: Option<Instant>,
}

impl Open {
    pub(super) fn new(call: CallId, now: Instant) -> Self {
        Self { call, since: now, heard: None, last_look: None }
    }

    /// When the subscription counts as silent: without a byte for so long, or without a whole event for longer than any takes.
    /// `None`: later than the clock can tell.
    pub(super) fn silent_at(&self, silence: Duration) -> Option<Instant> {
        let without_bytes = self.last_bytes().checked_add(silence)?;
        let without_event = self.since.checked_add(silence.max(EVENT_TIMEOUT))?;
        Some(without_bytes.min(without_event))
    }

    /// How long the subscription has been quiet when it counts as silent: without bytes, or else without a whole event.
    pub(super) fn quiet(&self, silence: Duration, now: Instant) -> Duration {
        let without_bytes = now.saturating_duration_since(self.last_bytes());
        if without_bytes >= silence { without_bytes } else { now.saturating_duration_since(self.since) }
    }

    fn last_bytes(&self) -> Instant {
        self.since.max(self.heard.unwrap_or(self.since))
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Ending {
    ShardEnd(Vec<ChildShard>),
    Unclear,
}

/// What one event may take, its bytes coming in all the while: as long as a whole subscription lasts (decision 8).
const EVENT_TIMEOUT: Duration = Duration::from_secs(300);
