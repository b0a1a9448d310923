use super::*;
use crate::model::EncryptionType;

const HOUR: Duration = Duration::from_secs(3_600);

fn described(world: &mut World) -> StreamDescription {
    world.model.describe_stream_summary(&stream(), world.now).unwrap()
}

fn on_demand(settings: Settings, strategy: RecordDistributionStrategy) -> World {
    let mut world = World::new(settings);
    world.model.delete_stream(&stream(), true, world.now).unwrap();
    let request = CreateStreamRequest {
        name: "orders".into(),
        mode: StreamMode::OnDemand,
        record_distribution_strategy: strategy,
        ..Default::default()
    };
    world.model.create_stream_with(&request, world.now).unwrap();
    world
}

fn put(world: &mut World, key: Option<&str>) -> Answer<PutAnswer> {
    let record = NewRecord { partition_key: key.map(Into::into), explicit_hash_key: None, data: "x".into() };
    world.model.put_record(&stream(), record, world.now)
}

#[test]
fn the_retention_period_is_a_streams_own() {
    let mut world = World::new(Settings::default());
    world.model.create_stream("audit", 1, world.now).unwrap();
    world.model.increase_stream_retention_period(&stream(), 48, world.now).unwrap();
    assert_eq!(described(&mut world).retention, 48 * HOUR);
    let audit = StreamReference::Name("audit".into());
    let other = world.model.describe_stream_summary(&audit, world.now).unwrap();
    assert_eq!(other.retention, 24 * HOUR);
    world.put("a");
    world.pass(30 * HOUR);
    world.put("b");
    let id = world.open(Start::TrimHorizon);
    assert_eq!(world.payloads(id), ["a", "b"]);
    world.model.decrease_stream_retention_period(&stream(), 24, world.now).unwrap();
    world.pass(5 * SECOND);
    let id = world.open(Start::TrimHorizon);
    assert_eq!(world.payloads(id), ["b"]);
    world.model.increase_stream_retention_period(&stream(), 8_760, world.now).unwrap();
    world.pass(5 * SECOND);
    let id = world.open(Start::TrimHorizon);
    assert_eq!(world.payloads(id), ["b"], "what was trimmed does not come back");
}

#[test]
fn retention_periods_are_24_to_8760_hours_and_change_in_the_direction_they_say() {
    let mut world = World::new(Settings::default());
    let mut increase =
        |hours| world.model.increase_stream_retention_period(&stream(), hours, world.now).map(|()| hours);
    for bad in [0, 23, 24, 8_761, u64::MAX] {
        assert_eq!(code(increase(bad)), "InvalidArgumentException", "{bad}");
    }
    increase(72).unwrap();
    let mut decrease = |hours| world.model.decrease_stream_retention_period(&stream(), hours, world.now);
    for bad in [0, 23, 72, 73, 8_761] {
        assert_eq!(code(decrease(bad)), "InvalidArgumentException", "{bad}");
    }
    decrease(25).unwrap();
}

#[test]
fn an_expired_shard_stays_expired_when_the_period_grows() {
    let mut world = World::new(Settings { take_over_after: Duration::ZERO, ..Settings::default() });
    world.split(0);
    world.pass(24 * HOUR);
    world.model.increase_stream_retention_period(&stream(), 48, world.now).unwrap();
    assert_eq!(code(world.subscribe(Start::TrimHorizon)), "ResourceNotFoundException");
    world.subscribe_to(1, Start::TrimHorizon).unwrap();
}

#[test]
fn a_short_default_retention_is_kept_exactly_and_can_be_increased() {
    let mut world = World::new(Settings { retention: 60 * SECOND, ..Settings::default() });
    assert_eq!(described(&mut world).retention, 60 * SECOND);
    world.model.increase_stream_retention_period(&stream(), 24, world.now).unwrap();
    world.put("a");
    world.pass(23 * HOUR);
    let id = world.open(Start::TrimHorizon);
    assert_eq!(world.payloads(id), ["a"]);
}

