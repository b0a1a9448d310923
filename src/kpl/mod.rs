//! KPL aggregated records: several user records in one Kinesis record, taken apart and put together.
//!
//! Knows no clock, no I/O and no consumer, so it can be used alone, in a Lambda function or a batch job, on whatever
//! bytes came out of a Kinesis stream.
//!
//! ```text
//! offset 0      4                                  len-16      len
//! F3 89 9A C2 | AggregatedRecord, protocol buffer | MD5 of it (16)
//! ```
//!
//! **The law of taking apart: all or nothing.** [`deaggregate`] parses the whole blob and checks every index before the first
//! user record can be had; then [`Aggregate`] makes the user records one at a time, as spans of the blob, without a list of
//! them and without a copy. What is no sound aggregate is to be handed on whole, as the plain record that it may well be.
//!
//! The format is that of `aggregation-format.md` of the KPL's repository (schema: `proto/aggregated_record.proto`). Where
//! the KCL's `AggregatorUtil` loses or falsifies records this room deviates from it: no delivery of the records before a bad
//! index, no index cut to 32 bits, no loss on an odd explicit hash key, no record dropped for its hash key.
//!
//! ```
//! use bytes::Bytes;
//! use kinesis_fanout::kpl::{Aggregator, Deaggregated, deaggregate};
//!
//! let mut aggregator = Aggregator::new();
//! aggregator.add("customer-4", None, "first")?;
//! aggregator.add("customer-9", Some(17), "second")?;
//! let entry = aggregator.finish().expect("two user records wait");
//!
//! let Deaggregated::Aggregated(aggregate) = deaggregate(&entry.data) else { panic!("an aggregate") };
//! let data: Vec<&[u8]> = aggregate.records().map(|record| record.data()).collect();
//! assert_eq!(data, [&b"first"[..], b"second"]);
//! # Ok::<(), kinesis_fanout::kpl::InvalidPartitionKey>(())
//! ```
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod aggregate;
mod aggregator;
mod deaggregator;
mod digest;
mod hash_key;
mod key_table;
mod malformed;
mod protobuf;
mod put_entry;
mod user_record;
mod wire_record;

// Generated: `tests/kpl_schema.rs` compares it with the schema and says how to write it anew.
#[allow(missing_docs, unreachable_pub)]
#[rustfmt::skip]
mod schema;

pub use aggregate::{Aggregate, Cursor, UserRecords};
pub use aggregator::{Aggregator, MaxBytes};
pub use deaggregator::{Deaggregated, Deaggregator, Verify, begins_as_aggregate, deaggregate};
pub use hash_key::hash_key;
pub use malformed::MalformedAggregate;
pub use put_entry::{InvalidPartitionKey, PutEntry};
pub use user_record::{UserRecord, UserRecordRanges};

/// What an aggregated record begins with.
const MAGIC: [u8; 4] = [0xF3, 0x89, 0x9A, 0xC2];
/// The length in bytes of the MD5 that an aggregated record ends with.
const DIGEST_LEN: usize = 16;
