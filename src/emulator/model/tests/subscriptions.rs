use super::*;

// Rule a.

#[test]
fn a_subscription_that_is_not_read_misses_nothing_and_holds_nothing() {
    let mut world = World::new(Settings { event_max_records: 2, ..free() });
    let id = world.open(Start::TrimHorizon);
    for n in 0..5 {
        world.put(&n.to_string());
    }
    world.pass(60 * SECOND);
    assert_eq!(world.payloads(id), ["0", "1"]);
    world.put("5");
    world.pass(60 * SECOND);
    assert_eq!(world.payloads(id), ["2", "3"]);
    assert_eq!(world.payloads(id), ["4", "5"]);
    assert_eq!(world.model.statistics().events, 3);
}

// Rule b.

#[test]
fn a_continuation_lies_at_or_between_records_as_set_and_at_and_after_work_with_it() {
    for mode in [Continuation::EqualToLastRecord, Continuation::NeverARecord] {
        let mut world = World::new(Settings { continuation: mode, event_max_records: 2, ..free() });
        let numbers: Vec<_> = ["a", "b", "c", "d"].map(|data| world.put(data)).into();
        let id = world.open(Start::TrimHorizon);
        let continuation = world.event(id).continuation.unwrap();
        assert!(numbers[1] <= continuation && continuation < numbers[2]);
        assert_eq!(continuation == numbers[1], mode == Continuation::EqualToLastRecord);

        let after = world.open(Start::AfterSequenceNumber(continuation.clone()));
        assert_eq!(world.payloads(after), ["c", "d"]);
        let at = world.open(Start::AtSequenceNumber(continuation));
        let expected: &[&str] = match mode {
            Continuation::EqualToLastRecord => &["b", "c"],
            Continuation::NeverARecord => &["c", "d"],
        };
        assert_eq!(world.payloads(at), expected);
    }
}

#[test]
fn a_continuation_at_the_tip_is_below_the_next_record() {
    for continuation in [Continuation::EqualToLastRecord, Continuation::NeverARecord] {
        let mut world = World::new(Settings { continuation, ..free() });
        world.put("a");
        let id = world.open(Start::TrimHorizon);
        let continuation = world.event(id).continuation.unwrap();
        assert!(continuation < world.put("b"));
        let id = world.open(Start::AfterSequenceNumber(continuation));
        assert_eq!(world.payloads(id), ["b"]);
    }
}

#[test]
fn the_continuation_moves_on_while_a_shard_is_idle_and_loses_nothing() {
    let mut world = World::new(free());
    let record = world.put("a");
    let id = world.open(Start::Latest);
    world.pass(5 * SECOND);
    let first = world.event(id).continuation.unwrap();
    world.pass(5 * SECOND);
    let second = world.event(id).continuation.unwrap();
    assert!(record < first && first < second);
    let next = world.put("b");
    assert!(second < next);
    assert_eq!(world.payloads(id), ["b"]);
    for start in [
        Start::AtSequenceNumber(second.clone()),
        Start::AfterSequenceNumber(second),
        Start::AfterSequenceNumber(first),
    ] {
        let id = world.open(start);
        assert_eq!(world.payloads(id), ["b"]);
    }
}

// Rule c.

#[test]
fn catching_up_packs_events_by_records_and_bytes_and_a_large_record_comes_alone() {
    let mut world = World::new(Settings { event_max_records: 3, event_max_bytes: 10, ..free() });
    for data in ["1", "2", "3", "4", "twenty bytes of data", "5", "12345678", "6"] {
        world.put(data);
    }
    let id = world.open(Start::TrimHorizon);
    assert_eq!(world.payloads(id), ["1", "2", "3"]);
    assert_eq!(world.payloads(id), ["4"]);
    assert_eq!(world.payloads(id), ["twenty bytes of data"]);
    assert_eq!(world.payloads(id), ["5"]);
    assert_eq!(world.payloads(id), ["12345678"]);
    assert_eq!(world.payloads(id), ["6"]);
}

#[test]
fn millis_behind_latest_is_0_only_when_caught_up() {
    let mut world = World::new(Settings { event_max_records: 1, ..free() });
    world.put("a");
    world.millis(250);
    world.put("b");
    world.millis(50);
    let id = world.open(Start::TrimHorizon);
    assert_eq!(world.event(id).millis_behind_latest, 300);
    assert_eq!(world.event(id).millis_behind_latest, 0);
}

#[test]
fn a_shard_gives_a_consumer_two_megabytes_a_second() {
    let mut world = World::new(Settings::default());
    let half_a_megabyte = "x".repeat(500_000);
    for _ in 0..20 {
        world.put(&half_a_megabyte);
    }
    let id = world.open(Start::TrimHorizon);
    let (start, mut bytes) = (world.now, 0);
    while bytes < 10_000_000 {
        match world.next(id) {
            Next::Event(event) => bytes += event.records.iter().map(|r| r.data.len()).sum::<usize>(),
            Next::WaitUntil(time) => world.now = time,
            other => panic!("{other:?}"),
        }
    }
    let took = world.now.as_millis() - start.as_millis();
    assert!((3_500..=5_000).contains(&took), "{took} ms");
}

