use std::future::Future;

use super::event_log::Events;
use super::lag::ShardLag;
use super::shared::{Shared, Stage};
use crate::error::Error;

/// Watches and ends a consumer from anywhere. Cheap to clone; does not keep the consumer alive.
#[derive(Debug, Clone)]
pub struct ConsumerHandle {
    shared: Shared,
}

impl ConsumerHandle {
    pub(super) fn new(shared: Shared) -> Self {
        Self { shared }
    }

    /// What happens inside the consumer, from the oldest event still kept (registration included). Each call gives a reader of
    /// its own; a reader that nobody reads costs nothing.
    pub fn events(&self) -> Events {
        self.shared.log.read()
    }

    /// How far each shard that is being read is behind the tip of its log, and whether fan-out or polling reads it now; ordered by shard.
    /// A shard is in it from its start until all its records have been handed over.
    pub fn lag(&self) -> Vec<ShardLag> {
        self.shared.lags.read()
    }

    /// Ends the consumer: its subscriptions are closed, its stream answers `None`, and the registered consumer is deleted if
    /// the builder was told so. Records that have been received and not handed over are dropped; they come again when the
    /// shards are read again.
    ///
    /// The shutdown begins with this call and goes on if the future is dropped. The future is ready when nothing of the
    /// consumer runs any more.
    ///
    /// # Errors
    /// When the registered consumer was to be deleted and could not be, within 30 s.
    pub fn shutdown(&self) -> impl Future<Output = Result<(), Error>> + Send + 'static {
        let shared = self.shared.clone();
        shared.advance(Stage::Stopping);
        async move {
            shared.reached(Stage::Finished).await;
            shared.leftover().map_or(Ok(()), Err)
        }
    }
}
