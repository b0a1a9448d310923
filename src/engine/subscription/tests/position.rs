use super::scenario::Scenario;
use super::values::{EventBuilder, event};
use crate::engine::subscription::Input;
use crate::engine::{CallId, ShardStart};
use crate::model::FailureClass;

#[test]
fn decision_01_renews_after_the_continuation_of_the_last_event_held() {
    let mut s = Scenario::subscribed_from(ShardStart::TrimHorizon);
    assert_eq!(s.event(event([1, 2]).continuing(2)), ["established", "deliver [1 2] →2"]);
    s.demand();
    s.event(event([3]).continuing(3));
    s.demand();
    assert_eq!(s.ended(), ["ended Expired, retry"]);
    assert_eq!(s.next_call().1, "subscribe #1 AFTER 3");
    s.subscribed();
    assert_eq!(s.event(event([4]).continuing(4)), ["renewed", "deliver [4] →4"]);
}

#[test]
fn decision_01_an_idle_shard_moves_on_with_the_continuations_of_empty_events() {
    let mut s = Scenario::reading();
    for continuation in [6, 7, 8] {
        s.wait_secs(5);
        assert_eq!(s.event(event([]).continuing(continuation)), [format!("deliver [] →{continuation}")]);
        s.demand();
    }
    assert_eq!(s.ended(), ["ended Expired, retry", "subscribe #1 AFTER 8"]);
}

#[test]
fn decision_01_a_continuation_is_taken_as_it_is_even_if_it_is_no_records_number() {
    let mut s = Scenario::subscribed_from(ShardStart::TrimHorizon);
    s.event(event([10, 20]).continuing(27));
    s.demand();
    s.ended();
    assert_eq!(s.next_call().1, "subscribe #1 AFTER 27");
}

#[test]
fn decision_01_an_event_without_a_position_leaves_the_position() {
    let mut s = Scenario::reading();
    s.event(event([]));
    s.demand();
    s.checked(crate::engine::ShardStatus::Open);
    assert_eq!(s.next_call().1, "subscribe #1 AFTER 5");
}

#[test]
fn decision_01_events_stay_valid_when_their_subscription_breaks() {
    for class in [
        FailureClass::Unavailable,
        FailureClass::Malformed,
        FailureClass::TimedOut,
        FailureClass::ResourceInUse,
        FailureClass::Throttled,
    ] {
        let mut s = Scenario::reading();
        s.event(event([6]).continuing(6));
        // Its subscription breaks while the event waits for room; nothing takes it back, no time does.
        assert!(s.failed(class).iter().all(|line| line.starts_with("ended")));
        assert_eq!(s.wait_secs(3600), [""; 0], "no call while there is no room");
        assert_eq!(s.demand(), ["subscribe #1 AFTER 6"], "after {class:?}");
    }
}

#[test]
fn decision_01_the_end_of_the_subscription_leaves_a_waiting_event_valid() {
    let mut s = Scenario::reading();
    s.event(event([6]).continuing(6));
    assert_eq!(s.ended(), ["ended Expired, wait"]);
    assert_eq!(s.wait_secs(3600), [""; 0]);
    assert_eq!(s.demand(), ["subscribe #1 AFTER 6"]);
}

#[test]
fn decision_01_a_withdrawn_event_takes_back_exactly_its_own_step() {
    let mut s = Scenario::reading();
    s.event(event([6]).continuing(6));
    s.demand();
    s.event(event([7, 8]).continuing(9));
    assert_eq!(s.wait_secs(60), ["close #0", "withdraw", "ended Blocked(60s), wait"]);
    assert_eq!(s.demand(), ["subscribe #1 AFTER 6"]);
    // A second withdrawal in a row takes back nothing more.
    s.subscribed();
    s.event(event([7, 8]).continuing(9));
    s.wait_secs(60);
    assert_eq!(s.demand(), ["subscribe #2 AFTER 6"]);
}

#[test]
fn decision_01_a_withdrawn_first_event_takes_back_to_the_start_and_its_filter() {
    let done = crate::model::RecordPosition::new(3.into());
    let mut s = Scenario::subscribed_from(ShardStart::After(done));
    s.event(event([3, 4]).continuing(4));
    s.wait_secs(60);
    assert_eq!(s.demand(), ["subscribe #1 AT 3"]);
    s.subscribed();
    assert_eq!(s.event(event([3, 4]).continuing(4)), ["established", "deliver [3 4] →4 past 3"]);
}

#[test]
fn decision_01_events_of_an_earlier_subscription_are_dropped() {
    let mut s = Scenario::reading();
    s.failed(FailureClass::Unavailable);
    s.time_out();
    s.subscribed();
    let late = Input::Event { call: CallId(0), event: event([6]).continuing(6) };
    assert_eq!(s.handle(late), [""; 0]);
    assert_eq!(s.ended(), ["ended Barren, retry"], "the late event established nothing");
    assert_eq!(s.next_call().1, "subscribe #2 AFTER 5");
}
