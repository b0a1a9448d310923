//! The operations: members in, a call of the service, a document out.
//!
//! An operation is a line in [`Call::answer`] and a function in the file of its subject, which reads its members, says by
//! what its rate goes (the account or the stream), and builds its answer. SubscribeToShard is none of them: it answers with
//! a stream.

mod consumers;
mod records;
mod shards;
mod streams;

use super::requests::Members;
use crate::emulator::Settings;
use crate::emulator::codec::Document;
use crate::emulator::model::{Answer, Model, Operation, ServiceError};
use crate::emulator::service::Service;
use crate::model::{StreamReference, Timestamp};

/// One call of an operation.
pub(super) struct Call<'a> {
    pub(super) service: &'a Service,
    pub(super) settings: &'a Settings,
    pub(super) operation: Operation,
    pub(super) members: Members<'a>,
}

/// What an operation answers; `None` is nothing at all.
type Answered = Answer<Option<Document>>;

impl Call<'_> {
    pub(super) async fn answer(&self) -> Answered {
        match self.operation {
            Operation::CreateStream => self.create_stream().await,
            Operation::DeleteStream => self.delete_stream().await,
            Operation::DeregisterStreamConsumer => self.deregister_stream_consumer().await,
            Operation::DescribeStreamConsumer => self.describe_stream_consumer().await,
            Operation::DescribeStreamSummary => self.describe_stream_summary().await,
            Operation::ListShards => self.list_shards().await,
            Operation::ListStreamConsumers => self.list_stream_consumers().await,
            Operation::MergeShards => self.merge_shards().await,
            Operation::PutRecord => self.put_record().await,
            Operation::PutRecords => self.put_records().await,
            Operation::RegisterStreamConsumer => self.register_stream_consumer().await,
            Operation::SplitShard => self.split_shard().await,
            other => Err(unknown(&other.to_string())),
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
