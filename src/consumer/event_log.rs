use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures_core::Stream;

use super::ConsumerEvent;

/// The last events of a consumer, for any number of readers. Writing never waits; a slow reader misses events and is told how
/// many.
#[derive(Debug, Clone, Default)]
pub(super) struct EventLog(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    events: VecDeque<ConsumerEvent>,
    /// The number of the first event in `events`, counted from the start of the consumer.
    first: u64,
    closed: bool,
    wakers: Vec<Waker>,
}

/// What happens inside a consumer, as a stream: from the oldest event still kept, to its shutdown.
///
/// The consumer keeps the last 1,024 events and never waits for a reader; one who is slower than that gets
/// [`ConsumerEvent::Missed`] in the place of what is gone. `None` once the consumer has shut down.
#[derive(Debug)]
pub struct Events {
    log: EventLog,
    next: u64,
}

impl EventLog {
    pub(super) fn push(&self, event: ConsumerEvent) {
        event.log();
        let wakers = {
            let mut inner = self.lock();
            if inner.events.len() == KEPT_EVENTS {
                inner.events.pop_front();
                inner.first += 1;
            }
            inner.events.push_back(event);
            std::mem::take(&mut inner.wakers)
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    pub(super) fn close(&self) {
        let wakers = {
            let mut inner = self.lock();
            inner.closed = true;
            std::mem::take(&mut inner.wakers)
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    pub(super) fn read(&self) -> Events {
        // A reader that comes late has not missed what was forgotten before its time.
        let next = self.lock().first;
        Events { log: self.clone(), next }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stream for Events {
    type Item = ConsumerEvent;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<ConsumerEvent>> {
        let this = self.get_mut();
        let mut inner = this.log.lock();
        if this.next < inner.first {
            let missed = inner.first - this.next;
            this.next = inner.first;
            return Poll::Ready(Some(ConsumerEvent::Missed { events: missed }));
        }
        if let Some(event) = inner.events.get((this.next - inner.first) as usize) {
            let event = event.clone();
            this.next += 1;
            return Poll::Ready(Some(event));
        }
        if inner.closed {
            return Poll::Ready(None);
        }
        if !inner.wakers.iter().any(|waker| waker.will_wake(cx.waker())) {
            inner.wakers.push(cx.waker().clone());
        }
        Poll::Pending
    }
}

/// About a minute of a consumer of a hundred shards in trouble; 200 KB.
const KEPT_EVENTS: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use futures::{FutureExt, StreamExt};

    fn event(n: u64) -> ConsumerEvent {
        ConsumerEvent::Subscribed { shard_id: format!("shard-{n}").into() }
    }

    #[tokio::test]
    async fn a_reader_that_comes_later_still_sees_the_start() {
        let log = EventLog::default();
        log.push(event(0));
        log.push(event(1));
        log.close();
        assert_eq!(log.read().collect::<Vec<_>>().await, [event(0), event(1)]);
    }

    #[tokio::test]
    async fn a_slow_reader_is_told_what_it_missed_and_costs_no_memory() {
        let log = EventLog::default();
        log.push(event(0));
        let mut events = log.read();
        assert_eq!(events.next().await, Some(event(0)));
        let mut unread = log.read();
        (1..=KEPT_EVENTS as u64 + 5).for_each(|n| log.push(event(n)));
        assert_eq!(events.next().await, Some(ConsumerEvent::Missed { events: 5 }));
        assert_eq!(events.next().await, Some(event(6)));
        assert_eq!(unread.next().await, Some(ConsumerEvent::Missed { events: 6 }));
        assert_eq!(log.read().next().await, Some(event(6)), "who comes now has missed nothing");
        assert_eq!(log.lock().events.len(), KEPT_EVENTS);
    }

    #[tokio::test]
    async fn a_waiting_reader_is_woken() {
        let log = EventLog::default();
        let mut events = log.read();
        assert!(events.next().now_or_never().is_none());
        let waiting = tokio::spawn(async move { events.next().await });
        tokio::task::yield_now().await;
        log.push(event(7));
        assert_eq!(waiting.await.unwrap(), Some(event(7)));
    }
}