#[test]
fn the_record_size_is_a_streams_own() {
    let mut world = World::new(Settings::default());
    let big = NewRecord {
        partition_key: Some("k".into()),
        explicit_hash_key: None,
        data: vec![0; (10 << 20) - 1].into(),
    };
    let put = world.model.put_record(&stream(), big.clone(), world.now);
    assert_eq!(code(put), "ValidationException");
    for bad in [0, 1_023, 10_241] {
        let updated = world.model.update_max_record_size(&stream(), bad, world.now);
        assert_eq!(code(updated), "ValidationException");
    }
    world.model.update_max_record_size(&stream(), 10_240, world.now).unwrap();
    world.model.put_record(&stream(), big, world.now).unwrap();
    assert_eq!(described(&mut world).max_record_size, 10 << 20);
    let request = CreateStreamRequest {
        name: "large".into(),
        shards: Some(1),
        max_record_size_in_kib: Some(2_048),
        ..Default::default()
    };
    world.model.create_stream_with(&request, world.now).unwrap();
    let large = StreamReference::Name("large".into());
    let large = world.model.describe_stream_summary(&large, world.now).unwrap();
    assert_eq!(large.max_record_size, 2 << 20);
}

#[test]
fn an_on_demand_stream_keeps_its_mode_and_its_shards() {
    let mut world = on_demand(Settings::default(), RecordDistributionStrategy::UserPartitionKey);
    let summary = described(&mut world);
    assert_eq!((summary.mode, summary.open_shards), (StreamMode::OnDemand, 4));
    let split = world.model.split_shard_in_half(&stream(), "shardId-000000000000", world.now);
    assert_eq!(code(split), "ValidationException");
    let merged = world.model.merge_shards(&stream(), shard::id(0).as_str(), shard::id(1).as_str(), world.now);
    assert_eq!(code(merged), "ValidationException");
}

#[test]
fn a_mode_changes_twice_within_24_hours() {
    let mut world = World::new(Settings::default());
    let update = |world: &mut World, mode| world.model.update_stream_mode(&stream(), mode, world.now);
    update(&mut world, StreamMode::Provisioned).unwrap();
    update(&mut world, StreamMode::OnDemand).unwrap();
    world.pass(HOUR);
    update(&mut world, StreamMode::Provisioned).unwrap();
    assert_eq!(code(update(&mut world, StreamMode::OnDemand)), "LimitExceededException");
    world.pass(23 * HOUR);
    update(&mut world, StreamMode::OnDemand).unwrap();
    assert_eq!(described(&mut world).mode, StreamMode::OnDemand);
}

#[test]
fn auto_spreads_records_and_takes_them_without_a_key() {
    let mut world = on_demand(Settings::default(), RecordDistributionStrategy::Auto);
    let shards: Vec<_> = (0..8).map(|_| put(&mut world, None).unwrap().shard_id).collect();
    let expected: Vec<_> = (0..8).map(|turn| shard::id(turn % 4)).collect();
    assert_eq!(shards, expected);
    let keyed: Vec<_> = (0..2).map(|_| put(&mut world, Some("same")).unwrap().shard_id).collect();
    assert_eq!(keyed, [shard::id(0), shard::id(1)]);
    let bad_hash_key = NewRecord {
        partition_key: Some("kept".into()),
        explicit_hash_key: Some("not digits".into()),
        data: "x".into(),
    };
    world.model.put_record(&stream(), bad_hash_key, world.now).unwrap();
    let iterator = world.model.get_shard_iterator(&stream(), &shard::id(2), &Start::TrimHorizon, world.now);
    let request = GetRecordsRequest { shard_iterator: iterator.unwrap(), limit: None, stream: None };
    let polled = world.model.get_records(&request, world.now).unwrap();
    let keys: Vec<_> = polled.records.iter().map(|record| record.partition_key.as_deref()).collect();
    assert_eq!(keys, [None, None, Some("kept")]);
    let too_long = "k".repeat(257);
    assert_eq!(code(put(&mut world, Some(&too_long))), "ValidationException");
}

#[test]
fn without_auto_a_record_needs_a_key() {
    let mut world = World::new(Settings::default());
    let refused = put(&mut world, None).unwrap_err();
    assert_eq!(refused.code, "ValidationException");
    assert!(refused.message.contains("'partitionKey'"), "{refused}");
}

