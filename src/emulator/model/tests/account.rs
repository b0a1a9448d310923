use super::*;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[test]
fn limits_count_open_shards_and_on_demand_streams() {
    let mut world =
        World::with_shards(2, Settings { shard_limit: 8, on_demand_stream_limit: 1, ..Settings::default() });
    world.split(0);
    let create = |world: &mut World, name: &str, mode, shards| {
        let request = CreateStreamRequest { name: name.into(), shards, mode, ..Default::default() };
        world.model.create_stream_with(&request, world.now)
    };
    create(&mut world, "demanding", StreamMode::OnDemand, None).unwrap();
    let limits = world.model.describe_limits(world.now);
    let expected =
        AccountLimits { shard_limit: 8, open_shards: 7, on_demand_stream_limit: 1, on_demand_streams: 1 };
    assert_eq!(limits, expected);
    let one_more = create(&mut world, "more", StreamMode::OnDemand, Some(1));
    assert_eq!(code(one_more), "LimitExceededException");
    let to_on_demand = world.model.update_stream_mode(&stream(), StreamMode::OnDemand, world.now);
    assert_eq!(code(to_on_demand), "LimitExceededException");
    assert_eq!(code(create(&mut world, "two", StreamMode::Provisioned, Some(2))), "LimitExceededException");
    create(&mut world, "one", StreamMode::Provisioned, Some(1)).unwrap();
    let split = world.model.split_shard_in_half(&stream(), shard::id(1).as_str(), world.now);
    assert_eq!(code(split), "LimitExceededException");
    world.merge(2, 3);
    world.split(1);
}

#[test]
fn five_streams_are_created_at_a_time() {
    let mut model = Model::new(Settings { stream_creation_time: SECOND, ..Settings::default() });
    let now = Timestamp::from_millis(1_700_000_000_000);
    for n in 0..5 {
        model.create_stream(&format!("stream{n}"), 1, now).unwrap();
    }
    assert_eq!(code(model.create_stream("sixth", 1, now)), "LimitExceededException");
    model.create_stream("sixth", 1, now.saturating_add(SECOND)).unwrap();
}

#[test]
fn a_commitment_lasts_a_day_at_least() {
    let mut world = World::new(Settings::default());
    let status = |world: &mut World| world.model.describe_account_settings().status(world.now);
    assert_eq!(status(&mut world), CommitmentStatus::Disabled);
    let update = |world: &mut World, on| world.model.update_account_settings(on, world.now);
    assert_eq!(code(update(&mut world, false)), "InvalidArgumentException");
    let started = world.now;
    update(&mut world, true).unwrap();
    assert_eq!(code(update(&mut world, true)), "InvalidArgumentException");
    assert_eq!(status(&mut world), CommitmentStatus::Enabled);
    world.pass(SECOND);
    let ending = update(&mut world, false).unwrap();
    assert_eq!((ending.started_at, ending.ended_at), (Some(started), Some(started.saturating_add(DAY))));
    assert_eq!(status(&mut world), CommitmentStatus::EnabledUntilEarliestAllowedEnd);
    update(&mut world, true).unwrap();
    assert_eq!(status(&mut world), CommitmentStatus::Enabled);
    world.pass(DAY);
    assert_eq!(update(&mut world, false).unwrap().ended_at, Some(world.now));
    assert_eq!(status(&mut world), CommitmentStatus::Disabled);
}

#[test]
fn on_demand_advantage_allows_50_consumers() {
    let settings = Settings { consumer_creation_time: Duration::ZERO, ..Settings::default() };
    let mut world = World::new(settings);
    world.model.update_stream_mode(&stream(), StreamMode::OnDemand, world.now).unwrap();
    let mut registered = 1;
    let mut register_all = |world: &mut World| {
        loop {
            let name = format!("consumer{registered}");
            match world.model.register_stream_consumer(&stream(), &name, world.now) {
                Ok(_) => registered += 1,
                Err(error) => return (registered, error.code.into_owned()),
            }
        }
    };
    assert_eq!(register_all(&mut world), (20, "LimitExceededException".into()));
    world.model.update_account_settings(true, world.now).unwrap();
    assert_eq!(register_all(&mut world), (50, "LimitExceededException".into()));
}
