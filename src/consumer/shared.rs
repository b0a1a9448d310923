use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::event_log::EventLog;
use super::lag::Lags;
use crate::error::{Error, ErrorKind};

/// What the parts of a running consumer share: how it is to end, and what has happened.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    stage: watch::Sender<Stage>,
    /// Set with `Stage::Stopping`, which a consumer that fails by itself may never pass through.
    is_stopped: Arc<AtomicBool>,
    fatal: Arc<Mutex<Option<Error>>>,
    /// What the shutdown could not do.
    leftover: Arc<Mutex<Option<(ErrorKind, String)>>>,
    pub(super) log: EventLog,
    pub(super) lags: Lags,
}

/// How far a consumer has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// Reading.
    Running,
    /// Reading no more, because of an error; what was read is still handed over.
    Failing,
    /// The user wants it to end.
    Stopping,
    /// Nothing of it runs any more.
    Finished,
}

impl Shared {
    pub(super) fn new() -> Self {
        Self {
            stage: watch::Sender::new(Stage::Running),
            is_stopped: Arc::default(),
            fatal: Arc::default(),
            leftover: Arc::default(),
            log: EventLog::default(),
            lags: Lags::default(),
        }
    }

    pub(super) fn stage(&self) -> Stage {
        *self.stage.borrow()
    }

    /// Whether the user wants nothing more, not even what was read before a failure.
    pub(super) fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Acquire)
    }

    /// Moves on to a later stage; never back.
    pub(super) fn advance(&self, to: Stage) {
        if to == Stage::Stopping {
            self.is_stopped.store(true, Ordering::Release);
        }
        self.stage.send_if_modified(|stage| {
            let is_later = to > *stage;
            *stage = to.max(*stage);
            is_later
        });
        if to == Stage::Finished {
            self.log.close();
        }
    }

    /// Waits until the stage is this one or a later one.
    pub(super) async fn reached(&self, stage: Stage) {
        // It fails only when the sender is gone, and `self` holds one.
        let _ = self.stage.subscribe().wait_for(|now| *now >= stage).await;
    }

    /// Ends the consumer with an error; the first one counts, and none once the user has ended it.
    pub(super) fn fail(&self, error: Error) {
        if self.stage() >= Stage::Stopping {
            return;
        }
        lock(&self.fatal).get_or_insert(error);
        self.advance(Stage::Failing);
    }

    pub(super) fn take_fatal(&self) -> Option<Error> {
        lock(&self.fatal).take()
    }

    pub(super) fn leave(&self, kind: ErrorKind, what: String) {
        *lock(&self.leftover) = Some((kind, what));
    }

    /// An error for each who asks.
    pub(super) fn leftover(&self) -> Option<Error> {
        let leftover = lock(&self.leftover);
        leftover.as_ref().map(|(kind, what)| Error::new(*kind, what.clone()))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
