use std::time::{Duration, Instant};

use crate::engine::Random;

/// When the stream is listed next: on the discovery cadence, or soon if somebody waits for it; never twice within a second.
#[derive(Debug)]
pub(super) struct Discovery {
    interval: Duration,
    due: Option<Instant>,
    last_start: Option<Instant>,
    hurry: Duration,
}

impl Discovery {
    /// A listing every `interval`, jittered by a tenth.
    pub(super) fn every(interval: Duration) -> Self {
        Self { interval, due: None, last_start: None, hurry: LEAST_SPACING }
    }

    /// When the next listing is due.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// A listing has been asked for from its first page.
    pub(super) fn started(&mut self, now: Instant) {
        self.last_start = Some(now);
        self.due = None;
    }

    /// When the last listing was started.
    pub(super) fn last_start(&self) -> Option<Instant> {
        self.last_start
    }

    /// The first instant at which a listing may be started, this one or later.
    pub(super) fn not_before(&self, at: Instant) -> Instant {
        self.last_start.map_or(at, |last| at.max(last + LEAST_SPACING))
    }

    /// Somebody waits for a listing.
    pub(super) fn soon(&mut self, now: Instant) {
        let soon = self.not_before(now);
        self.hurry = LEAST_SPACING;
        self.due = Some(self.due.map_or(soon, |due| due.min(soon)));
    }

    /// A listing is complete. If it left questions open, the next one comes after 1 s, then 2, 4, ... up to the interval.
    pub(super) fn finished(&mut self, now: Instant, is_settled: bool, random: &mut Random) {
        let jitter = self.interval.mul_f64(JITTER);
        let regular =
            random.between(self.interval.saturating_sub(jitter), self.interval.saturating_add(jitter));
        let wait = match is_settled {
            true => regular,
            false => regular.min(self.hurry),
        };
        self.hurry = match is_settled {
            true => LEAST_SPACING,
            false => self.hurry.saturating_mul(2).min(self.interval),
        };
        self.due = now.checked_add(wait).map(|at| self.not_before(at));
    }

    /// The least time between two rounds of discovery.
    pub(super) fn round(&self) -> Duration {
        self.interval.mul_f64(1.0 - JITTER)
    }
}

/// Checks of many shards share a listing: ListShards costs a process one call a second at most, of the 100 (old pages) to
/// 1,000 that a stream allows all of them together.
const LEAST_SPACING: Duration = Duration::from_secs(1);
const JITTER: f64 = 0.1;
