//! Consume Amazon Kinesis data streams by enhanced fan-out.
#![forbid(unsafe_code)]

#[doc(hidden)]
pub mod engine;
pub mod kinesis;
pub mod kpl;
pub mod model;
pub mod wire;

#[cfg(feature = "consumer")]
pub mod consumer;
#[cfg(feature = "emulator")]
pub mod emulator;

pub use model::{
    ConsumerReference, EncryptionType, HashKeyRange, InvalidSequenceNumber, PartitionKey, Record,
    RecordPosition, SequenceNumber, ShardId, StartPosition,
};
