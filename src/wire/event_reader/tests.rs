use serde_json::{Value, json};

use super::*;
use crate::model::{EncryptionType, KinesisRecord, Timestamp};
use crate::wire::JsonProblem;
use crate::wire::record_reader::*;

/// The event, however its text comes.
fn parsed(json: impl AsRef<[u8]>) -> Result<SubscriptionEvent, DecodeError> {
    let json = json.as_ref();
    let whole = in_pieces(json, json.len());
    for size in [1, 2, 3, 7, 50, 1_000] {
        if json.len() / size <= 10_000 {
            assert_eq!(in_pieces(json, size), whole, "in pieces of {size}");
        }
    }
    whole
}

fn in_pieces(json: &[u8], size: usize) -> Result<SubscriptionEvent, DecodeError> {
    let mut reader = EventReader::new(json.len(), Vec::with_capacity(json.len()));
    let capacity = reader.capacity();
    json.chunks(size.max(1)).for_each(|piece| reader.push(piece));
    assert_eq!(reader.capacity(), capacity, "the buffer has not grown");
    reader.finish()
}

fn event(json: &Value) -> SubscriptionEvent {
    parsed(json.to_string()).unwrap()
}

fn record_with(member: &str, value: Value) -> Result<KinesisRecord, DecodeError> {
    let mut record = json!({"SequenceNumber": "1", "Data": ""});
    record[member] = value;
    parsed(json!({"Records": [record]}).to_string()).map(|event| first(&event))
}

fn first(event: &SubscriptionEvent) -> KinesisRecord {
    event.records.first().unwrap().into()
}

fn child_with(member: &str, value: Value) -> Result<ChildShard, DecodeError> {
    let mut child = json!({"ShardId": "c"});
    child[member] = value;
    parsed(json!({"ChildShards": [child]}).to_string()).map(|mut event| event.child_shards.remove(0))
}

#[test]
fn an_event_is_read_with_its_members_in_any_order() {
    let text = r#" {
        "MillisBehindLatest" : 12 , "ChildShards":[{"HashKeyRange":{"EndingHashKey":"9","StartingHashKey":"1"},
        "ParentShards":["a","b"],"ShardId":"c"}],
        "Unknown":{"Records":[{"SequenceNumber":"5"}]},"ContinuationSequenceNumber":"8",
        "Records":[{"Data":"aGVsbG8=","New":[1,{}],"EncryptionType":"KMS","PartitionKey":"k\u00e9\n",
            "ApproximateArrivalTimestamp":1.730000000123E9,"SequenceNumber":"0007"},
            {"SequenceNumber":"8","Data":"AP9kYXRh"}]
    } "#;
    let event = parsed(text).unwrap();
    assert_eq!(event.millis_behind_latest, 12);
    assert_eq!(event.continuation, Some(8.into()));
    let child = &event.child_shards[0];
    assert_eq!((child.shard_id.as_str(), child.hash_key_range), ("c", HashKeyRange::new(1, 9).unwrap()));
    assert_eq!(child.parent_shards, ["a".into(), "b".into()]);
    let records: Vec<_> = event.records.iter().map(KinesisRecord::from).collect();
    let [first, second] = &records[..] else { panic!("{event:?}") };
    assert_eq!(first.sequence_number.as_str(), "0007");
    assert_eq!((&first.data[..], first.partition_key.as_deref()), (&b"hello"[..], Some("ké\n")));
    assert_eq!(first.approximate_arrival, Some(Timestamp::from_millis(1_730_000_000_123)));
    assert_eq!(first.encryption_type, Some(EncryptionType::Kms));
    assert_eq!(&second.data[..], b"\x00\xffdata");
    assert_eq!((&second.partition_key, second.approximate_arrival), (&None, None));
}

