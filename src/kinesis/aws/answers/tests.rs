use super::*;
use aws_sdk_kinesis::primitives::Blob;
use bytes::Bytes;

fn class<T: std::fmt::Debug>(answer: Result<T, Failure>) -> FailureClass {
    answer.unwrap_err().class
}

fn sdk_record(number: &str) -> types::Record {
    types::Record::builder().sequence_number(number).data(Blob::new("payload")).build().unwrap()
}

fn sdk_event(continuation: &str) -> types::SubscribeToShardEvent {
    types::SubscribeToShardEvent::builder()
        .set_records(Some(vec![]))
        .continuation_sequence_number(continuation)
        .millis_behind_latest(0)
        .build()
        .unwrap()
}

fn sdk_child(id: &str) -> types::ChildShard {
    types::ChildShard::builder()
        .shard_id(id)
        .parent_shards("parent")
        .hash_key_range(sdk_range("0", "9"))
        .build()
        .unwrap()
}

fn sdk_range(start: &str, end: &str) -> types::HashKeyRange {
    types::HashKeyRange::builder().starting_hash_key(start).ending_hash_key(end).build().unwrap()
}

fn sdk_shard(id: &str, start: &str, end: Option<&str>) -> types::Shard {
    types::Shard::builder()
        .shard_id(id)
        .hash_key_range(sdk_range("0", "9"))
        .sequence_number_range(
            types::SequenceNumberRange::builder()
                .starting_sequence_number(start)
                .set_ending_sequence_number(end.map(String::from))
                .build()
                .unwrap(),
        )
        .build()
        .unwrap()
}

#[test]
fn every_millisecond_survives_the_sdk_s_float() {
    for millis in (0..1000).chain(1_730_000_000_000..1_730_000_001_000) {
        let read = DateTime::from_secs_f64(millis as f64 / 1000.0);
        assert_eq!(timestamp(&read).as_millis(), millis);
    }
    assert_eq!(timestamp(&DateTime::from_secs(-1)).as_millis(), 0);
    assert_eq!(timestamp(&DateTime::from_secs_and_nanos(0, 999_999_999)).as_millis(), 1000);
}

#[test]
fn an_empty_continuation_is_no_position() {
    assert_eq!(event(sdk_event("")).unwrap().continuation, None);
    assert_eq!(event(sdk_event("7")).unwrap().continuation, Some("7".parse().unwrap()));
    assert_eq!(class(event(sdk_event("LATEST"))), FailureClass::Malformed);
}

#[test]
fn a_record_without_a_sequence_number_is_malformed() {
    for number in ["", "12x"] {
        let mut sdk = sdk_event("7");
        sdk.records = vec![sdk_record("1"), sdk_record(number)];
        assert_eq!(class(event(sdk)), FailureClass::Malformed, "{number:?}");
    }
}

#[test]
fn a_payload_is_not_copied() {
    let payload = Bytes::from_static(b"payload of a record");
    let mut sdk = sdk_record("1");
    sdk.data = Blob::from_maybe_shared(payload.clone());
    let taken = record(sdk).unwrap().data;
    assert_eq!(taken.as_ptr(), payload.as_ptr());
}

#[test]
fn a_record_may_lack_key_time_and_encryption() {
    let bare = record(sdk_record("1")).unwrap();
    assert_eq!((bare.partition_key, bare.approximate_arrival, bare.encryption_type), (None, None, None));
    let mut sdk = sdk_record("1");
    sdk.encryption_type = Some(types::EncryptionType::Kms);
    assert_eq!(record(sdk).unwrap().encryption_type, Some(EncryptionType::Kms));
    let mut sdk = sdk_record("1");
    sdk.encryption_type = Some("QUANTUM".into());
    assert_eq!(record(sdk).unwrap().encryption_type, None);
}

#[test]
fn a_negative_lag_is_none() {
    let mut sdk = sdk_event("7");
    sdk.millis_behind_latest = -5;
    assert_eq!(event(sdk).unwrap().millis_behind_latest, 0);
}

#[test]
fn children_keep_their_parents_and_need_an_id() {
    let mut sdk = sdk_event("");
    sdk.child_shards = Some(vec![sdk_child("child")]);
    let child = event(sdk).unwrap().child_shards.remove(0);
    assert_eq!(child.shard_id, ShardId::from("child"));
    assert_eq!(child.parent_shards, [ShardId::from("parent")]);
    assert_eq!(child.hash_key_range, HashKeyRange::new(0, 9).unwrap());

    assert_eq!(class(child_shard(sdk_child(""))), FailureClass::Malformed);
    let mut rangeless = sdk_child("child");
    rangeless.hash_key_range = None;
    assert_eq!(child_shard(rangeless).unwrap().hash_key_range, HashKeyRange::ALL);
    let mut crooked = sdk_child("child");
    crooked.hash_key_range = Some(sdk_range("9", "0"));
    assert_eq!(class(child_shard(crooked)), FailureClass::Malformed);
}

#[test]
fn a_shard_is_open_without_an_ending_number() {
    for end in [None, Some("")] {
        assert!(!shard(sdk_shard("s", "1", end)).unwrap().is_closed(), "{end:?}");
    }
    assert!(shard(sdk_shard("s", "1", Some("2"))).unwrap().is_closed());
}

#[test]
fn a_shard_without_its_id_or_its_numbers_is_malformed() {
    let mut numberless = sdk_shard("s", "1", None);
    numberless.sequence_number_range = None;
    for bad in
        [sdk_shard("", "1", None), sdk_shard("s", "", None), sdk_shard("s", "1", Some("x")), numberless]
    {
        assert_eq!(class(shard(bad)), FailureClass::Malformed);
    }
    let mut empty_parent = sdk_shard("s", "1", None);
    empty_parent.parent_shard_id = Some(String::new());
    assert_eq!(shard(empty_parent).unwrap().parents().count(), 0);
}

#[test]
fn an_unknown_status_keeps_a_consumer_waiting_and_a_stream_readable() {
    assert_eq!(stream_status(&"RENOVATING".into()), StreamStatus::Updating);
    let description = consumer_description("arn".into(), &"RENOVATING".into()).unwrap();
    assert_eq!(description.status, ConsumerStatus::Creating);
    assert_eq!(
        class(consumer_description(String::new(), &types::ConsumerStatus::Active)),
        FailureClass::Malformed
    );
}

#[test]
fn answers_without_their_only_member_are_malformed() {
    let stream = StreamReference::Name("orders".into());
    assert_eq!(
        class(stream_summary(DescribeStreamSummaryOutput::builder().build(), &stream, None)),
        FailureClass::Malformed
    );
    assert_eq!(class(registered(RegisterStreamConsumerOutput::builder().build())), FailureClass::Malformed);
    assert_eq!(class(described(DescribeStreamConsumerOutput::builder().build())), FailureClass::Malformed);
    let page = shard_page(ListShardsOutput::builder().next_token("").build()).unwrap();
    assert_eq!((page.shards.len(), page.next_token), (0, None));
}
