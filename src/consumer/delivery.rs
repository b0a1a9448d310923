use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::budget::Room;
use super::merge::LaneId;
use super::unpack::Unpacked;
use crate::engine::reader::DeliveryMode;

/// An event or page on its way from a shard task to the record stream.
pub(super) struct Delivery {
    pub(super) lane: LaneId,
    pub(super) event: Unpacked,
    pub(super) token: Token,
}

/// Goes with an event to its last record: then it is counted, and gives the room back.
#[derive(Debug)]
pub(super) struct Token {
    _room: Room,
    millis_behind_latest: u64,
    progress: Arc<Progress>,
}

/// How far a shard's reading has come.
#[derive(Debug)]
pub(super) struct Progress {
    /// Events that are still on their way to the user.
    on_their_way: AtomicU64,
    arrived: Notify,
    /// Of the last event handed over.
    millis_behind_latest: AtomicU64,
    is_polled: AtomicBool,
    began: Instant,
    /// When the last event or page came, in milliseconds from `began` on.
    last_came: AtomicU64,
}

impl Token {
    pub(super) fn new(room: Room, millis_behind_latest: u64, progress: &Arc<Progress>) -> Self {
        progress.on_their_way.fetch_add(1, Ordering::Relaxed);
        Self { _room: room, millis_behind_latest, progress: Arc::clone(progress) }
    }

    /// The event's last record was handed over. A token that is only dropped gives nothing but the room back.
    pub(super) fn handed_over(self) {
        self.progress.millis_behind_latest.store(self.millis_behind_latest, Ordering::Relaxed);
        if self.progress.on_their_way.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.progress.arrived.notify_one();
        }
    }
}

impl Progress {
    /// Waits until no event is on its way. For one waiter, after the last event was sent.
    pub(super) async fn all_handed_over(&self) {
        while self.on_their_way.load(Ordering::Acquire) > 0 {
            // A notification between the load and the wait is kept for it.
            self.arrived.notified().await;
        }
    }

    /// An event without a record for the user has come: it is handed over when all before it is.
    pub(super) fn passed_without_records(&self, millis_behind_latest: u64) {
        if self.on_their_way.load(Ordering::Acquire) == 0 {
            self.millis_behind_latest.store(millis_behind_latest, Ordering::Relaxed);
        }
    }

    /// An event or page has come, with records or without.
    pub(super) fn came(&self) {
        let millis = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(UNKNOWN);
        self.last_came.store(millis, Ordering::Relaxed);
    }

    /// How long ago the last event or page came.
    pub(super) fn age(&self) -> Option<Duration> {
        let came = Some(self.last_came.load(Ordering::Relaxed)).filter(|millis| *millis != UNKNOWN)?;
        Some(self.began.elapsed().saturating_sub(Duration::from_millis(came)))
    }

    /// How far the last event handed over was behind the tip of the shard.
    pub(super) fn millis_behind_latest(&self) -> Option<u64> {
        Some(self.millis_behind_latest.load(Ordering::Relaxed)).filter(|millis| *millis != UNKNOWN)
    }

    /// Who reads the shard now.
    pub(super) fn mode(&self) -> DeliveryMode {
        match self.is_polled.load(Ordering::Relaxed) {
            true => DeliveryMode::Polling,
            false => DeliveryMode::FanOut,
        }
    }

    pub(super) fn set_mode(&self, mode: DeliveryMode) {
        self.is_polled.store(mode == DeliveryMode::Polling, Ordering::Relaxed);
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            on_their_way: AtomicU64::new(0),
            arrived: Notify::new(),
            millis_behind_latest: AtomicU64::new(UNKNOWN),
            is_polled: AtomicBool::new(false),
            began: Instant::now(),
            last_came: AtomicU64::new(UNKNOWN),
        }
    }
}

const UNKNOWN: u64 = u64::MAX;