#[test]
fn only_on_demand_streams_can_have_auto() {
    let mut world = World::new(Settings::default());
    let auto = RecordDistributionStrategy::Auto;
    let update = |world: &mut World, strategy| {
        world.model.update_stream_record_distribution_strategy(&stream(), strategy, world.now)
    };
    assert_eq!(code(update(&mut world, auto)), "InvalidArgumentException");
    assert_eq!(described(&mut world).record_distribution_strategy, None);
    let request = CreateStreamRequest {
        name: "auto".into(),
        shards: Some(1),
        record_distribution_strategy: auto,
        ..Default::default()
    };
    assert_eq!(code(world.model.create_stream_with(&request, world.now)), "InvalidArgumentException");
    world.model.update_stream_mode(&stream(), StreamMode::OnDemand, world.now).unwrap();
    update(&mut world, auto).unwrap();
    assert_eq!(described(&mut world).record_distribution_strategy, Some(auto));
    put(&mut world, None).unwrap();
    world.model.update_stream_mode(&stream(), StreamMode::Provisioned, world.now).unwrap();
    assert_eq!(code(put(&mut world, None)), "ValidationException");
}

#[test]
fn encryption_is_carried_by_the_records_put_while_it_is_on() {
    let mut world = World::new(Settings::default());
    let kinds = |world: &mut World| {
        let kind = put(world, Some("k")).unwrap().encryption_type;
        (kind, described(world).encryption, described(world).key_id)
    };
    assert_eq!(kinds(&mut world), (None, None, None));
    world.model.start_stream_encryption(&stream(), "alias/mine", world.now).unwrap();
    let kms = Some(EncryptionType::Kms);
    assert_eq!(kinds(&mut world), (kms, kms, Some("alias/mine".into())));
    world.model.stop_stream_encryption(&stream(), "alias/mine", world.now).unwrap();
    assert_eq!(kinds(&mut world), (None, None, None));
    let id = world.open(Start::TrimHorizon);
    let carried: Vec<_> = world.event(id).records.iter().map(|record| record.encryption_type).collect();
    assert_eq!(carried, [None, kms, None]);
    assert_eq!(code(world.model.start_stream_encryption(&stream(), "", world.now)), "ValidationException");
}

#[test]
fn metrics_are_told_as_they_were_and_as_they_are() {
    let mut world = World::new(Settings::default());
    let named = |names: &[&str]| ShardLevelMetric::named(names).unwrap();
    let some = named(&["OutgoingBytes", "IncomingBytes"]);
    let change = world.model.enable_enhanced_monitoring(&stream(), &some, world.now).unwrap();
    assert_eq!((change.current, change.desired), (vec![], named(&["IncomingBytes", "OutgoingBytes"])));
    let change = world.model.enable_enhanced_monitoring(&stream(), &named(&["ALL"]), world.now).unwrap();
    assert_eq!((change.current.len(), change.desired), (2, ShardLevelMetric::ALL.to_vec()));
    let change = world.model.disable_enhanced_monitoring(&stream(), &some, world.now).unwrap();
    assert_eq!((change.current.len(), change.desired.len()), (7, 5));
    assert_eq!(described(&mut world).metrics.len(), 5);
    for bad in [[].as_slice(), &["Nonsense"], &["ALL"; 8]] {
        assert_eq!(code(ShardLevelMetric::named(bad)), "ValidationException");
    }
}

#[test]
fn changes_keep_a_stream_updating_for_as_long_as_set_and_wait_for_one_another() {
    let mut world = World::new(Settings { stream_update_time: 10 * SECOND, ..Settings::default() });
    world.model.update_max_record_size(&stream(), 2_048, world.now).unwrap();
    assert_eq!(described(&mut world).status, StreamStatus::Updating);
    let now = world.now;
    let metrics = ShardLevelMetric::ALL;
    let model = &mut world.model;
    assert_eq!(code(model.update_max_record_size(&stream(), 1_024, now)), "ResourceInUseException");
    assert_eq!(code(model.increase_stream_retention_period(&stream(), 48, now)), "ResourceInUseException");
    assert_eq!(code(model.start_stream_encryption(&stream(), "k", now)), "ResourceInUseException");
    assert_eq!(
        code(model.update_stream_mode(&stream(), StreamMode::OnDemand, now)),
        "ResourceInUseException"
    );
    assert_eq!(code(model.enable_enhanced_monitoring(&stream(), &metrics, now)), "ResourceInUseException");
    world.pass(10 * SECOND);
    world.model.update_max_record_size(&stream(), 1_024, world.now).unwrap();
}
