//! The bound on what all shards hold together: the oldest records of the whole service go first, whichever shard they lie in.
//!
//! A log counts what it takes in and gives up; the model remembers in which order records came, by their numbers, which also
//! say where they are. A record that its own shard has trimmed leaves its number behind until its turn comes or such numbers
//! are the majority; so a put costs a constant in the long run.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Model;
use super::numbering::{self, Number};
use super::streams::Stream;

/// What all logs of a service hold. Its clones count together.
#[derive(Debug, Clone, Default)]
pub(super) struct Held(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    records: AtomicUsize,
    bytes: AtomicUsize,
}

/// The records in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Order {
    pub(super) numbers: VecDeque<Number>,
    /// The streams' names, by what their numbers begin with.
    streams: BTreeMap<u64, String>,
}

impl Held {
    pub(super) fn add(&self, records: usize, bytes: usize) {
        self.0.records.fetch_add(records, Ordering::Relaxed);
        self.0.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn remove(&self, records: usize, bytes: usize) {
        self.0.records.fetch_sub(records, Ordering::Relaxed);
        self.0.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Records and bytes.
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.0.records.load(Ordering::Relaxed), self.0.bytes.load(Ordering::Relaxed))
    }
}

impl Order {
    pub(super) fn add_stream(&mut self, ordinal: u64, name: &str) {
        self.streams.insert(numbering::stream(ordinal), name.to_owned());
    }

    pub(super) fn remove_stream(&mut self, ordinal: u64) {
        self.streams.remove(&numbering::stream(ordinal));
    }

    /// The stream and the shard of this number.
    fn place(&self, number: Number) -> Option<(&str, usize)> {
        let (stream, shard) = numbering::place(number)?;
        Some((self.streams.get(&stream)?, shard))
    }

    fn forget_trimmed(&mut self, streams: &BTreeMap<String, Stream>) {
        let mut numbers = std::mem::take(&mut self.numbers);
        numbers.retain(|number| {
            let shard = self.place(*number).and_then(|(name, shard)| streams.get(name)?.shards.get(shard));
            shard.is_some_and(|shard| shard.log.trimmed().is_none_or(|trimmed| trimmed < *number))
        });
        self.numbers = numbers;
    }
}

impl Model {
    /// Records were put under these numbers: what is too much now is trimmed.
    pub(super) fn hold(&mut self, numbers: Vec<Number>) {
        self.order.numbers.extend(numbers);
        let (max_records, max_bytes) =
            (self.settings.total_retention_records, self.settings.total_retention_bytes);
        loop {
            let (records, bytes) = self.held.counts();
            if records <= max_records && bytes <= max_bytes {
                break;
            }
            let Some(oldest) = self.order.numbers.pop_front() else {
                break;
            };
            let Some((name, shard)) = self.order.place(oldest) else {
                continue;
            };
            let shard = self.streams.get_mut(name).and_then(|stream| stream.shards.get_mut(shard));
            if let Some(shard) = shard {
                shard.log.trim_through(oldest);
            }
        }
        let (records, _) = self.held.counts();
        if self.order.numbers.len() > 2 * records + FEW {
            self.order.forget_trimmed(&self.streams);
        }
    }
}

/// Numbers that are kept without a look at whether their records are.
const FEW: usize = 1_000;
