//! The machine that knows the shards of one stream: which of them are ours, which is to be read now, and who waits for whom.
//!
//! It does not know how a shard is read, nor by which registered consumer; it is told when one has ended.
//!
//! ```text
//!             complete listing
//!  Idle ──> start set ──────────> first complete listing ──> Resting ⇄ complete listing     any ──> Failed
//!   Start    │    ▲ pin refused:             InitialShards    30 s, or soon: a check, a child whose parent
//!            └────┘ an earlier one                            is not known, a shard that ended without children
//!
//!  a shard:   Foreign ──> Waiting ──────────────────> Reading ─────────────> HandedOver ──> forgotten
//!               descends   │  all its parents that     │ StartShard  HandedOver     expired, its children known
//!               from ours  └─ are ours: handed over    └ Check ──> Checked(Open | Closed | Unlisted | Gone)
//! ```
//!
//! The law (decision 10):
//! - Ours are the shards of the start set, the named ones, and all that descend from these. Each is started once.
//! - A child starts when all its parents that are ours have been handed over. It starts at TRIM_HORIZON.
//! - A parent that is not known holds its child until a complete listing has the child, and lacks the parent; or until two
//!   discovery rounds have lacked both.
//! - A named shard that a complete listing lacks has expired: it counts as handed over.
//! - Where an expired shard of ours has no known child, a shard whose parents are not known may descend from it, and is taken
//!   for ours: too much is harmless, too little loses records.
//! - Complete listings are single-flight and start at least a second apart, whoever asks for them (decision 6).
//!
//! Sources: API reference of ListShards and SubscribeToShard (ChildShards); KCL BlockOnParentShardTask and
//! HierarchicalShardSyncer.

mod coverage;
mod discovery;
mod failure;
mod graph;
mod listing;
mod message;
mod node;
mod rounds;
mod start;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use super::{Backoff, CallId, Denial};
use crate::model::{ChildShard, Failure, Shard, ShardFilter, ShardId};
use discovery::Discovery;
use graph::{Graph, Started};
use listing::Listing;

pub use super::{ShardStart, ShardStatus};
pub use failure::LineageFailure;
pub use message::{Command, Event, Input, Page, PageRequest, TimeoutReason};
pub use start::{LineageStart, StreamStart};

/// The shard graph of one stream.
#[derive(Debug)]
pub struct Lineage {
    start: LineageStart,
    state: State,
    graph: Graph,
    discovery: Discovery,
    checks: BTreeSet<ShardId>,
    started_at: Option<Instant>,
    last_failure: Option<Failure>,
    denial: Denial,
    backoff: Backoff,
    last_call: u64,
    outputs: VecDeque<Output>,
}

/// What this machine has to say.
pub type Output = super::Output<Command, Event, TimeoutReason>;

/// How often all shards are listed, unless it is set otherwise: how late a reshard is noticed whose event told of no children.
/// One call per 1,000 shards each time. KCL lists every 120 s, and wants to have seen a hole three times.
pub const DISCOVERY_INTERVAL: Duration = Duration::from_secs(30);

/// How long the shards of the start are asked for before the start fails, as long as the checkpoints are (decision 11).
pub const START_BOUND: Duration = Duration::from_secs(60);

impl Lineage {
    /// The shards of a stream, read from `start` on. The seed is for jitter.
    pub fn new(start: impl Into<LineageStart>, seed: u64) -> Self {
        Self {
            start: start.into(),
            state: State::Idle,
            graph: Graph::default(),
            discovery: Discovery::every(DISCOVERY_INTERVAL),
            checks: BTreeSet::new(),
            started_at: None,
            last_failure: None,
            denial: Denial::default(),
            backoff: Backoff::seeded(seed),
            last_call: 0,
            outputs: VecDeque::new(),
        }
    }

    /// Lists all shards this often (jittered by a tenth; never more than once a second).
    pub fn with_discovery_interval(mut self, interval: Duration) -> Self {
        self.discovery = Discovery::every(interval);
        self
    }

    /// How many shards are started and not handed over.
    pub fn reading(&self) -> usize {
        self.graph.reading()
    }

    /// How many shards are ours and wait for their parents.
    pub fn waiting(&self) -> usize {
        self.graph.waiting()
    }

    /// Takes an input in.
    pub fn handle(&mut self, input: Input, now: Instant) {
        match input {
            Input::Start => self.begin(now),
            Input::Listed { call, result } => self.listed(call, result, now),
            Input::HandedOver { shard, children } => self.handed_over(&shard, &children, now),
            Input::Check { shard } => self.check(shard, now),
            Input::Timeout => self.timed_out(now),
        }
        self.discover_if_due(now);
    }

