use super::scenario::Scenario;
use super::values::{EventBuilder, event};
use crate::engine::{Pin, ShardStart};
use crate::model::{FailureClass, Timestamp};

fn pinned() -> ShardStart {
    ShardStart::Pinned(Pin::at(Timestamp::from_millis(1_000_000_000)))
}

#[test]
fn decision_03_asks_at_the_pin_until_the_first_continuation() {
    let mut s = Scenario::new(pinned());
    assert_eq!(s.demand(), ["subscribe #0 AT_TIMESTAMP 1000000"]);
    s.refused(FailureClass::Unavailable);
    assert_eq!(s.next_call().1, "subscribe #1 AT_TIMESTAMP 1000000");
    s.subscribed();
    s.ended();
    assert_eq!(s.next_call().1, "subscribe #2 AT_TIMESTAMP 1000000");
    s.subscribed();
    s.event(event([]).continuing(4));
    s.demand();
    s.failed(FailureClass::Unavailable);
    assert_eq!(s.next_call().1, "subscribe #3 AFTER 4");
}

#[test]
fn decision_03_a_refused_pin_steps_back_to_a_day_and_then_is_a_typed_error() {
    let mut s = Scenario::new(pinned());
    s.demand();
    for back in [60, 240, 960, 3840, 15_360, 61_440, 86_400] {
        assert_eq!(s.refused(FailureClass::InvalidArgument), ["ended InvalidArgument, retry"]);
        let expected = format!("AT_TIMESTAMP {}", 1_000_000 - back);
        assert!(s.next_call().1.ends_with(&expected), "{expected}");
    }
    assert_eq!(s.refused(FailureClass::InvalidArgument), ["failed: pin refused"]);
    assert_eq!(s.due(), None);
}

#[test]
fn decision_03_a_pin_that_is_refused_in_stream_steps_back_too() {
    let mut s = Scenario::subscribed_from(pinned());
    assert_eq!(s.failed(FailureClass::InvalidArgument), ["ended InvalidArgument, retry"]);
    assert_eq!(s.next_call().1, "subscribe #1 AT_TIMESTAMP 999940");
}

#[test]
fn decision_03_a_continuation_that_is_refused_never_moves_the_pin() {
    let mut s = Scenario::subscribed_from(pinned());
    s.event(event([]).continuing(4));
    s.demand();
    s.ended();
    s.next_call();
    assert_eq!(
        s.refused(FailureClass::InvalidArgument),
        ["ended InvalidArgument, wait", "check PositionRefused"]
    );
    s.checked(crate::engine::ShardStatus::Open);
    assert_eq!(s.next_call().1, "subscribe #2 AT_TIMESTAMP 1000000", "nothing was read: the start again");
}
