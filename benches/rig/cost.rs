//! What reading costs this process.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::sleep;

use super::Outcome;
use super::process::processor_time;

/// What reading cost.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cost {
    /// Bytes of payloads, or of the body where it is not decoded.
    pub(crate) bytes: f64,
    pub(crate) records: f64,
    /// Processor time of this process, in seconds.
    pub(crate) processor: f64,
    pub(crate) seconds: f64,
}

/// What has been read so far.
#[derive(Debug, Default)]
pub(crate) struct Read {
    records: AtomicU64,
    bytes: AtomicU64,
}

impl Cost {
    /// What these readers cost in the second part of so long a time. None of them may end.
    pub(crate) async fn of(
        readers: &mut JoinSet<Outcome<()>>,
        read: &Read,
        warming: Duration,
        during: Duration,
    ) -> Outcome<Self> {
        sleep(warming).await;
        let (began, used, before) = (Instant::now(), processor_time("self")?, read.so_far());
        sleep(during).await;
        let (seconds, used, after) = (began.elapsed(), processor_time("self")? - used, read.so_far());
        match readers.try_join_next() {
            Some(ended) => Err(format!("a reader has ended: {ended:?}").into()),
            None => Ok(Self {
                records: after.0 - before.0,
                bytes: after.1 - before.1,
                processor: used.as_secs_f64(),
                seconds: seconds.as_secs_f64(),
            }),
        }
    }
}

impl Read {
    /// Records of these lengths have been read.
    pub(crate) fn records(&self, lengths: impl Iterator<Item = usize>) {
        let (mut records, mut bytes) = (0, 0);
        for length in lengths {
            records += 1;
            bytes += length as u64;
        }
        self.records.fetch_add(records, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// So many bytes have been read, and what is in them is not known.
    pub(crate) fn bytes(&self, count: usize) {
        self.bytes.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// So much has been read, all in all. For the only one that writes here: a store costs nothing, an addition to it would.
    pub(crate) fn so_far_alone(&self, records: u64, bytes: u64) {
        self.records.store(records, Ordering::Relaxed);
        self.bytes.store(bytes, Ordering::Relaxed);
    }

    fn so_far(&self) -> (f64, f64) {
        (self.records.load(Ordering::Relaxed) as f64, self.bytes.load(Ordering::Relaxed) as f64)
    }
}
