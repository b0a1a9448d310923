use super::*;

fn list(world: &mut World, selection: ShardSelection) -> Vec<String> {
    let request = first(selection, None);
    ids(&world.model.list_shards(&request, world.now).unwrap())
}

fn first(selection: ShardSelection, max_results: Option<usize>) -> ListShardsRequest {
    ListShardsRequest::First { stream: stream(), selection, after: None, max_results, created: None }
}

/// The last digit of each id.
fn ids(page: &ListedShards) -> Vec<String> {
    let shards = page.shards.iter();
    shards.map(|shard| shard.shard_id.as_str()[19..].to_owned()).collect()
}

#[test]
fn filters_select_by_when_a_shard_was_open() {
    let mut world = World::with_shards(2, Settings::default());
    let before = world.now;
    world.pass(10 * SECOND);
    world.split(0);
    let at = world.now;
    world.pass(10 * SECOND);
    let after = world.now;
    for (selection, expected) in [
        (ShardSelection::FromTrimHorizon, ["0", "1", "2", "3"].as_slice()),
        (ShardSelection::AtTrimHorizon, &["0", "1"]),
        (ShardSelection::AtLatest, &["1", "2", "3"]),
        (ShardSelection::AtTimestamp(before), &["0", "1"]),
        (ShardSelection::AtTimestamp(at), &["0", "1", "2", "3"]),
        (ShardSelection::AtTimestamp(after), &["1", "2", "3"]),
        (ShardSelection::FromTimestamp(before), &["0", "1", "2", "3"]),
        (ShardSelection::FromTimestamp(after), &["1", "2", "3"]),
        (ShardSelection::AfterShardId(shard::id(1)), &["2", "3"]),
        (ShardSelection::AtTimestamp(Timestamp::from_millis(1)), &["0", "1"]),
    ] {
        assert_eq!(list(&mut world, selection.clone()), expected, "{selection:?}");
    }
    let future = first(ShardSelection::AtTimestamp(after.saturating_add(SECOND)), None);
    assert_eq!(code(world.model.list_shards(&future, world.now)), "InvalidArgumentException");
}

#[test]
fn the_trim_horizon_moves_and_closed_shards_expire() {
    let mut world = World::new(Settings { retention: 60 * SECOND, ..Settings::default() });
    world.pass(30 * SECOND);
    world.split(0);
    world.pass(59 * SECOND);
    assert_eq!(list(&mut world, ShardSelection::AtTrimHorizon), ["0"]);
    world.pass(SECOND);
    assert_eq!(list(&mut world, ShardSelection::AtTrimHorizon), ["1", "2"]);
    assert_eq!(list(&mut world, ShardSelection::FromTrimHorizon), ["1", "2"]);
    assert_eq!(world.shards().len(), 3, "the truth still knows the expired one");
}

#[test]
fn list_shards_shows_a_reshard_late_if_set_so() {
    let mut world = World::new(Settings { list_shards_lag: 3 * SECOND, ..Settings::default() });
    let id = world.open(Start::Latest);
    world.split(0);
    assert_eq!(world.event(id).child_shards.len(), 2, "the children event comes first");
    world.millis(2_999);
    for selection in [ShardSelection::FromTrimHorizon, ShardSelection::AtLatest] {
        let page = world.model.list_shards(&first(selection, None), world.now).unwrap();
        assert_eq!(ids(&page), ["0"]);
        assert_eq!(page.shards[0].ending_sequence_number, None);
    }
    world.millis(1);
    assert_eq!(list(&mut world, ShardSelection::AtLatest), ["1", "2"]);
}

#[test]
fn pages_go_on_by_token_and_keep_the_filter() {
    let mut world = World::with_shards(5, Settings::default());
    world.split(4);
    world.millis(1);
    let mut request = first(ShardSelection::AtLatest, Some(2));
    let mut pages = Vec::new();
    loop {
        let page = world.model.list_shards(&request, world.now).unwrap();
        pages.push(ids(&page).concat());
        match page.next_token {
            Some(token) => {
                request = ListShardsRequest::Next { token, max_results: Some(2) };
            }
            None => break,
        }
    }
    assert_eq!(pages, ["01", "23", "56"]);
}

#[test]
fn every_page_goes_by_the_rate_of_its_stream() {
    let mut world = World::with_shards(2, Settings::default());
    let request = first(ShardSelection::FromTrimHorizon, Some(1));
    let page = world.model.list_shards(&request, world.now).unwrap();
    let next = ListShardsRequest::Next { token: page.next_token.unwrap(), max_results: None };
    assert_eq!([request.stream_name(), next.stream_name()], ["orders", "orders"]);
    let nonsense = ListShardsRequest::Next { token: "nonsense".into(), max_results: None };
    assert_eq!(nonsense.stream_name(), "");
}

#[test]
fn a_token_lives_for_300_s_and_only_for_its_stream() {
    let mut world = World::with_shards(2, Settings::default());
    let page = world.model.list_shards(&first(ShardSelection::FromTrimHorizon, Some(1)), world.now);
    let request = ListShardsRequest::Next { token: page.unwrap().next_token.unwrap(), max_results: None };
    world.pass(300 * SECOND);
    assert_eq!(ids(&world.model.list_shards(&request, world.now).unwrap()), ["1"]);
    world.millis(1);
    assert_eq!(code(world.model.list_shards(&request, world.now)), "ExpiredNextTokenException");
    let nonsense = ListShardsRequest::Next { token: "nonsense".into(), max_results: None };
    assert_eq!(code(world.model.list_shards(&nonsense, world.now)), "InvalidArgumentException");
    let now = world.now.saturating_sub(300 * SECOND);
    world.model.delete_stream(&stream(), true, now).unwrap();
    world.model.create_stream("orders", 2, now).unwrap();
    assert_eq!(code(world.model.list_shards(&request, now)), "InvalidArgumentException");
}

#[test]
fn consumers_are_listed_in_pages() {
    let mut world = World::new(Settings { consumer_creation_time: Duration::ZERO, ..Settings::default() });
    for name in ["audit", "search"] {
        world.model.register_stream_consumer(&stream(), name, world.now).unwrap();
    }
    let mut request =
        ListConsumersRequest { stream: stream(), next_token: None, max_results: Some(2), created: None };
    let page = world.model.list_stream_consumers(&request, world.now).unwrap();
    let names: Vec<_> = page.consumers.iter().map(|consumer| &*consumer.name).collect();
    assert_eq!(names, ["audit", "billing"]);
    request.next_token = page.next_token;
    let page = world.model.list_stream_consumers(&request, world.now).unwrap();
    assert_eq!((page.consumers.len(), page.next_token), (1, None));
}
