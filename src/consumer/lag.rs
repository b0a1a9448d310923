use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
