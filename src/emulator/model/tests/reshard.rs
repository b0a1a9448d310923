use super::*;

fn free() -> Settings {
    Settings { limit_calls: false, take_over_after: Duration::ZERO, ..Settings::default() }
}

fn children(event: &LoggedEvent) -> Vec<(ShardId, Vec<ShardId>)> {
    let children = event.child_shards.iter();
    children.map(|child| (child.shard_id.clone(), child.parent_shards.clone())).collect()
}

// Rule e.

#[test]
fn a_closed_parent_ends_with_a_null_continuation_and_its_children() {
    let mut world = World::new(free());
    world.put("a");
    let id = world.open(Start::TrimHorizon);
    assert_eq!(world.payloads(id), ["a"]);
    assert!(matches!(world.next(id), Next::WaitUntil(_)));
    world.model.take_woken();
    world.split(0);
    assert_eq!(world.model.take_woken(), [id]);

    let last = world.event(id);
    assert_eq!((last.records.len(), &last.continuation), (0, &None));
    assert_eq!(children(&last), [(shard::id(1), vec![shard::id(0)]), (shard::id(2), vec![shard::id(0)])]);
    assert_eq!(world.next(id), Next::Ended);
}

#[test]
fn a_merged_shard_names_both_parents_in_the_last_event_of_each() {
    let mut world = World::with_shards(2, free());
    world.merge(0, 1);
    for parent in [0, 1] {
        let id = opened(world.subscribe_to(parent, Start::TrimHorizon));
        let last = world.event(id);
        assert_eq!(children(&last), [(shard::id(2), vec![shard::id(0), shard::id(1)])]);
        assert_eq!(last.child_shards[0].hash_key_range, HashKeyRange::ALL);
    }
}

#[test]
fn the_end_comes_again_on_every_later_subscribe_behind_the_last_record() {
    let mut world = World::new(free());
    let last_record = world.put("a");
    world.millis(1);
    world.split(0);
    world.millis(1);
    let ending = world.shards().remove(0).ending_sequence_number.unwrap();
    for start in [
        Start::Latest,
        Start::AtTimestamp(world.now),
        Start::AfterSequenceNumber(last_record.clone()),
        Start::AtSequenceNumber(ending.clone()),
        Start::AfterSequenceNumber(ending),
    ] {
        let id = world.open(start.clone());
        let last = world.event(id);
        assert_eq!(last.child_shards.len(), 2, "{start:?}");
        assert_eq!(last.continuation, None);
        assert_eq!(world.next(id), Next::Ended);
    }
    for start in [Start::TrimHorizon, Start::AtSequenceNumber(last_record)] {
        let id = world.open(start);
        assert_eq!(world.payloads(id), ["a"]);
        assert_eq!(world.event(id).child_shards.len(), 2);
    }
}

#[test]
fn the_continuation_at_the_end_is_kept_if_set_so() {
    let mut world = World::new(Settings { shard_end: ShardEnd::KeptContinuation, ..free() });
    world.split(0);
    let id = world.open(Start::TrimHorizon);
    let last = world.event(id);
    assert_eq!(last.continuation, world.shards().remove(0).ending_sequence_number);
    assert_eq!(last.child_shards.len(), 2);
    let again = world.open(Start::AfterSequenceNumber(last.continuation.unwrap()));
    assert_eq!(world.event(again).child_shards.len(), 2);
}

#[test]
fn the_last_records_come_with_the_children_if_set_so() {
    let mut world = World::new(Settings { shard_end_with_records: true, event_max_records: 2, ..free() });
    for data in ["a", "b", "c"] {
        world.put(data);
    }
    world.split(0);
    let id = world.open(Start::TrimHorizon);
    assert!(world.event(id).child_shards.is_empty());
    let last = world.event(id);
    assert_eq!((payloads(&last), last.continuation), (vec!["c".to_owned()], None));
    assert_eq!(last.child_shards.len(), 2);
    assert_eq!(world.next(id), Next::Ended);
}

