use super::*;

fn iterator(world: &mut World, shard: usize, start: Start) -> Answer<String> {
    world.model.get_shard_iterator(&stream(), &shard::id(shard), &start, world.now)
}

fn poll(world: &mut World, shard_iterator: &str, limit: Option<usize>) -> Answer<PolledRecords> {
    let request = GetRecordsRequest { shard_iterator: shard_iterator.to_owned(), limit, stream: None };
    world.model.get_records(&request, world.now)
}

/// The payloads of a first call from here.
fn from(world: &mut World, start: Start) -> Vec<String> {
    let iterator = iterator(world, 0, start).unwrap();
    texts(&poll(world, &iterator, None).unwrap())
}

fn texts(answer: &PolledRecords) -> Vec<String> {
    let records = answer.records.iter();
    records.map(|record| String::from_utf8(record.data.to_vec()).unwrap()).collect()
}

fn free() -> Settings {
    Settings { limit_calls: false, limit_reads: false, ..Settings::default() }
}

/// Puts so many bytes, key included, into the first shard.
fn put_bytes(world: &mut World, bytes: usize) {
    world.put(&"x".repeat(bytes - 1));
}

const MIB: usize = 1 << 20;

#[test]
fn all_five_types_start_where_they_say() {
    let mut world = World::new(free());
    world.put("a");
    world.pass(SECOND);
    let (second, at) = (world.put("b"), world.now);
    world.pass(SECOND);
    world.put("c");
    let latest = iterator(&mut world, 0, Start::Latest).unwrap();
    world.put("d");
    for (start, expected) in [
        (Start::TrimHorizon, ["a", "b", "c", "d"].as_slice()),
        (Start::AtSequenceNumber(second.clone()), &["b", "c", "d"]),
        (Start::AfterSequenceNumber(second), &["c", "d"]),
        (Start::AtTimestamp(at), &["b", "c", "d"]),
        (Start::AtTimestamp(at.saturating_add(Duration::from_millis(1))), &["c", "d"]),
        (Start::AtTimestamp(Timestamp::from_millis(1)), &["a", "b", "c", "d"]),
    ] {
        assert_eq!(from(&mut world, start.clone()), expected, "{start:?}");
    }
    assert_eq!(texts(&poll(&mut world, &latest, None).unwrap()), ["d"]);
}

#[test]
fn an_iterator_goes_on_behind_what_it_gave() {
    let mut world = World::new(free());
    for data in ["a", "b", "c"] {
        world.put(data);
    }
    world.millis(7);
    let iterator = iterator(&mut world, 0, Start::TrimHorizon).unwrap();
    let first = poll(&mut world, &iterator, Some(2)).unwrap();
    assert_eq!((texts(&first), first.millis_behind_latest), (vec!["a".into(), "b".into()], 7));
    let iterator = first.next_shard_iterator.unwrap();
    let second = poll(&mut world, &iterator, Some(2)).unwrap();
    assert_eq!((texts(&second), second.millis_behind_latest), (vec!["c".into()], 0));
    let again = poll(&mut world, &iterator, Some(2)).unwrap();
    assert_eq!(texts(&again), ["c"], "an iterator can be used again");
    let third = poll(&mut world, &second.next_shard_iterator.unwrap(), None).unwrap();
    assert_eq!((third.records.len(), third.millis_behind_latest), (0, 0));
    world.put("d");
    let last = poll(&mut world, &third.next_shard_iterator.unwrap(), None).unwrap();
    assert_eq!(texts(&last), ["d"]);
}

#[test]
fn an_iterator_lives_for_five_minutes_and_only_for_its_stream() {
    let mut world = World::new(free());
    let iterator = iterator(&mut world, 0, Start::TrimHorizon).unwrap();
    world.pass(300 * SECOND);
    let next = poll(&mut world, &iterator, None).unwrap().next_shard_iterator.unwrap();
    world.millis(1);
    assert_eq!(code(poll(&mut world, &iterator, None)), "ExpiredIteratorException");
    poll(&mut world, &next, None).unwrap();
    assert_eq!(code(poll(&mut world, "nonsense", None)), "InvalidArgumentException");
    let other = StreamReference::Name("other".into());
    let request = GetRecordsRequest { shard_iterator: next.clone(), limit: None, stream: Some(other) };
    assert_eq!(code(world.model.get_records(&request, world.now)), "InvalidArgumentException");
    world.model.delete_stream(&stream(), true, world.now).unwrap();
    assert_eq!(code(poll(&mut world, &next, None)), "ResourceNotFoundException");
    world.model.create_stream("orders", 1, world.now).unwrap();
    assert_eq!(code(poll(&mut world, &next, None)), "InvalidArgumentException");
}

