//! The operations: members in, a call of the service, a document out.
//!
//! An operation is a line in [`Call::answer`] and a function in the file of its subject, which reads its members, says by
//! what its rate goes (the account or the stream), and builds its answer. SubscribeToShard is none of them: it answers with
//! a stream.

mod account;
mod consumers;
mod polling;
mod properties;
mod records;
mod shards;
mod streams;
mod tags;

use super::requests::Members;
use crate::emulator::codec::Document;
use crate::emulator::model::{Answer, Model, Operation, ServiceError};
use crate::emulator::service::Service;
use crate::model::{ShardId, StreamReference, Timestamp};

/// One call of an operation.
pub(super) struct Call<'a> {
    pub(super) service: &'a Service,
    pub(super) operation: Operation,
    pub(super) members: Members<'a>,
}

/// What an operation answers; `None` is nothing at all.
type Answered = Answer<Option<Document>>;

impl Call<'_> {
    pub(super) async fn answer(&self) -> Answered {
        match self.operation {
            Operation::AddTagsToStream => self.add_tags_to_stream().await,
            Operation::CreateStream => self.create_stream().await,
            Operation::DecreaseStreamRetentionPeriod => self.decrease_stream_retention_period().await,
            Operation::DeleteStream => self.delete_stream().await,
            Operation::DeregisterStreamConsumer => self.deregister_stream_consumer().await,
            Operation::DescribeAccountSettings => self.describe_account_settings().await,
            Operation::DescribeLimits => self.describe_limits().await,
            Operation::DescribeStream => self.describe_stream().await,
            Operation::DescribeStreamConsumer => self.describe_stream_consumer().await,
            Operation::DescribeStreamSummary => self.describe_stream_summary().await,
            Operation::DisableEnhancedMonitoring => self.disable_enhanced_monitoring().await,
            Operation::EnableEnhancedMonitoring => self.enable_enhanced_monitoring().await,
            Operation::GetRecords => self.get_records().await,
            Operation::GetShardIterator => self.get_shard_iterator().await,
            Operation::IncreaseStreamRetentionPeriod => self.increase_stream_retention_period().await,
            Operation::ListShards => self.list_shards().await,
            Operation::ListStreamConsumers => self.list_stream_consumers().await,
            Operation::ListStreams => self.list_streams().await,
            Operation::ListTagsForResource => self.list_tags_for_resource().await,
            Operation::ListTagsForStream => self.list_tags_for_stream().await,
            Operation::MergeShards => self.merge_shards().await,
            Operation::PutRecord => self.put_record().await,
            Operation::PutRecords => self.put_records().await,
            Operation::RegisterStreamConsumer => self.register_stream_consumer().await,
            Operation::RemoveTagsFromStream => self.remove_tags_from_stream().await,
            Operation::SplitShard => self.split_shard().await,
            Operation::StartStreamEncryption => self.start_stream_encryption().await,
            Operation::StopStreamEncryption => self.stop_stream_encryption().await,
            Operation::TagResource => self.tag_resource().await,
            Operation::UntagResource => self.untag_resource().await,
            Operation::UpdateAccountSettings => self.update_account_settings().await,
            Operation::UpdateMaxRecordSize => self.update_max_record_size().await,
            Operation::UpdateShardCount => self.update_shard_count().await,
            Operation::UpdateStreamMode => self.update_stream_mode().await,
            Operation::UpdateStreamRecordDistributionStrategy => {
                self.update_stream_record_distribution_strategy().await
            }
            Operation::SubscribeToShard => Err(unknown("SubscribeToShard")),
        }
    }

    /// Asks the model; the operation's rate goes by the stream.
    async fn of_stream<T>(
        &self,
        stream: &StreamReference,
        ask: impl FnOnce(&mut Model, Timestamp) -> Answer<T>,
    ) -> Answer<T> {
        self.service.call(self.operation, stream.name(), ask).await
    }

    /// Asks the model; the operation's rate goes by the shard, if the call names one.
    async fn of_shard<T>(
        &self,
        shard_id: Option<&ShardId>,
        ask: impl FnOnce(&mut Model, Timestamp) -> Answer<T>,
    ) -> Answer<T> {
        self.service.call_for_shard(self.operation, shard_id, ask).await
    }

    /// Asks the model; the operation's rate goes by the account.
    async fn of_account<T>(&self, ask: impl FnOnce(&mut Model, Timestamp) -> Answer<T>) -> Answer<T> {
        self.service.call(self.operation, "", ask).await
    }
}

/// No operation of this name.
pub(super) fn unknown(name: &str) -> ServiceError {
    let message = format!("The operation {name} is not known to this server.");
    ServiceError::new("UnknownOperationException", message, 400)
}

/// The answer of an operation that answers with nothing.
fn nothing((): ()) -> Option<Document> {
    None
}
