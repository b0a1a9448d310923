use super::scenario::{Scenario, default_config};
use super::values::{EventBuilder, event};
use crate::engine::reader::DeliveryMode::FanOut;
use crate::engine::reader::ReaderConfig;
use crate::model::FailureClass::{ResourceInUse, TimedOut, Unavailable};

#[test]
fn decision_07_another_user_of_the_consumer_never_makes_polling_serve() {
    let mut s = Scenario::reading();
    for number in 10..100 {
        s.wait_secs(20);
        assert_eq!(s.failed(ResourceInUse), ["ended Contended"]);
        s.until_subscribe();
        s.subscribed();
        s.event(event([number]));
        s.room(FanOut);
    }
    assert!(!s.polling.begun);
}

#[test]
fn decision_07_a_refusal_while_another_subscription_is_held_never_makes_polling_serve() {
    let mut s = Scenario::fan_out();
    while s.elapsed().as_secs() < 3600 {
        assert_eq!(s.refused(ResourceInUse), ["ended InUse"]);
        s.until_subscribe();
    }
    assert!(!s.polling.begun);
}

#[test]
fn decision_07_nor_does_it_after_a_failure() {
    let mut s = Scenario::reading();
    s.failed(Unavailable);
    while s.elapsed().as_secs() < 3600 {
        s.until_subscribe();
        assert_eq!(s.refused(ResourceInUse), ["ended InUse"]);
    }
    assert!(!s.polling.begun);
    // An hour of refusals is no hour of failures.
    s.until_subscribe();
    s.refused(TimedOut);
    assert!(!s.wait_secs(40).concat().contains("to Polling"));
    assert!(s.wait_secs(40).concat().contains("to Polling"), "and the failures go on");
}

#[test]
fn a_user_who_is_slow_never_makes_polling_serve() {
    let mut s = Scenario::reading();
    let mut number = 10;
    while s.elapsed().as_secs() < 3600 {
        s.event(event([number]));
        let lines = s.wait_secs(100);
        assert!(lines.concat().contains("ended Blocked"), "{lines:?}");
        s.room(FanOut);
        s.subscribed();
        s.event(event([number]));
        s.room(FanOut);
        number += 1;
    }
    assert!(!s.polling.begun);
}

#[test]
fn a_subscription_that_breaks_while_the_user_is_slow_never_makes_polling_serve() {
    let mut s = Scenario::reading();
    s.event(event([3]));
    s.failed(Unavailable);
    assert_eq!(s.wait_secs(3600), [""; 0]);
    assert_eq!(s.room(FanOut), ["subscribe #1 AFTER 3"]);
    assert_eq!(s.stored, [1, 2, 3]);
}

#[test]
fn an_event_without_room_never_makes_polling_serve() {
    let mut s = Scenario::reading();
    s.failed(Unavailable);
    while s.elapsed().as_secs() < 3600 {
        if s.fan_out.alive.is_none() {
            s.until_subscribe();
        }
        s.subscribed();
        s.no_room_for_event();
        s.wait_secs(100);
        s.room(FanOut);
    }
    assert!(!s.polling.begun);
}

#[test]
fn renewals_never_make_polling_serve() {
    let mut s = Scenario::reading();
    for number in 10..30 {
        s.event(event([number]).continuing(number));
        s.room(FanOut);
        assert_eq!(s.ended(), ["ended Expired"]);
        s.until_subscribe();
        s.subscribed();
    }
    assert!(!s.polling.begun);
}

#[test]
fn without_a_fallback_failures_never_make_polling_serve() {
    let mut s = Scenario::fan_out_from(
        crate::engine::ShardStart::TrimHorizon,
        ReaderConfig { fallback: None, ..default_config() },
    );
    while s.elapsed().as_secs() < 3600 {
        s.refused(Unavailable);
        s.until_subscribe();
    }
    s.unavailable();
    s.refused(Unavailable);
    assert!(!s.polling.begun);
}
