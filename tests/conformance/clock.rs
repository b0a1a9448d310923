//! The time that a rule runs in: ours stands still until a rule lets it pass; a server's that nobody here wrote is real.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use futures::poll;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::verdict::{Stop, Verdict};

/// Whose clock it is.
pub(crate) enum Clock {
    /// Tokio's, paused: the emulator's goes by it. It moves only in [`Clock::pass`] and [`Clock::within`].
    Ours(#[allow(dead_code, reason = "held for what its drop ends")] Frozen),
    /// Real time, of which a rule may take 10 s.
    Theirs,
}

/// Tokio's clock jumps to the next timer when nothing is to be done, and takes waiting for a socket for nothing to be done.
/// It does not while a blocking task runs; so this is one, until it is dropped.
pub(crate) struct Frozen(#[allow(dead_code, reason = "its drop ends the task")] oneshot::Sender<()>);

impl Clock {
    /// A clock that stands still. Inside a runtime of one thread.
    pub(crate) fn ours() -> Self {
        let (end, ended) = oneshot::channel();
        tokio::task::spawn_blocking(move || ended.blocking_recv());
        tokio::time::pause();
        Self::Ours(Frozen(end))
    }

    /// Lets this much time pass.
    pub(crate) async fn pass(&self, time: Duration) -> Verdict {
        let nothing = self.within(time, std::future::pending::<()>()).await?;
        debug_assert!(nothing.is_none());
        Ok(())
    }

    /// What the future gives within this time.
    pub(crate) async fn within<T>(
        &self,
        time: Duration,
        future: impl Future<Output = T>,
    ) -> Verdict<Option<T>> {
        match self {
            Self::Ours(_) => Ok(step_by_step(time, future).await),
            Self::Theirs if time > OBSERVABLE => {
                Err(Stop::NotObservable(format!("takes {} s of real time", time.as_secs())))
            }
            Self::Theirs => Ok(tokio::time::timeout(time, future).await.ok()),
        }
    }

    /// What the future gives without the service's clock having to move: a call's answer. `None`: nothing.
    pub(crate) async fn soon<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        match self {
            Self::Ours(_) => {
                let mut future = pin!(future);
                settled(&mut future, PATIENCE).await
            }
            Self::Theirs => tokio::time::timeout(ANSWER, future).await.ok(),
        }
    }
}

async fn step_by_step<T>(time: Duration, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let end = Instant::now() + time;
    let step = (time / STEPS).clamp(Duration::from_millis(50), Duration::from_secs(60));
    loop {
        if let Some(value) = settled(&mut future, QUIET).await {
            return Some(value);
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return None;
        }
        tokio::time::advance(step.min(left)).await;
    }
}

/// Gives everything else so many turns, sockets included, and asks the future between them.
async fn settled<T>(mut future: impl Future<Output = T> + Unpin, turns: u32) -> Option<T> {
    for _ in 0..turns {
        if let std::task::Poll::Ready(value) = poll!(&mut future) {
            return Some(value);
        }
        tokio::task::yield_now().await;
    }
    None
}

/// The most real time that one wait of a rule may take.
const OBSERVABLE: Duration = Duration::from_secs(10);
/// The most real time that an answer takes: some servers read 10 MB for long.
const ANSWER: Duration = Duration::from_secs(60);
/// In how many parts time passes, so that what is due in between happens in its turn.
const STEPS: u32 = 100;
/// Turns after which what was to happen at this time has happened: an event passes some ten tasks on its way.
const QUIET: u32 = 40;
/// Turns after which an answer will not come any more. 10 MiB take some thousands.
const PATIENCE: u32 = 200_000;
