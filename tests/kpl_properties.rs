//! Properties of the aggregator and the deaggregator, on generated user records, bodies and bytes.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be had fails its test")]

#[path = "kpl/oracle.rs"]
mod oracle;

use std::num::NonZeroU32;

use bytes::Bytes;
use kinesis_fanout::kpl::{Aggregator, Deaggregated, MaxBytes, PutEntry, deaggregate, hash_key};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

type UserRecord = (String, Option<u128>, Vec<u8>);

/// Few enough keys that many repeat; some of them look like numbers, and `.` is any character.
fn partition_key() -> impl Strategy<Value = String> {
    prop_oneof!["[0-9]{1,2}", "[ab]", ".{1,20}", Just("鍵".repeat(200))]
}

fn user_record() -> impl Strategy<Value = UserRecord> {
    let explicit_hash_key = option::of(prop_oneof![0..4u128, any::<u128>()]);
    (partition_key(), explicit_hash_key, vec(any::<u8>(), 0..200))
}

/// Adds them all; checks what `size` said against every entry that comes out.
fn pack(mut aggregator: Aggregator, records: &[UserRecord]) -> Vec<PutEntry> {
    let mut entries = Vec::new();
    let mut size = 0;
    for (partition_key, explicit_hash_key, data) in records {
        if let Some(full) = aggregator.add(partition_key, *explicit_hash_key, data.clone()).unwrap() {
            assert_eq!(full.data.len(), size);
            entries.push(full);
        }
        size = aggregator.size();
    }
    entries.extend(aggregator.finish());
    assert_eq!(entries.last().map_or(0, |last| last.data.len()), size);
    entries
}

fn unpack(entry: &PutEntry) -> Vec<UserRecord> {
    match deaggregate(&entry.data) {
        Deaggregated::Plain => {
            let explicit = Some(entry.explicit_hash_key).filter(|key| *key != hash_key(&entry.partition_key));
            vec![(entry.partition_key.clone(), explicit, entry.data.to_vec())]
        }
        Deaggregated::Aggregated(aggregate) => aggregate
            .records()
            .map(|record| {
                let digits = record.explicit_hash_key().map(|key| str::from_utf8(key).unwrap());
                (
                    record.partition_key_str().unwrap().to_owned(),
                    digits.map(|digits| digits.parse().unwrap()),
                    record.data().to_vec(),
                )
            })
            .collect(),
        other => panic!("{other:?}"),
    }
}

/// A field of some message: mostly the schema's own, often twice or wrong.
fn field(nested: BoxedStrategy<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let varint = prop_oneof![4 => 0..3u64, 1 => any::<u64>()].prop_map(|value| {
        let mut bytes = Vec::new();
        prost::encoding::encode_varint(value, &mut bytes);
        bytes
    });
    let delimited = prop_oneof![3 => nested, 1 => vec(any::<u8>(), 0..4)].prop_map(|contents| {
        let mut bytes = Vec::new();
        prost::encoding::encode_varint(contents.len() as u64, &mut bytes);
        [bytes, contents].concat()
    });
    let tagged = |tags: Vec<u8>| proptest::sample::select(tags);
    prop_oneof![
        6 => (tagged(vec![0x08, 0x10]), varint.clone()).prop_map(|(tag, value)| [vec![tag], value].concat()),
        6 => (tagged(vec![0x0A, 0x12, 0x1A, 0x22]), delimited).prop_map(|(tag, value)| [vec![tag], value].concat()),
        1 => varint.prop_map(|value| [vec![0x7B, 0x38], value, vec![0x7C]].concat()),
        1 => vec(any::<u8>(), 8).prop_map(|value| [vec![0x79], value].concat()),
        1 => vec(any::<u8>(), 4).prop_map(|value| [vec![0x7D], value].concat()),
    ]
}

fn message(nested: BoxedStrategy<Vec<u8>>, fields: usize) -> BoxedStrategy<Vec<u8>> {
    vec(field(nested), 0..fields).prop_map(|fields| fields.concat()).boxed()
}

/// A record that is mostly complete, so that aggregates with several of them are not rare.
fn record() -> BoxedStrategy<Vec<u8>> {
    let complete = message(message(Just(Vec::new()).boxed(), 3), 3)
        .prop_map(|extra| [&b"\x08\x00\x1a\x01d"[..], &extra].concat());
    prop_oneof![4 => complete, 1 => message(Just(Vec::new()).boxed(), 4)].boxed()
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    message(record(), 12)
}

proptest! {
    // A failure is to become a named test, not a file beside this one.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_aggregated_comes_apart_as_it_was(
        records in vec(user_record(), 0..40),
        max_bytes in 64..4000usize,
        max_count in option::of(1..10u32),
    ) {
        let mut aggregator = Aggregator::new().max_bytes(MaxBytes::new(max_bytes).unwrap());
        if let Some(max_count) = max_count.and_then(NonZeroU32::new) {
            aggregator = aggregator.max_count(max_count);
        }
        let max_count = max_count.map_or(usize::MAX, |max| max as usize);
        let mut left = &records[..];
        for entry in pack(aggregator, &records) {
            let (ours, rest) = left.split_at(entry.user_records);
            left = rest;
            let mut expected = ours.to_vec();
            let first = ours[0].1.unwrap_or_else(|| hash_key(&ours[0].0));
            prop_assert_eq!(entry.explicit_hash_key, first);
            if let [alone] = &mut expected[..] {
                alone.1 = alone.1.filter(|key| *key != hash_key(&alone.0));
            } else {
                prop_assert_eq!(&*entry.partition_key, "a");
                prop_assert!(entry.data.len() <= max_bytes);
            }
            prop_assert!(ours.len() <= max_count);
            prop_assert_eq!(unpack(&entry), expected);
            if !rest.is_empty() && ours.len() < max_count {
                let one_more = &records[records.len() - rest.len() - ours.len()..][..ours.len() + 1];
                let unlimited = pack(Aggregator::new().max_bytes(MaxBytes::MAX), one_more);
                prop_assert!(unlimited[0].data.len() > max_bytes, "the next one would have fitted");
            }
        }
        prop_assert!(left.is_empty(), "nothing is lost");
    }

    #[test]
    fn the_walk_agrees_with_prost_on_bodies(body in body()) {
        oracle::check(&body);
    }

    #[test]
    fn the_walk_agrees_with_prost_on_damaged_bodies(
        body in body(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in option::weighted(0.3, any::<prop::sample::Index>()),
    ) {
        let mut body = body;
        for (index, byte) in damage {
            if !body.is_empty() {
                let index = index.index(body.len());
                body[index] = byte;
            }
        }
        body.truncate(cut.map_or(body.len(), |cut| cut.index(body.len() + 1)));
        oracle::check(&body);
    }

    #[test]
    fn any_bytes_are_judged_without_a_panic(bytes in vec(any::<u8>(), 0..100)) {
        oracle::check(&bytes);
        oracle::check_blob(&Bytes::from(bytes));
    }
}
