use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::delivery::Progress;
use crate::engine::reader::DeliveryMode;
use crate::model::ShardId;

/// How far the reading of a shard is behind, and who reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShardLag {
    /// The shard.
    pub shard_id: ShardId,
    /// How its records are delivered now.
    pub delivery: DeliveryMode,
    /// How far what was handed over last was behind the tip of the shard when the service sent it, in milliseconds; 0: caught up.
    /// `None`: nothing has come yet. An idle shard tells it anew with each empty event or page.
    pub millis_behind_latest: Option<u64>,
    /// How long ago the last event or page of the shard came, with records or without, handed over or not yet. While all is well: up to
    /// 5 s by fan-out, a [`poll_interval`](super::ConsumerBuilder::poll_interval) by polling; more says that `millis_behind_latest`
    /// is old, because calls fail or because there is no room. `None`: nothing has come yet.
    pub age: Option<Duration>,
}

/// The progress of the shards that are being read.
#[derive(Debug, Clone, Default)]
pub(super) struct Lags(Arc<Mutex<BTreeMap<ShardId, Arc<Progress>>>>);

/// A shard among them, for as long as this lives.
#[derive(Debug)]
pub(super) struct LagEntry {
    lags: Lags,
    shard_id: ShardId,
}

impl Lags {
    pub(super) fn enter(&self, shard_id: &ShardId, progress: &Arc<Progress>) -> LagEntry {
        self.shards().insert(shard_id.clone(), Arc::clone(progress));
        LagEntry { lags: self.clone(), shard_id: shard_id.clone() }
    }

    pub(super) fn read(&self) -> Vec<ShardLag> {
        let lag = |(shard_id, progress): (&ShardId, &Arc<Progress>)| ShardLag {
            shard_id: shard_id.clone(),
            delivery: progress.mode(),
            millis_behind_latest: progress.millis_behind_latest(),
            age: progress.age(),
        };
        self.shards().iter().map(lag).collect()
    }

    fn shards(&self) -> MutexGuard<'_, BTreeMap<ShardId, Arc<Progress>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for LagEntry {
    fn drop(&mut self) {
        self.lags.shards().remove(&self.shard_id);
    }
}
