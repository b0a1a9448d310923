use std::time::Duration;

use super::scenario::{Scenario, any_instant, default_config};
use super::values::{event, page};
use crate::engine::reader::DeliveryMode::{FanOut, Polling};
use crate::engine::reader::{Fallback, Reader, ReaderConfig, TimeoutReason};
use crate::engine::{ShardStart, ShardStatus};
use crate::model::FailureClass::{AccessDenied, InvalidArgument, ResourceInUse};

#[test]
fn fan_out_is_tried_again_every_five_minutes_give_or_take_a_tenth() {
    let mut waits = Vec::new();
    for seed in 0..100 {
        let now = any_instant();
        let reader =
            Reader::fan_out(default_config(), Some("arn".into()), ShardStart::TrimHorizon, seed, now);
        let mut s = Scenario::of(reader, now);
        assert_eq!(s.first_outputs(), ["begin FanOut"]);
        s.room(FanOut);
        s.refused(AccessDenied);
        assert_eq!(s.due_reason(), Some(TimeoutReason::Probe));
        let (waited, lines) = s.time_out();
        assert_eq!(lines, ["begin FanOut"]);
        waits.push(waited.as_secs());
    }
    assert!(waits.iter().all(|wait| (270..330).contains(wait)), "{waits:?}");
    assert!(waits.iter().any(|wait| *wait < 280) && waits.iter().any(|wait| *wait > 320), "{waits:?}");
}

#[test]
fn the_interval_is_the_one_that_was_set() {
    let fallback = Fallback { after: Duration::from_secs(60), probe_every: Duration::from_secs(20) };
    let mut s = Scenario::polling_with(ReaderConfig { fallback: Some(fallback), ..default_config() });
    let (waited, lines) = s.time_out();
    assert_eq!(lines, ["begin FanOut"]);
    assert!((16..22).contains(&waited.as_secs()), "{waited:?}");
}

#[test]
fn decision_01_a_probe_goes_on_after_the_last_record_stored() {
    let mut s = Scenario::polling();
    s.page(page([4, 5]));
    assert_eq!(s.time_out().1, ["begin FanOut"]);
    assert_eq!(s.room(FanOut), ["subscribe #1 AFTER 3"], "4 and 5 wait");
    let mut s = Scenario::polling();
    s.page(page([4, 5]));
    s.room(Polling);
    assert_eq!(s.wait_secs(10), ["records #3 next5"]);
    s.time_out();
    assert_eq!(s.room(FanOut), ["subscribe #1 AFTER 5"]);
}

#[test]
fn polling_goes_on_while_fan_out_is_tried() {
    let mut s = Scenario::probing();
    let call = s.polling.call();
    for number in 4..10 {
        assert_eq!(s.page(page([number])), [format!("Polling delivers [{number}]")]);
        s.room(Polling);
        let lines = s.wait_secs(1);
        assert_eq!(lines, [format!("records #{} next{number}", call.0 + number as u64 - 3)]);
    }
    assert_eq!(s.stored, (1..10).collect::<Vec<u128>>());
}

#[test]
fn a_probe_tries_again_while_another_subscription_is_held() {
    let mut s = Scenario::polling();
    s.time_out();
    s.room(FanOut);
    for _ in 0..10 {
        assert_eq!(s.refused(ResourceInUse), ["ended InUse"]);
        assert!(s.until_subscribe().concat().ends_with("AFTER 3"));
    }
    s.subscribed();
    assert!(s.event(event([4])).contains(&"Polling to FanOut: FanOutWorks".into()));
}

#[test]
fn decision_01_a_probe_whose_position_is_refused_goes_on_at_the_time_of_the_last_record() {
    let mut s = Scenario::polling();
    s.time_out();
    s.room(FanOut);
    assert_eq!(s.refused(InvalidArgument), ["ended InvalidArgument", "check PositionRefused by FanOut"]);
    assert_eq!(s.checked(ShardStatus::Open), ["ended InvalidArgument"]);
    assert_eq!(s.until_subscribe(), ["subscribe #2 AT_TIMESTAMP 3"]);
    s.subscribed();
    assert_eq!(s.event(event([3, 4]))[3], "FanOut delivers [3 4] past 3");
    s.room(FanOut);
    assert_eq!(s.stored, [1, 2, 3, 4]);
}

