//! How often something may happen: so many times in a second that begins with its first time.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::Operation;
use crate::model::Timestamp;

/// The rates of calls.
#[derive(Debug, Default)]
pub(super) struct Limits {
    windows: BTreeMap<(Operation, String), Window>,
}

/// What was used up in the running second.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Window {
    since: Option<Timestamp>,
    used: u64,
}

/// What happened in the last 24 hours.
#[derive(Debug, Clone, Default)]
pub(super) struct LastDay(VecDeque<Timestamp>);

impl LastDay {
    /// Whether it may happen once more, so many times in any 24 hours; if so, it is counted.
    pub(super) fn take(&mut self, most: usize, now: Timestamp) -> bool {
        self.0.retain(|time| time.saturating_add(DAY) > now);
        let fits = self.0.len() < most;
        if fits {
            self.0.push_back(now);
        }
        fits
    }
}

impl Limits {
    /// Whether one more call is within the rate; if so, it is counted.
    pub(super) fn take(&mut self, operation: Operation, scope: &str, rate: u32, now: Timestamp) -> bool {
        if self.windows.len() >= MANY_WINDOWS {
            self.windows.retain(|_, window| window.is_running(now));
        }
        let window = self.windows.entry((operation, scope.to_owned())).or_default();
        window.take(1, u64::from(rate), now)
    }
}

impl Window {
    /// Whether `amount` more is within `rate` per second; if so, it is counted.
    pub(super) fn take(&mut self, amount: u64, rate: u64, now: Timestamp) -> bool {
        let fits = self.fits(amount, rate, now);
        if fits {
            self.used += amount;
        }
        fits
    }

    fn is_running(&self, now: Timestamp) -> bool {
        self.since.is_some_and(|since| now.as_millis() < since.as_millis() + 1_000)
    }

    /// Whether `amount` more is within `rate` per second.
    pub(super) fn fits(&mut self, amount: u64, rate: u64, now: Timestamp) -> bool {
        if !self.is_running(now) {
            *self = Self { since: Some(now), used: 0 };
        }
        self.used + amount <= rate
    }
}

/// Names come from clients, so they are not kept for ever.
const MANY_WINDOWS: usize = 1_000;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
