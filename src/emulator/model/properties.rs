//! What is set per stream: retention, record size, capacity mode, distribution of records.
//!
//! A capacity mode is no more than a state here: an on-demand stream does not scale by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use super::encryption::Encryption;
use super::limits::LastDay;
use super::monitoring::ShardLevelMetric;
use super::streams::Stream;
use super::{Answer, Model, ServiceError};
use crate::emulator::Settings;
use crate::model::{StreamReference, StreamStatus, Timestamp};

/// The capacity mode of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StreamMode {
    /// PROVISIONED: its shards are split, merged and counted by its owner.
    #[default]
    Provisioned,
    /// ON_DEMAND: they are not.
    OnDemand,
}

/// How records find their shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RecordDistributionStrategy {
    /// USER_PARTITION_KEY: by the partition key or the explicit hash key.
    #[default]
    UserPartitionKey,
    /// AUTO: by the service; keys are ignored and may be absent.
    Auto,
}

#[derive(Debug)]
pub(super) struct Properties {
    /// How long its records can be read.
    pub(super) retention: Duration,
    /// The largest record, partition key included, in bytes.
    pub(super) max_record_size: usize,
    pub(super) mode: StreamMode,
    pub(super) distribution: RecordDistributionStrategy,
    pub(super) encryption: Option<Encryption>,
    pub(super) metrics: BTreeSet<ShardLevelMetric>,
    pub(super) tags: BTreeMap<String, String>,
    mode_changes: LastDay,
    pub(super) scalings: LastDay,
}

impl Model {
    /// IncreaseStreamRetentionPeriod. What has been trimmed does not come back.
    ///
    /// # Errors
    /// ResourceNotFoundException; ResourceInUseException (the stream is not ACTIVE); InvalidArgumentException (not above the
    /// current period, or not 24 to 8,760 hours).
    pub fn increase_stream_retention_period(
        &mut self,
        stream: &StreamReference,
        hours: u64,
        now: Timestamp,
    ) -> Answer<()> {
        self.change_retention(stream, hours, now, |current, wanted| {
            (wanted <= current).then_some("must be longer than the current one")
        })
    }

    /// DecreaseStreamRetentionPeriod. Records that are older than that are trimmed at once.
    ///
    /// # Errors
    /// ResourceNotFoundException; ResourceInUseException (the stream is not ACTIVE); InvalidArgumentException (not below the
    /// current period, or not 24 to 8,760 hours).
    pub fn decrease_stream_retention_period(
        &mut self,
        stream: &StreamReference,
        hours: u64,
        now: Timestamp,
    ) -> Answer<()> {
        self.change_retention(stream, hours, now, |current, wanted| {
            (wanted >= current).then_some("must be shorter than the current one")
        })
    }

    fn change_retention(
        &mut self,
        stream: &StreamReference,
        hours: u64,
        now: Timestamp,
        refuses: impl FnOnce(Duration, Duration) -> Option<&'static str>,
    ) -> Answer<()> {
        let settings = std::sync::Arc::clone(&self.settings);
        let stream = self.active_mut(stream, now)?;
        let wanted = Duration::from_secs(hours.saturating_mul(3_600));
        let refusal = if hours < MIN_RETENTION {
            Some("must be at least 24 hours")
        } else if hours > MAX_RETENTION {
            Some("must be at most 8760 hours")
        } else {
            refuses(stream.properties.retention, wanted)
        };
        if let Some(refusal) = refusal {
            return Err(ServiceError::invalid_argument(format!(
                "The requested retention period of {hours} hours for stream {} {refusal}.",
                stream.name
            )));
        }
        stream.properties.retention = wanted;
        for shard in &mut stream.shards {
            shard.trim(&settings, now);
            if !shard.is_expired(now) {
                shard.retention = wanted;
                shard.trim(&settings, now);
            }
        }
        stream.update(&settings, now);
        Ok(())
    }

    /// UpdateMaxRecordSize.
    ///
    /// # Errors
    /// ValidationException (not 1,024 to 10,240 KiB); ResourceNotFoundException; ResourceInUseException (the stream is not
    /// ACTIVE).
    pub fn update_max_record_size(
        &mut self,
        stream: &StreamReference,
        kib: usize,
        now: Timestamp,
    ) -> Answer<()> {
        let bytes = record_size(kib)?;
        let settings = std::sync::Arc::clone(&self.settings);
        let stream = self.active_mut(stream, now)?;
        stream.properties.max_record_size = bytes;
        stream.update(&settings, now);
        Ok(())
    }

