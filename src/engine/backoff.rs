use std::time::Duration;

use super::Random;

/// The wait before a call is tried again: full jitter under a bound that doubles from 1 s to 30 s.
///
/// Full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter") spreads the shards of a consumer over the whole
/// interval after an outage that hit them together.
#[derive(Debug, Clone)]
pub struct Backoff {
    failures: u32,
    random: Random,
}

impl Backoff {
    /// A back-off without failures so far.
    pub fn seeded(seed: u64) -> Self {
        Self { failures: 0, random: Random::seeded(seed) }
    }

    /// Counts a failure and gives the wait after it: somewhere from 0 to min(1 s × 2^failures before it, 30 s).
    pub fn next_delay(&mut self) -> Duration {
        let bound = FIRST_BOUND.saturating_mul(1 << self.failures.min(10)).min(LARGEST_BOUND);
        self.failures = self.failures.saturating_add(1);
        self.random.between(Duration::ZERO, bound)
    }

    /// Failures since the last [`reset`](Self::reset).
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Forgets the failures: something worked.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// The source of jitter, for waits that do not escalate.
    pub fn random(&mut self) -> &mut Random {
        &mut self.random
    }
}

const FIRST_BOUND: Duration = Duration::from_secs(1);
const LARGEST_BOUND: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_doubles_to_thirty_seconds_and_starts_anew_after_a_success() {
        let bounds = [1, 2, 4, 8, 16, 30, 30];
        for seed in 0..200 {
            let mut backoff = Backoff::seeded(seed);
            for bound in bounds {
                assert!(backoff.next_delay() < Duration::from_secs(bound));
            }
            assert_eq!(backoff.failures(), 7);
            backoff.reset();
            assert!(backoff.next_delay() < Duration::from_secs(1));
        }
    }

    #[test]
    fn the_jitter_is_full() {
        let mut backoff = Backoff::seeded(3);
        for _ in 0..6 {
            backoff.next_delay();
        }
        let draws: Vec<_> = (0..300).map(|_| backoff.next_delay()).collect();
        assert!(draws.iter().any(|d| *d < Duration::from_secs(3)));
        assert!(draws.iter().any(|d| *d > Duration::from_secs(27)));
    }
}
