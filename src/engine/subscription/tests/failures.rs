use std::time::Duration;

use super::scenario::{Scenario, default_config};
use super::values::{EventBuilder, event};
use crate::engine::ShardStart;
use crate::engine::subscription::SubscriptionConfig;
use crate::model::FailureClass;

/// How long it takes until `rounds` calls have failed one after the other, with this failure.
fn time_of(rounds: u32, mut fail: impl FnMut(&mut Scenario) -> Vec<String>) -> Duration {
    let mut s = Scenario::new(ShardStart::TrimHorizon);
    s.demand();
    for _ in 0..rounds {
        let lines = fail(&mut s);
        assert!(lines[0].starts_with("ended"), "{lines:?}");
        s.next_call();
    }
    s.elapsed()
}

#[test]
fn failures_escalate_to_30_s_and_are_tried_for_ever() {
    for class in [
        FailureClass::Throttled,
        FailureClass::Credentials,
        FailureClass::Unavailable,
        FailureClass::TimedOut,
        FailureClass::Malformed,
        FailureClass::Unclassified,
    ] {
        let spent = time_of(200, |s| s.refused(class)).as_secs();
        // Full jitter below 30 s: 15 s on average.
        assert!((2400..3600).contains(&spent), "{class:?}: {spent} s");
        let spent = time_of(200, |s| {
            s.subscribed();
            s.failed(class)
        });
        assert!((2400..3600).contains(&spent.as_secs()), "{class:?} in-stream: {spent:?}");
    }
}

#[test]
fn decision_07_accepted_without_an_event_escalates() {
    let spent = time_of(200, |s| {
        s.subscribed();
        s.ended()
    });
    assert!((2400..3600).contains(&spent.as_secs()), "{spent:?}");
}

#[test]
fn an_event_resets_the_back_off() {
    for seed in 0..50 {
        let mut s = Scenario::seeded(ShardStart::TrimHorizon, seed);
        s.demand();
        for _ in 0..10 {
            s.refused(FailureClass::Unavailable);
            s.next_call();
        }
        s.subscribed();
        s.event(event([1]).continuing(1));
        s.demand();
        s.failed(FailureClass::Unavailable);
        let (waited, _) = s.next_call();
        assert!(waited.as_millis() <= 1100, "seed {seed}: {waited:?}");
    }
}

#[test]
fn an_acceptance_alone_does_not_reset_the_back_off() {
    let spent = time_of(40, |s| {
        s.subscribed();
        s.failed(FailureClass::Unavailable)
    });
    assert!(spent > Duration::from_secs(240), "{spent:?}");
}

#[test]
fn denied_for_60_s_is_a_typed_error() {
    for class in [FailureClass::AccessDenied, FailureClass::KmsUnavailable] {
        for in_stream in [false, true] {
            let mut s = Scenario::new(ShardStart::TrimHorizon);
            s.demand();
            let lines = loop {
                if in_stream {
                    s.subscribed();
                }
                let lines = if in_stream { s.failed(class) } else { s.refused(class) };
                if !lines[0].starts_with("ended") {
                    break lines;
                }
                assert!(s.elapsed() < Duration::from_secs(60));
                s.next_call();
            };
            assert_eq!(lines, ["failed: denied"]);
            assert!((60..=90).contains(&s.elapsed().as_secs()), "{:?}", s.elapsed());
            assert_eq!(s.due(), None);
        }
    }
}

#[test]
fn an_event_between_two_denials_grants_another_minute() {
    let mut s = Scenario::new(ShardStart::TrimHorizon);
    s.demand();
    s.refused(FailureClass::AccessDenied);
    s.next_call();
    s.subscribed();
    s.event(event([1]).continuing(1));
    s.demand();
    s.wait_secs(30);
    s.event(event([2]).continuing(2));
    s.demand();
    s.wait_secs(34);
    let lines = s.failed(FailureClass::AccessDenied);
    assert!(lines[0].starts_with("ended AccessDenied"), "{lines:?}");
}

#[test]
fn give_up_after_is_a_typed_error_for_what_is_tried_for_ever_otherwise() {
    let config = SubscriptionConfig { give_up_after: Some(Duration::from_secs(100)), ..default_config() };
    let mut s = Scenario::configured(ShardStart::TrimHorizon, 3, config);
    s.demand();
    s.wait_secs(500);
    while s.refused(FailureClass::Unavailable)[0].starts_with("ended") {
        assert!(s.elapsed() < Duration::from_secs(600), "counted from the first failure");
        if s.due().is_some() {
            s.next_call();
        }
    }
    assert!((600..=630).contains(&s.elapsed().as_secs()), "{:?}", s.elapsed());
    assert_eq!(s.due(), None);
}

#[test]
fn give_up_after_starts_anew_with_an_event() {
    let config = SubscriptionConfig { give_up_after: Some(Duration::from_secs(100)), ..default_config() };
    let mut s = Scenario::configured(ShardStart::TrimHorizon, 3, config);
    s.demand();
    s.refused(FailureClass::Unavailable);
    for number in 1..9 {
        s.renew_with(event([]).continuing(number));
        s.wait_secs(20);
        let lines = s.failed(FailureClass::Unavailable);
        assert!(lines[0].starts_with("ended"), "{lines:?}");
        if lines.len() > 1 {
            s.subscribed();
            s.failed(FailureClass::Unavailable);
        }
    }
    assert!(s.elapsed() > Duration::from_secs(150));
}

#[test]
fn what_follows_a_refused_position_is_no_renewal() {
    let mut s = Scenario::reading();
    s.ended();
    s.next_call();
    s.refused(FailureClass::InvalidArgument);
    s.checked(crate::engine::ShardStatus::Open);
    s.next_call();
    s.subscribed();
    assert_eq!(s.event(event([2]).continuing(2))[0], "established", "there was a gap");
}
