use std::time::Duration;

use super::scenario::{Scenario, default_config};
use super::values::{EventBuilder, event};
use crate::engine::CallId;
use crate::engine::ShardStart;
use crate::engine::subscription::{Input, SubscriptionConfig, TimeoutReason};

#[test]
fn decision_08_is_35_s_without_an_event_and_one_last_look() {
    let mut s = Scenario::reading();
    let (waited, lines) = s.time_out();
    assert_eq!((waited, lines.len()), (Duration::from_secs(35), 0));
    assert_eq!(s.due_reason(), Some(TimeoutReason::LastLook));
    let (waited, lines) = s.time_out();
    assert!(waited > Duration::ZERO && waited <= Duration::from_secs(1), "{waited:?}");
    assert_eq!(lines, ["close #0", "ended Silent(35.25s), retry"]);
    assert_eq!(s.next_call().1, "subscribe #1 AFTER 5");
}

#[test]
fn decision_08_counts_from_the_answer_of_the_call() {
    let mut s = Scenario::new(ShardStart::TrimHorizon);
    s.demand();
    assert_eq!(s.due(), None, "what a call may take is the transport's business");
    s.wait_secs(300);
    s.subscribed();
    assert_eq!(s.wait_secs(35), [""; 0]);
    assert_eq!(s.wait_secs(1).len(), 3, "close, ended, subscribe");
}

#[test]
fn decision_08_a_deadline_found_expired_is_judged_after_one_more_read() {
    let mut s = Scenario::reading();
    s.now += Duration::from_secs(3600);
    assert_eq!(s.handle(Input::Timeout), [""; 0]);
    assert_eq!(s.event(event([6]).continuing(6)), ["deliver [6] →6"], "the process slept");
    s.demand();
    assert_eq!(s.wait_secs(34), [""; 0], "counted anew");
    assert_eq!(s.due_reason(), Some(TimeoutReason::Silence), "no look is left over");
}

#[test]
fn decision_08_every_event_counts_anew() {
    let mut s = Scenario::reading();
    for number in 6..16 {
        assert_eq!(s.wait_secs(34), [""; 0]);
        s.event(event([]).continuing(number));
        s.demand();
    }
    assert_eq!(s.calls, 1);
}

#[test]
fn decision_08_bytes_count_anew_and_an_event_may_take_5_minutes() {
    let mut s = Scenario::reading();
    for _ in 0..8 {
        assert_eq!(s.wait_secs(34), [""; 0]);
        assert_eq!(s.received(), [""; 0]);
    }
    assert_eq!(s.wait_secs(27), [""; 0]);
    assert_eq!(s.received(), [""; 0]);
    let (waited, lines) = s.time_out();
    assert_eq!((waited, lines.len()), (Duration::from_secs(1), 0), "5 minutes without an event");
    assert_eq!(s.due_reason(), Some(TimeoutReason::LastLook));
    assert_eq!(s.time_out().1, ["close #0", "ended Silent(300.25s), retry"]);
}

#[test]
fn decision_08_bytes_that_never_stop_and_never_make_an_event_are_given_up() {
    let mut s = Scenario::reading();
    let mut lines = Vec::new();
    for _ in 0..3100 {
        lines.extend(s.wait(Duration::from_millis(100)));
        if !lines.is_empty() {
            break;
        }
        s.received();
    }
    assert_eq!(lines.first().map(String::as_str), Some("close #0"));
    assert!(lines[1].starts_with("ended Silent(300."), "{lines:?}");
}

#[test]
fn decision_08_silence_is_told_from_the_last_bytes() {
    let mut s = Scenario::reading();
    s.wait_secs(30);
    s.received();
    s.time_out();
    assert_eq!(s.time_out().1, ["close #0", "ended Silent(35.25s), retry"]);
}

#[test]
fn decision_08_bytes_at_the_last_look_keep_the_subscription() {
    let mut s = Scenario::reading();
    s.time_out();
    assert_eq!(s.due_reason(), Some(TimeoutReason::LastLook));
    s.received();
    assert_eq!(s.due_reason(), Some(TimeoutReason::Silence));
    assert_eq!(s.time_out().0, Duration::from_secs(35), "counted from the bytes");
    s.handle(Input::Received { call: CallId(0), at: s.now - Duration::from_secs(35) });
    assert_eq!(s.due_reason(), Some(TimeoutReason::LastLook), "these are known already");
}

