use super::*;

const REJECTED: &str = "DryRunOperationException";

#[test]
fn a_dry_subscription_takes_nothing_over() {
    let mut world = World::new(Settings::default());
    let open = world.open(Start::TrimHorizon);
    let consumer = world.consumer.clone();
    let dry = |world: &mut World, shard: usize| {
        world.model.dry_run_subscribe_to_shard(&consumer, &shard::id(shard), &Start::Latest, world.now)
    };
    world.pass(SECOND);
    assert_eq!(code(dry(&mut world, 0)), "ResourceInUseException");
    assert_eq!(code(dry(&mut world, 1)), "ResourceNotFoundException");
    world.pass(5 * SECOND);
    assert_eq!(code(dry(&mut world, 0)), REJECTED);
    world.put("a");
    assert_eq!(world.payloads(open), ["a"]);
    assert_eq!(world.model.statistics().subscriptions, 1);
}

#[test]
fn a_dry_put_puts_nothing() {
    let mut world = World::new(Settings::default());
    let record =
        |key: &str| NewRecord { partition_key: Some(key.into()), explicit_hash_key: None, data: "x".into() };
    let mut dry = |records: &[NewRecord]| world.model.dry_run_put(&stream(), records, world.now);
    assert_eq!(code(dry(&[record("k"), record("k")])), REJECTED);
    assert_eq!(code(dry(&[record("k"), record("")])), "ValidationException");
    world.put("a");
    let id = world.open(Start::TrimHorizon);
    assert_eq!(world.payloads(id), ["a"]);
}

#[test]
fn a_dry_poll_gives_nothing_and_says_what_is_wrong() {
    let mut world = World::new(Settings { limit_calls: false, ..Settings::default() });
    let text = world.model.get_shard_iterator(&stream(), &shard::id(0), &Start::Latest, world.now).unwrap();
    let mut request = GetRecordsRequest { shard_iterator: text, limit: None, stream: None };
    assert_eq!(code(world.model.dry_run_get_records(&request, world.now)), REJECTED);
    request.limit = Some(10_001);
    assert_eq!(code(world.model.dry_run_get_records(&request, world.now)), "InvalidArgumentException");
    request.limit = None;
    world.pass(301 * SECOND);
    assert_eq!(code(world.model.dry_run_get_records(&request, world.now)), "ExpiredIteratorException");
}

#[test]
fn an_order_is_kept_by_keys_only() {
    let mut world = World::new(Settings::default());
    world.model.check_ordering(&stream(), world.now).unwrap();
    world.model.update_stream_mode(&stream(), StreamMode::OnDemand, world.now).unwrap();
    let auto = RecordDistributionStrategy::Auto;
    world.model.update_stream_record_distribution_strategy(&stream(), auto, world.now).unwrap();
    assert_eq!(code(world.model.check_ordering(&stream(), world.now)), "InvalidArgumentException");
}
