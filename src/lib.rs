#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

#[doc(hidden)]
pub mod engine;
pub mod kinesis;
pub mod kpl;
pub mod model;
#[doc(hidden)]
pub mod wire;

#[cfg(feature = "consumer")]
pub mod consumer;
#[cfg(feature = "emulator")]
pub mod emulator;
#[cfg(feature = "consumer")]
mod error;
#[cfg(feature = "consumer")]
#[doc = include_str!("../docs/fan-out-or-polling.md")]
pub mod fan_out_or_polling {}
#[cfg(feature = "consumer")]
pub mod transport;

#[cfg(feature = "consumer")]
pub use consumer::{Consumer, ConsumerHandle, RecordStream};
#[cfg(feature = "consumer")]
pub use error::{Error, ErrorKind};
pub use model::{
    ConsumerReference, EncryptionType, HashKeyRange, InvalidSequenceNumber, PartitionKey, Record,
    RecordPosition, SequenceNumber, ShardId, StartPosition,
};
#[cfg(feature = "consumer")]
pub use transport::Transport;
