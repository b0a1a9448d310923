//! What is told of records: where they were put, and themselves.

use super::{encryption, hash_key_range};
use crate::emulator::codec::{Codec, Document};
use crate::emulator::model::{Answer, PolledRecords, PutAnswer};
use crate::model::{ChildShard, KinesisRecord};

pub(in crate::emulator::http) fn put(answer: &PutAnswer) -> Document {
    placed(answer).with("EncryptionType", answer.encryption_type.map(encryption))
}

pub(in crate::emulator::http) fn put_all(answers: &[Answer<PutAnswer>]) -> Document {
    let entry = |answer: &Answer<PutAnswer>| match answer {
        Ok(put) => placed(put),
        Err(error) => Document::structure([
            ("ErrorCode", error.code.as_ref().into()),
            ("ErrorMessage", error.message.as_str().into()),
        ]),
    };
    let encryption_type = answers.iter().flatten().find_map(|put| put.encryption_type);
    Document::structure([
        ("FailedRecordCount", answers.iter().filter(|answer| answer.is_err()).count().into()),
        ("Records", Document::list(answers, entry)),
        ("EncryptionType", encryption_type.map(encryption).into()),
    ])
}

pub(in crate::emulator::http) fn iterator(iterator: &str) -> Document {
    Document::structure([("ShardIterator", iterator.into())])
}

/// How many bytes the page takes in JSON.
pub(in crate::emulator) fn polled_size(answer: &PolledRecords) -> usize {
    Codec::Json.encode(&polled(answer.clone())).len()
}

pub(in crate::emulator::http) fn polled(answer: PolledRecords) -> Document {
    let ended = answer.next_shard_iterator.is_none();
    Document::structure([
        ("Records", Document::list(answer.records, record)),
        ("NextShardIterator", answer.next_shard_iterator.into()),
        ("MillisBehindLatest", answer.millis_behind_latest.into()),
        ("ChildShards", ended.then(|| Document::list(&answer.child_shards, child)).into()),
    ])
}

fn placed(put: &PutAnswer) -> Document {
    Document::structure([
        ("ShardId", (&put.shard_id).into()),
        ("SequenceNumber", (&put.sequence_number).into()),
    ])
}

fn record(record: KinesisRecord) -> Document {
    Document::structure([
        ("SequenceNumber", (&record.sequence_number).into()),
        ("ApproximateArrivalTimestamp", record.approximate_arrival.into()),
        ("Data", record.data.into()),
        ("PartitionKey", record.partition_key.as_deref().into()),
        ("EncryptionType", record.encryption_type.map(encryption).into()),
    ])
}

fn child(child: &ChildShard) -> Document {
    Document::structure([
        ("ShardId", (&child.shard_id).into()),
        ("ParentShards", Document::texts(&child.parent_shards)),
        ("HashKeyRange", hash_key_range(child.hash_key_range)),
    ])
}