#[test]
fn iterators_and_tokens_live_as_long_as_is_set() {
    let settings = Settings {
        shard_iterator_time: Duration::from_secs(2),
        next_token_time: Duration::from_secs(1),
        ..free()
    };
    let mut world = World::with_shards(2, settings);
    let iterator = iterator(&mut world, 0, Start::TrimHorizon).unwrap();
    let first = ListShardsRequest::First {
        stream: stream(),
        selection: ShardSelection::AtLatest,
        after: None,
        max_results: Some(1),
        created: None,
    };
    let token = world.model.list_shards(&first, world.now).unwrap().next_token.unwrap();
    let next = ListShardsRequest::Next { token, max_results: None };
    world.pass(SECOND);
    world.model.list_shards(&next, world.now).unwrap();
    world.millis(1);
    assert_eq!(code(world.model.list_shards(&next, world.now)), "ExpiredNextTokenException");
    poll(&mut world, &iterator, None).unwrap();
    world.pass(SECOND);
    assert_eq!(code(poll(&mut world, &iterator, None)), "ExpiredIteratorException");
}

#[test]
fn a_listings_token_is_no_iterator() {
    let mut world = World::with_shards(2, free());
    let request = ListShardsRequest::First {
        stream: stream(),
        selection: ShardSelection::AtLatest,
        after: None,
        max_results: Some(1),
        created: None,
    };
    let token = world.model.list_shards(&request, world.now).unwrap().next_token.unwrap();
    assert_eq!(code(poll(&mut world, &token, None)), "InvalidArgumentException");
}

#[test]
fn positions_are_refused_in_the_name_of_the_operation() {
    let mut world = World::new(Settings { refuse_future_timestamp: false, ..free() });
    let future = world.now.saturating_add(Duration::from_millis(1));
    let refused = iterator(&mut world, 0, Start::AtTimestamp(future)).unwrap_err();
    assert_eq!(refused.code, "InvalidArgumentException");
    let expected = "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis";
    assert!(refused.message.starts_with(expected), "{refused}");
    let refused = iterator(&mut world, 0, Start::AfterSequenceNumber(7.into())).unwrap_err();
    assert!(refused.message.contains("used in GetShardIterator on shard shardId-000000000000"), "{refused}");
    assert_eq!(code(iterator(&mut world, 1, Start::Latest)), "ResourceNotFoundException");
}

#[test]
fn a_trimmed_number_is_refused_if_set_so_and_read_as_the_horizon_else() {
    for refuse in [false, true] {
        let settings = Settings { refuse_trimmed_sequence_number: refuse, retention_records: 1, ..free() };
        let mut world = World::new(settings);
        let first = world.put("a");
        let second = world.put("b");
        for start in [Start::AtSequenceNumber(first.clone()), Start::AfterSequenceNumber(first.clone())] {
            let answer = iterator(&mut world, 0, start);
            assert_eq!(answer.is_err(), refuse);
        }
        assert_eq!(from(&mut world, Start::AtSequenceNumber(second)), ["b"]);
    }
}

#[test]
fn the_limit_is_1_to_10000() {
    let mut world = World::new(free());
    for _ in 0..10_001 {
        world.put("x");
    }
    let iterator = iterator(&mut world, 0, Start::TrimHorizon).unwrap();
    assert_eq!(code(poll(&mut world, &iterator, Some(0))), "ValidationException");
    assert_eq!(code(poll(&mut world, &iterator, Some(10_001))), "InvalidArgumentException");
    for limit in [None, Some(10_000)] {
        assert_eq!(poll(&mut world, &iterator, limit).unwrap().records.len(), 10_000);
    }
    assert_eq!(poll(&mut world, &iterator, Some(1)).unwrap().records.len(), 1);
}

