//! The account: its limits, and its settings.

use std::time::Duration;

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

/// The account's commitment to a minimum of throughput, with which it has On-demand Advantage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BillingCommitment {
    /// When it began last.
    pub started_at: Option<Timestamp>,
    /// When it ends, or ended.
    pub ended_at: Option<Timestamp>,
}

/// The state of a [`BillingCommitment`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitmentStatus {
    /// DISABLED.
    Disabled,
    /// ENABLED.
    Enabled,
    /// ENABLED_UNTIL_EARLIEST_ALLOWED_END: it is to end, but not yet.
    EnabledUntilEarliestAllowedEnd,
}

impl Model {
    /// DescribeAccountSettings.
    pub fn describe_account_settings(&self) -> BillingCommitment {
        self.commitment
    }

    /// UpdateAccountSettings. A commitment ends no earlier than 24 hours after it began.
    ///
    /// # Errors
    /// InvalidArgumentException: it is so already.
    pub fn update_account_settings(&mut self, enabled: bool, now: Timestamp) -> Answer<BillingCommitment> {
        let status = self.commitment.status(now);
        if enabled == (status == CommitmentStatus::Enabled) {
            let message = "The minimum throughput billing commitment has the desired status already.";
            return Err(ServiceError::invalid_argument(message));
        }
        let commitment = &mut self.commitment;
        if !enabled {
            commitment.ended_at = commitment.earliest_allowed_end().map(|earliest| earliest.max(now));
        } else if status == CommitmentStatus::Disabled {
            *commitment = BillingCommitment { started_at: Some(now), ended_at: None };
        } else {
            commitment.ended_at = None;
        }
        Ok(*commitment)
    }

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

impl BillingCommitment {
    /// Its state now.
    pub fn status(&self, now: Timestamp) -> CommitmentStatus {
        match (self.started_at, self.ended_at) {
            (None, _) => CommitmentStatus::Disabled,
            (Some(_), None) => CommitmentStatus::Enabled,
            (Some(_), Some(ended)) if ended <= now => CommitmentStatus::Disabled,
            (Some(_), Some(_)) => CommitmentStatus::EnabledUntilEarliestAllowedEnd,
        }
    }

    /// The earliest time at which it can end.
    pub fn earliest_allowed_end(&self) -> Option<Timestamp> {
        self.started_at.map(|started| started.saturating_add(SHORTEST_COMMITMENT))
    }

    pub(super) fn is_enabled(&self, now: Timestamp) -> bool {
        self.status(now) != CommitmentStatus::Disabled
    }
}

/// How long a commitment lasts at least (developer guide, "On-demand Advantage mode").
const SHORTEST_COMMITMENT: Duration = Duration::from_secs(24 * 60 * 60);
/// The most streams that are CREATING at a time (CreateStream).
const MAX_CREATING: usize = 5;
