use std::time::Duration;

use super::scenario::Scenario;
use super::values::{EventBuilder, event};
use crate::engine::subscription::{Input, TimeoutReason};
use crate::engine::{CallId, ShardStart};
use crate::model::{Failure, FailureClass};

#[test]
fn decision_06_no_call_without_room_and_the_first_one_at_once_with_it() {
    let mut s = Scenario::new(ShardStart::TrimHorizon);
    assert_eq!(s.due(), None);
    assert_eq!(s.wait_secs(3600), [""; 0]);
    assert_eq!(s.demand(), ["subscribe #0 TRIM_HORIZON"]);
}

#[test]
fn decision_06_a_server_that_ends_every_stream_at_once_is_called_once_a_second() {
    let mut s = Scenario::subscribed_from(ShardStart::TrimHorizon);
    for round in 0..60 {
        s.event(event([round]).continuing(round));
        s.demand();
        s.ended();
        let (waited, _) = s.next_call();
        assert!((1000..=1100).contains(&waited.as_millis()), "{waited:?}");
        s.subscribed();
    }
}

#[test]
fn decision_06_the_second_is_counted_from_when_the_call_was_sent() {
    let mut s = Scenario::new(ShardStart::TrimHorizon);
    s.demand();
    // The call waited 20 s for the limit of the process and was answered at once.
    s.now += Duration::from_secs(20);
    s.subscribed();
    s.event(event([1]).continuing(1));
    s.demand();
    s.ended();
    let (waited, _) = s.next_call();
    assert!((1000..=1100).contains(&waited.as_millis()), "{waited:?}");
}

#[test]
fn decision_06_the_calls_of_shards_that_were_started_together_spread() {
    let waits: std::collections::BTreeSet<_> = (0..20)
        .map(|seed| {
            let mut s = Scenario::seeded(ShardStart::TrimHorizon, seed);
            s.demand();
            s.subscribed();
            s.event(event([1]).continuing(1));
            s.demand();
            s.ended();
            s.next_call().0
        })
        .collect();
    assert!(waits.len() > 15, "{waits:?}");
}

#[test]
fn a_renewal_goes_at_once_after_a_clean_end() {
    let mut s = Scenario::reading();
    for number in 6..66 {
        s.wait_secs(5);
        s.event(event([]).continuing(number));
        s.demand();
    }
    assert_eq!(s.ended(), ["ended Expired, retry", "subscribe #1 AFTER 65"]);
}

#[test]
fn decision_13_a_call_is_commanded_once_and_its_failure_is_ours_to_repeat() {
    let mut s = Scenario::new(ShardStart::TrimHorizon);
    s.demand();
    assert_eq!(s.wait_secs(3600), [""; 0], "the port answers; nothing is called beside it");
    assert_eq!(s.refused(FailureClass::Unavailable), ["ended Unavailable, retry"]);
    let (waited, subscribe) = s.next_call();
    assert_eq!(subscribe, "subscribe #1 TRIM_HORIZON");
    assert!(waited <= Duration::from_millis(1100), "{waited:?}");
}

#[test]
fn a_late_success_is_closed_and_never_read() {
    let mut s = Scenario::new(ShardStart::TrimHorizon);
    s.demand();
    s.moved("arn2");
    let late = Input::Subscribed { call: CallId(0), sent_at: s.now };
    assert_eq!(s.handle(late.clone()), ["close #0"]);
    s.next_call();
    assert_eq!(s.handle(late.clone()), ["close #0"], "also beside the next call");
    assert_eq!(s.subscribed(), ["read #1"]);
    s.shutdown();
    assert_eq!(s.handle(late), ["close #0"], "also when all is over");
}

#[test]
fn a_success_told_twice_leaves_its_subscription_open() {
    let mut s = Scenario::subscribed_from(ShardStart::TrimHorizon);
    assert_eq!(s.subscribed(), [""; 0]);
    assert_eq!(s.event(event([1]).continuing(1)), ["established", "deliver [1] →1"]);
}

#[test]
fn answers_to_earlier_calls_are_dropped() {
    let mut s = Scenario::reading();
    s.failed(FailureClass::Unavailable);
    s.time_out();
    let (call, sent_at) = (CallId(0), s.now);
    let failure = Failure::new(FailureClass::AccessDenied, "late");
    for late in [
        Input::Refused { call, sent_at, failure: failure.clone() },
        Input::Event { call, event: event([9]).continuing(9) },
        Input::Ended { call },
        Input::Failed { call, failure },
    ] {
        assert_eq!(s.handle(late.clone()), [""; 0], "{late:?}");
        assert_eq!(s.due(), None, "{late:?}: still calling");
    }
    assert_eq!(s.subscribed(), ["read #1"]);
}

#[test]
fn a_second_demand_reads_nothing_twice() {
    let mut s = Scenario::reading();
    s.wait_secs(30);
    assert_eq!(s.demand(), [""; 0]);
    s.wait_secs(5);
    assert_eq!(s.due_reason(), Some(TimeoutReason::LastLook), "and does not hide a silence");
}

#[test]
fn shutdown_closes_what_is_open_and_ends_everything() {
    let mut calling = Scenario::new(ShardStart::TrimHorizon);
    calling.demand();
    let mut waiting = Scenario::reading();
    waiting.event(event([6]).continuing(6));
    let mut ending = Scenario::reading();
    ending.event(event([6]).with_children(&["a"]));
    let mut checking = Scenario::reading();
    checking.failed(FailureClass::ResourceNotFound);
    for (s, closes) in [
        (&mut Scenario::new(ShardStart::TrimHorizon), &[][..]),
        (&mut calling, &["close #0"]),
        (&mut Scenario::reading(), &["close #0"]),
        (&mut waiting, &["close #0"]),
        (&mut ending, &[]),
        (&mut checking, &[]),
    ] {
        assert_eq!(s.shutdown(), closes);
        assert_eq!(s.due(), None);
        assert_eq!(s.demand(), [""; 0]);
        assert_eq!(s.checked(super::values::gone(&["a"])), [""; 0]);
        assert_eq!(s.shutdown(), [""; 0]);
    }
}
