use super::LineageFailure;
use crate::engine::{CallId, ShardStart, ShardStatus};
use crate::model::{ChildShard, Failure, Shard, ShardFilter, ShardId};

/// What happens to the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Find the shards to start with.
    Start,
    /// The answer to a `ListShards`.
    Listed {
        /// The command's id.
        call: CallId,
        /// What came of it.
        result: Result<Page, Failure>,
    },
    /// The last record of a shard was handed over, and the shard has ended.
    HandedOver {
        /// The shard that ended.
        shard: ShardId,
        /// Its children as its last event, or the answer to a check, had them. May be empty.
        children: Vec<ChildShard>,
    },
    /// What has become of this shard? Answered by `Event::Checked` once a complete listing has come; all who ask until then
    /// share it.
    Check {
        /// The shard.
        shard: ShardId,
    },
    /// The instant of the last timeout has come.
    Timeout,
}

/// A page of ListShards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The shards of this page.
    pub shards: Vec<Shard>,
    /// What the next page is asked for with; `None` on the last one.
    pub next_token: Option<String>,
}

/// What the machine wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// ListShards: one page.
    ListShards {
        /// Goes into the answer.
        call: CallId,
        /// Which page.
        page: PageRequest,
    },
}

/// Which page of ListShards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageRequest {
    /// The first page of the shards that pass the filter.
    First(ShardFilter),
    /// The page behind this token.
    Next(String),
}

/// What the machine has found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The shards to start with are known.
    InitialShards {
        /// How many are read at once; their `StartShard`s follow. More may wait for these.
        count: usize,
    },
    /// Read this shard. Said once per shard.
    StartShard {
        /// The shard.
        shard: ShardId,
        /// Where to start.
        start: ShardStart,
        /// Its parents, read or not.
        parents: Vec<ShardId>,
    },
    /// The answer to a check.
    Checked {
        /// The shard.
        shard: ShardId,
        /// What has become of it.
        status: ShardStatus,
    },
    /// The shards cannot be told any more. Nothing follows.
    Failed(LineageFailure),
}

/// What the machine waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeoutReason {
    /// The next complete listing.
    Discovery,
    /// Trying a page again.
    Retry,
    /// The bound of the start.
    Start,
}
