use std::time::Duration;

use super::scenario::Scenario;
use super::values::{closed, event, gone, page};
use crate::engine::reader::DeliveryMode::FanOut;
use crate::engine::reader::{Event, Input};
use crate::engine::{Output, ShardStatus, subscription};
use crate::model::FailureClass::*;
use crate::model::{Failure, FailureClass};

/// The probe's call is under way.
fn calling() -> Scenario {
    let mut s = Scenario::polling();
    s.time_out();
    s.room(FanOut);
    s
}

/// The probe has just failed: polling has gone on and goes on, and the next probe comes when it is due.
fn polls_on(mut s: Scenario, name: &str) {
    assert!(!s.fan_out.begun && s.polling.begun, "{name}");
    let (waited, lines) = s.time_out();
    assert_eq!(lines, ["begin FanOut"], "{name}");
    assert!((270..330).contains(&waited.as_secs()), "{name}: {waited:?}");
    assert_eq!(s.page(page([4])), ["Polling delivers [4]"], "{name}: the call was never given up");
    s.room(FanOut);
    s.subscribed();
    assert!(s.event(event([4])).contains(&"Polling to FanOut: FanOutWorks".into()), "{name}");
}

#[test]
fn a_probe_that_is_refused_has_failed() {
    let classes: [FailureClass; 9] = [
        Unavailable,
        TimedOut,
        Throttled,
        AccessDenied,
        Unsupported,
        KmsUnavailable,
        Credentials,
        Malformed,
        Unclassified,
    ];
    for class in classes {
        let mut s = calling();
        assert_eq!(s.refused(class), ["end FanOut".into(), format!("probe failed {class:?}, another later")]);
        polls_on(s, &format!("{class:?}"));
    }
}

#[test]
fn a_probe_that_ends_or_breaks_before_its_first_event_has_failed() {
    let mut s = Scenario::probing();
    assert_eq!(s.ended(), ["end FanOut", "probe failed Barren, another later"]);
    polls_on(s, "barren");
    let mut s = Scenario::probing();
    assert_eq!(s.failed(Unavailable), ["end FanOut", "probe failed Unavailable, another later"]);
    polls_on(s, "reset");
}

#[test]
fn a_probe_that_is_silent_has_failed() {
    let mut s = Scenario::probing();
    let began = s.now;
    let lines = [s.time_out().1, s.time_out().1].concat();
    assert_eq!(lines, ["close #1", "end FanOut", "probe failed Silent, another later"]);
    assert!((35..37).contains(&(s.now - began).as_secs()));
    polls_on(s, "silent");
}

#[test]
fn a_probe_without_an_event_for_two_minutes_has_failed() {
    for hangs in [true, false] {
        let mut s = if hangs { calling() } else { Scenario::probing() };
        let began = s.now;
        let mut lines = Vec::new();
        while s.fan_out.begun {
            s.now += Duration::from_secs(5);
            if !hangs {
                let (call, at) = (s.fan_out.call(), s.now);
                s.fan_out_input(subscription::Input::Received { call, at });
            }
            lines = s.handle(Input::Timeout);
        }
        assert_eq!(lines, ["end FanOut", "probe failed TimedOut, another later"]);
        assert_eq!((s.now - began).as_secs(), 120);
        polls_on(s, "hanging");
    }
}

#[test]
fn a_probe_that_is_refused_for_two_minutes_has_failed() {
    let mut s = calling();
    while s.fan_out.begun {
        s.refused(ResourceInUse);
        s.until_subscribe_or(|s| !s.fan_out.begun);
    }
    polls_on(s, "held");
}

#[test]
fn what_is_told_is_when_the_next_one_comes() {
    let mut s = calling();
    let (call, sent_at, failure) = (s.fan_out.call(), s.now, Failure::new(Unavailable, "refused"));
    let outputs = s.drive(Input::FanOut(subscription::Input::Refused { call, sent_at, failure }));
    let Some(Output::Event(Event::ProbeFailed { next_in: Some(next_in), .. })) = outputs.last() else {
        panic!("{outputs:?}");
    };
    assert_eq!(s.time_out().0, *next_in);
}

#[test]
fn a_probe_whose_position_is_refused_twice_has_failed_and_polling_has_not() {
    let mut s = calling();
    s.refused(InvalidArgument);
    s.checked(ShardStatus::Open);
    s.until_subscribe();
    s.refused(InvalidArgument);
    assert_eq!(s.checked(ShardStatus::Open), ["end FanOut", "probe failed InvalidArgument, another later"]);
    polls_on(s, "position refused");
}

#[test]
fn a_probe_that_finds_the_shard_ended_leaves_the_end_to_polling() {
    for status in [closed(3), gone()] {
        let mut s = calling();
        s.refused(InvalidArgument);
        assert_eq!(s.checked(status), ["end FanOut", "probe failed Barren, another later"]);
        assert!(s.polling.begun && !s.over);
    }
}

#[test]
fn a_late_answer_of_a_probe_that_was_given_up_is_closed() {
    let mut s = calling();
    let call = s.fan_out.call();
    s.wait_secs(120);
    assert!(!s.fan_out.begun);
    let sent_at = s.now;
    let late = subscription::Input::Subscribed { call, sent_at };
    assert_eq!(s.fan_out_input(late), ["close #1"], "none lives on unseen");
    let late = subscription::Input::Event { call, event: event([4]) };
    assert_eq!(s.fan_out_input(late), [""; 0]);
}