#[test]
fn decision_08_bytes_without_room_say_nothing_of_the_time_with_it() {
    let mut s = Scenario::reading();
    s.no_room();
    s.wait_secs(30);
    s.received();
    s.wait_secs(29);
    assert_eq!(s.demand(), ["read #0"]);
    assert_eq!(s.time_out().0, Duration::from_secs(35));
}

#[test]
fn decision_08_time_without_room_does_not_count() {
    let mut s = Scenario::reading();
    s.wait_secs(30);
    s.event(event([6]).continuing(6));
    assert_eq!(s.due_reason(), Some(TimeoutReason::Blocked), "no silence without room");
    assert_eq!(s.wait_secs(59), [""; 0]);
    assert_eq!(s.demand(), ["read #0"]);
    assert_eq!(s.wait_secs(34), [""; 0], "counted anew");
    assert_eq!(s.wait_secs(2).len(), 3);
}

#[test]
fn decision_08_a_silent_subscription_escalates_like_any_failure() {
    let mut s = Scenario::subscribed_from(ShardStart::TrimHorizon);
    let mut longest = Duration::ZERO;
    for _ in 0..20 {
        s.time_out();
        let lines = s.time_out().1;
        assert!(lines[1].starts_with("ended Silent"), "{lines:?}");
        if lines.len() == 2 {
            longest = longest.max(s.next_call().0);
        }
        s.subscribed();
    }
    assert!(longest > Duration::from_secs(10), "{longest:?}");
}

#[test]
fn decision_09_blocked_for_60_s_gives_up_and_calls_again_only_with_room() {
    let mut s = Scenario::reading();
    s.event(event([6]).continuing(6));
    let (waited, lines) = s.time_out();
    assert_eq!(waited, Duration::from_secs(60));
    assert_eq!(lines, ["close #0", "withdraw", "ended Blocked(60s), wait"]);
    assert_eq!(s.due(), None);
    assert_eq!(s.wait_secs(3600), [""; 0]);
    assert_eq!(s.demand(), ["subscribe #1 AFTER 5"]);
    s.subscribed();
    assert_eq!(s.event(event([6]).continuing(6)), ["established", "deliver [6] →6"]);
}

#[test]
fn decision_09_an_event_of_known_size_without_room_is_no_silence_and_gives_up_after_60_s() {
    let mut s = Scenario::reading();
    s.wait_secs(30);
    assert_eq!(s.no_room(), [""; 0]);
    assert_eq!(s.due_reason(), Some(TimeoutReason::Blocked));
    assert_eq!(s.wait_secs(59), [""; 0], "no silence without room");
    assert_eq!(s.demand(), ["read #0"], "the same event, with room");
    assert_eq!(s.wait_secs(34), [""; 0], "the silence is counted anew");
    s.no_room();
    assert_eq!(s.time_out().1, ["close #0", "ended Blocked(60s), wait"], "nothing to withdraw");
    assert_eq!(s.demand(), ["subscribe #1 AFTER 5"]);
}

#[test]
fn decision_09_room_just_in_time_keeps_the_subscription() {
    let mut s = Scenario::reading();
    s.event(event([6]).continuing(6));
    assert_eq!(s.wait(Duration::from_millis(59_999)), [""; 0]);
    assert_eq!(s.demand(), ["read #0"]);
}

#[test]
fn the_limits_can_be_set_and_a_limit_without_end_is_none() {
    let config = SubscriptionConfig {
        silence: Duration::from_secs(3),
        blocked: Duration::from_secs(4),
        ..default_config()
    };
    let mut s = Scenario::configured(ShardStart::TrimHorizon, 1, config);
    s.demand();
    s.subscribed();
    assert_eq!(s.time_out().0, Duration::from_secs(3));
    s.event(event([1]).continuing(1));
    assert_eq!(s.time_out().0, Duration::from_secs(4));

    let config = SubscriptionConfig { silence: Duration::MAX, blocked: Duration::MAX, ..default_config() };
    let mut s = Scenario::configured(ShardStart::TrimHorizon, 1, config);
    s.demand();
    s.subscribed();
    assert_eq!(s.due(), None);
    s.event(event([1]).continuing(1));
    assert_eq!(s.due(), None);
    s.demand();
    s.event(event([2]).with_children(&["a"]));
    assert_eq!(s.due(), None);
}
