//! The polling of one shard: when to call GetShardIterator and GetRecords and from where, how fast, when the shard has ended.
//!
//! It does not know the client, other shards, what is inside a record, how large the memory budget is, or whether fan-out could be
//! had: it learns only whether there is room for one more page. Who else polls the shard it cannot know either; their calls show as
//! throttles.
//!
//! ```text
//!                     demand, and due
//!      ┌──> Idle ──────────────────────> Calling: GetShardIterator, or GetRecords with the iterator at hand
//!      │      ^                             │
//!      │      ├── iterator <────────────────┤
//!      │      ├── page: Deliver <───────────┤
//!      │      ├── throttled, failed: later <┤
//!      │      ├── iterator expired <────────┤
//!      │      └── no room for the page <────┤
//!      │                                    │ ResourceNotFound, InvalidArgument
//!      │                                    │               page without an iterator: Deliver
//!      └── open, or below its end ── Checking <── no children ── Ending
//!                                    │                             │
//!                                    │ closed and read, or gone    │ child shards, and the page has found room
//!                                    └──────────> Over <───────────┘
//! ```
//!
//! - A scan goes out at once at the start, and again while the shard is behind, as fast as the service allows (see `pace`); a shard that is
//!   caught up waits for the idle interval.
//! - The position moves with the records of a page, never with an iterator: one that has expired is replaced by one AFTER the last
//!   record.
//! - Throttles only slow it down: others may poll the same shard, so they are no failure, however long they last.
//!
//! Decisions (DESIGN §4) 1, 2, 3, 4 and 5 are kept here. Sources: the API reference of GetRecords and GetShardIterator.

mod machine;
mod pace;
mod recovery;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use crate::engine::{CallId, CheckCause, ShardFailure, ShardStatus};
use crate::model::{ChildShard, Failure, RecordPosition, RecordsPage, StartingPosition};

pub use machine::{Polling, PollingConfig};

/// What the machine is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// There is room: the last page delivered is stored, and one more may come. Told again while there is room, it says nothing.
    Demand,
    /// The size of the page is known, and there is no room for it. It is given up; `Demand` follows when there is.
    NoRoom {
        /// The call of GetRecords.
        call: CallId,
        /// What the page weighs: the service counts it as given.
        bytes: usize,
    },
    /// The answer of GetShardIterator.
    Iterator {
        /// The call.
        call: CallId,
        /// When it was sent, after any wait for other calls of the process.
        sent_at: Instant,
        /// The iterator, or why there is none.
        result: Result<String, Failure>,
    },
    /// The answer of GetRecords, read to its end.
    Page {
        /// The call.
        call: CallId,
        /// When it was sent, after any wait for other calls of the process.
        sent_at: Instant,
        /// The page, or why there is none.
        result: Result<RecordsPage, Failure>,
    },
    /// The answer to [`Command::Check`].
    Checked(ShardStatus),
    /// The instant of `Output::Timeout` has come.
    Timeout,
    /// No more calls, no more pages.
    Shutdown,
}

/// What the machine wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Call GetShardIterator once; answered by `Iterator`.
    GetShardIterator {
        /// The call.
        call: CallId,
        /// From where.
        starting_position: StartingPosition,
    },
    /// Call GetRecords once and read its answer; answered by `Page` or `NoRoom`.
    GetRecords {
        /// The call.
        call: CallId,
        /// The iterator.
        iterator: String,
        /// The most records to ask for.
        limit: u16,
    },
    /// Give the call up.
    Close {
        /// The call.
        call: CallId,
    },
    /// Ask a complete listing what has become of the shard; answered by one `Checked`.
    Check(CheckCause),
}

/// What the shell and the user learn.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A page for the user. It waits for room until `Demand`.
    Deliver {
        /// The page.
        page: RecordsPage,
        /// Its records up to here are done already.
        skip_through: Option<RecordPosition>,
    },
    /// The shard gives no more for now: its limits are used up, by this reader or by others.
    Throttled {
        /// When the next call follows.
        retry_in: Duration,
    },
    /// The iterator was too old: a new one is asked for.
    IteratorExpired,
    /// A call failed.
    CallFailed {
        /// How.
        failure: Failure,
        /// When the next call follows; `None`: after a check.
        retry_in: Option<Duration>,
    },
    /// The shard has ended and all its pages are stored.
    ShardEnded {
        /// Its children, as far as known.
        children: Vec<ChildShard>,
    },
    /// Nothing more can be done here.
    Failed(ShardFailure),
}

/// Why `Input::Timeout` is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeoutReason {
    /// The next call may be made.
    Call,
}
