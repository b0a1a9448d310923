//! Encoded events, kept for other subscriptions that read the same records. It knows no subscriptions: records in, bytes out.
//!
//! Subscriptions that catch up from the same position read the same batches, for batches are cut greedily; those at the tip are
//! woken by the same record. What differs between them (MillisBehindLatest, a continuation) is not kept here.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::model::{KinesisRecord, SequenceNumber};
use crate::wire::EncodedRecords;

/// Encoded records of one service; at most so many bytes, the oldest go first.
#[derive(Debug)]
pub(super) struct EncodedEvents {
    max_bytes: usize,
    encoded: AtomicU64,
    kept: Mutex<Kept>,
}

/// The first record and how many: sequence numbers name stream, incarnation and shard, and the records between two numbers of
/// a shard never change.
type Batch = (SequenceNumber, usize);

/// Whoever comes first encodes; who comes meanwhile waits for that.
type Cell = Arc<OnceLock<EncodedRecords>>;

#[derive(Debug, Default)]
struct Kept {
    cells: HashMap<Batch, Cell>,
    /// The finished ones, oldest first.
    order: VecDeque<(Batch, usize)>,
    bytes: usize,
}

impl EncodedEvents {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self { max_bytes, encoded: AtomicU64::new(0), kept: Mutex::default() }
    }

    /// How many events with records were encoded.
    pub(super) fn count(&self) -> u64 {
        self.encoded.load(Ordering::Relaxed)
    }

    /// The records, encoded now or before.
    pub(super) fn records(&self, records: &[KinesisRecord]) -> EncodedRecords {
        let Some(first) = records.first() else {
            return EncodedRecords::new(records);
        };
        let batch = (first.sequence_number.clone(), records.len());
        let cell = Arc::clone(self.kept().cells.entry(batch.clone()).or_default());
        let mut fresh = false;
        let encoded = cell.get_or_init(|| {
            fresh = true;
            EncodedRecords::new(records)
        });
        if fresh {
            self.encoded.fetch_add(1, Ordering::Relaxed);
            self.kept().keep(batch, encoded.size(), self.max_bytes);
        }
        encoded.clone()
    }

    /// A panic under the lock leaves a table that can still be used.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn keep(&mut self, batch: Batch, size: usize, max_bytes: usize) {
        self.order.push_back((batch, size));
        self.bytes += size;
        while self.bytes > max_bytes {
            let Some((oldest, size)) = self.order.pop_front() else {
                return;
            };
            self.cells.remove(&oldest);
            self.bytes -= size;
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn records(first: u128, count: u128) -> Vec<KinesisRecord> {
        let numbers = first..first + count;
        numbers
            .map(|number| KinesisRecord {
                sequence_number: number.into(),
                partition_key: None,
                data: Bytes::from(vec![number as u8; 300]),
                approximate_arrival: None,
                encryption_type: None,
            })
            .collect()
    }

    #[test]
    fn what_begins_or_ends_elsewhere_is_another_batch() {
        let events = EncodedEvents::new(1 << 20);
        let mut seen = vec![];
        for (first, count) in [(1, 2), (1, 3), (2, 2), (1, 2)] {
            let encoded = events.records(&records(first, count));
            assert_eq!(encoded.json(), EncodedRecords::new(&records(first, count)).json());
            seen.push(encoded.json().as_ptr());
        }
        assert_eq!(events.count(), 3);
        assert_eq!(seen[0], seen[3], "the same bytes, not equal ones");
    }

    #[test]
    fn it_never_keeps_more_bytes_than_it_may_and_the_oldest_go() {
        let size = EncodedRecords::new(&records(10, 1)).size();
        let events = EncodedEvents::new(3 * size);
        for number in 10..30 {
            events.records(&records(number, 1));
            let kept = events.kept();
            assert!(kept.bytes <= 3 * size && kept.cells.len() <= 3);
            assert_eq!(kept.bytes, kept.order.iter().map(|(_, size)| size).sum::<usize>());
        }
        events.records(&records(27, 1));
        assert_eq!(events.count(), 20);
        events.records(&records(26, 1));
        assert_eq!(events.count(), 21);
        let none = EncodedEvents::new(0);
        none.records(&records(1, 1));
        none.records(&records(1, 1));
        assert_eq!((none.count(), none.kept().cells.len()), (2, 0));
    }

    #[test]
    fn nothing_is_kept_for_events_without_records() {
        let events = EncodedEvents::new(1 << 20);
        assert_eq!(events.records(&[]).json(), &b"[]"[..]);
        assert_eq!((events.count(), events.kept().cells.len()), (0, 0));
    }
}
