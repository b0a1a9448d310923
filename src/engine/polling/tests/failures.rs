use std::time::Duration;

use super::scenario::{Scenario, default_config};
use super::values::page;
use crate::engine::polling::{Input, PollingConfig};
use crate::engine::{CallId, ShardStart};
use crate::model::FailureClass::{self, *};
use crate::model::{Failure, Timestamp};

/// Fails until it is over. Gives how long that took.
fn fails_until_over(s: &mut Scenario, class: FailureClass, over: &str) -> Duration {
    let began = s.now;
    while s.no_page(class) != [over] {
        s.next_call();
        assert!(s.now - began < Duration::from_secs(200), "never over");
    }
    s.now - began
}

#[test]
fn a_call_that_fails_is_made_again_with_the_same_iterator_ever_more_seldom() {
    for class in [Unavailable, TimedOut, Malformed, Credentials, Unclassified, ResourceInUse] {
        let mut s = Scenario::polling();
        let mut longest = Duration::ZERO;
        for _ in 0..30 {
            assert_eq!(s.no_page(class), [format!("failed {class:?}, retry")]);
            let (waited, line) = s.next_call();
            assert!(line.ends_with("next2"), "{line}");
            longest = longest.max(waited);
        }
        assert!(longest > Duration::from_secs(10) && longest < Duration::from_secs(30), "{longest:?}");
        s.page(page([3]));
        s.demand();
        s.next_call();
        s.no_page(class);
        assert!(s.next_call().0 < Duration::from_secs(1), "a page starts the waits anew");
    }
}

#[test]
fn a_denial_is_final_after_a_minute() {
    for class in [AccessDenied, KmsUnavailable, Unsupported] {
        let took = fails_until_over(&mut Scenario::polling(), class, "over: denied");
        assert!((60..120).contains(&took.as_secs()), "{class:?}: {took:?}");
    }
}

#[test]
fn a_denial_that_a_page_follows_is_forgotten() {
    let mut s = Scenario::polling();
    s.no_page(AccessDenied);
    s.next_call();
    s.page(page([3]));
    s.demand();
    s.wait_secs(90);
    s.next_call();
    assert_eq!(s.no_page(AccessDenied), ["failed AccessDenied, retry"]);
}

#[test]
fn an_iterator_that_is_allowed_does_not_make_a_denial_of_the_records_pass() {
    let mut s = Scenario::new(ShardStart::TrimHorizon);
    s.demand();
    s.iterator("i");
    let took = fails_until_over(&mut s, AccessDenied, "over: denied");
    assert!(took >= Duration::from_secs(60));
}

#[test]
fn failing_for_as_long_as_the_user_wants_to_wait_is_a_typed_error() {
    let config = PollingConfig { give_up_after: Some(Duration::from_secs(90)), ..default_config() };
    let took = fails_until_over(&mut Scenario::polling_with(config), Unavailable, "over: gave up");
    assert!((90..125).contains(&took.as_secs()), "{took:?}");
}

#[test]
fn time_that_a_page_waits_for_room_does_not_count_as_failing() {
    let config = PollingConfig { give_up_after: Some(Duration::from_secs(90)), ..default_config() };
    let mut s = Scenario::polling_with(config);
    s.no_page(Unavailable);
    s.next_call();
    s.no_room(5000);
    s.wait_secs(600);
    s.demand();
    assert_eq!(s.no_page(Unavailable), ["failed Unavailable, retry"]);
}

#[test]
fn late_answers_of_calls_given_up_change_nothing() {
    let mut s = Scenario::polling();
    let late = s.call();
    s.suspend();
    s.restart(crate::engine::Position::new(ShardStart::Timestamp(Timestamp::from_millis(5000))));
    s.demand();
    let before = (s.call(), s.now);
    assert_ne!(late, before.0, "call numbers are not used again");
    for call in [late, CallId(0), CallId(99)] {
        let (sent_at, failure) = (s.now, Failure::new(AccessDenied, "late"));
        assert_eq!(s.handle(Input::Page { call, sent_at, result: Ok(page([9])) }), [""; 0]);
        assert_eq!(s.handle(Input::Page { call, sent_at, result: Err(failure.clone()) }), [""; 0]);
        assert_eq!(s.handle(Input::Iterator { call, sent_at, result: Ok("late".into()) }), [""; 0]);
        assert_eq!(s.handle(Input::Iterator { call, sent_at, result: Err(failure) }), [""; 0]);
        assert_eq!(s.handle(Input::NoRoom { call, bytes: 10 << 20 }), [""; 0]);
    }
    assert_eq!(s.iterator("i"), [""; 0], "GetRecords was called a moment ago");
    assert!(s.next_call().1.ends_with(" i"));
}
