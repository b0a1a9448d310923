use super::*;

fn class<T: std::fmt::Debug>(answer: Result<T, Failure>) -> FailureClass {
    answer.unwrap_err().class
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
    for iterator in [None, Some(String::new())] {
        let output = GetShardIteratorOutput::builder().set_shard_iterator(iterator).build();
        assert_eq!(class(shard_iterator(output)), FailureClass::Malformed);
    }
    let page = shard_page(ListShardsOutput::builder().next_token("").build()).unwrap();
    assert_eq!((page.shards.len(), page.next_token), (0, None));
}
