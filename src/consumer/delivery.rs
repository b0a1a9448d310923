use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

use super::budget::Room;
use super::merge::LaneId;
use super::unpack::Unpacked;

/// An event on its way from a shard task to the record stream.
pub(super) struct Delivery {
    pub(super) lane: LaneId,
    pub(super) event: Unpacked,
    pub(super) token: Token,
}

/// Goes with an event to its last record: then it is counted, and gives the room back.
#[derive(Debug)]
pub(super) struct Token {
    _room: Room,
    progress: Arc<Progress>,
}

/// How many events of a shard are still on their way to the user.
#[derive(Debug, Default)]
pub(super) struct Progress {
    on_their_way: AtomicU64,
    arrived: Notify,
}

impl Token {
    pub(super) fn new(room: Room, progress: &Arc<Progress>) -> Self {
        progress.on_their_way.fetch_add(1, Ordering::Relaxed);
        Self { _room: room, progress: Arc::clone(progress) }
    }
}

impl Token {
    /// The event's last record was handed over. A token that is only dropped gives nothing but the room back.
    pub(super) fn handed_over(self) {
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
}
