use std::time::Duration;

use super::scenario::Scenario;
use super::values::{EventBuilder, closed, event, gone};
use crate::engine::{ShardStart, ShardStatus};
use crate::model::FailureClass::InvalidArgument;
use crate::model::RecordPosition;

#[test]
fn decision_04_child_shards_end_the_shard_after_the_last_records() {
    for last in [event([6, 7]), event([6, 7]).continuing(7)] {
        let mut s = Scenario::reading();
        let lines = s.event(last.with_children(&["a", "b"]));
        assert!(lines[0].starts_with("deliver [6 7]"), "{lines:?}");
        assert_eq!(lines[1..], ["close #0"]);
        assert_eq!(s.demand(), ["shard ended +a +b"]);
        assert_eq!(s.due(), None);
    }
}

#[test]
fn decision_04_a_last_event_that_is_withdrawn_comes_again_before_the_end() {
    let mut s = Scenario::reading();
    s.event(event([6]).with_children(&["a"]));
    assert_eq!(s.wait_secs(60), ["withdraw", "ended Blocked(60s), wait"]);
    assert_eq!(s.demand(), ["subscribe #1 AFTER 5"]);
    s.subscribed();
    s.event(event([6]).with_children(&["a"]));
    assert_eq!(s.demand(), ["shard ended +a"]);
}

#[test]
fn decision_04_neither_continuation_nor_children_asks_the_listing_once_the_event_is_stored() {
    let mut s = Scenario::reading();
    assert_eq!(s.event(event([6])), ["deliver [6]", "close #0"]);
    assert_eq!(s.demand(), ["check UnclearEnd"]);
    assert_eq!(s.checked(ShardStatus::Open), ["ended Expired, retry"], "open: no end");
    assert_eq!(s.next_call().1, "subscribe #1 AFTER 6");
}

/// An unclear end, and the listing shows the shard closed above the position.
fn confirming() -> Scenario {
    let mut s = Scenario::reading();
    s.event(event([6]));
    s.demand();
    assert_eq!(s.checked(closed(9, &["a"])), ["ended Expired, retry"]);
    assert_eq!(s.next_call().1, "subscribe #1 AFTER 6");
    s
}

#[test]
fn decision_04_closed_and_read_to_its_end_is_the_end() {
    let mut s = Scenario::reading();
    s.event(event([9]));
    s.demand();
    assert_eq!(s.checked(closed(9, &["a"])), ["shard ended +a"]);
}

#[test]
fn decision_04_closed_below_its_end_is_confirmed_by_one_more_subscribe() {
    let mut empty = confirming();
    empty.subscribed();
    empty.event(event([]));
    assert_eq!(empty.demand(), ["shard ended +a"]);

    let mut refused = confirming();
    assert_eq!(refused.refused(InvalidArgument), ["ended InvalidArgument, wait", "check PositionRefused"]);
    assert_eq!(refused.checked(closed(9, &["a", "b"])), ["shard ended +a +b"]);

    let mut bare = confirming();
    bare.subscribed();
    let began = bare.now;
    while bare.now - began < Duration::from_secs(60) {
        assert_eq!(bare.ended(), ["ended Barren, retry"], "it may be the connection, or a proxy that drains");
        bare.next_call();
        bare.subscribed();
    }
    assert_eq!(bare.ended(), ["shard ended +a"], "not for a minute");

    let mut silent = confirming();
    for _ in 0..20 {
        silent.subscribed();
        assert_eq!(silent.ended(), ["ended Barren, retry"]);
        silent.next_call();
        silent.subscribed();
        silent.time_out();
        assert!(silent.time_out().1[1].starts_with("ended Silent"));
        silent.wait_secs(40);
    }

    let mut broken = confirming();
    for _ in 0..20 {
        broken.subscribed();
        assert_eq!(broken.ended(), ["ended Barren, retry"]);
        broken.next_call();
        broken.refused(crate::model::FailureClass::Unavailable);
        broken.next_call();
    }

    let mut told = confirming();
    told.subscribed();
    told.event(event([]).with_children(&["c"]));
    assert_eq!(told.demand(), ["shard ended +c"], "the service knows better");
}

#[test]
fn decision_04_a_confirming_subscribe_that_brings_something_confirms_nothing() {
    for more in [event([7]).continuing(7), event([]).continuing(7)] {
        let mut s = confirming();
        s.subscribed();
        s.event(more);
        assert_eq!(s.demand(), ["read #1"]);
        assert_eq!(s.ended(), ["ended Expired, retry"]);
        s.next_call();
        s.subscribed();
        assert_eq!(s.ended(), ["ended Barren, retry"], "the bare end is no shard end");
    }
    let mut s = confirming();
    s.subscribed();
    s.event(event([8]));
    assert_eq!(s.demand(), ["check UnclearEnd"], "a record: asked anew");
}

#[test]
fn decision_04_a_failure_of_the_confirming_subscribe_confirms_nothing() {
    let mut s = confirming();
    s.refused(crate::model::FailureClass::Unavailable);
    s.next_call();
    s.subscribed();
    s.failed(crate::model::FailureClass::Malformed);
    assert_eq!(s.time_out().1, ["subscribe #3 AFTER 6"]);
    s.subscribed();
    s.event(event([]));
    assert_eq!(s.demand(), ["shard ended +a"], "still confirming");
}

