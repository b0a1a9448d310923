use super::*;

fn scale(world: &mut World, target: usize) -> Answer<(usize, usize)> {
    let change = world.model.update_shard_count(&stream(), target, world.now)?;
    Ok((change.current, change.target))
}

/// The ranges of the open shards, by hash key. They cover all hash keys, and no two share one.
fn open_ranges(world: &mut World) -> Vec<HashKeyRange> {
    let shards = world.shards();
    let mut open: Vec<_> = shards
        .iter()
        .filter(|shard| shard.ending_sequence_number.is_none())
        .map(|shard| shard.hash_key_range)
        .collect();
    open.sort_by_key(HashKeyRange::start);
    assert_eq!((open[0].start(), open[open.len() - 1].end()), (0, u128::MAX));
    assert!(open.windows(2).all(|pair| pair[0].end() + 1 == pair[1].start()));
    open
}

/// Each child covers only what its parents covered, and each parent is closed.
fn check_lineage(world: &mut World) {
    let shards = world.shards();
    for shard in &shards {
        let parents: Vec<_> =
            shard.parents().map(|id| shards.iter().find(|shard| shard.shard_id == *id).unwrap()).collect();
        assert!(parents.iter().all(|parent| parent.ending_sequence_number.is_some()));
        if let (Some(first), Some(last)) = (parents.first(), parents.last()) {
            let start = first.hash_key_range.start().min(last.hash_key_range.start());
            let end = first.hash_key_range.end().max(last.hash_key_range.end());
            assert!(start <= shard.hash_key_range.start() && shard.hash_key_range.end() <= end);
        }
    }
}

#[test]
fn doubling_and_halving_take_one_split_or_merge_a_shard() {
    let mut world = World::with_shards(3, Settings::default());
    assert_eq!(scale(&mut world, 6), Ok((3, 6)));
    assert_eq!((open_ranges(&mut world).len(), world.shards().len()), (6, 9));
    assert_eq!(scale(&mut world, 3), Ok((6, 3)));
    assert_eq!((open_ranges(&mut world).len(), world.shards().len()), (3, 12));
    check_lineage(&mut world);
}

#[test]
fn any_count_ends_in_shards_of_one_size_by_short_lived_ones() {
    let mut world = World::with_shards(4, Settings::default());
    for target in [5, 3, 6, 7, 4, 2, 1, 2, 3] {
        scale(&mut world, target).unwrap();
        let ranges = open_ranges(&mut world);
        assert_eq!(ranges.len(), target);
        let sizes: Vec<u128> = ranges.iter().map(|range| range.end() - range.start()).collect();
        let (least, most) = (sizes.iter().min().unwrap(), sizes.iter().max().unwrap());
        assert!(most - least < 100, "{target}: {sizes:?}");
        check_lineage(&mut world);
    }
    let short_lived = world.shards().iter().filter(|shard| shard.ending_sequence_number.is_some()).count();
    assert!(short_lived > 9);
}

#[test]
fn records_before_a_scaling_stay_and_those_after_go_to_the_new_shards() {
    let mut world = World::new(Settings { pace: None, ..Settings::default() });
    world.put("before");
    scale(&mut world, 2).unwrap();
    world.put("after");
    let id = world.open(Start::TrimHorizon);
    assert_eq!(world.payloads(id), ["before"]);
    assert_eq!(world.event(id).child_shards.len(), 2);
    let child = opened(world.subscribe_to(1, Start::TrimHorizon));
    assert_eq!(world.payloads(child), ["after"]);
}

#[test]
fn a_count_is_at_most_doubled_at_least_halved_and_changed_ten_times_a_day() {
    let mut world = World::with_shards(5, Settings { shard_limit: 12, ..Settings::default() });
    assert_eq!(code(scale(&mut world, 0)), "ValidationException");
    for bad in [11, 2, 10_001] {
        assert_eq!(code(scale(&mut world, bad)), "LimitExceededException", "{bad}");
    }
    world.model.create_stream("other", 3, world.now).unwrap();
    assert_eq!(code(scale(&mut world, 10)), "LimitExceededException", "the account's shards");
    for n in 0..10 {
        scale(&mut world, 5 - n % 2).unwrap();
        world.pass(SECOND);
    }
    assert_eq!(code(scale(&mut world, 5)), "LimitExceededException");
    world.pass(Duration::from_secs(24 * 60 * 60 - 10));
    scale(&mut world, 5).unwrap();
}

#[test]
fn only_active_provisioned_streams_are_scaled() {
    let mut world = World::new(Settings { reshard_time: SECOND, ..Settings::default() });
    scale(&mut world, 2).unwrap();
    assert_eq!(code(scale(&mut world, 4)), "ResourceInUseException");
    world.pass(SECOND);
    world.model.update_stream_mode(&stream(), StreamMode::OnDemand, world.now).unwrap();
    assert_eq!(code(scale(&mut world, 4)), "ValidationException");
}
