use std::time::{Duration, Instant};

use crate::engine::Random;

/// When a registered consumer that is CREATING or DELETING is looked at again: every 500 ms for 10 s, then less and less
/// often, up to 5 s apart.
///
/// A consumer is CREATING for seconds, up to a minute (reference: AWS developer guide; KCL gives up after 10 s, which is where
/// its start-up failures come from). Describe may be called 20 times a second per stream, by all processes together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PollPace {
    since: Instant,
    interval: Duration,
}

impl PollPace {
    /// A pace that begins now.
    pub(super) fn starting(now: Instant) -> Self {
        Self { since: now, interval: FIRST_INTERVAL }
    }

    /// The wait before the next look. Jittered once it is no longer the first interval.
    pub(super) fn next_delay(&mut self, now: Instant, random: &mut Random) -> Duration {
        if now.saturating_duration_since(self.since) < EAGER_FOR {
            return FIRST_INTERVAL;
        }
        self.interval = self.interval.mul_f64(GROWTH).min(LARGEST_INTERVAL);
        random.between(self.interval.mul_f64(LEAST_SHARE), self.interval)
    }
}

/// With this, reading starts within a second of ACTIVE.
const FIRST_INTERVAL: Duration = Duration::from_millis(500);
const EAGER_FOR: Duration = Duration::from_secs(10);
const GROWTH: f64 = 1.5;
const LARGEST_INTERVAL: Duration = Duration::from_secs(5);
/// The jitter takes away a fifth at most.
const LEAST_SHARE: f64 = 0.8;
