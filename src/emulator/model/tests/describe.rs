use super::*;

fn names(page: &ListedStreams) -> Vec<&str> {
    page.streams.iter().map(|stream| stream.name.as_str()).collect()
}

#[test]
fn a_streams_shards_are_described_in_pages() {
    let mut world = World::with_shards(4, Settings::default());
    world.split(0);
    let mut describe = |after: Option<usize>, limit| {
        let after = after.map(shard::id);
        let described = world.model.describe_stream(&stream(), after, limit, world.now)?;
        let ids: Vec<_> = described.shards.iter().map(|shard| shard.shard_id.clone()).collect();
        Ok((ids, described.has_more_shards, described.stream.open_shards))
    };
    let ids = |range: std::ops::Range<usize>| range.map(shard::id).collect::<Vec<_>>();
    assert_eq!(describe(None, None), Ok((ids(0..6), false, 5)));
    assert_eq!(describe(None, Some(4)), Ok((ids(0..4), true, 5)));
    assert_eq!(describe(Some(3), Some(2)), Ok((ids(4..6), false, 5)));
    for bad in [0, 10_001] {
        assert_eq!(code(describe(None, Some(bad))), "ValidationException");
    }
}

#[test]
fn a_page_has_100_shards_at_most_and_no_expired_ones() {
    let mut world = World::with_shards(101, Settings { retention: 60 * SECOND, ..Settings::default() });
    for limit in [None, Some(1_000)] {
        let described = world.model.describe_stream(&stream(), None, limit, world.now).unwrap();
        assert_eq!((described.shards.len(), described.has_more_shards), (100, true));
    }
    world.split(0);
    world.pass(60 * SECOND);
    let described = world.model.describe_stream(&stream(), None, Some(1), world.now).unwrap();
    assert_eq!(described.shards[0].shard_id, shard::id(1));
}

#[test]
fn streams_are_listed_by_name_in_pages() {
    let mut world = World::new(Settings { stream_deletion_time: SECOND, ..Settings::default() });
    for name in ["b", "a", "gone"] {
        world.model.create_stream(name, 1, world.now).unwrap();
    }
    world.model.delete_stream(&StreamReference::Name("gone".into()), true, world.now).unwrap();
    let list = |world: &mut World, request: ListStreamsRequest| world.model.list_streams(&request, world.now);
    let all = list(&mut world, ListStreamsRequest::default()).unwrap();
    assert_eq!((names(&all), &all.next_token), (vec!["a", "b", "gone", "orders"], &None));
    assert_eq!(all.streams[2].status, StreamStatus::Deleting);
    world.pass(SECOND);
    let limited = ListStreamsRequest { limit: Some(2), ..Default::default() };
    let first = list(&mut world, limited.clone()).unwrap();
    assert_eq!(names(&first), ["a", "b"]);
    let next = ListStreamsRequest { next_token: first.next_token, ..limited.clone() };
    let second = list(&mut world, next.clone()).unwrap();
    assert_eq!((names(&second), &second.next_token), (vec!["orders"], &None));
    let after = ListStreamsRequest { after: Some("a".into()), ..Default::default() };
    assert_eq!(names(&list(&mut world, after).unwrap()), ["b", "orders"]);
    world.pass(301 * SECOND);
    assert_eq!(code(list(&mut world, next)), "ExpiredNextTokenException");
    for bad in [0, 10_001] {
        let request = ListStreamsRequest { limit: Some(bad), ..Default::default() };
        assert_eq!(code(list(&mut world, request)), "ValidationException");
    }
}

#[test]
fn a_token_is_of_its_own_listing_only() {
    let mut world =
        World::with_shards(2, Settings { consumer_creation_time: Duration::ZERO, ..Settings::default() });
    let shards = ListShardsRequest::First {
        stream: stream(),
        selection: ShardSelection::FromTrimHorizon,
        after: None,
        max_results: Some(1),
        created: None,
    };
    let of_shards = world.model.list_shards(&shards, world.now).unwrap().next_token.unwrap();
    world.model.create_stream("a", 1, world.now).unwrap();
    let streams = ListStreamsRequest { limit: Some(1), ..Default::default() };
    let of_streams = world.model.list_streams(&streams, world.now).unwrap().next_token.unwrap();
    let streams = ListStreamsRequest { next_token: Some(of_shards.clone()), ..Default::default() };
    assert_eq!(code(world.model.list_streams(&streams, world.now)), "InvalidArgumentException");
    let shards = ListShardsRequest::Next { token: of_streams.clone(), max_results: None };
    assert_eq!(code(world.model.list_shards(&shards, world.now)), "InvalidArgumentException");
    for token in [of_shards, of_streams] {
        let consumers = ListConsumersRequest {
            stream: stream(),
            next_token: Some(token),
            max_results: None,
            created: None,
        };
        assert_eq!(
            code(world.model.list_stream_consumers(&consumers, world.now)),
            "InvalidArgumentException"
        );
    }
}

#[test]
fn a_creation_timestamp_tells_streams_of_one_name_apart() {
    let mut world = World::new(Settings::default());
    let created = world.model.describe_stream_summary(&stream(), world.now).unwrap().created;
    world.pass(10 * SECOND);
    let whole = Timestamp::from_millis(created.as_millis() / 1_000 * 1_000);
    for (time, found) in [(created, true), (whole, true), (world.now, false)] {
        let shards = ListShardsRequest::First {
            stream: stream(),
            selection: ShardSelection::FromTrimHorizon,
            after: None,
            max_results: None,
            created: Some(time),
        };
        let consumers = ListConsumersRequest {
            stream: stream(),
            next_token: None,
            max_results: None,
            created: Some(time),
        };
        let answers = [
            world.model.list_shards(&shards, world.now).map(|_| ()),
            world.model.list_stream_consumers(&consumers, world.now).map(|_| ()),
        ];
        for answer in answers {
            match found {
                true => answer.unwrap(),
                false => assert_eq!(code(answer), "ResourceNotFoundException"),
            }
        }
    }
}