#[test]
fn pacing_can_be_off() {
    let mut world = World::new(Settings { pace: None, ..free() });
    let megabyte = "x".repeat(1_000_000);
    (0..10).for_each(|_| drop(world.put(&megabyte)));
    let id = world.open(Start::TrimHorizon);
    (0..10).for_each(|_| assert_eq!(world.event(id).records.len(), 1));
}

#[test]
fn new_records_wake_a_waiting_subscription_at_once() {
    let mut world = World::new(free());
    let id = world.open(Start::Latest);
    assert!(matches!(world.next(id), Next::WaitUntil(_)));
    world.model.take_woken();
    world.millis(1);
    world.put("a");
    assert_eq!(world.model.take_woken(), [id]);
    assert_eq!(world.payloads(id), ["a"]);
}

#[test]
fn a_call_wakes_each_subscription_once_however_many_records_it_puts() {
    let mut world = World::with_shards(2, free());
    let waiting = [0, 1].map(|shard| opened(world.subscribe_to(shard, Start::Latest)));
    world.model.take_woken();
    let records = (0..6).map(|n| NewRecord {
        partition_key: Some("k".into()),
        explicit_hash_key: Some(if n % 2 == 0 { "0".into() } else { u128::MAX.to_string() }),
        data: "a".into(),
    });
    world.model.put_records(&stream(), records.collect(), world.now).unwrap();
    assert_eq!(world.model.take_woken(), waiting);
}

#[test]
fn the_first_event_of_an_idle_subscription_comes_when_it_is_set_to() {
    for (at_once, first) in [(true, 0), (false, 5_000)] {
        let mut world = World::new(Settings { first_idle_event_at_once: at_once, ..Settings::default() });
        let id = world.open(Start::TrimHorizon);
        if !at_once {
            let due = world.now.saturating_add(Duration::from_millis(first));
            assert_eq!(world.next(id), Next::WaitUntil(due));
        }
        world.millis(first);
        assert!(world.event(id).records.is_empty());
        let due = world.now.saturating_add(Duration::from_secs(5));
        assert_eq!(world.next(id), Next::WaitUntil(due), "the second comes a whole interval later");
    }
}

#[test]
fn an_idle_subscription_gets_an_empty_event_every_5_seconds() {
    let mut world = World::new(free());
    let id = world.open(Start::Latest);
    for _ in 0..3 {
        let due = world.now.saturating_add(5 * SECOND);
        assert_eq!(world.next(id), Next::WaitUntil(due));
        world.now = due;
        let event = world.event(id);
        assert!(event.records.is_empty() && event.child_shards.is_empty());
        assert_eq!(event.millis_behind_latest, 0);
    }
    world.pass(3 * SECOND);
    world.put("a");
    world.event(id);
    assert_eq!(world.next(id), Next::WaitUntil(world.now.saturating_add(5 * SECOND)));
}

// Rule d.

#[test]
fn a_second_subscription_within_5_s_is_refused_and_at_5_s_takes_over() {
    let mut world = World::new(Settings::default());
    let first = world.open(Start::Latest);
    world.millis(4_999);
    let error = world.subscribe(Start::Latest).unwrap_err();
    assert_eq!((&*error.code, error.status), ("ResourceInUseException", 400));
    assert_eq!(
        error.message,
        "Another active subscription exists for this consumer: 000000000000:orders:shardId-000000000000:billing"
    );
    assert!(matches!(world.next(first), Next::WaitUntil(_)));

    // The refused call does not count: 5 s from the successful one it is let in, but for the limit of one call a second.
    world.millis(1_000);
    let second = world.open(Start::Latest);
    match world.next(first) {
        Next::Failed(error) => assert_eq!(error.code, "ResourceInUseException"),
        other => panic!("{other:?}"),
    }
    assert_eq!(world.next(first), Next::Ended);
    assert!(matches!(world.next(second), Next::WaitUntil(_)));
    assert_eq!(world.model.statistics().open_subscriptions, 1);
    assert_eq!(world.model.statistics().renewals, 1);
}

#[test]
fn the_one_that_is_taken_over_is_woken() {
    let mut world = World::new(Settings::default());
    let first = world.open(Start::Latest);
    world.pass(5 * SECOND);
    world.open(Start::Latest);
    assert_eq!(world.model.take_woken(), [first]);
}

#[test]
fn a_refusal_comes_in_the_form_that_is_set() {
    for form in [RefusalForm::Http400, RefusalForm::Http500, RefusalForm::InStream] {
        let mut world = World::new(Settings { refusal: form, ..Settings::default() });
        world.open(Start::Latest);
        world.pass(2 * SECOND);
        match (form, world.subscribe(Start::Latest)) {
            (RefusalForm::Http400, Err(error)) => assert_eq!(error.status, 400),
            (RefusalForm::Http500, Err(error)) => assert_eq!(error.status, 500),
            (RefusalForm::InStream, Ok(Admission::RefusedInStream(error))) => {
                assert_eq!(error.code, "ResourceInUseException");
            }
            (form, other) => panic!("{form:?}: {other:?}"),
        }
    }
}

