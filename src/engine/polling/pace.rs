use std::time::{Duration, Instant};

use crate::model::RecordsPage;

/// How fast a shard may be polled: 5 calls of each kind and 2 MiB a second (API reference, GetRecords and GetShardIterator).
///
/// A page takes the time of its bytes at 2 MiB/s. While less than a second is owed the service gives more, so the time counts from when
/// the call was sent and a round trip costs nothing; a page of a second and more shuts the shard for as long, from when the service
/// gave it, which is not known: there it counts from the answer.
#[derive(Debug, Default)]
pub(super) struct Pace {
    last_iterator: Option<Instant>,
    last_records: Option<Instant>,
    paid_until: Option<Instant>,
}

impl Pace {
    /// When GetShardIterator may be called, from `at` on.
    pub(super) fn iterator_due(&self, at: Instant) -> Instant {
        self.last_iterator.map_or(at, |last| at.max(last + CALL_SPACING))
    }

    /// When GetRecords may be called, from `at` on.
    pub(super) fn records_due(&self, at: Instant) -> Instant {
        let spaced = self.last_records.map_or(at, |last| at.max(last + CALL_SPACING));
        self.paid_until.map_or(spaced, |paid| spaced.max(paid))
    }

    pub(super) fn iterator_sent(&mut self, at: Instant) {
        self.last_iterator = self.last_iterator.max(Some(at));
    }

    pub(super) fn records_sent(&mut self, at: Instant) {
        self.last_records = self.last_records.max(Some(at));
    }

    /// Counts a page that was asked for with this limit.
    pub(super) fn page_came(&mut self, page: &RecordsPage, limit: u16, sent_at: Instant, now: Instant) {
        let bytes = page.payload_bytes();
        // A page that only its size has ended counts as one of 10 MiB. Records of 1 MiB, the usual most, end it within 1 MiB of that.
        let is_cut = page.millis_behind_latest > 0 && page.records.len() < usize::from(limit);
        let bytes = if is_cut && bytes >= CUT_FROM { bytes.max(LARGEST_PAGE) } else { bytes };
        self.spend(bytes, sent_at, now);
    }

    /// Counts bytes that the service has given.
    pub(super) fn spend(&mut self, bytes: usize, sent_at: Instant, now: Instant) {
        let time = Duration::from_secs_f64(bytes as f64 / BYTES_PER_SECOND);
        let from = if time >= ONE_SECOND { now } else { sent_at };
        self.paid_until = Some(self.paid_until.map_or(from, |paid| paid.max(from)) + time);
    }
}

/// Five calls a second, and a little more between them than a fifth: what is sent evenly does not arrive so.
const CALL_SPACING: Duration = Duration::from_millis(205);
const ONE_SECOND: Duration = Duration::from_secs(1);
const BYTES_PER_SECOND: f64 = (2 << 20) as f64;
/// The most bytes in an answer (API reference, GetRecords).
const LARGEST_PAGE: usize = 10 << 20;
const CUT_FROM: usize = 9 << 20;
