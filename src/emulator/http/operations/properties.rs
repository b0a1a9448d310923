//! What is set per stream: retention, record size, mode, distribution, encryption, monitoring.

use super::{Answered, Call, nothing};
use crate::emulator::http::answers;
use crate::emulator::model::{Answer, ServiceError, ShardLevelMetric};
use crate::model::StreamReference;

impl Call<'_> {
    pub(super) async fn increase_stream_retention_period(&self) -> Answered {
        let (stream, hours) = self.retention()?;
        let changed =
            self.of_stream(&stream, |model, now| model.increase_stream_retention_period(&stream, hours, now));
        changed.await.map(nothing)
    }

    pub(super) async fn decrease_stream_retention_period(&self) -> Answered {
        let (stream, hours) = self.retention()?;
        let changed =
            self.of_stream(&stream, |model, now| model.decrease_stream_retention_period(&stream, hours, now));
        changed.await.map(nothing)
    }

    pub(super) async fn update_max_record_size(&self) -> Answered {
        let (stream, kib) = (self.by_arn()?, self.members.required_count("MaxRecordSizeInKiB")?);
        let changed = self.of_stream(&stream, |model, now| model.update_max_record_size(&stream, kib, now));
        changed.await.map(nothing)
    }

    pub(super) async fn update_stream_mode(&self) -> Answered {
        let (stream, mode) = (self.by_arn()?, self.members.stream_mode()?);
        let mode = mode.ok_or_else(|| ServiceError::missing("streamModeDetails"))?;
        let changed = self.of_stream(&stream, |model, now| model.update_stream_mode(&stream, mode, now));
        changed.await.map(nothing)
    }

    pub(super) async fn update_stream_record_distribution_strategy(&self) -> Answered {
        let (stream, strategy) = (self.by_arn()?, self.members.record_distribution_strategy()?);
        let strategy = strategy.ok_or_else(|| ServiceError::missing("recordDistributionStrategy"))?;
        let changed = self.of_stream(&stream, |model, now| {
            model.update_stream_record_distribution_strategy(&stream, strategy, now)
        });
        changed.await.map(nothing)
    }

    pub(super) async fn start_stream_encryption(&self) -> Answered {
        let (stream, key_id) = (self.members.stream()?, self.key_id()?);
        let changed =
            self.of_stream(&stream, |model, now| model.start_stream_encryption(&stream, key_id, now));
        changed.await.map(nothing)
    }

    pub(super) async fn stop_stream_encryption(&self) -> Answered {
        let (stream, key_id) = (self.members.stream()?, self.key_id()?);
        let changed =
            self.of_stream(&stream, |model, now| model.stop_stream_encryption(&stream, key_id, now));
        changed.await.map(nothing)
    }

    pub(super) async fn enable_enhanced_monitoring(&self) -> Answered {
        let (stream, metrics) = (self.members.stream()?, self.metrics()?);
        let change =
            self.of_stream(&stream, |model, now| model.enable_enhanced_monitoring(&stream, &metrics, now));
        Ok(Some(answers::streams::monitoring(&change.await?)))
    }

    pub(super) async fn disable_enhanced_monitoring(&self) -> Answered {
        let (stream, metrics) = (self.members.stream()?, self.metrics()?);
        let change =
            self.of_stream(&stream, |model, now| model.disable_enhanced_monitoring(&stream, &metrics, now));
        Ok(Some(answers::streams::monitoring(&change.await?)))
    }

    /// The stream of an operation that knows no names.
    fn by_arn(&self) -> Answer<StreamReference> {
        self.members.required_text("StreamARN")?;
        self.members.stream()
    }

    fn retention(&self) -> Answer<(StreamReference, u64)> {
        let hours = self.members.required_count("RetentionPeriodHours")?;
        Ok((self.members.stream()?, hours as u64))
    }

    /// The key of an encryption that can only be KMS.
    fn key_id(&self) -> Answer<&str> {
        let kind = self.members.required_text("EncryptionType")?;
        match kind {
            "KMS" => self.members.required_text("KeyId"),
            "NONE" => Err(ServiceError::invalid_argument("The encryption type must be KMS.")),
            _ => {
                let constraint = "satisfy enum value set: [KMS, NONE]";
                Err(ServiceError::validation("encryptionType", kind, constraint))
            }
        }
    }

    fn metrics(&self) -> Answer<Vec<ShardLevelMetric>> {
        let names = self.members.texts("ShardLevelMetrics")?;
        ShardLevelMetric::named(&names.ok_or_else(|| ServiceError::missing("shardLevelMetrics"))?)
    }
}
