//! What has to hold for any bytes, with prost as the oracle.

use bytes::Bytes;
use kinesis_fanout::kpl::{
    Aggregate, Deaggregated, Deaggregator, MalformedAggregate, UserRecordRanges, Verify,
};
use md5::{Digest, Md5};
use prost::Message;

/// Gives `body` the magic and its digest, takes the blob apart and checks the outcome, which it returns.
pub(crate) fn check(body: &[u8]) -> Deaggregated {
    let mut blob = [b"\xF3\x89\x9A\xC2", body, &Md5::digest(body)].concat();
    let end = blob.len() - 1;
    blob[end] ^= 1;
    let unsigned = Bytes::copy_from_slice(&blob);
    assert_eq!(check_blob(&unsigned), Deaggregated::Plain, "the digest is wrong");
    blob[end] ^= 1;
    let blob = Bytes::from(blob);
    let outcome = check_blob(&blob);
    if body.is_empty() {
        assert_eq!(outcome, Deaggregated::Plain, "no room for a body");
        return outcome;
    }
    let skipped = Deaggregator::new().verify(Verify::Skip).deaggregate(&blob);
    assert_eq!(outcome, skipped, "the structure is checked with and without the digest");
    match Body::decode(body) {
        Ok(body) => body.assert_agrees(&outcome),
        Err(error) if prost_is_stricter(&error) => {}
        Err(error) => assert!(matches!(outcome, Deaggregated::Malformed(_)), "{error}: {outcome:?}"),
    }
    outcome
}

/// Takes the blob apart and checks that an aggregate gives what it promises.
pub(crate) fn check_blob(blob: &Bytes) -> Deaggregated {
    let outcome = Deaggregator::new().deaggregate(blob);
    if let Deaggregated::Aggregated(aggregate) = &outcome {
        let walked = walk(aggregate);
        assert_eq!(walked.len(), aggregate.len(), "the cursor yields every record");
        let body = 4..blob.len() as u32 - 16;
        for (index, ranges) in walked.iter().enumerate() {
            assert_eq!(ranges.sub_sequence_number, index as u64);
            let spans = [Some(&ranges.partition_key), ranges.explicit_hash_key.as_ref(), Some(&ranges.data)];
            for span in spans.into_iter().flatten() {
                assert!(body.start <= span.start && span.start <= span.end && span.end <= body.end);
            }
        }
        let records = aggregate.records().map(|record| record.ranges().clone());
        assert!(records.eq(walked), "the iterator gives what the cursor gives");
    }
    outcome
}

fn walk(aggregate: &Aggregate) -> Vec<UserRecordRanges> {
    let mut cursor = aggregate.cursor();
    std::iter::from_fn(|| aggregate.next(&mut cursor)).collect()
}

/// prost refuses a known field of another wire type and a tenth byte above 1, and counts messages as groups.
fn prost_is_stricter(error: &prost::DecodeError) -> bool {
    let text = error.to_string();
    ["invalid wire type: ", "invalid varint", "recursion limit reached"]
        .iter()
        .any(|reason| text.contains(reason))
}

/// The schema with every field optional and keys as bytes: prost enforces no `required`, and we ask for no UTF-8.
#[derive(Clone, PartialEq, Message)]
struct Body {
    #[prost(bytes = "vec", repeated, tag = "1")]
    partition_keys: Vec<Vec<u8>>,
    #[prost(bytes = "vec", repeated, tag = "2")]
    explicit_hash_keys: Vec<Vec<u8>>,
    #[prost(message, repeated, tag = "3")]
    records: Vec<Record>,
}

#[derive(Clone, PartialEq, Message)]
struct Record {
    #[prost(uint64, optional, tag = "1")]
    partition_key_index: Option<u64>,
    #[prost(uint64, optional, tag = "2")]
    explicit_hash_key_index: Option<u64>,
    #[prost(bytes = "vec", optional, tag = "3")]
    data: Option<Vec<u8>>,
    #[prost(message, repeated, tag = "4")]
    tags: Vec<Tag>,
}

#[derive(Clone, PartialEq, Message)]
struct Tag {
    #[prost(bytes = "vec", optional, tag = "1")]
    key: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "2")]
    value: Option<Vec<u8>>,
}

impl Body {
    fn assert_agrees(&self, outcome: &Deaggregated) {
        match (self.fault(), outcome) {
            (Some(fault), outcome) => assert_eq!(outcome, &Deaggregated::Malformed(fault)),
            (None, Deaggregated::Empty) => assert!(self.records.is_empty()),
            (None, Deaggregated::Aggregated(aggregate)) => self.assert_records(aggregate),
            (None, other) => panic!("prost reads {} records, not {other:?}", self.records.len()),
        }
    }

    fn assert_records(&self, aggregate: &Aggregate) {
        assert_eq!(aggregate.len(), self.records.len());
        for (record, oracle) in aggregate.records().zip(&self.records) {
            let partition_key = &self.partition_keys[oracle.partition_key_index.unwrap() as usize];
            let explicit_hash_key =
                oracle.explicit_hash_key_index.map(|index| &self.explicit_hash_keys[index as usize][..]);
            assert_eq!(record.partition_key(), partition_key);
            assert_eq!(record.explicit_hash_key(), explicit_hash_key);
            assert_eq!(Some(record.data()), oracle.data.as_deref());
        }
    }

    fn fault(&self) -> Option<MalformedAggregate> {
        let within = |index: Option<u64>, table: &[Vec<u8>]| index.is_none_or(|i| i < table.len() as u64);
        let mut records = self.records.iter();
        let index_fault = if !records.clone().all(|r| within(r.partition_key_index, &self.partition_keys)) {
            Some(MalformedAggregate::PartitionKeyIndexOutOfRange)
        } else if !records.clone().all(|r| within(r.explicit_hash_key_index, &self.explicit_hash_keys)) {
            Some(MalformedAggregate::ExplicitHashKeyIndexOutOfRange)
        } else {
            None
        };
        records.find_map(Record::fault).or(index_fault)
    }
}

impl Record {
    fn fault(&self) -> Option<MalformedAggregate> {
        if self.tags.iter().any(|tag| tag.key.is_none()) {
            Some(MalformedAggregate::TagWithoutKey)
        } else if self.partition_key_index.is_none() {
            Some(MalformedAggregate::PartitionKeyIndexMissing)
        } else if self.data.is_none() {
            Some(MalformedAggregate::DataMissing)
        } else {
            None
        }
    }
}
