use std::time::Duration;

use super::scenario::{Scenario, default_config};
use super::values::{event, page};
use crate::engine::reader::DeliveryMode::{FanOut, Polling};
use crate::engine::reader::{Fallback, ReaderConfig};
use crate::engine::{ShardStatus, subscription};
use crate::model::FailureClass::{AccessDenied, KmsUnavailable, ResourceNotFound, Unavailable, Unsupported};

#[test]
fn polling_that_never_worked_gives_way_to_fan_out_at_the_first_denial() {
    for class in [AccessDenied, Unsupported] {
        let mut s = Scenario::reading();
        s.failed(AccessDenied);
        s.room(Polling);
        let expected = [
            format!("poll failed {class:?}"),
            format!("Polling to FanOut: denied {class:?}"),
            "end Polling".into(),
            "begin FanOut".into(),
        ];
        assert_eq!(s.no_iterator(class), expected);
        s.room(FanOut);
        assert_eq!(s.until_subscribe(), ["subscribe #1 AFTER 2"]);
    }
}

#[test]
fn polling_that_has_worked_gives_way_to_fan_out_after_a_minute_of_denials() {
    for class in [AccessDenied, Unsupported, KmsUnavailable] {
        let mut s = Scenario::polling();
        let began = s.now;
        assert_eq!(s.no_page(class), [format!("poll failed {class:?}")], "one answer says little");
        while s.polling.begun {
            if s.polling.alive.is_none() {
                s.time_out();
            }
            s.no_page(class);
        }
        assert!((60..95).contains(&(s.now - began).as_secs()) && s.fan_out.begun);
        assert_eq!(s.room(FanOut), ["subscribe #1 AFTER 3"]);
    }
}

#[test]
fn polling_that_never_worked_and_is_denied_while_probing_ends_the_probe_and_begins_fan_out() {
    let mut s = Scenario::reading();
    s.failed(AccessDenied);
    s.time_out();
    s.room(FanOut);
    s.room(Polling);
    let expected = [
        "poll failed AccessDenied",
        "end FanOut",
        "Polling to FanOut: denied AccessDenied",
        "end Polling",
        "begin FanOut",
    ];
    assert_eq!(s.no_iterator(AccessDenied), expected);
    s.room(FanOut);
    assert_eq!(s.until_subscribe(), ["subscribe #2 AFTER 2"]);
    s.subscribed();
    s.event(event([3]));
    s.room(FanOut);
    assert_eq!(s.stored, [1, 2, 3]);
}

#[test]
fn after_that_there_is_no_fallback_until_a_probe_would_have_been_due() {
    let mut s = Scenario::polling_denied();
    let began = s.now;
    while !s.polling.begun {
        s.refused(Unavailable);
        s.until_subscribe_or(|s| s.polling.begun);
        assert!((s.now - began).as_secs() < 400);
    }
    assert!((265..332).contains(&(s.now - began).as_secs()), "{:?}", s.now - began);
    s.room(Polling);
    assert_eq!(s.no_iterator(AccessDenied)[1], "Polling to FanOut: denied AccessDenied", "and so on");
}

#[test]
fn a_consumer_that_is_gone_meanwhile_makes_polling_serve_at_the_first_end_after_that_time() {
    let mut s = Scenario::polling_denied();
    let began = s.now;
    assert_eq!(s.unavailable(), [""; 0]);
    while !s.polling.begun {
        s.refused(Unavailable);
        s.until_subscribe_or(|s| s.polling.begun);
    }
    assert!((265..365).contains(&(s.now - began).as_secs()), "{:?}", s.now - began);
}

#[test]
fn a_consumer_that_is_gone_meanwhile_answers_what_the_subscription_has_asked() {
    let mut s = Scenario::polling_denied();
    assert_eq!(s.refused(ResourceNotFound), ["ended ResourceNotFound", "check NotFound by FanOut"]);
    assert_eq!(s.unavailable(), ["ended ResourceNotFound"]);
    assert_eq!(s.until_subscribe(), ["subscribe #2 AFTER 2"]);
    assert_eq!(s.checked(ShardStatus::Open), [""; 0]);
}

/// As many minutes as it takes each of the two to be denied for good, whatever the time between probes.
#[test]
fn where_both_are_denied_there_is_a_typed_error() {
    for probe_every in [1, 30, 300, u64::MAX] {
        let fallback =
            Fallback { after: Duration::from_secs(60), probe_every: Duration::from_secs(probe_every) };
        let config = ReaderConfig { fallback: Some(fallback), ..default_config() };
        let mut s = Scenario::fan_out_from(crate::engine::ShardStart::TrimHorizon, config);
        let (mut lines, mut changes) = (Vec::new(), 0);
        while !s.over {
            lines = if s.fan_out.alive.is_some() {
                s.refused(AccessDenied)
            } else if s.polling.alive.is_some() {
                s.no_iterator(AccessDenied)
            } else if s.fan_out.begun && !s.fan_out.has_room() {
                s.room(FanOut)
            } else if s.polling.begun && !s.polling.has_room() {
                s.room(Polling)
            } else {
                s.time_out().1
            };
            changes += lines.iter().filter(|line| line.contains(" to ")).count();
            assert!(s.elapsed().as_secs() < 130, "every {probe_every} s: endless");
        }
        assert_eq!(lines.last().map(String::as_str), Some("over: denied"));
        assert_eq!(changes, 3, "polling, fan-out for a minute, and polling once more");
        assert!(s.elapsed().as_secs() >= 60, "{:?}", s.elapsed());
    }
}

#[test]
fn one_answer_to_a_poll_does_not_end_a_shard_whose_fan_out_is_denied_for_good() {
    let mut s = Scenario::polling_denied();
    while !s.polling.begun {
        s.refused(AccessDenied);
        s.until_subscribe_or(|s| s.polling.begun);
    }
    assert!(s.elapsed().as_secs() < 100, "{:?}", s.elapsed());
    s.poll_on_from([3]);
    assert_eq!(s.no_page(AccessDenied), ["poll failed AccessDenied"]);
    s.time_out();
    assert_eq!(s.page(page([4])), ["Polling delivers [4]"]);
    s.room(Polling);
    assert_eq!(s.stored, [1, 2, 3, 4]);
}

#[test]
fn a_fan_out_that_works_after_that_falls_back_as_ever() {
    let mut s = Scenario::polling_denied();
    s.subscribed();
    s.event(event([4]));
    s.room(FanOut);
    s.sleep_secs(330);
    let call = s.fan_out.call();
    s.fan_out_input(subscription::Input::NoRoom { call });
    s.room(FanOut);
    assert_eq!(s.failed(AccessDenied)[1], "FanOut to Polling: denied AccessDenied");
    s.poll_on_from([5]);
    assert_eq!(s.page(page([6])), ["Polling delivers [6]"]);
}
