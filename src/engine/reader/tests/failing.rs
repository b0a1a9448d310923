use std::time::Duration;

use super::scenario::{Scenario, default_config};
use super::values::event;
use crate::engine::reader::DeliveryMode::FanOut;
use crate::engine::reader::{ChangeCause, Event, Fallback, Input, ReaderConfig, TimeoutReason};
use crate::engine::{Output, subscription};
use crate::model::FailureClass::*;

/// What becomes of each call; the clock may go on within it.
type Attempt = fn(&mut Scenario);

/// Each call ends so until polling serves. Gives the time from `began` to then.
fn fails_until_polled(s: &mut Scenario, attempt: Attempt) -> Duration {
    let began = s.now;
    for _ in 0..200 {
        attempt(s);
        if !s.polling.begun {
            s.until_subscribe_or(|s| s.polling.begun);
        }
        if s.polling.begun {
            return s.now - began;
        }
    }
    panic!("fan-out is never given up");
}

fn refused(s: &mut Scenario) {
    s.refused(Unavailable);
}

#[test]
fn failing_for_a_minute_in_whatever_way_makes_polling_serve() {
    let ways: [(&str, Attempt); 10] = [
        ("refused", refused),
        ("throttled", |s| drop(s.refused(Throttled))),
        ("not found", |s| {
            s.refused(ResourceNotFound);
            s.checked(crate::engine::ShardStatus::Open);
        }),
        ("without credentials", |s| drop(s.refused(Credentials))),
        ("broken answers", |s| drop(s.refused(Malformed))),
        ("barren ends", |s| {
            s.subscribed();
            s.ended();
        }),
        ("resets", |s| {
            s.subscribed();
            s.failed(Unavailable);
        }),
        ("silence", |s| drop(s.subscribed())),
        ("hanging calls", |s| {
            s.wait_secs(15);
            if !s.polling.begun {
                s.refused(TimedOut);
            }
        }),
        ("hanging calls that were accepted unseen", |s| {
            if s.fan_out.calls.is_multiple_of(2) {
                s.refused(ResourceInUse);
                return;
            }
            s.wait_secs(15);
            if !s.polling.begun {
                s.refused(TimedOut);
            }
        }),
    ];
    for (name, attempt) in ways {
        let mut s = Scenario::reading();
        s.failed(Unavailable);
        s.until_subscribe();
        let took = fails_until_polled(&mut s, attempt);
        assert!((55..115).contains(&took.as_secs()), "{name}: {took:?}");
        assert_eq!(s.room(crate::engine::reader::DeliveryMode::Polling), ["iterator #0 AFTER 2"], "{name}");
    }
}

#[test]
fn fan_out_that_never_worked_is_given_up_as_well() {
    let took = fails_until_polled(&mut Scenario::fan_out(), refused);
    assert!((60..62).contains(&took.as_secs()), "{took:?}");
}

#[test]
fn the_time_of_a_silence_counts_and_the_change_tells_how_long_fan_out_failed() {
    let mut s = Scenario::reading();
    let began = s.now;
    while !s.polling.begun {
        let (at, _) = s.due().expect("something is due");
        s.now = s.now.max(at);
        let outputs = s.drive(Input::Timeout);
        if let [Output::Event(Event::DeliveryChanged { cause, .. }), ..] = &outputs[..] {
            let ChangeCause::FanOutFailing(failed_for) = cause else { panic!("{cause:?}") };
            assert_eq!(failed_for.as_secs(), (s.now - began).as_secs());
        }
        if s.fan_out.alive.is_some() && s.fan_out.calls > 1 {
            s.subscribed();
        }
    }
    assert!((60..62).contains(&(s.now - began).as_secs()), "{:?}", s.now - began);
}

#[test]
fn an_event_starts_the_time_anew() {
    let mut s = Scenario::reading();
    for number in 6..30 {
        s.failed(Unavailable);
        s.until_subscribe();
        s.wait_secs(40);
        s.subscribed();
        s.event(event([number]));
        s.room(FanOut);
    }
    assert!(!s.polling.begun && s.elapsed() > Duration::from_secs(600));
}

#[test]
fn an_event_that_has_no_room_yet_starts_the_time_anew() {
    let mut s = Scenario::reading();
    s.failed(Unavailable);
    s.until_subscribe();
    s.wait_secs(58);
    s.subscribed();
    s.no_room_for_event();
    assert_ne!(s.due_reason(), Some(TimeoutReason::FallBack));
    s.wait_secs(50);
    assert!(!s.polling.begun);
}

#[test]
fn the_time_is_the_one_that_was_set() {
    let fallback = Fallback { after: Duration::from_secs(7), probe_every: Duration::from_secs(300) };
    let config = ReaderConfig { fallback: Some(fallback), ..default_config() };
    let mut s = Scenario::fan_out_from(crate::engine::ShardStart::TrimHorizon, config);
    assert!((7..9).contains(&fails_until_polled(&mut s, refused).as_secs()));
}

#[test]
fn times_beyond_the_clock_are_never() {
    let fallback = Fallback { after: Duration::MAX, probe_every: Duration::MAX };
    let config = ReaderConfig { fallback: Some(fallback), ..default_config() };
    let mut s = Scenario::reading_with(config);
    s.failed(Unavailable);
    assert!(!s.wait_secs(1000).concat().contains("to Polling"));
    s.refused(AccessDenied);
    s.poll_on_from([3]);
    assert_eq!(s.due(), None, "no probe");
}

/// It slept with its deadline set: what came meanwhile is in its socket, and read at the last look.
#[test]
fn a_process_that_slept_looks_once_more_before_it_polls() {
    let mut s = Scenario::reading();
    s.failed(Unavailable);
    s.until_subscribe();
    s.subscribed();
    s.sleep_secs(600);
    let lines = s.handle(Input::Timeout);
    assert!(!lines.concat().contains("to Polling"), "{lines:?}");
    s.event(event([6]));
    s.room(FanOut);
    assert!(!s.wait_secs(30).concat().contains("to Polling"));
    assert_eq!(s.stored, [1, 2, 6]);
}

#[test]
fn a_subscription_that_died_while_the_process_slept_is_taken_anew_first() {
    let mut s = Scenario::reading();
    s.sleep_secs(3600);
    let lines = s.until_subscribe();
    assert_eq!(lines[..2], ["close #0", "ended Silent"]);
    s.subscribed();
    s.event(event([6]));
    assert!(!s.polling.begun, "an hour of sleep is no hour of silence");
}

#[test]
fn bytes_that_make_no_event_are_no_event() {
    let mut s = Scenario::fan_out();
    s.subscribed();
    let call = s.fan_out.call();
    for _ in 0..40 {
        s.wait_secs(10);
        let at = s.now;
        s.fan_out_input(subscription::Input::Received { call, at });
        if s.polling.begun || s.fan_out.calls > 1 {
            break;
        }
    }
    assert!((300..320).contains(&s.elapsed().as_secs()), "the subscription: {:?}", s.elapsed());
}