#[test]
fn what_is_missing_or_null_is_as_documented() {
    let nothing = SubscriptionEvent {
        records: Records::default(),
        continuation: None,
        millis_behind_latest: 0,
        child_shards: vec![],
    };
    for json in [
        json!({}),
        json!({"Records": null, "ContinuationSequenceNumber": null, "MillisBehindLatest": null, "ChildShards": null}),
        json!({"Records": [], "ContinuationSequenceNumber": "", "MillisBehindLatest": -5, "ChildShards": []}),
    ] {
        assert_eq!(event(&json), nothing, "{json}");
    }
    for member in ["PartitionKey", "ApproximateArrivalTimestamp", "EncryptionType"] {
        let record = record_with(member, Value::Null).unwrap();
        let optional = (record.partition_key, record.approximate_arrival, record.encryption_type);
        assert_eq!(optional, (None, None, None));
    }
    assert_eq!(record_with("EncryptionType", "QUANTUM".into()).unwrap().encryption_type, None);
    let none = record_with("EncryptionType", "NONE".into()).unwrap().encryption_type;
    assert_eq!(none, Some(EncryptionType::None));
    assert_eq!(record_with("PartitionKey", "".into()).unwrap().partition_key.as_deref(), Some(""));
    assert_eq!(child_with("HashKeyRange", Value::Null).unwrap().hash_key_range, HashKeyRange::ALL);
    assert_eq!(child_with("ParentShards", Value::Null).unwrap().parent_shards, []);
}

