//! What was put into each shard, and what of it was stored: each user record once, in order, none left out but what was trimmed.

use std::collections::BTreeMap;
use std::time::Duration;

use kinesis_fanout::engine::ShardStart;
use kinesis_fanout::model::{RecordPosition, SequenceNumber, ShardId, Timestamp};

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    books: BTreeMap<ShardId, Book>,
}

/// The records of one shard.
#[derive(Debug, Default)]
pub(crate) struct Book {
    puts: Vec<Put>,
    /// The user record that is to be stored next; `None`: the shard is not read yet.
    next: Option<(usize, u64)>,
    /// A pin that was refused has moved back, so that older records may come first.
    pub(crate) may_start_earlier: bool,
    has_begun: bool,
    /// The last Kinesis record of what was stored, filtered or not.
    pub(crate) last: Option<SequenceNumber>,
}

#[derive(Debug)]
pub(crate) struct Put {
    pub(crate) number: SequenceNumber,
    pub(crate) arrival: Timestamp,
    /// The user records of an aggregate; `None`: a plain record.
    pub(crate) users: Option<u64>,
}

impl Ledger {
    pub(crate) fn put(&mut self, shard: &ShardId, put: Put) {
        self.books.entry(shard.clone()).or_default().puts.push(put);
    }

    pub(crate) fn book(&mut self, shard: &ShardId) -> &mut Book {
        self.books.entry(shard.clone()).or_default()
    }

    /// The shards that something was put into.
    pub(crate) fn shards(&self) -> Vec<ShardId> {
        self.books.keys().cloned().collect()
    }
}

impl Put {
    fn users(&self) -> u64 {
        self.users.unwrap_or(1)
    }
}

impl Book {
    /// The shard is read from here on.
    pub(crate) fn begin(&mut self, start: &ShardStart) {
        assert!(self.next.is_none(), "the shard is started twice");
        let since = |time: Timestamp| self.puts.partition_point(|put| put.arrival < time);
        self.next = Some(match start {
            ShardStart::TrimHorizon => (0, 0),
            ShardStart::Pinned(pin) => (since(pin.timestamp()), 0),
            ShardStart::Timestamp(time) => (since(*time), 0),
            ShardStart::After(done) => self.after(done),
        });
    }

    fn after(&self, done: &RecordPosition) -> (usize, u64) {
        let at = self.puts.partition_point(|put| put.number < *done.sequence_number());
        let sub = done.sub_sequence_number().map_or(u64::MAX, |sub| sub + 1);
        match self.puts.get(at) {
            Some(put) if put.number == *done.sequence_number() && sub < put.users() => (at, sub),
            Some(put) if put.number == *done.sequence_number() => (at + 1, 0),
            Some(_) | None => (at, 0),
        }
    }

    /// The user records of a Kinesis record, by their sub-sequence numbers.
    pub(crate) fn users(&self, number: &SequenceNumber) -> Vec<Option<u64>> {
        match self.puts[self.index(number)].users {
            Some(users) => (0..users).map(Some).collect(),
            None => vec![None],
        }
    }

    pub(crate) fn is_record(&self, number: &SequenceNumber) -> bool {
        self.puts.binary_search_by(|put| put.number.cmp(number)).is_ok()
    }

    fn index(&self, number: &SequenceNumber) -> usize {
        let found = self.puts.binary_search_by(|put| put.number.cmp(number));
        found.unwrap_or_else(|_| panic!("{number} was never put"))
    }

    /// A user record that was read when all up to `horizon` was trimmed becomes the user's. Tells how many were trimmed before it.
    pub(crate) fn store(&mut self, number: &SequenceNumber, sub: Option<u64>, horizon: Timestamp) -> u64 {
        let stored = (self.index(number), sub.unwrap_or(0));
        let expected = self.next.expect("stored before the shard is started");
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        let may_be_earlier = is_first && self.may_start_earlier;
        assert!(stored >= expected || may_be_earlier, "doubled: {stored:?} where {expected:?} is next");
        let mut trimmed = 0;
        if stored > expected {
            for at in expected.0..stored.0 {
                let arrival = self.puts[at].arrival;
                assert!(arrival <= horizon, "lost: {stored:?} where {expected:?} is next");
                trimmed += 1;
            }
            let is_whole = stored.1 == 0 || stored.0 == expected.0 && stored.1 == expected.1;
            assert!(is_whole, "lost: {stored:?} where {expected:?} is next");
        }
        self.next = Some(match stored.1 + 1 < self.puts[stored.0].users() {
            true => (stored.0, stored.1 + 1),
            false => (stored.0 + 1, 0),
        });
        trimmed
    }

    /// Everything that was put before the time is stored, or was trimmed.
    pub(crate) fn assert_all_stored(&self, before: Timestamp, horizon: Timestamp, shard: &ShardId) {
        let Some((next, _)) = self.next else {
            panic!("{shard} was never read");
        };
        let end = self.puts.partition_point(|put| put.arrival < before);
        let missing = (next.min(end)..end).find(|at| self.puts[*at].arrival > horizon);
        assert!(missing.is_none(), "{shard}: {next} of {end} are stored");
    }

    pub(crate) fn is_started(&self) -> bool {
        self.next.is_some()
    }

    pub(crate) fn puts(&self) -> &[Put] {
        &self.puts
    }
}

/// A time without end.
pub(crate) const NEVER: Duration = Duration::from_secs(1 << 40);
