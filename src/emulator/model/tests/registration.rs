use super::*;

fn register(world: &mut World, name: &str) -> Answer<ConsumerSummary> {
    world.model.register_stream_consumer(&stream(), name, world.now)
}

// Rule k.

#[test]
fn a_consumer_is_creating_first_and_may_not_subscribe() {
    let mut world = World::new(Settings { consumer_creation_time: 10 * SECOND, ..Settings::default() });
    let consumer = register(&mut world, "audit").unwrap();
    let created = world.now.as_millis() / 1_000;
    assert_eq!(consumer.status, ConsumerStatus::Creating);
    assert_eq!(
        consumer.arn,
        format!("arn:aws:kinesis:us-east-1:000000000000:stream/orders/consumer/audit:{created}")
    );
    world.consumer = consumer.arn.clone();
    world.millis(9_999);
    let error = world.subscribe(Start::Latest).unwrap_err();
    assert_eq!((&*error.code, error.status), ("ResourceInUseException", 400));
    assert_eq!(
        error.message,
        format!(
            "Consumer audit with creation timestamp {created} under stream: orders, account 000000000000 is not in \
             ACTIVE status."
        )
    );
    world.millis(1);
    let by_arn = RegisteredConsumer::Arn(consumer.arn);
    let described = world.model.describe_stream_consumer(&by_arn, world.now);
    assert_eq!(described.unwrap().status, ConsumerStatus::Active);
    world.open(Start::Latest);
}

#[test]
fn a_name_is_taken_until_its_consumer_is_gone_and_then_gets_another_arn() {
    let mut world = World::new(Settings { consumer_deletion_time: 10 * SECOND, ..Settings::default() });
    assert_eq!(code(register(&mut world, "billing")), "ResourceInUseException");
    let old = RegisteredConsumer::Arn(world.consumer.clone());
    world.model.deregister_stream_consumer(&old, world.now).unwrap();
    let described = world.model.describe_stream_consumer(&old, world.now);
    assert_eq!(described.unwrap().status, ConsumerStatus::Deleting);
    assert_eq!(code(world.subscribe(Start::Latest)), "ResourceInUseException");
    assert_eq!(code(register(&mut world, "billing")), "ResourceInUseException");
    world.pass(10 * SECOND);
    assert_eq!(code(world.model.describe_stream_consumer(&old, world.now)), "ResourceNotFoundException");
    let new = register(&mut world, "billing").unwrap();
    assert_ne!(new.arn, world.consumer);
    assert_eq!(code(world.subscribe(Start::Latest)), "ResourceNotFoundException");
}

#[test]
fn a_consumer_registered_anew_in_the_same_second_has_another_arn() {
    let mut world = World::new(Settings::default());
    let old = RegisteredConsumer::Arn(world.consumer.clone());
    world.model.deregister_stream_consumer(&old, world.now).unwrap();
    assert_ne!(register(&mut world, "billing").unwrap().arn, world.consumer);
}

#[test]
fn at_most_five_consumers_are_creating_and_twenty_registered() {
    let mut world = World::new(Settings::default());
    for n in 0..5 {
        register(&mut world, &format!("c{n}")).unwrap();
    }
    assert_eq!(code(register(&mut world, "c5")), "LimitExceededException");
    for n in 5..19 {
        world.pass(SECOND);
        register(&mut world, &format!("c{n}")).unwrap();
    }
    world.pass(SECOND);
    assert_eq!(code(register(&mut world, "c19")), "LimitExceededException");
}

#[test]
fn what_is_not_there_is_not_found_and_bad_names_are_refused() {
    let mut world = World::new(Settings::default());
    let nowhere = StreamReference::Name("nowhere".into());
    let answer = world.model.register_stream_consumer(&nowhere, "c", world.now);
    assert_eq!(answer.unwrap_err().message, "Stream nowhere under account 000000000000 not found.");
    let elsewhere = StreamReference::Arn("arn:aws:kinesis:eu-west-1:000000000000:stream/orders".into());
    assert_eq!(code(world.model.describe_stream_summary(&elsewhere, world.now)), "ResourceNotFoundException");
    assert_eq!(code(register(&mut world, "no spaces")), "ValidationException");
    assert_eq!(code(world.model.create_stream("", 1, world.now)), "ValidationException");
    assert_eq!(code(world.model.create_stream("s", 0, world.now)), "ValidationException");
    assert_eq!(code(world.model.create_stream("orders", 1, world.now)), "ResourceInUseException");
}

#[test]
fn a_stream_is_creating_and_deleting_for_as_long_as_set() {
    let now = Timestamp::from_millis(1_000);
    let mut model = Model::new(Settings {
        stream_creation_time: 2 * SECOND,
        stream_deletion_time: 3 * SECOND,
        ..Settings::default()
    });
    model.create_stream("orders", 1, now).unwrap();
    let status = |model: &mut Model, now| {
        model.describe_stream_summary(&stream(), now).map(|described| described.status)
    };
    assert_eq!(status(&mut model, now), Ok(StreamStatus::Creating));
    let early = model.register_stream_consumer(&stream(), "c", now);
    assert_eq!(code(early), "ResourceInUseException");
    let now = now.saturating_add(2 * SECOND);
    assert_eq!(status(&mut model, now), Ok(StreamStatus::Active));
    model.register_stream_consumer(&stream(), "c", now).unwrap();
    assert_eq!(code(model.delete_stream(&stream(), false, now)), "ResourceInUseException");
    model.delete_stream(&stream(), true, now).unwrap();
    assert_eq!(status(&mut model, now), Ok(StreamStatus::Deleting));
    let now = now.saturating_add(3 * SECOND);
    assert_eq!(code(status(&mut model, now)), "ResourceNotFoundException");
}

#[test]
fn calls_are_held_to_their_documented_rates() {
    let mut world = World::new(Settings::default());
    let operation = Operation::RegisterStreamConsumer;
    (0..5).for_each(|_| world.model.admit(operation, "", world.now).unwrap());
    assert_eq!(code(world.model.admit(operation, "", world.now)), "LimitExceededException");
    world.pass(SECOND);
    world.model.admit(operation, "", world.now).unwrap();
    assert_eq!(world.model.statistics().calls_of(operation), 7);
}
