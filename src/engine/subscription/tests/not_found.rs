use super::scenario::Scenario;
use super::values::{EventBuilder, closed, event, gone};
use crate::engine::ShardStatus;
use crate::engine::subscription::Input;
use crate::model::FailureClass::ResourceNotFound;

/// Reading, and the next call finds nothing.
fn not_found() -> Scenario {
    let mut s = Scenario::reading();
    s.ended();
    s.next_call();
    assert_eq!(s.refused(ResourceNotFound), ["ended ResourceNotFound, wait", "check NotFound"]);
    s
}

#[test]
fn decision_05_not_found_is_no_shard_end_by_itself() {
    let mut s = not_found();
    assert_eq!(s.wait_secs(3600), [""; 0], "the listing decides");
    let mut s = Scenario::reading();
    assert_eq!(
        s.failed(ResourceNotFound),
        ["ended ResourceNotFound, wait", "check NotFound"],
        "in-stream too"
    );
}

#[test]
fn decision_05_a_shard_that_is_gone_has_ended() {
    assert_eq!(not_found().checked(gone(&["a"])), ["shard ended +a"]);
}

#[test]
fn decision_05_a_shard_that_is_closed_and_read_has_ended() {
    assert_eq!(not_found().checked(closed(5, &["a"])), ["shard ended +a"]);
}

#[test]
fn decision_05_a_shard_never_ends_while_an_event_waits() {
    let mut s = Scenario::reading();
    s.event(event([6]).continuing(6));
    assert_eq!(s.failed(ResourceNotFound), ["ended ResourceNotFound, wait"]);
    assert_eq!(s.wait_secs(3600), [""; 0]);
    assert_eq!(s.demand(), ["subscribe #1 AFTER 6"]);
    s.refused(ResourceNotFound);
    assert_eq!(s.checked(gone(&["a"])), ["shard ended +a"]);
}

#[test]
fn decision_05_a_shard_that_is_there_is_tried_again_and_escalates() {
    for status in [ShardStatus::Open, ShardStatus::Unlisted, closed(9, &["a"])] {
        let mut s = not_found();
        let before = s.elapsed();
        for _ in 0..40 {
            assert_eq!(s.checked(status.clone()), ["ended ResourceNotFound, retry"]);
            assert!(s.next_call().1.ends_with("AFTER 5"), "the position is kept");
            s.refused(ResourceNotFound);
        }
        let spent = (s.elapsed() - before).as_secs();
        assert!(spent > 240, "40 tries in {spent} s: they do not escalate ({status:?})");
    }
}

#[test]
fn decision_05_a_consumer_registered_anew_keeps_the_position() {
    let mut s = not_found();
    assert_eq!(s.moved("arn2"), ["ended ConsumerMoved, retry"]);
    let (waited, subscribe) = s.next_call();
    assert_eq!(subscribe, "subscribe #2 AFTER 5 as arn2");
    assert!(waited.as_millis() <= 1100, "{waited:?}");
}

#[test]
fn decision_05_a_consumer_that_moves_takes_every_state_along() {
    // While a call is under way.
    let mut s = Scenario::reading();
    s.ended();
    s.next_call();
    assert_eq!(s.moved("arn2"), ["close #1", "ended ConsumerMoved, retry"]);
    assert_eq!(s.next_call().1, "subscribe #2 AFTER 5 as arn2");
    // While a subscription is open, also with an event that waits: it stays valid.
    let mut s = Scenario::reading();
    s.event(event([6]).continuing(6));
    assert_eq!(s.moved("arn2"), ["close #0", "ended ConsumerMoved, wait"]);
    s.wait_secs(100);
    assert_eq!(s.demand(), ["subscribe #1 AFTER 6 as arn2"]);
    // While the next call is waited for.
    let mut s = Scenario::reading();
    s.ended();
    assert_eq!(s.moved("arn2"), [""; 0]);
    assert_eq!(s.next_call().1, "subscribe #1 AFTER 5 as arn2");
    // While the listing is asked for another reason: that answer still comes.
    let mut s = Scenario::reading();
    s.event(event([6]));
    s.demand();
    assert_eq!(s.moved("arn2"), [""; 0]);
    s.checked(ShardStatus::Open);
    assert_eq!(s.next_call().1, "subscribe #1 AFTER 6 as arn2");
}

#[test]
fn decision_05_the_same_consumer_told_again_disturbs_nothing() {
    let mut s = Scenario::reading();
    assert_eq!(s.moved("arn"), [""; 0]);
    assert_eq!(s.event(event([6]).continuing(6)), ["deliver [6] →6"], "still open");
    // As the answer to a check it helps nobody: the calls escalate.
    let mut s = not_found();
    let before = s.elapsed();
    for _ in 0..40 {
        assert_eq!(s.moved("arn"), ["ended ResourceNotFound, retry"]);
        s.next_call();
        s.refused(ResourceNotFound);
    }
    assert!((s.elapsed() - before).as_secs() > 240);
}

#[test]
fn an_answer_that_nobody_waits_for_is_dropped() {
    let mut s = Scenario::reading();
    assert_eq!(s.checked(gone(&["a"])), [""; 0]);
    s.ended();
    assert_eq!(s.handle(Input::Checked(gone(&["a"]))), [""; 0]);
    assert_eq!(s.next_call().1, "subscribe #1 AFTER 5");
}
