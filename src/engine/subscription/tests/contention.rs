use std::time::Duration;

use super::scenario::Scenario;
use super::values::{EventBuilder, event};
use crate::engine::subscription::Input;
use crate::engine::{CallId, ShardStart};
use crate::model::FailureClass::{self, ResourceInUse};

const CONTENDED: &str = "ended Contended, retry";
const IN_USE: &str = "ended InUse, retry";

/// Holds the shard for so long, an event every 5 s, and loses it. Gives the answer.
fn hold_and_lose(s: &mut Scenario, seconds: u64) -> Vec<String> {
    s.event(event([]).continuing(5));
    s.demand();
    for _ in 0..seconds / 5 {
        s.wait_secs(5);
        s.event(event([]).continuing(5));
        s.demand();
    }
    s.failed(ResourceInUse)
}

#[test]
fn decision_07_refused_is_tried_again_in_1_to_5_s_for_as_long_as_it_takes() {
    for in_stream in [false, true] {
        let mut s = Scenario::new(ShardStart::TrimHorizon);
        s.demand();
        let (mut shortest, mut longest) = (Duration::MAX, Duration::ZERO);
        for _ in 0..500 {
            if in_stream {
                s.subscribed();
            }
            let lines = if in_stream { s.failed(ResourceInUse) } else { s.refused(ResourceInUse) };
            assert_eq!(lines, [IN_USE]);
            let (waited, _) = s.next_call();
            (shortest, longest) = (shortest.min(waited), longest.max(waited));
        }
        assert!(shortest >= Duration::from_secs(1) && shortest < Duration::from_millis(1300));
        assert!(longest <= Duration::from_secs(5) && longest > Duration::from_millis(4700));
    }
}

#[test]
fn decision_07_refusals_do_not_escalate_other_failures_either() {
    let mut s = Scenario::new(ShardStart::TrimHorizon);
    s.demand();
    for _ in 0..20 {
        s.refused(ResourceInUse);
        s.next_call();
    }
    s.refused(FailureClass::Unavailable);
    assert!(s.next_call().0 <= Duration::from_millis(1100));
}

#[test]
fn decision_07_an_established_subscription_that_is_taken_over_is_contended() {
    let mut s = Scenario::reading();
    assert_eq!(s.failed(ResourceInUse), [CONTENDED]);
    let (waited, subscribe) = s.next_call();
    assert_eq!(subscribe, "subscribe #1 AFTER 5", "what is held stays valid");
    assert!((10..=13).contains(&waited.as_secs()), "{waited:?}");
}

#[test]
fn decision_07_the_loser_waits_10_20_40_60_s_jittered() {
    let mut drawn = std::collections::BTreeSet::new();
    for seed in 0..40 {
        let mut s = Scenario::seeded(ShardStart::TrimHorizon, seed);
        s.demand();
        for least in [10, 20, 40, 60, 60, 60] {
            s.subscribed();
            assert_eq!(hold_and_lose(&mut s, 20), [CONTENDED]);
            let (waited, _) = s.next_call();
            let least = Duration::from_secs(least);
            assert!((least..=least + least / 4).contains(&waited), "{waited:?} for {least:?}");
            drawn.insert(waited);
        }
    }
    assert!(drawn.len() > 200, "without jitter two users stay in step");
}

#[test]
fn decision_07_only_five_minutes_held_make_the_waits_short_again() {
    for (held, least) in [(20, 40), (295, 40), (300, 10)] {
        let mut s = Scenario::subscribed_from(ShardStart::TrimHorizon);
        for _ in 0..2 {
            hold_and_lose(&mut s, 20);
            s.next_call();
            s.subscribed();
        }
        assert_eq!(hold_and_lose(&mut s, held), [CONTENDED]);
        let waited = s.next_call().0.as_secs();
        assert!((least..=least * 5 / 4).contains(&waited), "held {held} s: {waited} s");
    }
}

