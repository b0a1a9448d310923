use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::node::{Node, Presence, Role};
use super::{LineageStart, ShardStart, ShardStatus};
use crate::model::{ChildShard, Shard, ShardId};

/// The shards of the stream, which of them are ours, and who waits for whom.
///
/// Knows no calls and no timers. Ours are the shards of the start and all that descend from them.
#[derive(Debug, Default)]
pub(super) struct Graph {
    nodes: BTreeMap<ShardId, Node>,
}

/// A shard whose time has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Started {
    pub(super) shard: ShardId,
    pub(super) start: ShardStart,
    pub(super) parents: Vec<ShardId>,
}

impl Graph {
    /// Builds the graph from the shards of the start and a complete listing.
    pub(super) fn begin(&mut self, start: &LineageStart, start_set: &[Shard], complete: &[Shard]) {
        self.insert(start_set, Presence::Gone);
        self.insert(complete, Presence::Listed);
        if self.adopt_named(start) {
            let above = self.ancestors(start.positions.keys());
            let candidates = complete.iter().map(|shard| &shard.shard_id);
            self.adopt_orphans(&candidates.filter(|id| !above.contains(*id)).cloned().collect());
        }
        self.adopt_descendants();
        for shard in start_set {
            self.adopt_if_foreign(&shard.shard_id, start.otherwise.into());
        }
        self.adopt_descendants();
    }

    /// Takes a complete listing in, which was started at `started`; `round` is the least time between two discovery rounds.
    pub(super) fn absorb(&mut self, complete: &[Shard], started: Instant, round: Duration) {
        let listed: BTreeSet<&ShardId> = complete.iter().map(|shard| &shard.shard_id).collect();
        let known: BTreeSet<ShardId> = self.nodes.keys().cloned().collect();
        for (id, node) in &mut self.nodes {
            if !listed.contains(id) {
                node.missed(started, round);
            }
        }
        self.insert(complete, Presence::Listed);
        self.mark_parents();
        self.adopt_descendants();
        if self.nodes.values().any(is_lost) {
            let new = listed.into_iter().filter(|id| !known.contains(*id));
            self.adopt_orphans(&new.cloned().collect());
            self.adopt_descendants();
        }
    }

    /// A shard has ended. Only a shard that was started can.
    pub(super) fn hand_over(&mut self, shard: &ShardId, children: &[ChildShard], now: Instant) {
        let Some(node) = self.nodes.get_mut(shard) else {
            return;
        };
        match node.role {
            Role::Reading | Role::HandedOver => node.role = Role::HandedOver,
            Role::Foreign | Role::Waiting { .. } => return,
        }
        for child in children {
            let node =
                self.nodes.entry(child.shard_id.clone()).or_insert_with(|| Node::announced(child, now));
            node.add_parent(shard);
        }
        self.mark_parents();
        self.adopt_descendants();
    }

    /// Starts every shard that waits for nobody any more.
    pub(super) fn start_ready(&mut self) -> Vec<Started> {
        self.settle();
        let mut started = Vec::new();
        for (id, node) in &mut self.nodes {
            if let Role::Waiting { start, gate } = &node.role
                && gate.is_empty()
            {
                started.push(Started {
                    shard: id.clone(),
                    start: start.clone(),
                    parents: node.parents.clone(),
                });
                node.role = Role::Reading;
            }
        }
        started
    }

    /// What the last complete listing, and those before it, say of a shard.
    pub(super) fn status(&self, shard: &ShardId) -> ShardStatus {
        let gone = || ShardStatus::Gone { children: self.children(shard) };
        let Some(node) = self.nodes.get(shard) else {
            return gone();
        };
        match (node.presence, &node.ending_sequence_number) {
            (Presence::Listed, None) => ShardStatus::Open,
            (Presence::Listed, Some(ending)) => {
                ShardStatus::Closed { ending_sequence_number: ending.clone(), children: self.children(shard) }
            }
            (presence, _) if presence.is_gone() => gone(),
            (_, _) => ShardStatus::Unlisted,
        }
    }

    /// Drops the shards that have expired and that nothing depends on any more, ancestors first.
    pub(super) fn forget(&mut self) {
        loop {
            let forgettable: Vec<ShardId> = self
                .nodes
                .iter()
                .filter(|(_, node)| self.is_forgettable(node))
                .map(|(id, _)| id.clone())
                .collect();
            if forgettable.is_empty() {
                return;
            }
            for id in forgettable {
                self.nodes.remove(&id);
            }
        }
    }

    /// How many shards give a reason to list before the time: they wait for a shard that is not known, or were handed over
    /// without children and may have some.
    pub(super) fn open_questions(&self) -> usize {
        let is_open = |node: &&Node| match &node.role {
            Role::Waiting { gate, .. } => gate.iter().any(|id| !self.nodes.contains_key(id)),
            Role::HandedOver => !node.has_children && !node.presence.is_gone(),
            Role::Foreign | Role::Reading => false,
        };
        self.nodes.values().filter(is_open).count()
    }

    /// How many shards are started and not handed over.
    pub(super) fn reading(&self) -> usize {
        self.count(|role| *role == Role::Reading)
    }

    /// How many shards are ours and wait for their parents.
    pub(super) fn waiting(&self) -> usize {
        self.count(|role| matches!(role, Role::Waiting { .. }))
    }

