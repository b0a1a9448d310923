//! Streams.

use super::{Answered, Call, nothing};
use crate::emulator::http::answers;
use crate::emulator::model::{Answer, ServiceError};

impl Call<'_> {
    pub(super) async fn create_stream(&self) -> Answered {
        let name = self.members.required_text("StreamName")?;
        let shards = self.shard_count()?;
        self.of_account(|model, now| model.create_stream(name, shards, now)).await.map(nothing)
    }

    pub(super) async fn delete_stream(&self) -> Answered {
        let stream = self.members.stream()?;
        let enforce = self.members.flag("EnforceConsumerDeletion")?;
        self.of_account(|model, now| model.delete_stream(&stream, enforce, now)).await.map(nothing)
    }

    pub(super) async fn describe_stream_summary(&self) -> Answered {
        let stream = self.members.stream()?;
        let described = self.of_account(|model, now| model.describe_stream_summary(&stream, now)).await?;
        Ok(Some(answers::stream_summary(&described, self.settings)))
    }

    /// The shards of a new stream: those that are asked for, or the four of an on-demand one (CreateStream).
    fn shard_count(&self) -> Answer<usize> {
        let mode = self.members.structure("StreamModeDetails")?;
        let mode = mode.map(|mode| mode.required_text("StreamMode")).transpose()?;
        match (self.members.count("ShardCount")?, mode) {
            (Some(count), _) => Ok(count),
            (None, Some("ON_DEMAND")) => Ok(ON_DEMAND_SHARDS),
            (None, _) => Err(ServiceError::invalid_argument(
                "ShardCount must be given for a stream in provisioned mode.",
            )),
        }
    }
}

const ON_DEMAND_SHARDS: usize = 4;
