//! Streams: created, deleted, described, listed, scaled.

use super::{Answered, Call, nothing};
use crate::emulator::http::answers;
use crate::emulator::model::{CreateStreamRequest, ListStreamsRequest, ServiceError};

impl Call<'_> {
    pub(super) async fn create_stream(&self) -> Answered {
        let members = self.members;
        let request = CreateStreamRequest {
            name: members.required_text("StreamName")?.to_owned(),
            shards: members.count("ShardCount")?,
            mode: members.stream_mode()?.unwrap_or_default(),
            max_record_size_in_kib: members.count("MaxRecordSizeInKiB")?,
            record_distribution_strategy: members.record_distribution_strategy()?.unwrap_or_default(),
            tags: members.tags()?.unwrap_or_default(),
        };
        self.of_account(|model, now| model.create_stream_with(&request, now)).await.map(nothing)
    }

    pub(super) async fn delete_stream(&self) -> Answered {
        let stream = self.members.stream()?;
        let enforce = self.members.flag("EnforceConsumerDeletion")?;
        self.of_account(|model, now| model.delete_stream(&stream, enforce, now)).await.map(nothing)
    }

    pub(super) async fn describe_stream(&self) -> Answered {
        let (stream, limit) = (self.members.stream()?, self.members.count("Limit")?);
        let after = self.members.text("ExclusiveStartShardId")?.map(Into::into);
        let described =
            self.of_account(|model, now| model.describe_stream(&stream, after, limit, now)).await?;
        Ok(Some(answers::streams::description(&described)))
    }

    pub(super) async fn describe_stream_summary(&self) -> Answered {
        let stream = self.members.stream()?;
        let described = self.of_account(|model, now| model.describe_stream_summary(&stream, now)).await?;
        Ok(Some(answers::streams::summary(&described)))
    }

    pub(super) async fn list_streams(&self) -> Answered {
        let request = ListStreamsRequest {
            after: self.members.text("ExclusiveStartStreamName")?.map(str::to_owned),
            next_token: self.members.text("NextToken")?.map(str::to_owned),
            limit: self.members.count("Limit")?,
        };
        let page = self.of_account(|model, now| model.list_streams(&request, now)).await?;
        Ok(Some(answers::streams::list(&page)))
    }

    pub(super) async fn update_shard_count(&self) -> Answered {
        let (stream, target) = (self.members.stream()?, self.members.required_count("TargetShardCount")?);
        let scaling = self.members.required_text("ScalingType")?;
        if scaling != "UNIFORM_SCALING" {
            let constraint = "satisfy enum value set: [UNIFORM_SCALING]";
            return Err(ServiceError::validation("scalingType", scaling, constraint));
        }
        let change = self.of_stream(&stream, |model, now| model.update_shard_count(&stream, target, now));
        Ok(Some(answers::streams::shard_count(&change.await?)))
    }
}
