use super::*;

/// What the first shards of these streams still have, oldest first.
fn kept(world: &mut World, stream: &str, shard: usize) -> Vec<String> {
    let stream = StreamReference::Name(stream.into());
    let shard_id = shard::id(shard);
    let iterator =
        world.model.get_shard_iterator(&stream, &shard_id, &Start::TrimHorizon, world.now).unwrap();
    let request = GetRecordsRequest { shard_iterator: iterator, limit: None, stream: None };
    let polled = world.model.get_records(&request, world.now).unwrap();
    polled.records.iter().map(|record| String::from_utf8(record.data.to_vec()).unwrap()).collect()
}

fn bound(records: usize, bytes: usize) -> Settings {
    Settings {
        total_retention_records: records,
        total_retention_bytes: bytes,
        limit_calls: false,
        ..Settings::default()
    }
}

fn put_into(world: &mut World, stream: &str, data: &str) {
    let record = NewRecord {
        partition_key: Some("k".into()),
        explicit_hash_key: Some("0".into()),
        data: data.to_owned().into(),
    };
    world.model.put_record(&StreamReference::Name(stream.into()), record, world.now).unwrap();
}

#[test]
fn the_oldest_records_of_all_shards_go_first() {
    let mut world = World::with_shards(2, bound(3, usize::MAX));
    world.model.create_stream("audit", 1, world.now).unwrap();
    world.put_at(0, "a");
    world.put_at(u128::MAX, "b");
    put_into(&mut world, "audit", "c");
    world.put_at(0, "d");
    assert_eq!(kept(&mut world, "orders", 0), ["d"]);
    world.put_at(0, "e");
    assert_eq!(kept(&mut world, "orders", 1), [""; 0]);
    assert_eq!(
        (kept(&mut world, "audit", 0), kept(&mut world, "orders", 0)),
        (vec!["c".into()], vec!["d".into(), "e".into()])
    );
}

#[test]
fn bytes_are_bounded_with_their_partition_keys() {
    let mut world = World::new(bound(usize::MAX, 10));
    for data in ["aaaa", "bbbb", "c"] {
        world.put(data);
    }
    assert_eq!(kept(&mut world, "orders", 0), ["bbbb", "c"]);
    world.put("a record larger than the bound");
    assert_eq!(kept(&mut world, "orders", 0), [""; 0]);
}

#[test]
fn a_position_that_was_trimmed_so_answers_as_one_that_retention_trimmed() {
    for refuse in [false, true] {
        let settings = Settings {
            refuse_trimmed_sequence_number: refuse,
            take_over_after: Duration::ZERO,
            ..bound(1, usize::MAX)
        };
        let mut world = World::new(settings);
        let trimmed = world.put("a");
        world.put("b");
        for start in [Start::AtSequenceNumber(trimmed.clone()), Start::AfterSequenceNumber(trimmed.clone())] {
            match refuse {
                true => assert_eq!(code(world.subscribe(start)), "InvalidArgumentException"),
                false => {
                    let id = world.open(start);
                    assert_eq!(world.payloads(id), ["b"]);
                }
            }
        }
    }
}

#[test]
fn what_is_trimmed_or_deleted_otherwise_makes_room() {
    let mut world = World::new(Settings { retention: 60 * SECOND, ..bound(3, usize::MAX) });
    world.model.create_stream("audit", 1, world.now).unwrap();
    put_into(&mut world, "audit", "deleted");
    world.put("expired");
    world.pass(60 * SECOND);
    world.model.delete_stream(&StreamReference::Name("audit".into()), true, world.now).unwrap();
    for data in ["a", "b", "c"] {
        world.put(data);
    }
    assert_eq!(world.model.held.counts(), (3, 6));
    assert_eq!(kept(&mut world, "orders", 0), ["a", "b", "c"]);
    world.model.create_stream("audit", 1, world.now).unwrap();
    put_into(&mut world, "audit", "d");
    assert_eq!(kept(&mut world, "orders", 0), ["b", "c"]);
}

#[test]
fn the_order_forgets_what_shards_have_trimmed_themselves() {
    let mut world = World::with_shards(2, Settings { retention_records: 10, ..bound(1_000_000, usize::MAX) });
    world.put_at(u128::MAX, "quiet");
    for _ in 0..20_000 {
        world.put_at(0, "x");
    }
    assert_eq!(world.model.held.counts().0, 11);
    assert!(world.model.order.numbers.len() < 1_100);
    assert_eq!(kept(&mut world, "orders", 1), ["quiet"]);
}