#[test]
fn a_hang_up_frees_the_place_as_set() {
    for (setting, after) in [
        (SlotAfterHangUp::AtOnce, 0),
        (SlotAfterHangUp::AfterThreeSeconds, 3_000),
        (SlotAfterHangUp::Not, 4_000),
    ] {
        let mut world =
            World::new(Settings { slot_after_hang_up: setting, limit_calls: false, ..Settings::default() });
        let id = world.open(Start::Latest);
        world.millis(1_000);
        world.model.hang_up(id, world.now);
        assert_eq!(world.next(id), Next::Ended);
        if after > 0 {
            world.millis(after - 1);
            assert_eq!(code(world.subscribe(Start::Latest)), "ResourceInUseException", "{setting:?}");
            world.millis(1);
        }
        world.open(Start::Latest);
    }
}

#[test]
fn shards_and_consumers_do_not_get_into_each_others_way() {
    let mut world = World::with_shards(2, Settings::default());
    world.open(Start::Latest);
    opened(world.subscribe_to(1, Start::Latest));
    let other = world.model.register_stream_consumer(&stream(), "audit", world.now);
    world.consumer = other.unwrap().arn;
    world.pass(SECOND);
    world.open(Start::Latest);
    assert_eq!(world.model.statistics().open_subscriptions, 3);
}

#[test]
fn subscribe_to_shard_is_limited_to_one_call_a_second() {
    let mut world = World::new(Settings::default());
    world.open(Start::Latest);
    world.millis(999);
    assert_eq!(code(world.subscribe(Start::Latest)), "LimitExceededException");
    world.millis(1);
    assert_eq!(code(world.subscribe(Start::Latest)), "ResourceInUseException");
}

// Rule i.

#[test]
fn a_subscription_ends_after_300_s_also_in_the_middle_of_a_catch_up() {
    let mut world = World::new(Settings { event_max_records: 1, ..Settings::default() });
    (0..10).for_each(|n| drop(world.put(&n.to_string())));
    let id = world.open(Start::TrimHorizon);
    let end = world.now.saturating_add(300 * SECOND);
    let continuation = world.event(id).continuation.unwrap();
    world.now = end;
    assert_eq!(world.next(id), Next::Ended);
    let id = world.open(Start::AfterSequenceNumber(continuation));
    assert_eq!(world.payloads(id), ["1"]);
}

#[test]
fn no_wait_goes_beyond_the_end() {
    let mut world = World::new(Settings { subscription_time: 7 * SECOND, ..Settings::default() });
    let id = world.open(Start::Latest);
    let end = world.now.saturating_add(7 * SECOND);
    world.pass(5 * SECOND);
    world.event(id);
    assert_eq!(world.next(id), Next::WaitUntil(end));
}

// What ends a subscription.

#[test]
fn deleting_the_consumer_or_the_stream_ends_its_subscriptions_with_resource_not_found() {
    for delete_stream in [false, true] {
        let mut world = World::new(Settings::default());
        let id = world.open(Start::Latest);
        if delete_stream {
            world.model.delete_stream(&stream(), true, world.now).unwrap();
        } else {
            let consumer = RegisteredConsumer::Arn(world.consumer.clone());
            world.model.deregister_stream_consumer(&consumer, world.now).unwrap();
        }
        assert_eq!(world.model.take_woken(), [id]);
        match world.next(id) {
            Next::Failed(error) => assert_eq!(error.code, "ResourceNotFoundException"),
            other => panic!("{other:?}"),
        }
        world.pass(5 * SECOND);
        assert_eq!(code(world.subscribe(Start::Latest)), "ResourceNotFoundException");
        assert_eq!(world.model.statistics().open_subscriptions, 0);
    }
}

#[test]
fn a_shard_that_does_not_exist_is_not_found() {
    let mut world = World::new(Settings::default());
    for id in ["shardId-000000000001", "shardId-0", "nonsense"] {
        let consumer = world.consumer.clone();
        let answer = world.model.subscribe_to_shard(&consumer, &ShardId::from(id), &Start::Latest, world.now);
        assert_eq!(code(answer), "ResourceNotFoundException");
    }
}

#[test]
fn every_call_is_in_the_log() {
    let mut world = World::new(Settings { call_log_size: 2, ..Settings::default() });
    world.open(Start::TrimHorizon);
    world.subscribe(Start::Latest).unwrap_err();
    world.pass(5 * SECOND);
    world.open(Start::Latest);
    let statistics = world.model.statistics();
    assert_eq!(statistics.calls_of(Operation::SubscribeToShard), 3);
    let calls = statistics.subscribe_calls_of("shardId-000000000000");
    let refused: Vec<_> = calls.iter().map(|call| call.refused.as_deref()).collect();
    assert_eq!(refused, [Some("LimitExceededException"), None]);
    assert_eq!((calls[1].at, &calls[1].start), (world.now, &Start::Latest));
}
