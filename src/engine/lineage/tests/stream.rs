//! A model of a stream's shards: reshards, retention, listings that lag.

use crate::engine::lineage::{Page, PageRequest};
use crate::model::{ChildShard, HashKeyRange, Shard, ShardFilter, ShardId, Timestamp};

/// The shards of a stream, by number. Its clock is moved by whoever holds it, in milliseconds.
#[derive(Debug, Clone)]
pub(super) struct Stream {
    pub(super) shards: Vec<StreamShard>,
    pub(super) time: u64,
    /// What was closed at this time or before has expired.
    pub(super) horizon: u64,
    /// How long listings do not know of a reshard.
    pub(super) lag: u64,
    /// Where the shards of a listing under way are cut off, per page token.
    pages: Vec<Shard>,
}

#[derive(Debug, Clone)]
pub(super) struct StreamShard {
    pub(super) parents: Vec<u32>,
    range: (u128, u128),
    created: u64,
    pub(super) closed: Option<u64>,
}

pub(super) fn id(number: u32) -> ShardId {
    ShardId::from(number.to_string())
}

impl Stream {
    /// A stream of this many shards, created at time 100; it is 1000 now.
    pub(super) fn of(count: u32) -> Self {
        let mut stream = Self { shards: Vec::new(), time: 100, horizon: 0, lag: 0, pages: Vec::new() };
        let width = u128::MAX / u128::from(count);
        for number in 0..count {
            let start = u128::from(number) * width;
            let end = if number + 1 == count { u128::MAX } else { start + width - 1 };
            stream.add(Vec::new(), (start, end));
        }
        stream.time = 1000;
        stream
    }

    /// Splits a shard 100 ms later; gives the number of the first child.
    pub(super) fn split(&mut self, shard: u32) -> u32 {
        self.close(&[shard]);
        let (start, end) = self.shards[shard as usize].range;
        let middle = start + (end - start) / 2;
        self.add(vec![shard], (start, middle));
        self.add(vec![shard], (middle + 1, end)) - 1
    }

    /// Merges two adjacent shards 100 ms later; gives the number of the child.
    pub(super) fn merge(&mut self, left: u32, right: u32) -> u32 {
        self.close(&[left, right]);
        let range = (self.shards[left as usize].range.0, self.shards[right as usize].range.1);
        self.add(vec![left, right], range)
    }

    pub(super) fn is_adjacent(&self, left: u32, right: u32) -> bool {
        self.shards[left as usize].range.1.checked_add(1) == Some(self.shards[right as usize].range.0)
    }

    /// Lets everything expire that is closed by now.
    pub(super) fn expire(&mut self) {
        self.horizon = self.time;
    }

    pub(super) fn is_expired(&self, shard: u32) -> bool {
        self.shards[shard as usize].closed.is_some_and(|closed| closed <= self.horizon)
    }

    pub(super) fn open(&self) -> Vec<u32> {
        self.numbers().filter(|n| self.shards[*n as usize].closed.is_none()).collect()
    }

    pub(super) fn numbers(&self) -> impl Iterator<Item = u32> + use<> {
        0..u32::try_from(self.shards.len()).unwrap()
    }

    /// The children as the last event of the shard has them.
    pub(super) fn children(&self, shard: u32) -> Vec<ChildShard> {
        let is_child = |number: &u32| self.shards[*number as usize].parents.contains(&shard);
        let child = |number: u32| ChildShard {
            shard_id: id(number),
            parent_shards: self.shards[number as usize].parents.iter().copied().map(id).collect(),
            hash_key_range: self.described(number).hash_key_range,
        };
        self.numbers().filter(is_child).map(child).collect()
    }

    /// The answer to a ListShards.
    pub(super) fn page(&mut self, request: &PageRequest, size: usize) -> Page {
        let from = match request {
            PageRequest::First(filter) => {
                self.pages = self.list(filter);
                0
            }
            PageRequest::Next(token) => token.parse().unwrap(),
        };
        let to = self.pages.len().min(from + size);
        Page {
            shards: self.pages[from..to].to_vec(),
            next_token: (to < self.pages.len()).then(|| to.to_string()),
        }
    }

    fn list(&self, filter: &ShardFilter) -> Vec<Shard> {
        let created = self.shards[0].created;
        let open_at = |shard: &StreamShard, time: u64| {
            shard.created <= time && shard.closed.is_none_or(|closed| closed > time)
        };
        let seen = self.time.saturating_sub(self.lag);
        let passes = |shard: &StreamShard| match filter {
            ShardFilter::All => true,
            ShardFilter::AtTrimHorizon => open_at(shard, self.horizon.max(created)),
            ShardFilter::AtLatest => open_at(shard, self.time),
            ShardFilter::AtTimestamp(time) => open_at(shard, time.as_millis()),
        };
        let is_listed = |number: &u32| {
            let shard = &self.shards[*number as usize];
            !self.is_expired(*number) && (shard.created <= seen || shard.parents.is_empty()) && passes(shard)
        };
        self.numbers().filter(is_listed).map(|number| self.described(number)).collect()
    }

    fn described(&self, number: u32) -> Shard {
        let shard = &self.shards[number as usize];
        let closed = shard.closed.filter(|at| *at + self.lag <= self.time);
        Shard {
            shard_id: id(number),
            parent_shard_id: shard.parents.first().copied().map(id),
            adjacent_parent_shard_id: shard.parents.get(1).copied().map(id),
            hash_key_range: HashKeyRange::new(shard.range.0, shard.range.1).unwrap(),
            starting_sequence_number: u128::from(shard.created).into(),
            ending_sequence_number: closed.map(|at| u128::from(at).into()),
        }
    }

    fn close(&mut self, shards: &[u32]) {
        self.time += 100;
        for shard in shards {
            let closed = self.shards[*shard as usize].closed.replace(self.time);
            assert_eq!(closed, None, "{shard} was closed");
        }
    }

    fn add(&mut self, parents: Vec<u32>, range: (u128, u128)) -> u32 {
        let created = self.time;
        self.shards.push(StreamShard { parents, range, created, closed: None });
        u32::try_from(self.shards.len()).unwrap() - 1
    }

    /// The time now.
    pub(super) fn timestamp(&self) -> Timestamp {
        Timestamp::from_millis(self.time)
    }
}
