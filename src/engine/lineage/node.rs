use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::ShardStart;
use crate::model::{ChildShard, HashKeyRange, SequenceNumber, Shard, ShardId};

/// What is known of one shard.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) parents: Vec<ShardId>,
    /// `None`: a named shard that was never listed.
    pub(super) hash_key_range: Option<HashKeyRange>,
    pub(super) ending_sequence_number: Option<SequenceNumber>,
    pub(super) role: Role,
    pub(super) presence: Presence,
    /// Whether a child was ever known. The children of a reshard become known together.
    pub(super) has_children: bool,
}

/// What a shard is to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Role {
    /// Not ours to read.
    Foreign,
    /// Ours, to be started when nobody is left that it waits for.
    Waiting { start: ShardStart, gate: BTreeSet<ShardId> },
    /// Started.
    Reading,
    /// Read to its end.
    HandedOver,
}

/// What complete listings say of a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// The last one has it.
    Listed,
    /// None has it yet. The last discovery round that lacked it, or its first mention, was at `since`.
    NeverListed { since: Instant, rounds: u32 },
    /// One had it, the last one has not: expired.
    Gone,
}

impl Node {
    /// A shard from a listing.
    pub(super) fn listed(shard: &Shard, presence: Presence) -> Self {
        Self {
            parents: shard.parents().cloned().collect(),
            hash_key_range: Some(shard.hash_key_range),
            ending_sequence_number: shard.ending_sequence_number.clone(),
            role: Role::Foreign,
            presence,
            has_children: false,
        }
    }

    /// A shard from its parent's last event.
    pub(super) fn announced(child: &ChildShard, now: Instant) -> Self {
        Self {
            parents: child.parent_shards.clone(),
            hash_key_range: Some(child.hash_key_range),
            ending_sequence_number: None,
            role: Role::Foreign,
            presence: Presence::NeverListed { since: now, rounds: 0 },
            has_children: false,
        }
    }

    /// A named shard that has expired: it is read to its end, there being no more of it.
    pub(super) fn expired() -> Self {
        Self {
            parents: Vec::new(),
            hash_key_range: None,
            ending_sequence_number: None,
            role: Role::HandedOver,
            presence: Presence::Gone,
            has_children: false,
        }
    }

    pub(super) fn is_ours(&self) -> bool {
        self.role != Role::Foreign
    }

    /// Whether it may hold back its children.
    pub(super) fn is_unfinished(&self) -> bool {
        match self.role {
            Role::Waiting { .. } | Role::Reading => true,
            Role::Foreign | Role::HandedOver => false,
        }
    }

    /// A complete listing has the shard.
    pub(super) fn update(&mut self, shard: &Shard) {
        self.presence = Presence::Listed;
        self.hash_key_range = Some(shard.hash_key_range);
        if shard.is_closed() {
            self.ending_sequence_number = shard.ending_sequence_number.clone();
        }
        for parent in shard.parents() {
            self.add_parent(parent);
        }
    }

    /// The shard descends from this one too.
    pub(super) fn add_parent(&mut self, parent: &ShardId) {
        if self.parents.contains(parent) {
            return;
        }
        self.parents.push(parent.clone());
        if let Role::Waiting { gate, .. } = &mut self.role {
            gate.insert(parent.clone());
        }
    }

    /// A complete listing that was started at `started` lacks the shard. It makes a round if the one before is `round` ago.
    pub(super) fn missed(&mut self, started: Instant, round: Duration) {
        self.presence = match self.presence {
            Presence::Listed | Presence::Gone => Presence::Gone,
            Presence::NeverListed { since, rounds } if started.saturating_duration_since(since) >= round => {
                Presence::NeverListed { since: started, rounds: rounds.saturating_add(1) }
            }
            Presence::NeverListed { since, rounds } => Presence::NeverListed { since, rounds },
        };
    }

    /// Gives the shard to us, to be started when its parents allow.
    pub(super) fn adopt(&mut self, start: ShardStart) {
        self.role = Role::Waiting { start, gate: self.parents.iter().cloned().collect() };
    }
}

impl Presence {
    /// Whether listings may still be waited for: the shard was announced, and they may lag behind.
    pub(super) fn may_lag(self) -> bool {
        match self {
            Self::NeverListed { rounds, .. } => rounds < ROUNDS,
            Self::Listed | Self::Gone => false,
        }
    }

    /// Whether the shard cannot be read any more, for all that listings say.
    pub(super) fn is_gone(self) -> bool {
        match self {
            Self::Listed => false,
            Self::NeverListed { .. } => !self.may_lag(),
            Self::Gone => true,
        }
    }
}

/// Decision 10: a child that is never listed is given two discovery rounds.
const ROUNDS: u32 = 2;