#[test]
fn decision_07_renewals_go_on_holding_and_a_break_after_five_minutes_undoes_nothing() {
    let lost_twice = || {
        let mut s = Scenario::subscribed_from(ShardStart::TrimHorizon);
        for _ in 0..2 {
            hold_and_lose(&mut s, 20);
            s.next_call();
            s.subscribed();
        }
        s
    };
    // Short subscriptions, renewed: held all the same.
    let mut s = lost_twice();
    for _ in 0..6 {
        s.event(event([]).continuing(5));
        s.demand();
        s.wait_secs(30);
        s.event(event([]).continuing(5));
        s.demand();
        s.wait_secs(29);
        assert_eq!(s.ended().last().map(String::as_str).map(|line| &line[..9]), Some("subscribe"));
        s.subscribed();
    }
    assert_eq!(hold_and_lose(&mut s, 20), [CONTENDED]);
    assert!(s.next_call().0 < Duration::from_secs(13));
    // Held for five minutes, then broken by something else, and taken over soon after.
    let mut s = lost_twice();
    hold_and_break(&mut s, 300);
    assert_eq!(hold_and_lose(&mut s, 20), [CONTENDED]);
    assert!(s.next_call().0 < Duration::from_secs(13));
    // Broken before: two parts of five minutes are not five minutes held.
    let mut s = lost_twice();
    hold_and_break(&mut s, 200);
    assert_eq!(hold_and_lose(&mut s, 200), [CONTENDED]);
    assert!(s.next_call().0 >= Duration::from_secs(40));
}

fn hold_and_break(s: &mut Scenario, seconds: u64) {
    for _ in 0..seconds / 5 + 1 {
        s.event(event([]).continuing(5));
        s.demand();
        s.wait_secs(5);
    }
    if s.failed(FailureClass::Unavailable).len() == 1 {
        s.next_call();
    }
    s.subscribed();
}

#[test]
fn decision_07_a_call_of_our_own_within_15_s_is_no_contention() {
    // Given up at 15 s: the service may have let it in, later than the next one.
    for (after, expected) in [(2, IN_USE), (15, IN_USE), (16, CONTENDED)] {
        let mut s = Scenario::new(ShardStart::TrimHorizon);
        s.demand();
        s.now += Duration::from_secs(15);
        s.refused(FailureClass::TimedOut);
        let waited = s.next_call().0;
        s.subscribed();
        s.wait(Duration::from_secs(after) - waited);
        s.event(event([1]).continuing(1));
        s.demand();
        assert_eq!(s.failed(ResourceInUse), [expected], "established {after} s after it");
    }
}

#[test]
fn decision_07_a_subscription_accepted_before_counts_too() {
    let mut s = Scenario::reading();
    s.wait_secs(2);
    s.ended();
    s.subscribed();
    s.event(event([6]).continuing(6));
    s.demand();
    assert_eq!(s.failed(ResourceInUse), [IN_USE], "accepted 2 s before");
}

#[test]
fn decision_07_a_late_success_is_our_own_take_over() {
    let mut s = Scenario::new(ShardStart::TrimHorizon);
    s.demand();
    s.moved("arn2");
    s.wait_secs(40);
    s.subscribed();
    s.event(event([1]).continuing(1));
    s.demand();
    let late = Input::Subscribed { call: CallId(0), sent_at: s.now };
    assert_eq!(s.handle(late), ["close #0"]);
    assert_eq!(s.failed(ResourceInUse), [IN_USE]);
}

#[test]
fn decision_07_calls_that_were_refused_do_not_count() {
    for in_stream in [false, true] {
        let mut s = Scenario::new(ShardStart::TrimHorizon);
        s.demand();
        for _ in 0..3 {
            if in_stream {
                s.subscribed();
                s.failed(ResourceInUse);
            } else {
                s.refused(ResourceInUse);
            }
            s.next_call();
        }
        s.subscribed();
        s.event(event([1]).continuing(1));
        s.demand();
        assert_eq!(s.failed(ResourceInUse), [CONTENDED], "in-stream refusals: {in_stream}");
    }
}

#[test]
fn decision_07_what_was_let_in_and_broke_before_its_first_event_counts() {
    let mut s = Scenario::subscribed_from(ShardStart::TrimHorizon);
    s.failed(FailureClass::KmsUnavailable);
    s.next_call();
    s.subscribed();
    s.event(event([1]).continuing(1));
    s.demand();
    assert_eq!(s.failed(ResourceInUse), [IN_USE]);
}