#[test]
fn a_probe_waits_for_room_without_losing_its_time() {
    let mut s = Scenario::polling();
    s.time_out();
    assert!(s.wait_secs(1000).is_empty(), "a user who is slow counts against nobody");
    assert_eq!(s.room(FanOut), ["subscribe #1 AFTER 3"]);
    s.wait_secs(100);
    s.subscribed();
    assert!(s.event(event([4])).contains(&"Polling to FanOut: FanOutWorks".into()));
}

#[test]
fn a_probe_whose_event_finds_no_room_is_not_ended() {
    let mut s = Scenario::probing();
    assert_eq!(s.no_room_for_event(), [""; 0]);
    assert_eq!(s.wait_secs(1000), ["close #1", "ended Blocked"], "as any subscription is");
    assert_eq!(s.room(FanOut), ["subscribe #2 AFTER 3"]);
    s.subscribed();
    assert!(s.event(event([4])).contains(&"Polling to FanOut: FanOutWorks".into()));
}

#[test]
fn a_slow_user_does_not_end_a_probe_that_has_its_event() {
    let mut s = Scenario::probing();
    s.event(event([4]));
    assert!(!s.wait_secs(55).concat().contains("probe failed"));
    assert_eq!(s.room(FanOut), ["read #1"]);
    assert_eq!(s.stored, [1, 2, 3, 4]);
}

#[test]
fn a_shard_whose_parents_were_polled_is_polled_at_once_while_fan_out_is_tried() {
    let now = any_instant();
    let arn = Some("arn".into());
    let machine = Reader::fan_out_after_polling(default_config(), arn, ShardStart::TrimHorizon, 7, now);
    let mut s = Scenario::of(machine, now);
    let begun = ["FanOut to Polling: ParentPolled", "begin Polling", "begin FanOut"];
    assert_eq!(s.first_outputs(), begun);
    assert_eq!(s.room(Polling), ["iterator #0 TRIM_HORIZON"]);
    assert_eq!(s.room(FanOut), ["subscribe #0 TRIM_HORIZON"]);
    s.iterator();
    s.page(page([1, 2]));
    s.room(Polling);
    s.subscribed();
    assert_eq!(s.event(event([1]))[2..], ["Polling to FanOut: FanOutWorks", "FanOut delivers [1] past 2"]);
    s.room(FanOut);
    s.event(event([2, 3]));
    s.room(FanOut);
    assert_eq!(s.stored, [1, 2, 3]);
}

#[test]
fn a_shard_whose_parents_were_polled_is_polled_on_where_that_fails() {
    let now = any_instant();
    let arn = Some("arn".into());
    let machine = Reader::fan_out_after_polling(default_config(), arn, ShardStart::TrimHorizon, 7, now);
    let mut s = Scenario::of(machine, now);
    s.first_outputs();
    s.room(FanOut);
    assert_eq!(s.refused(AccessDenied), ["end FanOut", "probe failed AccessDenied, another later"]);
    assert_eq!(s.due_reason(), Some(TimeoutReason::Probe));
    assert_eq!(s.room(Polling), ["iterator #0 TRIM_HORIZON"]);
}

#[test]
fn a_shard_whose_parents_were_polled_begins_as_any_other_where_there_is_no_choice() {
    let now = any_instant();
    let off = ReaderConfig { fallback: None, ..default_config() };
    let machine = Reader::fan_out_after_polling(off, Some("arn".into()), ShardStart::TrimHorizon, 7, now);
    assert_eq!(Scenario::of(machine, now).first_outputs(), ["begin FanOut"]);
    let machine = Reader::fan_out_after_polling(default_config(), None, ShardStart::TrimHorizon, 7, now);
    let begun = ["FanOut to Polling: ConsumerUnavailable", "begin Polling"];
    assert_eq!(Scenario::of(machine, now).first_outputs(), begun);
}
