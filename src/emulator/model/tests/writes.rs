use super::*;

fn record(partition_key: &str, explicit_hash_key: Option<&str>, len: usize) -> NewRecord {
    NewRecord {
        partition_key: Some(partition_key.into()),
        explicit_hash_key: explicit_hash_key.map(Into::into),
        data: vec![0; len].into(),
    }
}

fn put(world: &mut World, record: NewRecord) -> Answer<PutAnswer> {
    world.model.put_record(&stream(), record, world.now)
}

#[test]
fn records_go_by_the_md5_of_the_partition_key_or_by_the_explicit_hash_key() {
    let mut world = World::with_shards(4, Settings::default());
    // MD5: "a" 0cc1…, "b" 92eb…, "c" 4a8a….
    for (key, hash_key, shard) in [
        ("a", None, 0),
        ("c", None, 1),
        ("b", None, 2),
        ("a", Some("340282366920938463463374607431768211455"), 3),
        ("a", Some("85070591730234615865843651857942052864"), 1),
        ("b", Some("0"), 0),
    ] {
        let answer = put(&mut world, record(key, hash_key, 1)).unwrap();
        assert_eq!(answer.shard_id, shard::id(shard), "{key} {hash_key:?}");
    }
}

#[test]
fn records_follow_a_reshard() {
    let mut world = World::new(Settings::default());
    world.split(0);
    let low = put(&mut world, record("k", Some("0"), 1)).unwrap();
    let high = put(&mut world, record("k", Some(&u128::MAX.to_string()), 1)).unwrap();
    assert_eq!((low.shard_id, high.shard_id), (shard::id(1), shard::id(2)));
    world.merge(1, 2);
    let merged = put(&mut world, record("k", Some("0"), 1)).unwrap();
    assert_eq!(merged.shard_id, shard::id(3));
}

#[test]
fn what_a_record_may_be_is_checked() {
    let mut world = World::new(Settings::default());
    let mib = 1 << 20;
    put(&mut world, record("k", None, mib - 1)).unwrap();
    put(&mut world, record(&"é".repeat(256), None, 0)).unwrap();
    for (bad, expected) in [
        (record("k", None, mib), "ValidationException"),
        (record("", None, 1), "ValidationException"),
        (record(&"k".repeat(257), None, 1), "ValidationException"),
        (record("k", Some("01"), 1), "InvalidArgumentException"),
        (record("k", Some("+1"), 1), "InvalidArgumentException"),
        (record("k", Some(""), 1), "InvalidArgumentException"),
        (record("k", Some("340282366920938463463374607431768211456"), 1), "InvalidArgumentException"),
    ] {
        assert_eq!(code(put(&mut world, bad)), expected);
    }
}

#[test]
fn put_records_takes_500_records_and_10_mib_all_or_none() {
    let mut world = World::new(Settings::default());
    let mut put = |records| world.model.put_records(&stream(), records, world.now);
    assert_eq!(put(vec![record("k", None, 1); 500]).unwrap().len(), 500);
    assert_eq!(code(put(vec![record("k", None, 1); 501])), "ValidationException");
    assert_eq!(code(put(vec![])), "ValidationException");
    let tenth = (1 << 20) - 1;
    assert_eq!(put(vec![record("k", None, tenth); 10]).unwrap().len(), 10);
    assert_eq!(code(put(vec![record("k", None, tenth); 11])), "InvalidArgumentException");
    let one_bad = vec![record("k", None, 1), record("", None, 1)];
    assert_eq!(code(put(one_bad)), "ValidationException");
}

#[test]
fn writes_are_limited_per_shard_if_set_so() {
    let mut world = World::with_shards(2, Settings { limit_writes: true, ..Settings::default() });
    let mib = 1 << 20;
    put(&mut world, record("k", Some("0"), mib - 1)).unwrap();
    let records = vec![record("k", Some("0"), 1), record("k", Some(&u128::MAX.to_string()), 1)];
    let answers = world.model.put_records(&stream(), records, world.now).unwrap();
    let refused = answers[0].as_ref().unwrap_err();
    assert_eq!(refused.code, "ProvisionedThroughputExceededException");
    assert_eq!(answers[1].as_ref().unwrap().shard_id, shard::id(1));
    world.pass(SECOND);
    for _ in 0..1_000 {
        put(&mut world, record("k", Some("0"), 1)).unwrap();
    }
    assert_eq!(code(put(&mut world, record("k", Some("0"), 1))), "ProvisionedThroughputExceededException");
}

#[test]
fn a_record_above_a_seconds_worth_takes_a_second_for_itself() {
    let settings = Settings { limit_writes: true, max_record_size: 10 << 20, ..Settings::default() };
    let mut world = World::with_shards(1, settings);
    put(&mut world, record("k", None, 9 << 20)).unwrap();
    assert_eq!(code(put(&mut world, record("k", None, 1))), "ProvisionedThroughputExceededException");
    world.pass(SECOND);
    put(&mut world, record("k", None, 1)).unwrap();
    assert_eq!(code(put(&mut world, record("k", None, 9 << 20))), "ProvisionedThroughputExceededException");
}
