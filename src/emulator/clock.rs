//! The service's clock: tokio's, laid onto wall time, and moved on by hand. Where tokio's clock is paused, this one is.

use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::time::Instant;

use crate::model::Timestamp;

#[derive(Debug)]
pub(super) struct Clock {
    base: Timestamp,
    start: Instant,
    /// How far it was moved on. Whoever waits is told of each move.
    moved: watch::Sender<Duration>,
}

impl Clock {
    pub(super) fn new(start_time: Option<SystemTime>) -> Self {
        Self {
            base: start_time.unwrap_or_else(SystemTime::now).into(),
            start: Instant::now(),
            moved: watch::Sender::new(Duration::ZERO),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        let moved = *self.moved.borrow();
        self.base.saturating_add(self.start.elapsed().saturating_add(moved))
    }

    pub(super) fn advance(&self, time: Duration) {
        self.moved.send_modify(|moved| *moved = moved.saturating_add(time));
    }

    /// Comes back when the clock shows `time`.
    pub(super) async fn sleep_until(&self, time: Timestamp) {
        let mut moves = self.moved.subscribe();
        loop {
            let moved = *moves.borrow_and_update();
            let ahead = Duration::from_millis(time.as_millis().saturating_sub(self.base.as_millis()));
            let sleep = async {
                match self.start.checked_add(ahead.saturating_sub(moved)) {
                    Some(instant) => tokio::time::sleep_until(instant).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = sleep => return,
                // The sender is ours, so this is a move and no error.
                _ = moves.changed() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_move_wakes_whom_it_concerns_and_no_other() {
        let clock = Clock::new(None);
        let start = clock.now();
        let near = clock.sleep_until(start.saturating_add(Duration::from_secs(300)));
        let far = clock.sleep_until(start.saturating_add(Duration::from_secs(301)));
        tokio::pin!(near, far);
        assert!(futures_util::poll!(&mut near).is_pending());
        assert!(futures_util::poll!(&mut far).is_pending());
        clock.advance(Duration::from_secs(300));
        assert_eq!(clock.now(), start.saturating_add(Duration::from_secs(300)));
        // Tokio's clock stands at its start: what is due now has to come without it.
        assert!(tokio::time::timeout(Duration::from_millis(2), &mut near).await.is_ok());
        assert!(tokio::time::timeout(Duration::from_millis(500), &mut far).await.is_err());
        far.await;
    }
}
