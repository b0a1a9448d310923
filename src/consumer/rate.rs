use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How many SubscribeToShard calls may be sent per second: evenly spaced, first come, first served.
///
/// Clones share one allowance. Give the same one to several consumers to bound what a whole process sends.
///
/// Default: 200 per second. Starting 1,000 shards then takes 5 s. The service allows one call per second for each shard and
/// consumer; the bound is there for the connections that calls open, and for the account's other callers.
#[derive(Debug, Clone)]
pub struct SubscribeRate {
    spacing: Duration,
    next: Arc<Mutex<Option<Instant>>>,
}

impl SubscribeRate {
    /// So many calls per second.
    pub fn per_second(calls: NonZeroU32) -> Self {
        Self { spacing: Duration::from_secs(1) / calls.get(), next: Arc::default() }
    }

    /// Waits for the turn of one call.
    pub(super) async fn turn(&self) {
        let at = self.reserve(Instant::now());
        tokio::time::sleep_until(at).await;
    }

    fn reserve(&self, now: Instant) -> Instant {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let at = next.map_or(now, |next| next.max(now));
        *next = Some(at + self.spacing);
        at
    }
}

impl Default for SubscribeRate {
    fn default() -> Self {
        Self { spacing: Duration::from_millis(5), next: Arc::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn calls_are_spaced_and_an_idle_time_saves_nothing_up() {
        let rate = SubscribeRate::per_second(NonZeroU32::new(10).unwrap());
        let start = Instant::now();
        for turn in 0..5u32 {
            rate.clone().turn().await;
            assert_eq!(start.elapsed(), turn * Duration::from_millis(100));
        }
        tokio::time::advance(Duration::from_secs(60)).await;
        let later = Instant::now();
        rate.turn().await;
        rate.turn().await;
        assert_eq!(later.elapsed(), Duration::from_millis(100));
    }
}
