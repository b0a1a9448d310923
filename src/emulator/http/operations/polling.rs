//! Polling: iterators and records.

use super::{Answered, Call};
use crate::emulator::http::answers;
use crate::emulator::model::{GetRecordsRequest, ServiceError};
use crate::model::ShardId;

impl Call<'_> {
    pub(super) async fn get_shard_iterator(&self) -> Answered {
        let (stream, start) = (self.members.stream()?, self.members.iterator_start()?);
        let shard_id: ShardId = self.members.required_text("ShardId")?.into();
        let dry_run = self.members.flag("DryRun")?;
        let iterator = self.of_shard(Some(&shard_id), |model, now| {
            let iterator = model.get_shard_iterator(&stream, &shard_id, &start, now)?;
            if dry_run { Err(ServiceError::dry_run()) } else { Ok(iterator) }
        });
        Ok(Some(answers::records::iterator(&iterator.await?)))
    }

    pub(super) async fn get_records(&self) -> Answered {
        let request = GetRecordsRequest {
            shard_iterator: self.members.required_text("ShardIterator")?.to_owned(),
            limit: self.members.count("Limit")?,
            stream: self.members.text("StreamARN")?.map(|_| self.members.stream()).transpose()?,
        };
        let (dry_run, shard_id) = (self.members.flag("DryRun")?, request.shard_id());
        let polled = self.of_shard(shard_id.as_ref(), |model, now| match dry_run {
            true => model.dry_run_get_records(&request, now),
            false => model.get_records(&request, now),
        });
        Ok(Some(answers::records::polled(polled.await?)))
    }
}