#[test]
fn a_required_member_that_is_missing_is_named() {
    for value in [Value::Null, "".into()] {
        assert_eq!(record_with("SequenceNumber", value.clone()), Err(SEQUENCE_NUMBER.missing()));
        assert_eq!(child_with("ShardId", value), Err(SHARD_ID.missing()));
    }
    assert_eq!(record_with("Data", Value::Null), Err(DATA.missing()));
    assert_eq!(parsed(r#"{"Records":[{"Data":""}]}"#), Err(SEQUENCE_NUMBER.missing()));
    assert_eq!(parsed(r#"{"ChildShards":[{}]}"#), Err(SHARD_ID.missing()));
}

#[test]
fn a_value_that_cannot_be_is_named() {
    for (member, value, expected) in [
        ("SequenceNumber", "12x", SEQUENCE_NUMBER),
        ("SequenceNumber", "-1", SEQUENCE_NUMBER),
        ("SequenceNumber", "١", SEQUENCE_NUMBER),
        ("Data", "aGVsbG8", DATA),
        ("Data", "aGVsbG9=", DATA),
        ("Data", "aGVs=G8=", DATA),
        ("Data", "aGVs bG8=", DATA),
        ("Data", "aGVsbG8=\n", DATA),
        ("Data", "_-__", DATA),
        ("Data", "=", DATA),
        ("Data", "====", DATA),
    ] {
        assert_eq!(record_with(member, value.into()), Err(expected.invalid()), "{value}");
    }
    assert_eq!(event_error(&json!({"ContinuationSequenceNumber": "LATEST"})), CONTINUATION.invalid());
    for number in ["1e3", "1.0", "9223372036854775808", "-9223372036854775809"] {
        assert_eq!(parsed(format!("{{\"MillisBehindLatest\":{number}}}")), Err(BEHIND.invalid()));
    }
    let arrival = |time: &str| {
        let member = format!("\"ApproximateArrivalTimestamp\":{time}");
        let event = parsed(format!("{{\"Records\":[{{\"SequenceNumber\":\"1\",\"Data\":\"\",{member}}}]}}"))?;
        Ok(first(&event).approximate_arrival.unwrap().as_millis())
    };
    assert_eq!(arrival("253402300799.9994"), Ok(LAST_MILLISECOND));
    assert_eq!(arrival("-1.5"), Ok(0));
    for time in ["253402300800", "253402300799.9995", "1e300", "-1e300"] {
        assert_eq!(arrival(time), Err(ARRIVAL.invalid()), "{time}");
    }
    for range in
        [json!({}), json!({"StartingHashKey": "0"}), json!({"StartingHashKey": "9", "EndingHashKey": "0"})]
    {
        assert_eq!(child_with("HashKeyRange", range), Err(HASH_KEY_RANGE.invalid()));
    }
    let kind = b"{\"Records\":[{\"EncryptionType\":\"\xff\"}]}";
    assert_eq!(parsed(kind), Err(ENCRYPTION_TYPE.invalid()));
    assert!(matches!(parsed(b"{\"\xff\":1}"), Err(DecodeError::Json { .. })));
    for key in ["", "k"] {
        let json = [b"{\"Records\":[{\"PartitionKey\":\"", key.as_bytes(), b"\xff\"}]}"].concat();
        assert_eq!(parsed(json), Err(PARTITION_KEY.invalid()));
    }
}

#[test]
fn of_a_record_that_is_broken_twice_the_same_is_told_however_it_comes() {
    for (record, error) in [
        (r#"{"Data":"?","SequenceNumber":"x"}"#, SEQUENCE_NUMBER.invalid()),
        (r#"{"SequenceNumber":"x","Data":"?"}"#, SEQUENCE_NUMBER.invalid()),
        (r#"{"Data":"?"}"#, SEQUENCE_NUMBER.missing()),
        (
            r#"{"Data":"?","Data":"?","PartitionKey":1}"#,
            DecodeError::Json { problem: JsonProblem::Unexpected, at: 50 },
        ),
        (r#"{"Data":"?","SequenceNumber":"1","Data":"AA=="}"#, DATA.invalid()),
        (r#"{"PartitionKey":"\\x","Data":"?","SequenceNumber":"1"}"#, DATA.invalid()),
        (r#"{"Data":"?","SequenceNumber":"1"},{"SequenceNumber":"x","Data":""}"#, DATA.invalid()),
    ] {
        assert_eq!(parsed(format!("{{\"Records\":[{record}]}}")), Err(error), "{record}");
    }
}

#[test]
fn a_value_of_another_kind_is_refused() {
    for text in [
        "",
        " ",
        "[]",
        "1",
        "null",
        "{",
        "{}{}",
        "{} x",
        r#"{"Records":{}}"#,
        r#"{"Records":[null]}"#,
        r#"{"Records":"x"}"#,
        r#"{"Records":[{"SequenceNumber":1}]}"#,
        r#"{"Records":[{"Data":1}]}"#,
        r#"{"Records":[{"Data":[]}]}"#,
        r#"{"Records":[{"PartitionKey":1}]}"#,
        r#"{"Records":[{"ApproximateArrivalTimestamp":"1"}]}"#,
        r#"{"Records":[{"EncryptionType":1}]}"#,
        r#"{"MillisBehindLatest":"1"}"#,
        r#"{"MillisBehindLatest":true}"#,
        r#"{"ChildShards":[[]]}"#,
        r#"{"ChildShards":[{"ParentShards":[null]}]}"#,
        r#"{"ContinuationSequenceNumber":8}"#,
        r#"{"MillisBehindLatest":1x}"#,
    ] {
        assert!(matches!(parsed(text), Err(DecodeError::Json { .. })), "{text}: {:?}", parsed(text));
    }
}

#[test]
fn the_last_value_counts_that_is_not_null() {
    let text = r#"{"Records":[{"SequenceNumber":"1","Data":"AA==","Data":"AQ==","PartitionKey":"a","PartitionKey":null,
        "SequenceNumber":"2"}],"MillisBehindLatest":1,"MillisBehindLatest":2}"#;
    let event = parsed(text).unwrap();
    assert_eq!((&first(&event).data[..], first(&event).partition_key.as_deref()), (&b"\x01"[..], Some("a")));
    assert_eq!((first(&event).sequence_number, event.millis_behind_latest), (2.into(), 2));
    let text = r#"{"Records":[{"SequenceNumber":"5","SequenceNumber":"","Data":""}]}"#;
    assert_eq!(parsed(text), Err(SEQUENCE_NUMBER.missing()));
    let text = r#"{"ChildShards":[{"ShardId":"c","ShardId":""}]}"#;
    assert_eq!(parsed(text), Err(SHARD_ID.missing()));
    let text = r#"{"Records":[{"SequenceNumber":"1","Data":""}],"Records":[]}"#;
    assert!(parsed(text).unwrap().records.is_empty());
}

#[test]
fn escapes_are_read_in_every_member() {
    let text = r#"{"\u0052ecords":[{"SequenceNumber":"\u0031","D\u0061ta":"\/\u002f8\/","PartitionKey":"\ud83e\udd80\""}]}"#;
    let record = first(&parsed(text).unwrap());
    assert_eq!(record.sequence_number.as_str(), "1");
    assert_eq!((&record.data[..], record.partition_key.as_deref()), (&b"\xff\xff\x3f"[..], Some("🦀\"")));
}

#[test]
fn records_lie_in_the_memory_that_was_lent() {
    let record = json!({"SequenceNumber": "1", "Data": "aGVsbG8=", "PartitionKey": "k\n"});
    let text = json!({"Records": [record, record]}).to_string();
    for size in [1, 20, text.len()] {
        let memory = Vec::with_capacity(text.len());
        let range = memory.as_ptr() as usize..memory.as_ptr() as usize + memory.capacity();
        let mut reader = EventReader::new(text.len(), memory);
        text.as_bytes().chunks(size).for_each(|piece| reader.push(piece));
        let event = reader.finish().unwrap();
        for record in &event.records {
            assert!(range.contains(&(record.data().as_ptr() as usize)));
            assert!(range.contains(&(record.sequence_digits().as_ptr() as usize)));
            assert!(range.contains(&(record.partition_key().unwrap().as_ptr() as usize)));
        }
        assert!(event.records.weight() < text.len() + 2 * 54, "what is not of records is not kept");
    }
}

#[test]
fn events_of_many_records_are_the_same_in_pieces_of_any_size() {
    let record = |number: usize| {
        json!({
            "SequenceNumber": format!("{number:056}"),
            "ApproximateArrivalTimestamp": 1_730_000_000.5 + number as f64,
            "Data": "QUJD".repeat(number * number % 301),
            "PartitionKey": format!("k\"{number}"),
            "New": {"Records": [number]},
        })
    };
    let records: Vec<_> = (0..60).map(record).collect();
    let text = json!({"Records": records, "MillisBehindLatest": 5}).to_string();
    let whole = in_pieces(text.as_bytes(), text.len()).unwrap();
    assert_eq!((whole.records.len(), whole.millis_behind_latest), (60, 5));
    for (number, read) in whole.records.iter().enumerate() {
        assert_eq!(read.data(), b"ABC".repeat(number * number % 301));
        assert_eq!(read.partition_key(), Some(&*format!("k\"{number}")));
    }
    for size in (1..2_000).step_by(7) {
        assert_eq!(in_pieces(text.as_bytes(), size).as_ref(), Ok(&whole), "{size}");
    }
}

#[test]
fn room_for_records_is_bounded_by_the_first_one_and_by_what_came() {
    let record = r#"{"SequenceNumber":"1","Data":""}"#;
    let large = format!(r#"{{"SequenceNumber":"1","Data":"{}"}}"#, "A".repeat(1 << 20));
    let room = |records: String| {
        let mut json = format!("[{records}]").into_bytes();
        let records = records_of(&mut json);
        (records.len(), records.capacity())
    };
    assert_eq!(room(format!("{record},{large}")), (2, 2));
    assert_eq!(room(record.to_owned()), (1, 1));
    let many = vec![record; MAX_RESERVED + 5].join(",");
    assert_eq!(parsed(format!("{{\"Records\":[{many}]}}")).unwrap().records.len(), MAX_RESERVED + 5);
}

fn records_of(json: &mut [u8]) -> Vec<RecordSpans> {
    list_in_place(json, 0).unwrap().0
}

#[test]
fn hostile_nesting_is_refused() {
    let text = format!("{{\"Unknown\":{}", "[".repeat(1 << 20));
    let refused = parsed(text).unwrap_err();
    assert!(matches!(refused, DecodeError::Json { problem: JsonProblem::TooDeep, .. }), "{refused}");
}

fn event_error(json: &Value) -> DecodeError {
    parsed(json.to_string()).unwrap_err()
}
