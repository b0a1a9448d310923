//! Whether an answer gets any further, and the end of what is stuck.
//!
//! It knows no protocol and no answer: whoever writes one says until when it has to have got further, or that it waits for no
//! client. What writes answers runs in [`until_stuck`]: in HTTP/1.1 that is a connection, which answers one request after the
//! other; in HTTP/2 it is a stream, for which hyper makes a task of its own ([`StreamExecutor`]). Dropped, the connection is
//! closed, or the stream reset.

use std::sync::Arc;
use std::time::Duration;

use hyper::rt::Executor;
use tokio::sync::watch;
use tokio::time::Instant;

/// How far the answers of a connection or stream have come.
#[derive(Clone)]
pub(super) struct Progress(Arc<watch::Sender<Due>>);

/// When it is stuck.
#[derive(Clone, Copy, Default)]
struct Due {
    /// Unless the answer's next piece is asked for.
    answer: Option<Instant>,
    /// Unless the client takes bytes.
    writer: Option<Instant>,
    /// Not before, though the client takes nothing: it reads a subscription when it pleases.
    kept: Option<Instant>,
}

/// An answer that is being written, until this is dropped.
pub(super) struct UnderWay(Progress);

impl Progress {
    pub(super) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Due::default())))
    }

    /// That of what runs here; where nobody looks, one of its own.
    pub(super) fn here() -> Self {
        HERE.try_with(Self::clone).unwrap_or_else(|_| Self::new())
    }

    /// Bytes of a connection were taken, which gives the answer so much more time.
    pub(super) fn taken(&self, time: Duration) {
        let due = Instant::now() + time;
        self.0.send_modify(|dues| {
            dues.answer = dues.answer.map(|answer| answer.max(due));
            dues.writer = None;
        });
    }

    /// A connection takes no bytes now. It has so much time to take some.
    pub(super) fn refused(&self, time: Duration) {
        let due = Instant::now() + time;
        self.0.send_modify(|dues| {
            dues.writer.get_or_insert(dues.kept.map_or(due, |kept| kept.max(due)));
        });
    }

    async fn stuck(&self) {
        let mut changes = self.0.subscribe();
        loop {
            let Due { answer, writer, .. } = *changes.borrow_and_update();
            let due = answer.into_iter().chain(writer).min();
            let over = async {
                match due {
                    Some(due) => tokio::time::sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                // It cannot fail: the sender is here.
                _ = changes.changed() => {}
                () = over => return,
            }
        }
    }
}

impl UnderWay {
    pub(super) fn here() -> Self {
        Self(Progress::here())
    }

    /// Its next piece has to be asked for by then.
    pub(super) fn due(&self, due: Instant) {
        self.0.0.send_modify(|dues| dues.answer = Some(due));
    }

    /// Until then its client may read when it pleases.
    pub(super) fn keep_until(&self, time: Instant) {
        self.0.0.send_modify(|dues| dues.kept = Some(time));
    }

    /// It is the service that takes its time now.
    pub(super) fn waits(&self) {
        self.0.0.send_modify(|dues| dues.answer = None);
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.0.send_modify(|dues| {
            dues.answer = None;
            dues.kept = None;
        });
    }
}

/// Runs what writes answers; `None` if it got stuck, and was dropped.
pub(super) async fn until_stuck<F: Future>(progress: Progress, writing: F) -> Option<F::Output> {
    tokio::select! {
        ended = HERE.scope(progress.clone(), writing) => Some(ended),
        () = progress.stuck() => None,
    }
}

/// Runs what hyper makes of each stream of an HTTP/2 connection.
#[derive(Clone)]
pub(super) struct StreamExecutor;

impl<F> Executor<F> for StreamExecutor
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, stream: F) {
        tokio::spawn(async { drop(until_stuck(Progress::new(), stream).await) });
    }
}

tokio::task_local! {
    static HERE: Progress;
}
