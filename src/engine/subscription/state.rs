use std::time::Instant;

use super::CheckCause;
use crate::engine::CallId;
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
    /// Since when nothing came while there was room, or since when there is no room.
    pub(super) since: Instant,
    /// The silence was noticed; one more look until this instant.
    pub(super) last_look: Option<Instant>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Ending {
    ShardEnd(Vec<ChildShard>),
    Unclear,
}
