//! What third-party aggregators and the KPL wrote, and hand-built edge cases, taken apart and put together again.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a vector that cannot be read fails its test")]

#[path = "kpl/vectors.rs"]
mod vectors;

use bytes::Bytes;
use kinesis_fanout::kpl::{
    Aggregate, Aggregator, Deaggregated, Deaggregator, MaxBytes, PutEntry, UserRecord, Verify, deaggregate,
};
use serde_json::Value;

/// Partition key, explicit hash key, data, sub-sequence number.
type Record = (Vec<u8>, Option<Vec<u8>>, Vec<u8>, u64);

fn records(aggregate: &Aggregate) -> Vec<Record> {
    let record = |record: UserRecord<'_>| {
        (
            record.partition_key().to_vec(),
            record.explicit_hash_key().map(<[u8]>::to_vec),
            record.data().to_vec(),
            record.sub_sequence_number(),
        )
    };
    aggregate.into_iter().map(record).collect()
}

fn expected(list: &Value) -> Vec<Record> {
    let bytes_of = |text: &Value| text.as_str().map(|text| text.as_bytes().to_vec());
    let record = |record: &Value| {
        let partition_key = match record.get("partition_key_base64") {
            Some(text) => vectors::base64(text),
            None => bytes_of(&record["partition_key"]).unwrap_or_default(),
        };
        (
            partition_key,
            bytes_of(&record["explicit_hash_key"]),
            vectors::base64(&record["data_base64"]),
            record["sub_sequence"].as_u64().unwrap(),
        )
    };
    list.as_array().unwrap().iter().map(record).collect()
}

fn expected_of(case: &Value) -> Vec<Record> {
    match case["expected_gzip_base64"].as_str() {
        Some(text) => expected(&serde_json::from_slice(&vectors::gunzip(text)).unwrap()),
        None => expected(&case["expected"]),
    }
}

fn assert_records(case: &Value, blob: &Bytes, expected: &[Record]) {
    for verify in [Verify::Md5, Verify::Skip] {
        let Deaggregated::Aggregated(aggregate) = Deaggregator::new().verify(verify).deaggregate(blob) else {
            panic!("{} is an aggregate", case["id"]);
        };
        assert_eq!(aggregate.len(), expected.len(), "{}", case["id"]);
        assert!(records(&aggregate) == expected, "{}: {aggregate:?} differs", case["id"]);
    }
}

#[test]
fn takes_the_aggregates_of_the_python_aggregator_apart() {
    let cases = vectors::cases(vectors::AGGREGATES);
    assert_eq!(cases.len(), 11);
    for case in &cases {
        let blob = vectors::blob(case);
        assert_eq!(Some(blob.len() as u64), case["blob_len"].as_u64());
        assert_records(case, &blob, &expected_of(case));
    }
}

#[test]
fn takes_the_records_of_the_kpl_apart() {
    let cases = vectors::cases(vectors::KPL);
    assert_eq!(cases.len(), 12);
    for case in &cases {
        let (blob, expected) = (vectors::blob(case), expected_of(case));
        assert_eq!(Some(blob.len() as u64), case["blob_len"].as_u64());
        if case["aggregated"].as_bool().unwrap() {
            assert_records(case, &blob, &expected);
        } else {
            assert_eq!(deaggregate(&blob), Deaggregated::Plain, "{}", case["id"]);
            assert!(expected.len() == 1 && expected[0].2 == blob, "{}", case["id"]);
        }
    }
}

#[test]
fn judges_the_edge_cases_as_recommended() {
    let cases = vectors::cases(vectors::EDGE_CASES);
    assert_eq!(cases.len(), 54);
    for case in &cases {
        let (id, expect, blob) = (&case["id"], &case["expect"], vectors::blob(case));
        match (deaggregate(&blob), expect["class"].as_str().unwrap()) {
            (Deaggregated::Plain, "plain") | (Deaggregated::Empty, "empty") => {}
            (Deaggregated::Malformed(reason), "malformed") => {
                assert_eq!(reason.to_string(), expect["reason"].as_str().unwrap(), "{id}");
            }
            (Deaggregated::Aggregated(_), "aggregated") => {
                assert_records(case, &blob, &expected(&expect["keep_all"]));
            }
            (other, class) => panic!("{id} is {class}, not {other:?}"),
        }
    }
}

#[test]
fn aggregates_byte_for_byte_like_the_python_aggregator_and_the_kpl() {
    let cases = [vectors::cases(vectors::AGGREGATES), vectors::cases(vectors::KPL)].concat();
    let of_its_own = |case: &&Value| OF_THEIR_OWN.iter().all(|id| case["id"] != **id);
    let same: Vec<_> = cases.iter().filter(of_its_own).collect();
    assert_eq!(same.len(), 11 + 12 - OF_THEIR_OWN.len());
    for case in same {
        let entry = aggregate(&expected_of(case));
        assert!(entry.data == vectors::blob(case), "{}", case["id"]);
        if case["generator"].as_str().unwrap().starts_with("KPL") {
            assert_eq!(case["arrival_partition_key"], *entry.partition_key);
            assert_eq!(case["arrival_explicit_hash_key"], *entry.explicit_hash_key.to_string());
        }
    }
}

fn aggregate(records: &[Record]) -> PutEntry {
    let mut aggregator = Aggregator::new().max_bytes(MaxBytes::MAX);
    for (partition_key, explicit_hash_key, data, _) in records {
        let explicit_hash_key =
            explicit_hash_key.as_ref().map(|key| str::from_utf8(key).unwrap().parse().unwrap());
        let full = aggregator.add(str::from_utf8(partition_key).unwrap(), explicit_hash_key, data.clone());
        assert_eq!(full, Ok(None));
    }
    aggregator.finish().unwrap()
}

/// What our aggregator writes otherwise, or not at all.
const OF_THEIR_OWN: &[&str] = &[
    // An aggregate of one user record; the KPL and we send it plain.
    "py-01-one-record",
    // A partition key of 512 UTF-16 code units.
    "py-14-256-char-keys",
    // Put as one user record, whose data is an aggregate: what it unpacks to was not aggregated by this producer.
    "kpl-05-plain-is-aggregate",
    // Without partition keys, as only the KPL itself can write it.
    "kpl-25-keyless",
    "kpl-26-auto-keyless",
];
