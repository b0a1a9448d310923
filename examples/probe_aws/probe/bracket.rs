//! Bounds of a time that cannot be seen itself.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

/// A call: when it was sent and when its answer was there. What it asked for happened in between.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) sent: Instant,
    pub(crate) answered: Instant,
}

/// A time of which is known what it is not: it is above `at_least` and not above `at_most`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Bracket {
    pub(crate) at_least: Duration,
    pub(crate) at_most: Option<Duration>,
}

impl Bracket {
    /// This long after `began` it was not so yet.
    pub(crate) fn not_yet(&mut self, began: Span, asked: Span) {
        let elapsed = asked.sent.saturating_duration_since(began.answered);
        self.at_least = self.at_least.max(elapsed);
    }

    /// This long after `began` it was so.
    pub(crate) fn now(&mut self, began: Span, asked: Span) {
        let elapsed = asked.answered.saturating_duration_since(began.sent);
        self.at_most = Some(self.at_most.map_or(elapsed, |before| before.min(elapsed)));
    }

    /// Whether the bounds are close enough for [`rounded`].
    pub(crate) fn is_narrow(&self) -> bool {
        self.at_most.is_some_and(|at_most| at_most.saturating_sub(self.at_least) <= ROUNDING)
    }

    /// The middle of the bounds.
    pub(crate) fn middle(&self) -> Option<Duration> {
        self.at_most.map(|at_most| (self.at_least.min(at_most) + at_most) / 2)
    }

    pub(crate) fn to_json(self) -> Value {
        json!({"above_ms": millis(self.at_least), "at_most_ms": self.at_most.map(millis)})
    }
}

/// Milliseconds, to the nearest 100.
pub(crate) fn rounded(time: Duration) -> u64 {
    let step = ROUNDING.as_millis();
    ((time.as_millis() + step / 2) / step * step) as u64
}

pub(crate) fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 10_000.0).round() / 10.0
}

/// What times in the settings are rounded to.
const ROUNDING: Duration = Duration::from_millis(100);
