//! The records of one shard, oldest first. What is too old or too much is trimmed from the front.

use std::collections::VecDeque;

use super::numbering::Number;
use super::total::Held;
use crate::model::{KinesisRecord, Timestamp};

/// The records of a shard.
#[derive(Debug)]
pub(super) struct Log {
    entries: VecDeque<Entry>,
    bytes: usize,
    trimmed: Option<Number>,
    held: Held,
}

#[derive(Debug, Clone)]
struct Entry {
    number: Number,
    arrival: Timestamp,
    record: KinesisRecord,
}

/// Where a reader stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cursor {
    /// The next record is above this number,
    pub(super) after: Number,
    /// and arrived at this time or later.
    pub(super) not_before: Option<Timestamp>,
}

/// The records of one event.
#[derive(Debug, Clone, Default)]
pub(super) struct Batch {
    pub(super) records: Vec<KinesisRecord>,
    pub(super) bytes: usize,
    pub(super) last: Option<(Number, Timestamp)>,
    /// Whether records lie behind it.
    pub(super) more: bool,
}

impl Log {
    /// A log without records. What it holds counts in `held`.
    pub(super) fn new(held: Held) -> Self {
        Self { entries: VecDeque::new(), bytes: 0, trimmed: None, held }
    }

    /// Appends a record. Its number is above all numbers before, and its arrival not before theirs.
    pub(super) fn push(&mut self, number: Number, arrival: Timestamp, record: KinesisRecord) {
        self.bytes += size(&record);
        self.held.add(1, size(&record));
        self.entries.push_back(Entry { number, arrival, record });
    }

    /// The highest number that was trimmed.
    pub(super) fn trimmed(&self) -> Option<Number> {
        self.trimmed
    }

    /// Trims what arrived at or before `horizon`, and the oldest beyond so many records and bytes.
    pub(super) fn trim(&mut self, horizon: Timestamp, max_records: usize, max_bytes: usize) {
        while let Some(oldest) = self.entries.front() {
            let fits = self.entries.len() <= max_records && self.bytes <= max_bytes;
            if fits && oldest.arrival > horizon {
                return;
            }
            self.trim_oldest();
        }
    }

    /// Trims what has this number or a lower one.
    pub(super) fn trim_through(&mut self, number: Number) {
        while self.entries.front().is_some_and(|oldest| oldest.number <= number) {
            self.trim_oldest();
        }
    }

    fn trim_oldest(&mut self) {
        if let Some(oldest) = self.entries.pop_front() {
            self.bytes -= size(&oldest.record);
            self.held.remove(1, size(&oldest.record));
            self.trimmed = Some(oldest.number);
        }
    }

    /// Whether a record waits at the cursor.
    pub(super) fn has_more(&self, cursor: Cursor) -> bool {
        self.index(cursor) < self.entries.len()
    }

    /// The records from the cursor on: at most so many records and bytes, and at least one if there is any.
    pub(super) fn batch(&self, cursor: Cursor, max_records: usize, max_bytes: usize) -> Batch {
        let start = self.index(cursor);
        let mut batch = Batch::default();
        for entry in self.entries.range(start..) {
            let bytes = batch.bytes + size(&entry.record);
            let first = batch.records.is_empty();
            if !first && (batch.records.len() >= max_records || bytes > max_bytes) {
                break;
            }
            batch.records.push(entry.record.clone());
            batch.bytes = bytes;
            batch.last = Some((entry.number, entry.arrival));
        }
        batch.more = start + batch.records.len() < self.entries.len();
        batch
    }

    fn index(&self, cursor: Cursor) -> usize {
        let by_number = self.entries.partition_point(|entry| entry.number <= cursor.after);
        let by_time =
            cursor.not_before.map(|time| self.entries.partition_point(|entry| entry.arrival < time));
        by_number.max(by_time.unwrap_or(0))
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.held.remove(self.entries.len(), self.bytes);
    }
}

/// What a record counts in limits, pace and retention: payload and partition key.
pub(super) fn size(record: &KinesisRecord) -> usize {
    record.data.len() + record.partition_key.as_ref().map_or(0, |key| key.len())
}
