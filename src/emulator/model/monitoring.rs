//! EnableEnhancedMonitoring and DisableEnhancedMonitoring: which shard-level metrics are on. None is measured.

use std::collections::BTreeSet;
use std::fmt;

use super::{Answer, Model, ServiceError};
use crate::model::{StreamReference, Timestamp};

/// A metric of enhanced monitoring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "their names are those of the API reference")]
pub enum ShardLevelMetric {
    IncomingBytes,
    IncomingRecords,
    OutgoingBytes,
    OutgoingRecords,
    WriteProvisionedThroughputExceeded,
    ReadProvisionedThroughputExceeded,
    IteratorAgeMilliseconds,
}

/// What changing the metrics answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonitoringChange {
    /// The stream's name.
    pub stream: String,
    /// The stream's ARN.
    pub arn: String,
    /// The metrics that were on before.
    pub current: Vec<ShardLevelMetric>,
    /// The metrics that are on after it.
    pub desired: Vec<ShardLevelMetric>,
}

impl Model {
    /// EnableEnhancedMonitoring.
    ///
    /// # Errors
    /// ResourceNotFoundException; ResourceInUseException (the stream is not ACTIVE).
    pub fn enable_enhanced_monitoring(
        &mut self,
        stream: &StreamReference,
        metrics: &[ShardLevelMetric],
        now: Timestamp,
    ) -> Answer<MonitoringChange> {
        self.change_monitoring(stream, now, |on| on.extend(metrics))
    }

    /// DisableEnhancedMonitoring.
    ///
    /// # Errors
    /// Those of [`Model::enable_enhanced_monitoring`].
    pub fn disable_enhanced_monitoring(
        &mut self,
        stream: &StreamReference,
        metrics: &[ShardLevelMetric],
        now: Timestamp,
    ) -> Answer<MonitoringChange> {
        self.change_monitoring(stream, now, |on| on.retain(|metric| !metrics.contains(metric)))
    }

    fn change_monitoring(
        &mut self,
        stream: &StreamReference,
        now: Timestamp,
        change: impl FnOnce(&mut BTreeSet<ShardLevelMetric>),
    ) -> Answer<MonitoringChange> {
        let settings = std::sync::Arc::clone(&self.settings);
        let stream = self.active_mut(stream, now)?;
        let current = stream.properties.metrics.iter().copied().collect();
        change(&mut stream.properties.metrics);
        let desired = stream.properties.metrics.iter().copied().collect();
        stream.update(&settings, now);
        Ok(MonitoringChange { stream: stream.name.clone(), arn: stream.arn.clone(), current, desired })
    }
}

impl ShardLevelMetric {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::IncomingBytes,
        Self::IncomingRecords,
        Self::OutgoingBytes,
        Self::OutgoingRecords,
        Self::WriteProvisionedThroughputExceeded,
        Self::ReadProvisionedThroughputExceeded,
        Self::IteratorAgeMilliseconds,
    ];

    /// The metrics of these names, of which ALL is one: 1 to 7 names.
    ///
    /// # Errors
    /// ValidationException.
    pub fn named(names: &[&str]) -> Answer<Vec<Self>> {
        if !(1..=Self::ALL.len()).contains(&names.len()) {
            let constraint = "have length less than or equal to 7, and greater than or equal to 1";
            let value = format!("[{}]", names.join(", "));
            return Err(ServiceError::validation("shardLevelMetrics", &value, constraint));
        }
        let mut metrics = Vec::new();
        for name in names {
            match Self::ALL.into_iter().find(|metric| metric.to_string() == *name) {
                Some(metric) => metrics.push(metric),
                None if *name == "ALL" => metrics.extend(Self::ALL),
                None => {
                    let constraint = format!("satisfy enum value set: {:?}", Self::ALL);
                    let constraint = constraint.replace(']', ", ALL]");
                    return Err(ServiceError::validation("shardLevelMetrics", name, &constraint));
                }
            }
        }
        Ok(metrics)
    }
}

impl fmt::Display for ShardLevelMetric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
