//! The service's clock: tokio's, laid onto wall time. Where tokio's clock is paused, this one is.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use crate::model::Timestamp;

#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    base: Timestamp,
    start: Instant,
}

impl Clock {
    pub(super) fn new(start_time: Option<SystemTime>) -> Self {
        Self { base: start_time.unwrap_or_else(SystemTime::now).into(), start: Instant::now() }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.base.saturating_add(self.start.elapsed())
    }

    /// Comes back when the clock shows `time`.
    pub(super) async fn sleep_until(&self, time: Timestamp) {
        let ahead = time.as_millis().saturating_sub(self.base.as_millis());
        match self.start.checked_add(Duration::from_millis(ahead)) {
            Some(instant) => tokio::time::sleep_until(instant).await,
            None => std::future::pending().await,
        }
    }
}