#[test]
fn decision_04_a_confirming_event_that_is_withdrawn_confirms_when_it_comes_again() {
    let mut s = confirming();
    s.subscribed();
    s.event(event([]));
    s.wait_secs(60);
    assert_eq!(s.demand(), ["subscribe #2 AFTER 6"]);
    s.subscribed();
    s.event(event([]));
    assert_eq!(s.demand(), ["shard ended +a"]);
}

#[test]
fn decision_04_a_shard_listed_open_again_is_not_confirmed_closed() {
    let mut s = confirming();
    s.refused(InvalidArgument);
    s.checked(ShardStatus::Open);
    assert_eq!(s.next_call().1, "subscribe #2 AT 6");
    s.subscribed();
    ends_bare_for_ever(&mut s);
    // From the same position, too.
    let mut s = confirming();
    s.refused(crate::model::FailureClass::ResourceNotFound);
    s.checked(ShardStatus::Open);
    assert_eq!(s.next_call().1, "subscribe #2 AFTER 6");
    s.subscribed();
    ends_bare_for_ever(&mut s);
}

/// Whatever the number of bare ends, and for how long, an open shard has not ended.
fn ends_bare_for_ever(s: &mut Scenario) {
    let began = s.now;
    while s.now - began < Duration::from_secs(300) {
        assert_eq!(s.ended(), ["ended Barren, retry"]);
        s.next_call();
        s.subscribed();
    }
}

#[test]
fn decision_04_the_bare_end_is_never_a_shard_end() {
    let mut s = Scenario::subscribed_from(ShardStart::TrimHorizon);
    assert_eq!(s.ended(), ["ended Barren, retry"]);
    let mut s = Scenario::reading();
    assert_eq!(s.ended(), ["ended Expired, retry"]);
}

#[test]
fn decision_04_a_refused_position_falls_back_to_the_last_record_and_then_to_a_typed_error() {
    for status in [ShardStatus::Open, closed(9, &["a"])] {
        let mut s = Scenario::reading();
        s.ended();
        s.next_call();
        assert_eq!(s.refused(InvalidArgument), ["ended InvalidArgument, wait", "check PositionRefused"]);
        assert_eq!(s.checked(status.clone()), ["ended InvalidArgument, retry"]);
        assert_eq!(s.next_call().1, "subscribe #2 AT 2");
        s.subscribed();
        // Only now is the filter seen at work; the position goes on from the new continuation.
        assert_eq!(s.event(event([2, 3]).continuing(3)), ["established", "deliver [2 3] →3 past 2"]);
        s.demand();
        s.ended();
        assert_eq!(s.next_call().1, "subscribe #3 AFTER 3");
        s.refused(InvalidArgument);
        s.checked(status.clone());
        assert_eq!(s.next_call().1, "subscribe #4 AT 3");
        s.refused(InvalidArgument);
        assert_eq!(s.checked(status), ["failed: position refused"]);
        assert_eq!(s.due(), None);
    }
}

#[test]
fn decision_04_a_refused_position_before_any_record_starts_again() {
    let done = RecordPosition::within_aggregate(7.into(), 3);
    let mut s = Scenario::subscribed_from(ShardStart::After(done));
    s.event(event([]).continuing(8));
    s.demand();
    s.ended();
    s.next_call();
    s.refused(InvalidArgument);
    s.checked(ShardStatus::Open);
    assert_eq!(s.next_call().1, "subscribe #2 AT 7");
    s.subscribed();
    assert_eq!(s.event(event([7]).continuing(7)), ["established", "deliver [7] →7 past 7/3"]);
    s.demand();
    s.ended();
    s.next_call();
    s.refused(InvalidArgument);
    s.checked(ShardStatus::Open);
    assert_eq!(s.next_call().1, "subscribe #4 AT 7", "the record came: it is the last one");
    s.refused(InvalidArgument);
    assert_eq!(s.checked(ShardStatus::Open), ["failed: position refused"]);
}

#[test]
fn decision_04_the_filter_of_a_fall_back_never_gives_up_what_was_done_before() {
    let mut s = Scenario::subscribed_from(ShardStart::After(RecordPosition::new(7.into())));
    // A server that gives more than it was asked for.
    s.event(event([5]).continuing(5));
    s.demand();
    s.ended();
    s.next_call();
    s.refused(InvalidArgument);
    s.checked(ShardStatus::Open);
    assert_eq!(s.next_call().1, "subscribe #2 AT 5");
    s.subscribed();
    assert_eq!(s.event(event([5, 6, 7, 8]).continuing(8)), ["established", "deliver [5 6 7 8] →8 past 7"]);
}

#[test]
fn decision_04_a_refused_start_is_a_typed_error_unless_the_shard_has_ended() {
    let start = || ShardStart::After(RecordPosition::new(7.into()));
    for (status, line) in [
        (ShardStatus::Open, "failed: position refused"),
        (closed(9, &["a"]), "failed: position refused"),
        (closed(7, &["a"]), "shard ended +a"),
        (gone(&["a"]), "shard ended +a"),
    ] {
        let mut s = Scenario::new(start());
        s.demand();
        s.refused(InvalidArgument);
        assert_eq!(s.checked(status), [line]);
    }
}

#[test]
fn decision_04_a_listing_that_lags_is_asked_again_later() {
    let mut s = Scenario::reading();
    s.event(event([6]));
    s.demand();
    assert_eq!(s.checked(ShardStatus::Unlisted), ["ended ResourceNotFound, retry"]);
    assert_eq!(s.next_call().1, "subscribe #1 AFTER 6");
}
