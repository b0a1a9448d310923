//! Shards: listed, split, merged.

use super::{Answered, Call, nothing};
use crate::emulator::http::answers;

impl Call<'_> {
    pub(super) async fn list_shards(&self) -> Answered {
        let request = self.members.list_shards()?;
        let scope = request.stream_name();
        let page = self.service.call(self.operation, &scope, |model, now| model.list_shards(&request, now));
        Ok(Some(answers::shards(&page.await?)))
    }

    pub(super) async fn split_shard(&self) -> Answered {
        let (stream, shard) = (self.members.stream()?, self.members.required_text("ShardToSplit")?);
        let hash_key = self.members.hash_key("NewStartingHashKey")?;
        self.of_account(|model, now| model.split_shard(&stream, shard, hash_key, now)).await.map(nothing)
    }

    pub(super) async fn merge_shards(&self) -> Answered {
        let (stream, shard) = (self.members.stream()?, self.members.required_text("ShardToMerge")?);
        let adjacent = self.members.required_text("AdjacentShardToMerge")?;
        self.of_account(|model, now| model.merge_shards(&stream, shard, adjacent, now)).await.map(nothing)
    }
}
