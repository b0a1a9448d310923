//! The stop of a door, as those learn of it whom it concerns: the door itself, its connections, its subscriptions.
//!
//! A door that is dropped stops nobody: whoever waits is dropped with it.

use tokio::sync::watch;

/// Orders the stop.
pub(super) struct StopOrder(watch::Sender<bool>);

/// Waits for the order.
#[derive(Clone)]
pub(super) struct Stop(watch::Receiver<bool>);

pub(super) fn stop() -> (StopOrder, Stop) {
    let (order, stop) = watch::channel(false);
    (StopOrder(order), Stop(stop))
}

impl StopOrder {
    pub(super) fn give(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Comes back once the order is given, and then each time at once. Cancel-safe.
    pub(super) async fn ordered(&mut self) {
        if self.0.wait_for(|ordered| *ordered).await.is_err() {
            std::future::pending().await
        }
    }
}