    /// How many shards are remembered.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    fn count(&self, has: impl Fn(&Role) -> bool) -> usize {
        self.nodes.values().filter(|node| has(&node.role)).count()
    }

    fn insert(&mut self, shards: &[Shard], presence: Presence) {
        for shard in shards {
            let node =
                self.nodes.entry(shard.shard_id.clone()).or_insert_with(|| Node::listed(shard, presence));
            if presence == Presence::Listed {
                node.update(shard);
            }
        }
    }

    fn mark_parents(&mut self) {
        let parents: BTreeSet<ShardId> = self.nodes.values().flat_map(|n| n.parents.clone()).collect();
        for id in parents {
            if let Some(node) = self.nodes.get_mut(&id) {
                node.has_children = true;
            }
        }
    }

    /// Adopts the named shards. True if one of them has expired.
    fn adopt_named(&mut self, start: &LineageStart) -> bool {
        let mut any_expired = false;
        for (id, position) in &start.positions {
            let node = self.nodes.entry(id.clone()).or_insert_with(Node::expired);
            match node.hash_key_range {
                Some(_) => node.adopt(ShardStart::After(position.clone())),
                None => any_expired = true,
            }
        }
        self.mark_parents();
        any_expired
    }

    /// Adopts those of the candidates whose parents are not known. Where a line of ours was lost sight of (a shard expired
    /// before its children were seen), they may descend from it; too much is harmless, too little loses records. They wait for
    /// the shards they may descend from.
    fn adopt_orphans(&mut self, candidates: &BTreeSet<ShardId>) {
        let lost: Vec<ShardId> =
            self.nodes.iter().filter(|(_, node)| is_lost(node)).map(|(id, _)| id.clone()).collect();
        for id in candidates {
            let is_orphan = self
                .nodes
                .get(id)
                .is_some_and(|node| node.parents.iter().any(|parent| !self.nodes.contains_key(parent)));
            if is_orphan {
                self.adopt_if_foreign(id, ShardStart::TrimHorizon);
                self.hold(id, &lost);
            }
        }
    }

    fn hold(&mut self, id: &ShardId, by: &[ShardId]) {
        if let Some(Node { role: Role::Waiting { gate, .. }, .. }) = self.nodes.get_mut(id) {
            gate.extend(by.iter().cloned());
        }
    }

    /// Adopts, from its beginning, every shard with a parent that is ours.
    fn adopt_descendants(&mut self) {
        loop {
            let is_ours = |id: &ShardId| self.nodes.get(id).is_some_and(Node::is_ours);
            let heirs: Vec<ShardId> = self
                .nodes
                .iter()
                .filter(|(_, node)| !node.is_ours() && node.parents.iter().any(is_ours))
                .map(|(id, _)| id.clone())
                .collect();
            if heirs.is_empty() {
                return;
            }
            for id in heirs {
                self.adopt_if_foreign(&id, ShardStart::TrimHorizon);
            }
        }
    }

    fn adopt_if_foreign(&mut self, id: &ShardId, start: ShardStart) {
        if let Some(node) = self.nodes.get_mut(id)
            && !node.is_ours()
        {
            node.adopt(start);
        }
    }

    /// Opens the gates: a parent holds its child while it is ours and not handed over, or while it is not known and the child
    /// was not listed yet (decision 10).
    fn settle(&mut self) {
        let unfinished: BTreeMap<ShardId, bool> =
            self.nodes.iter().map(|(id, node)| (id.clone(), node.is_unfinished())).collect();
        for node in self.nodes.values_mut() {
            let may_lag = node.presence.may_lag();
            if let Role::Waiting { gate, .. } = &mut node.role {
                gate.retain(|parent| unfinished.get(parent).copied().unwrap_or(may_lag));
            }
        }
    }

    fn children(&self, shard: &ShardId) -> Vec<ChildShard> {
        self.nodes
            .iter()
            .filter(|(_, node)| node.parents.contains(shard))
            .filter_map(|(id, node)| {
                Some(ChildShard {
                    shard_id: id.clone(),
                    parent_shards: node.parents.clone(),
                    hash_key_range: node.hash_key_range?,
                })
            })
            .collect()
    }

    fn ancestors<'a>(&self, shards: impl Iterator<Item = &'a ShardId>) -> BTreeSet<ShardId> {
        let mut found = BTreeSet::new();
        let mut next: Vec<ShardId> = shards.cloned().collect();
        while let Some(id) = next.pop() {
            let parents = self.nodes.get(&id).map_or(&[][..], |node| &node.parents);
            next.extend(parents.iter().filter(|parent| found.insert((*parent).clone())).cloned());
        }
        found
    }

    /// A shard is kept while its ancestors are: seen again in a listing, it would be taken for new and read twice.
    fn is_forgettable(&self, node: &Node) -> bool {
        match node.role {
            Role::Foreign => node.presence.is_gone(),
            Role::Waiting { .. } | Role::Reading => false,
            Role::HandedOver => {
                let is_known = |id: &ShardId| self.nodes.get(id).is_some_and(Node::is_ours);
                node.presence.is_gone() && node.has_children && !node.parents.iter().any(is_known)
            }
        }
    }
}

/// Ours, expired, and no child was ever seen.
fn is_lost(node: &Node) -> bool {
    node.is_ours() && node.presence == Presence::Gone && !node.has_children
}