#[test]
fn an_answer_is_10_mib_at_most_and_then_nothing_comes_for_5_s() {
    let mut world = World::new(Settings { limit_calls: false, ..Settings::default() });
    for _ in 0..11 {
        put_bytes(&mut world, MIB - 1);
    }
    let iterator = iterator(&mut world, 0, Start::TrimHorizon).unwrap();
    let first = poll(&mut world, &iterator, None).unwrap();
    assert_eq!(first.records.len(), 10);
    world.millis(4_999);
    assert_eq!(code(poll(&mut world, &iterator, None)), "ProvisionedThroughputExceededException");
    world.millis(1);
    let rest = poll(&mut world, &first.next_shard_iterator.unwrap(), None).unwrap();
    assert_eq!(rest.records.len(), 1);
}

#[test]
fn a_shard_gives_2_mib_in_a_second() {
    let mut world = World::with_shards(2, Settings { limit_calls: false, ..Settings::default() });
    for _ in 0..4 {
        put_bytes(&mut world, MIB);
    }
    let iterator = iterator(&mut world, 0, Start::TrimHorizon).unwrap();
    for _ in 0..2 {
        poll(&mut world, &iterator, Some(1)).unwrap();
    }
    world.millis(999);
    assert_eq!(code(poll(&mut world, &iterator, Some(1))), "ProvisionedThroughputExceededException");
    let other = super::polling::iterator(&mut world, 1, Start::TrimHorizon).unwrap();
    poll(&mut world, &other, None).unwrap();
    world.millis(1);
    poll(&mut world, &iterator, Some(3)).unwrap();
    world.millis(1_499);
    assert_eq!(code(poll(&mut world, &iterator, Some(1))), "ProvisionedThroughputExceededException");
    world.millis(1);
    poll(&mut world, &iterator, Some(1)).unwrap();
}

#[test]
fn calls_are_held_to_5_a_second_and_shard() {
    let mut world = World::with_shards(2, Settings::default());
    for _ in 0..5 {
        iterator(&mut world, 0, Start::Latest).unwrap();
    }
    assert_eq!(code(iterator(&mut world, 0, Start::Latest)), "ProvisionedThroughputExceededException");
    let text = iterator(&mut world, 1, Start::Latest).unwrap();
    for _ in 0..5 {
        poll(&mut world, &text, None).unwrap();
    }
    assert_eq!(code(poll(&mut world, &text, None)), "ProvisionedThroughputExceededException");
    world.pass(SECOND);
    poll(&mut world, &text, None).unwrap();
    iterator(&mut world, 0, Start::Latest).unwrap();
    world.split(0);
    for _ in 0..6 {
        iterator(&mut world, 0, Start::TrimHorizon).unwrap();
    }
}

#[test]
fn a_closed_shard_ends_with_its_children_and_is_gone_after_retention() {
    let mut world = World::new(Settings { retention: 60 * SECOND, ..free() });
    world.put("a");
    world.put("b");
    world.split(0);
    let text = iterator(&mut world, 0, Start::TrimHorizon).unwrap();
    let first = poll(&mut world, &text, Some(1)).unwrap();
    assert_eq!((texts(&first), first.child_shards.len()), (vec!["a".into()], 0));
    let last = poll(&mut world, &first.next_shard_iterator.unwrap(), None).unwrap();
    assert_eq!((texts(&last), last.next_shard_iterator), (vec!["b".into()], None));
    assert_eq!(last.child_shards.len(), 2);
    assert_eq!(last.child_shards[0].parent_shards, [shard::id(0)]);
    let latest = iterator(&mut world, 0, Start::Latest).unwrap();
    let end = poll(&mut world, &latest, None).unwrap();
    assert_eq!((end.records.len(), end.next_shard_iterator, end.child_shards.len()), (0, None, 2));
    world.pass(60 * SECOND);
    assert_eq!(code(poll(&mut world, &latest, None)), "ResourceNotFoundException");
    assert_eq!(code(iterator(&mut world, 0, Start::TrimHorizon)), "ResourceNotFoundException");
}
