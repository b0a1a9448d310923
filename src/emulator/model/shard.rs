//! One shard: its place in the stream's lineage, its records, and whether it is open.

use std::collections::BTreeSet;
use std::time::Duration;

use super::limits::Window;
use super::log::Log;
use super::numbering::{self, Number, Numbering};
use super::polling::Polls;
use super::subscriptions::SubscriptionId;
use super::total::Held;
use crate::emulator::Settings;
use crate::model::{ChildShard, HashKeyRange, Shard, ShardId, Timestamp};

/// A shard of a stream.
#[derive(Debug)]
pub(super) struct ShardState {
    pub(super) id: ShardId,
    /// One after a split, two after a merge, the one that was merged first.
    pub(super) parents: Vec<ShardId>,
    pub(super) range: HashKeyRange,
    pub(super) created: Timestamp,
    pub(super) closed: Option<Closed>,
    pub(super) numbering: Numbering,
    pub(super) log: Log,
    pub(super) subscribers: BTreeSet<SubscriptionId>,
    pub(super) records_written: Window,
    pub(super) bytes_written: Window,
    pub(super) polls: Polls,
    /// How long its records, and then the closed shard, can be read.
    pub(super) retention: Duration,
}

/// How a shard ended.
#[derive(Debug, Clone)]
pub(super) struct Closed {
    pub(super) at: Timestamp,
    pub(super) ending: Number,
    pub(super) children: Vec<ChildShard>,
}

impl ShardState {
    pub(super) fn new(
        index: usize,
        parents: Vec<ShardId>,
        range: HashKeyRange,
        numbering: Numbering,
        retention: Duration,
        held: Held,
        now: Timestamp,
    ) -> Self {
        Self {
            id: id(index),
            parents,
            range,
            created: now,
            closed: None,
            numbering,
            log: Log::new(held),
            subscribers: BTreeSet::new(),
            records_written: Window::default(),
            bytes_written: Window::default(),
            polls: Polls::default(),
            retention,
        }
    }

    /// Trims what retention no longer holds.
    pub(super) fn trim(&mut self, settings: &Settings, now: Timestamp) {
        let horizon = now.saturating_sub(self.retention);
        self.log.trim(horizon, settings.retention_records, settings.retention_bytes);
    }

    /// Whether it is closed and retention has passed since: it is listed and read no more.
    pub(super) fn is_expired(&self, now: Timestamp) -> bool {
        let closed = self.closed.as_ref();
        closed.is_some_and(|closed| closed.at.saturating_add(self.retention) <= now)
    }

    /// Whether it takes records.
    pub(super) fn is_open(&self) -> bool {
        self.closed.is_none()
    }

    /// The shard as ListShards shows it; `open`: as it was before it closed.
    pub(super) fn describe(&self, settings: &Settings, open: bool) -> Shard {
        let written = |number| numbering::written(number, settings.sequence_numbers);
        Shard {
            shard_id: self.id.clone(),
            parent_shard_id: self.parents.first().cloned(),
            adjacent_parent_shard_id: self.parents.get(1).cloned(),
            hash_key_range: self.range,
            starting_sequence_number: written(self.numbering.first()),
            ending_sequence_number: self
                .closed
                .as_ref()
                .filter(|_| !open)
                .map(|closed| written(closed.ending)),
        }
    }

    /// The shard as its parents' last event announces it.
    pub(super) fn as_child(&self) -> ChildShard {
        ChildShard {
            shard_id: self.id.clone(),
            parent_shards: self.parents.clone(),
            hash_key_range: self.range,
        }
    }
}

/// The id of a stream's shard, counted from 0.
pub(super) fn id(index: usize) -> ShardId {
    format!("shardId-{index:012}").into()
}

/// The index in an id of that form.
pub(super) fn index(id: &str) -> Option<usize> {
    let digits = id.strip_prefix("shardId-")?;
    let plain = digits.len() == 12 && digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|_| plain)
}