    /// UpdateStreamMode. With PROVISIONED, records go by their partition key again.
    ///
    /// # Errors
    /// ResourceNotFoundException; ResourceInUseException (the stream is not ACTIVE); LimitExceededException (a third change
    /// within 24 hours, or too many on-demand streams).
    pub fn update_stream_mode(
        &mut self,
        stream: &StreamReference,
        mode: StreamMode,
        now: Timestamp,
    ) -> Answer<()> {
        let settings = std::sync::Arc::clone(&self.settings);
        if self.active_mut(stream, now)?.properties.mode == mode {
            return Ok(());
        }
        if mode == StreamMode::OnDemand {
            self.check_on_demand_limit(now)?;
        }
        let stream = self.active_mut(stream, now)?;
        if !stream.properties.mode_changes.take(MODE_CHANGES_PER_DAY, now) {
            return Err(ServiceError::limit_exceeded(format!(
                "The mode of stream {} under account {} has been changed {MODE_CHANGES_PER_DAY} times within 24 hours.",
                stream.name, settings.account
            )));
        }
        stream.properties.mode = mode;
        if mode == StreamMode::Provisioned {
            stream.properties.distribution = RecordDistributionStrategy::UserPartitionKey;
        }
        stream.update(&settings, now);
        Ok(())
    }

    /// UpdateStreamRecordDistributionStrategy. It takes effect at once.
    ///
    /// # Errors
    /// ResourceNotFoundException; ResourceInUseException (the stream is not ACTIVE); InvalidArgumentException (AUTO for a
    /// provisioned stream).
    pub fn update_stream_record_distribution_strategy(
        &mut self,
        stream: &StreamReference,
        strategy: RecordDistributionStrategy,
        now: Timestamp,
    ) -> Answer<()> {
        let stream = self.active_mut(stream, now)?;
        check_strategy(strategy, stream.properties.mode)?;
        stream.properties.distribution = strategy;
        Ok(())
    }

    /// The stream, if it is ACTIVE.
    pub(super) fn active_mut(&mut self, stream: &StreamReference, now: Timestamp) -> Answer<&mut Stream> {
        let account = self.settings.account.clone();
        let stream = self.stream_mut(stream, now)?;
        stream.check_active(&account, now)?;
        Ok(stream)
    }
}

impl Properties {
    /// Those of a stream of which nothing else was said.
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            retention: settings.retention,
            max_record_size: settings.max_record_size,
            mode: StreamMode::default(),
            distribution: RecordDistributionStrategy::default(),
            encryption: settings.encryption.map(Encryption::of_records),
            metrics: BTreeSet::new(),
            tags: BTreeMap::new(),
            mode_changes: LastDay::default(),
            scalings: LastDay::default(),
        }
    }
}

impl Stream {
    pub(super) fn check_active(&self, account: &str, now: Timestamp) -> Answer<()> {
        let status = self.status(now);
        if status == StreamStatus::Active {
            return Ok(());
        }
        Err(ServiceError::in_use(format!(
            "Stream {} under account {account} not ACTIVE, instead in state {}",
            self.name,
            format!("{status:?}").to_uppercase()
        )))
    }

    /// Something of it has changed.
    pub(super) fn update(&mut self, settings: &Settings, now: Timestamp) {
        self.updating_until = self.updating_until.max(now.saturating_add(settings.stream_update_time));
    }
}

impl fmt::Display for StreamMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Provisioned => "PROVISIONED",
            Self::OnDemand => "ON_DEMAND",
        })
    }
}

impl fmt::Display for RecordDistributionStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UserPartitionKey => "USER_PARTITION_KEY",
            Self::Auto => "AUTO",
        })
    }
}

/// Only on-demand streams can have AUTO (CreateStream, UpdateStreamRecordDistributionStrategy).
pub(super) fn check_strategy(strategy: RecordDistributionStrategy, mode: StreamMode) -> Answer<()> {
    if strategy == RecordDistributionStrategy::Auto && mode == StreamMode::Provisioned {
        let message =
            "The record distribution strategy AUTO is only supported for streams in the ON_DEMAND mode.";
        return Err(ServiceError::invalid_argument(message));
    }
    Ok(())
}

/// The bytes of a record size that a stream can be given.
pub(super) fn record_size(kib: usize) -> Answer<usize> {
    if RECORD_SIZES.contains(&kib) {
        return Ok(kib << 10);
    }
    let constraint = "have value greater than or equal to 1024, and less than or equal to 10240";
    Err(ServiceError::validation("maxRecordSizeInKiB", &kib.to_string(), constraint))
}

/// Hours (IncreaseStreamRetentionPeriod).
const MIN_RETENTION: u64 = 24;
const MAX_RETENTION: u64 = 8_760;
/// KiB (UpdateMaxRecordSize).
const RECORD_SIZES: std::ops::RangeInclusive<usize> = 1_024..=10_240;
/// Changes of mode within 24 hours (developer guide, "Choose the right mode").
const MODE_CHANGES_PER_DAY: usize = 2;
