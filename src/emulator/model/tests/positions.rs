//! Starting positions (rule j among them), and what retention makes of them.

use super::*;

// Rule j, and starting positions.

#[test]
fn a_timestamp_in_the_future_is_refused_unless_set_otherwise() {
    let mut world = World::new(free());
    let future = world.now.saturating_add(SECOND);
    let error = world.subscribe(Start::AtTimestamp(future)).unwrap_err();
    assert_eq!(error.code, "InvalidArgumentException");
    assert!(
        error.message.starts_with(
            "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis"
        )
    );

    let mut world = World::new(Settings { refuse_future_timestamp: false, ..free() });
    let id = world.open(Start::AtTimestamp(future));
    world.put("before");
    world.pass(SECOND);
    world.put("after");
    assert_eq!(world.payloads(id), ["after"]);
}

#[test]
fn at_timestamp_starts_with_the_first_record_of_that_millisecond_or_later() {
    let mut world = World::new(free());
    let mut times = Vec::new();
    for data in ["a", "b", "c"] {
        times.push(world.now);
        world.put(data);
        world.millis(10);
    }
    for (time, expected) in [
        (times[0].saturating_sub(SECOND), ["a", "b", "c"].as_slice()),
        (times[1], &["b", "c"]),
        (times[1].saturating_add(Duration::from_millis(1)), &["c"]),
    ] {
        let id = world.open(Start::AtTimestamp(time));
        assert_eq!(world.payloads(id), expected);
    }
    let id = world.open(Start::AtTimestamp(world.now));
    world.put("d");
    assert_eq!(world.payloads(id), ["d"]);
}

#[test]
fn the_starting_number_of_an_empty_shard_is_a_position() {
    let mut world = World::new(free());
    let first = world.shards().remove(0).starting_sequence_number;
    let at = world.open(Start::AtSequenceNumber(first.clone()));
    world.put("a");
    assert_eq!(world.payloads(at), ["a"]);
    let after = world.open(Start::AfterSequenceNumber(first));
    assert_eq!(world.payloads(after), ["a"]);
}

#[test]
fn a_number_that_the_shard_never_gave_is_refused_unless_set_otherwise() {
    let mut world = World::with_shards(2, free());
    let foreign = world.put_at(u128::MAX, "other shard");
    for number in [foreign, 1.into()] {
        let start = Start::AfterSequenceNumber(number);
        assert_eq!(code(world.subscribe(start)), "InvalidArgumentException");
    }
    let mut world = World::new(Settings { refuse_foreign_sequence_number: false, ..free() });
    world.put("a");
    let id = world.open(Start::AfterSequenceNumber(1.into()));
    assert_eq!(world.payloads(id), ["a"]);
}

// Retention.

#[test]
fn retention_trims_the_oldest_by_time_records_and_bytes() {
    let by_time = Settings { retention: 10 * SECOND, ..free() };
    let by_records = Settings { retention_records: 2, ..free() };
    let by_bytes = Settings { retention_bytes: 4, ..free() };
    for settings in [by_time, by_records, by_bytes] {
        let mut world = World::new(settings.clone());
        world.put("a");
        world.pass(6 * SECOND);
        world.put("b");
        world.pass(4 * SECOND);
        world.put("c");
        let id = world.open(Start::TrimHorizon);
        assert_eq!(world.payloads(id), ["b", "c"], "{settings:?}");
    }
}

#[test]
fn a_trimmed_number_starts_at_the_horizon_or_is_refused_as_set() {
    for refuse in [false, true] {
        let mut world =
            World::new(Settings { retention_records: 1, refuse_trimmed_sequence_number: refuse, ..free() });
        let trimmed = world.put("a");
        world.put("b");
        world.put("c");
        let start = Start::AfterSequenceNumber(trimmed);
        if refuse {
            assert_eq!(code(world.subscribe(start)), "InvalidArgumentException");
        } else {
            let id = world.open(start);
            assert_eq!(world.payloads(id), ["c"]);
        }
    }
}
