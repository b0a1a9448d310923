//! The place that a consumer has on a shard: one subscription at a time, one call a second, so many bytes a second.

use super::limits::Window;
use super::subscriptions::SubscriptionId;
use crate::emulator::Settings;
use crate::emulator::settings::SlotAfterHangUp;
use crate::model::Timestamp;

/// The place that a consumer has on a shard: for one subscription at a time.
#[derive(Debug, Default)]
pub(super) struct Slot {
    calls: Window,
    last_success: Option<Timestamp>,
    current: Option<SubscriptionId>,
    /// When the end of the last subscription frees the place before its time is over.
    free_at: Option<Timestamp>,
    /// How long the bytes sent so far take at the set pace, as a time in microseconds.
    paced_until: u64,
}

impl Slot {
    /// The open subscription.
    pub(super) fn current(&self) -> Option<SubscriptionId> {
        self.current
    }

    /// Whether one more call is within the rate; if so, it is counted.
    pub(super) fn takes_call(&mut self, now: Timestamp) -> bool {
        self.calls.take(1, SUBSCRIBES_PER_SECOND, now)
    }

    /// Lets a subscription in. Whether there was one before, and the one that still held the place.
    pub(super) fn take(&mut self, id: SubscriptionId, now: Timestamp) -> (bool, Option<SubscriptionId>) {
        let renewal = self.last_success.replace(now).is_some();
        (renewal, self.current.replace(id))
    }

    /// Whether the last subscription still keeps others out.
    pub(super) fn is_taken(&self, settings: &Settings, now: Timestamp) -> bool {
        let freed = self.free_at.is_some_and(|free| free <= now) && self.current.is_none();
        let take_over = self.last_success.map(|success| success.saturating_add(settings.take_over_after));
        take_over.is_some_and(|take_over| now < take_over) && !freed
    }

    /// Its subscription has ended.
    pub(super) fn leave(&mut self, setting: SlotAfterHangUp, now: Timestamp) {
        self.current = None;
        self.free_at = match setting {
            SlotAfterHangUp::AtOnce => Some(now),
            SlotAfterHangUp::AfterThreeSeconds => Some(now.saturating_add(THREE_SECONDS)),
            SlotAfterHangUp::Not => None,
        };
    }

    /// When the next event may go, if that is not now.
    pub(super) fn paced(&self, settings: &Settings, now: Timestamp) -> Option<Timestamp> {
        settings.pace?;
        let ready = self.paced_until.saturating_sub(BURST).div_ceil(1_000);
        (ready > now.as_millis()).then(|| Timestamp::from_millis(ready))
    }

    /// Counts bytes against the pace.
    pub(super) fn charge(&mut self, settings: &Settings, bytes: usize, now: Timestamp) {
        if let Some(rate) = settings.pace {
            let cost = (bytes as u64).saturating_mul(1_000_000) / rate.max(1);
            self.paced_until = self.paced_until.max(now.as_millis() * 1_000).saturating_add(cost);
        }
    }
}

/// Calls of SubscribeToShard per consumer and shard (SubscribeToShard).
const SUBSCRIBES_PER_SECOND: u64 = 1;
/// What kinesis-local waits after a hang-up.
const THREE_SECONDS: std::time::Duration = std::time::Duration::from_secs(3);
/// How far ahead of the pace events may run, in microseconds: else each small record would wait for the one before.
const BURST: u64 = 100_000;
