//! SplitShard and MergeShards: parents close, children open.

use super::numbering::Numbering;
use super::shard::{self, Closed, ShardState};
use super::streams::Stream;
use super::{Answer, Model, ServiceError, StreamMode};
use crate::model::{HashKeyRange, ShardId, StreamReference, Timestamp};

impl Model {
    /// SplitShard: the second child begins at `new_starting_hash_key`.
    ///
    /// # Errors
    /// ResourceNotFoundException; ResourceInUseException (the stream is not ACTIVE, or the shard is closed);
    /// InvalidArgumentException (the hash key does not lie well inside the shard's range); LimitExceededException (the
    /// account's shards); ValidationException (an on-demand stream).
    pub fn split_shard(
        &mut self,
        stream: &StreamReference,
        shard_id: &str,
        new_starting_hash_key: u128,
        now: Timestamp,
    ) -> Answer<()> {
        let account = self.settings.account.clone();
        let stream = self.stream_mut(stream, now)?;
        let index = stream.reshardable(shard_id, &account, now)?;
        let range = stream.shards[index].range;
        // The service's own bounds: "greater than one plus the StartingHashKey and less than the EndingHashKey".
        let inside =
            new_starting_hash_key > range.start().saturating_add(1) && new_starting_hash_key < range.end();
        let halves = HashKeyRange::new(range.start(), new_starting_hash_key.wrapping_sub(1))
            .and_then(|low| Ok([low, HashKeyRange::new(new_starting_hash_key, range.end())?]));
        let Some(halves) = halves.ok().filter(|_| inside) else {
            return Err(ServiceError::invalid_argument(format!(
                "NewStartingHashKey {new_starting_hash_key} used in SplitShard() on shard {shard_id} in stream {} under \
                 account {account} is not both greater than one plus the shard's StartingHashKey {} and less than the \
                 shard's EndingHashKey {}.",
                stream.name,
                range.start(),
                range.end()
            )));
        };
        let name = stream.name.clone();
        self.check_shard_limit(1, now)?;
        self.trim_all(&name, now);
        self.reshard(&name, &[index], &halves, now);
        Ok(())
    }

    /// SplitShard in the middle of the shard's range.
    ///
    /// # Errors
    /// Those of [`Model::split_shard`].
    pub fn split_shard_in_half(
        &mut self,
        stream: &StreamReference,
        shard_id: &str,
        now: Timestamp,
    ) -> Answer<()> {
        let found = self.stream_mut(stream, now)?;
        let range = found.shard_index(shard_id).map(|index| found.shards[index].range);
        // Without a shard the split itself says so.
        let middle = range.map_or(0, |range| range.start() + (range.end() - range.start()) / 2 + 1);
        self.split_shard(stream, shard_id, middle, now)
    }

    /// MergeShards of two shards that lie side by side.
    ///
    /// # Errors
    /// ResourceNotFoundException; ResourceInUseException (the stream is not ACTIVE, or a shard is closed);
    /// InvalidArgumentException (the shards are not adjacent); ValidationException (an on-demand stream).
    pub fn merge_shards(
        &mut self,
        stream: &StreamReference,
        shard_id: &str,
        adjacent_shard_id: &str,
        now: Timestamp,
    ) -> Answer<()> {
        let account = self.settings.account.clone();
        let stream = self.stream_mut(stream, now)?;
        let first = stream.reshardable(shard_id, &account, now)?;
        let second = stream.reshardable(adjacent_shard_id, &account, now)?;
        let (a, b) = (stream.shards[first].range, stream.shards[second].range);
        let adjacent = a.end().checked_add(1) == Some(b.start()) || b.end().checked_add(1) == Some(a.start());
        let whole = HashKeyRange::new(a.start().min(b.start()), a.end().max(b.end()));
        let Some(whole) = whole.ok().filter(|_| adjacent) else {
            return Err(ServiceError::invalid_argument(format!(
                "Shards {shard_id} and {adjacent_shard_id} in stream {} under account {account} are not an adjacent pair \
                 of shards eligible for merging",
                stream.name
            )));
        };
        let name = stream.name.clone();
        self.trim_all(&name, now);
        self.reshard(&name, &[first, second], &[whole], now);
        Ok(())
    }

    /// Shards that nobody reads or writes any more are trimmed by nothing else.
    pub(super) fn trim_all(&mut self, stream: &str, now: Timestamp) {
        if let Some(stream) = self.streams.get_mut(stream) {
            stream.shards.iter_mut().for_each(|shard| shard.trim(&self.settings, now));
        }
    }

    /// Closes the parents and opens their children.
    pub(super) fn reshard(
        &mut self,
        stream: &str,
        parents: &[usize],
        ranges: &[HashKeyRange],
        now: Timestamp,
    ) {
        let updating_until = now.saturating_add(self.settings.reshard_time);
        let Some(stream) = self.streams.get_mut(stream) else {
            return;
        };
        stream.updating_until = updating_until;
        let parent_ids: Vec<ShardId> = parents.iter().map(|index| shard::id(*index)).collect();
        for parent in parents {
            stream.open.remove(&stream.shards[*parent].range.start());
        }
        let mut children = Vec::new();
        for range in ranges {
            let index = stream.shards.len();
            let numbering = Numbering::new(stream.ordinal, index, stream.created);
            let child = ShardState::new(
                index,
                parent_ids.clone(),
                *range,
                numbering,
                stream.properties.retention,
                self.held.clone(),
                now,
            );
            children.push(child.as_child());
            stream.open.insert(range.start(), index);
            stream.shards.push(child);
        }
        for parent in parents {
            let shard = &mut stream.shards[*parent];
            shard.closed =
                Some(Closed { at: now, ending: shard.numbering.between(now), children: children.clone() });
            self.woken.extend(shard.subscribers.iter().copied());
        }
    }
}

impl Stream {
    /// Only the shards of provisioned streams are changed by their owner (SplitShard, MergeShards, UpdateShardCount).
    pub(super) fn check_provisioned(&self, account: &str) -> Answer<()> {
        if self.properties.mode == StreamMode::Provisioned {
            return Ok(());
        }
        let message = format!(
            "Stream {} under account {account} is in ON_DEMAND mode: its shards can only be changed in PROVISIONED mode.",
            self.name
        );
        Err(ServiceError::new("ValidationException", message, 400))
    }

    /// The number of a shard that can be split or merged now.
    fn reshardable(&self, shard_id: &str, account: &str, now: Timestamp) -> Answer<usize> {
        let name = &self.name;
        self.check_active(account, now)?;
        self.check_provisioned(account)?;
        let index = self.shard_index(shard_id).ok_or_else(|| {
            ServiceError::not_found(format!(
                "Could not find shard {shard_id} in stream {name} under account {account}."
            ))
        })?;
        if !self.shards[index].is_open() {
            return Err(ServiceError::in_use(format!(
                "Shard {shard_id} in stream {name} under account {account} has already been merged or split, and thus is \
                 not eligible for merging or splitting."
            )));
        }
        Ok(index)
    }
}
