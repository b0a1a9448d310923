//! The account: its limits, and its settings.

use super::streams::Stream;
use super::{Answer, Model, ServiceError, StreamMode};
use crate::model::{StreamStatus, Timestamp};

/// What DescribeLimits answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountLimits {
    /// The most open shards.
    pub shard_limit: usize,
    /// Open shards.
    pub open_shards: usize,
    /// The most on-demand streams.
    pub on_demand_stream_limit: usize,
    /// On-demand streams.
    pub on_demand_streams: usize,
}

impl Model {
    /// DescribeLimits.
    pub fn describe_limits(&self, now: Timestamp) -> AccountLimits {
        AccountLimits {
            shard_limit: self.settings.shard_limit,
            open_shards: self.present(now).map(|stream| stream.open.len()).sum(),
            on_demand_stream_limit: self.settings.on_demand_stream_limit,
            on_demand_streams: self
                .present(now)
                .filter(|stream| stream.properties.mode == StreamMode::OnDemand)
                .count(),
        }
    }

    /// The streams whose deletion has not come to its end.
    pub(super) fn present(&self, now: Timestamp) -> impl Iterator<Item = &Stream> {
        self.streams.values().filter(move |stream| stream.gone_at.is_none_or(|gone| now < gone))
    }

    /// Whether a stream like this can be created.
    pub(super) fn check_limits(&self, mode: StreamMode, shards: usize, now: Timestamp) -> Answer<()> {
        let creating = self.present(now).filter(|stream| stream.status(now) == StreamStatus::Creating);
        if creating.count() >= MAX_CREATING {
            return Err(ServiceError::limit_exceeded(format!(
                "{MAX_CREATING} streams under account {} are in state CREATING already.",
                self.settings.account
            )));
        }
        if mode == StreamMode::OnDemand {
            self.check_on_demand_limit(now)?;
        }
        self.check_shard_limit(shards, now)
    }

    /// Whether so many more shards can be open.
    pub(super) fn check_shard_limit(&self, more: usize, now: Timestamp) -> Answer<()> {
        let limits = self.describe_limits(now);
        if limits.open_shards + more <= limits.shard_limit {
            return Ok(());
        }
        Err(ServiceError::limit_exceeded(format!(
            "This request would exceed the shard limit for the account {} in {}. Current shard count for the account: {}. \
             Limit: {}. Number of additional shards that would have resulted from this request: {more}.",
            self.settings.account, self.settings.region, limits.open_shards, limits.shard_limit
        )))
    }

    /// Whether one more on-demand stream can be.
    pub(super) fn check_on_demand_limit(&self, now: Timestamp) -> Answer<()> {
        let limits = self.describe_limits(now);
        if limits.on_demand_streams < limits.on_demand_stream_limit {
            return Ok(());
        }
        Err(ServiceError::limit_exceeded(format!(
            "This request would exceed the limit of {} on-demand streams for the account {} in {}.",
            limits.on_demand_stream_limit, self.settings.account, self.settings.region
        )))
    }
}

/// The most streams that are CREATING at a time (CreateStream).
const MAX_CREATING: usize = 5;
