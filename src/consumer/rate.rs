use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
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
    /// When the next turn is, at the earliest. Who has the lock is next; the others wait for it in order.
    next: Arc<Mutex<Option<Instant>>>,
}

impl SubscribeRate {
    /// So many calls per second.
    pub fn per_second(calls: NonZeroU32) -> Self {
        Self { spacing: Duration::from_secs(1) / calls.get(), next: Arc::default() }
    }

    /// Waits for the turn of one call. Dropped before it has come, it takes no turn.
    pub(super) async fn turn(&self) {
        let mut next = self.next.lock().await;
        let now = Instant::now();
        // A timer is late by as much, and where turns are closer than that, those it was late for are made up for.
        let late = if self.spacing < TIMER_STEP { TIMER_STEP } else { Duration::ZERO };
        let earliest = now.checked_sub(late).unwrap_or(now);
        let at = next.map_or(now, |next| next.max(earliest));
        tokio::time::sleep_until(at).await;
        *next = Some(at + self.spacing);
    }
}

impl Default for SubscribeRate {
    fn default() -> Self {
        Self { spacing: Duration::from_millis(5), next: Arc::default() }
    }
}

/// The timers of tokio are that exact (tokio::time::sleep).
const TIMER_STEP: Duration = Duration::from_millis(1);

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

    #[tokio::test(start_paused = true)]
    async fn a_turn_that_nobody_waits_for_any_more_is_not_taken() {
        let rate = SubscribeRate::per_second(NonZeroU32::new(1).unwrap());
        let start = Instant::now();
        rate.turn().await;
        let given_up: Vec<_> = (0..1_000).map(|_| Box::pin(rate.turn())).collect();
        let waiting = futures::future::join_all(given_up);
        assert!(tokio::time::timeout(Duration::from_millis(500), waiting).await.is_err());
        rate.turn().await;
        assert_eq!(start.elapsed(), Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn more_turns_than_a_timer_has_steps_come_as_often_as_they_should() {
        let rate = SubscribeRate::per_second(NonZeroU32::new(10_000).unwrap());
        let start = Instant::now();
        for _ in 0..10_000 {
            rate.turn().await;
        }
        let took = start.elapsed();
        assert!((Duration::from_millis(990)..Duration::from_millis(1_010)).contains(&took), "{took:?}");
    }
}
