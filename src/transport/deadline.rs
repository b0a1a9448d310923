//! Time-outs that are fair to a process that slept. Knows nothing of what it waits for.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use tokio::time;

/// What `future` answers, or nothing if it takes longer than `limit`.
///
/// Of the limit the last [`GRACE`] begins only when the rest of it is found over: a process that was stopped for longer than
/// `limit` finds its timers expired before it has read what lies in its sockets, and has that long to read it.
pub(super) async fn within<F: Future>(limit: Duration, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let grace = GRACE.min(limit);
    if let Ok(output) = time::timeout(limit - grace, future.as_mut()).await {
        return Some(output);
    }
    time::timeout(grace, future).await.ok()
}

/// Long enough for the sockets of a process that wakes up to be found readable, and to be read by the tasks that drive connections,
/// wherever these run; too short to matter beside the limits of seconds that it is a part of.
pub(super) const GRACE: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::sync::oneshot;
    use tokio::task;
    use tokio::time::Instant;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn what_takes_longer_is_given_up_at_the_limit() {
        let start = Instant::now();
        assert_eq!(within(LIMIT, pending::<()>()).await, None);
        assert!(start.elapsed() >= LIMIT && start.elapsed().as_secs() == LIMIT.as_secs());
        assert_eq!(within(LIMIT, async { 1 }).await, Some(1));
        assert_eq!(within(Duration::MAX, async { 1 }).await, Some(1));
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_there_when_the_process_woke_is_found() {
        let (answer, answered) = oneshot::channel();
        let waiting = tokio::spawn(within(LIMIT, answered));
        task::yield_now().await;
        // The process is stopped; its sockets are found readable a while after its timers.
        time::advance(Duration::from_secs(600)).await;
        time::advance(GRACE / 2).await;
        answer.send(1).unwrap();
        assert_eq!(waiting.await.unwrap(), Some(Ok(1)));
    }
}