    /// The next output; `Timeout` when there is nothing more to say.
    pub fn poll_output(&mut self) -> Output {
        self.outputs.pop_front().unwrap_or_else(|| Output::Timeout(self.due()))
    }

    fn begin(&mut self, now: Instant) {
        match self.state {
            State::Idle => {
                self.started_at = Some(now);
                self.list(Purpose::StartSet, self.start.otherwise.filter(), now);
            }
            State::Listing(..) | State::Resting | State::Failed => {}
        }
    }

    fn handed_over(&mut self, shard: &ShardId, children: &[ChildShard], now: Instant) {
        if matches!(self.state, State::Failed) {
            return;
        }
        let open_before = self.graph.open_questions();
        self.graph.hand_over(shard, children, now);
        self.start_ready();
        if self.graph.open_questions() > open_before {
            self.discovery.soon(now);
        }
    }

    fn check(&mut self, shard: ShardId, now: Instant) {
        match self.state {
            State::Failed => {}
            State::Resting => {
                self.checks.insert(shard);
                self.discovery.soon(now);
            }
            State::Idle | State::Listing(..) => {
                self.checks.insert(shard);
            }
        }
    }

    fn timed_out(&mut self, now: Instant) {
        let State::Listing(purpose, round) = &self.state else {
            return;
        };
        if self.deadline(purpose).is_some_and(|deadline| deadline <= now) {
            return self.fail(LineageFailure::NotListedInTime {
                waited: START_BOUND,
                last_failure: self.last_failure.clone(),
            });
        }
        match round.progress {
            Progress::Paused(until) if until <= now => self.ask(now),
            Progress::Paused(_) | Progress::Asked(_) => {}
        }
    }

    fn discover_if_due(&mut self, now: Instant) {
        match self.state {
            State::Resting if self.discovery.due().is_some_and(|due| due <= now) => {
                self.list(Purpose::Discovery, ShardFilter::All, now);
            }
            State::Idle | State::Listing(..) | State::Resting | State::Failed => {}
        }
    }

    fn due(&self) -> Option<(Instant, TimeoutReason)> {
        match &self.state {
            State::Idle | State::Failed => None,
            State::Resting => self.discovery.due().map(|due| (due, TimeoutReason::Discovery)),
            State::Listing(purpose, round) => {
                let deadline = self.deadline(purpose).map(|at| (at, TimeoutReason::Start));
                let retry = match round.progress {
                    Progress::Asked(_) => None,
                    Progress::Paused(until) => Some((until, TimeoutReason::Retry)),
                };
                deadline.into_iter().chain(retry).min_by_key(|(at, _)| *at)
            }
        }
    }

    fn deadline(&self, purpose: &Purpose) -> Option<Instant> {
        match purpose {
            Purpose::Discovery => None,
            Purpose::StartSet | Purpose::Horizon(_) | Purpose::First(_) => {
                self.started_at.map(|at| at + START_BOUND)
            }
        }
    }

    fn start_ready(&mut self) {
        let started = self.graph.start_ready();
        self.announce(started);
    }

    fn announce(&mut self, started: Vec<Started>) {
        for Started { shard, start, parents } in started {
            self.emit(Event::StartShard { shard, start, parents });
        }
    }

    fn answer_checks(&mut self) {
        for shard in std::mem::take(&mut self.checks) {
            let status = self.graph.status(&shard);
            self.emit(Event::Checked { shard, status });
        }
    }

    fn fail(&mut self, failure: LineageFailure) {
        self.state = State::Failed;
        self.emit(Event::Failed(failure));
    }

    fn emit(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }
}

#[derive(Debug)]
enum State {
    Idle,
    Listing(Purpose, Round),
    Resting,
    Failed,
}

/// What is being listed, and what was listed before it.
#[derive(Debug)]
enum Purpose {
    /// The shards that were open where the reading starts.
    StartSet,
    /// Those that were open at the horizon, to fill the holes of this start set.
    Horizon(Vec<Shard>),
    /// All shards, for the first time, with this start set.
    First(Vec<Shard>),
    /// All shards, once more.
    Discovery,
}

/// A listing under way.
#[derive(Debug)]
struct Round {
    listing: Listing,
    progress: Progress,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Asked(CallId),
    Paused(Instant),
}