#[test]
fn a_closed_shard_is_gone_when_retention_has_passed() {
    let mut world = World::new(Settings { retention: 60 * SECOND, ..free() });
    world.put("a");
    world.split(0);
    world.pass(59 * SECOND);
    let id = world.open(Start::TrimHorizon);
    assert_eq!(world.payloads(id), ["a"]);
    world.pass(SECOND);
    assert_eq!(code(world.subscribe(Start::TrimHorizon)), "ResourceNotFoundException");
}

// Rule g.

#[test]
fn numbers_have_56_digits_and_grow_within_a_shard_and_from_parent_to_child() {
    let mut world = World::new(free());
    let numbers: Vec<_> = (0..100)
        .map(|n| {
            world.millis(n % 3);
            world.put("x")
        })
        .collect();
    assert!(numbers.iter().all(|number| number.as_str().len() == 56));
    assert!(numbers.is_sorted_by(|a, b| a < b));
    world.split(0);
    let child = world.put("y");
    let shards = world.shards();
    let ending = shards[0].ending_sequence_number.clone().unwrap();
    assert!(numbers[99] < ending);
    for shard in &shards[1..] {
        assert!(ending < shard.starting_sequence_number);
        assert_eq!(shard.ending_sequence_number, None);
        assert_eq!(shard.parents().collect::<Vec<_>>(), [&shard::id(0)]);
    }
    assert!(shards[1].starting_sequence_number < child);
}

#[test]
fn a_split_and_a_merge_share_out_the_hash_keys() {
    let mut world = World::new(free());
    world.split(0);
    let middle = 1_u128 << 127;
    let ranges: Vec<_> = world.shards().iter().map(|s| s.hash_key_range).collect();
    assert_eq!(ranges[1], HashKeyRange::new(0, middle - 1).unwrap());
    assert_eq!(ranges[2], HashKeyRange::new(middle, u128::MAX).unwrap());
    world.merge(2, 1);
    let merged = world.shards().remove(3);
    assert_eq!(merged.hash_key_range, HashKeyRange::ALL);
    assert_eq!(merged.parent_shard_id, Some(shard::id(2)));
    assert_eq!(merged.adjacent_parent_shard_id, Some(shard::id(1)));
}

#[test]
fn impossible_reshards_are_refused_by_name() {
    let mut world = World::with_shards(3, free());
    let split = |world: &mut World, id: &str, key| world.model.split_shard(&stream(), id, key, world.now);
    let end = world.shards()[0].hash_key_range.end();
    for key in [0, 1, end, end + 1, u128::MAX] {
        assert_eq!(code(split(&mut world, "shardId-000000000000", key)), "InvalidArgumentException");
    }
    assert_eq!(code(split(&mut world, "shardId-000000000009", 5)), "ResourceNotFoundException");
    let merge = |world: &mut World, a: usize, b: usize| {
        let (a, b) = (shard::id(a), shard::id(b));
        world.model.merge_shards(&stream(), a.as_str(), b.as_str(), world.now)
    };
    assert_eq!(code(merge(&mut world, 0, 2)), "InvalidArgumentException");
    assert_eq!(code(merge(&mut world, 1, 1)), "InvalidArgumentException");
    world.split(0);
    assert_eq!(code(split(&mut world, "shardId-000000000000", 5)), "ResourceInUseException");
    assert_eq!(code(merge(&mut world, 0, 1)), "ResourceInUseException");
}

#[test]
fn a_stream_is_updating_for_as_long_as_set_and_takes_records_meanwhile() {
    let mut world = World::new(Settings { reshard_time: 10 * SECOND, ..free() });
    world.split(0);
    let status = |world: &mut World| {
        let described = world.model.describe_stream_summary(&stream(), world.now);
        described.unwrap().status
    };
    assert_eq!(status(&mut world), StreamStatus::Updating);
    let again = world.model.split_shard_in_half(&stream(), "shardId-000000000001", world.now);
    assert_eq!(code(again), "ResourceInUseException");
    world.put("a");
    world.pass(10 * SECOND);
    assert_eq!(status(&mut world), StreamStatus::Active);
    world.split(1);
}
