//! The values of the domain: shards, sequence numbers, positions, records, failures.
//!
//! This room knows no clock, no I/O and nothing else of the crate. Every value here can be built, compared and
//! printed in a test; none of them prints a payload.
//!
//! Names are those of the Kinesis API reference.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod event;
mod failure;
mod hash_key_range;
mod owned_partition_key;
mod record;
mod record_position;
mod records;
mod records_page;
mod reference;
mod sequence_number;
mod shard;
mod shard_id;
mod start_position;
mod stream_summary;
mod text;
mod timestamp;

pub use event::{EncryptionType, KinesisRecord, SubscriptionEvent};
pub use failure::{Failure, FailureClass};
pub use hash_key_range::{HashKeyRange, InvalidHashKeyRange};
pub use owned_partition_key::OwnedPartitionKey;
pub use record::{EventBlock, PartitionKey, Record, RecordBuilder, Span, UserRecordSpans};
pub use record_position::RecordPosition;
pub(crate) use records::RecordSpans;
pub use records::{KinesisRecordRef, Records, RecordsIter};
pub use records_page::RecordsPage;
pub use reference::{ConsumerReference, InvalidReference, StreamReference};
pub use sequence_number::{InvalidSequenceNumber, SequenceNumber};
pub use shard::{ChildShard, Shard};
pub use shard_id::ShardId;
pub use start_position::{ShardFilter, StartPosition, StartingPosition};
pub use stream_summary::{ConsumerDescription, ConsumerStatus, StreamStatus, StreamSummary};
pub use timestamp::Timestamp;
