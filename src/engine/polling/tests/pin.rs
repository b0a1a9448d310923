use std::time::Duration;

use super::scenario::{Scenario, default_config};
use super::values::page;
use crate::engine::{Pin, ShardStart};
use crate::model::FailureClass::InvalidArgument;
use crate::model::Timestamp;

fn pinned() -> ShardStart {
    ShardStart::Pinned(Pin::at(Timestamp::from_millis(1_000_000_000)))
}

#[test]
fn decision_03_a_pin_that_is_refused_moves_back_to_a_day_and_then_fails() {
    let mut s = Scenario::new(pinned());
    let mut asked = s.demand().concat();
    for (call, back) in [60, 240, 960, 3840, 15_360, 61_440, 86_400].into_iter().enumerate() {
        assert_eq!(
            asked,
            format!(
                "iterator #{call} AT_TIMESTAMP {}",
                1_000_000 - if call == 0 { 0 } else { BACK[call - 1] }
            )
        );
        assert_eq!(s.no_iterator(InvalidArgument), ["failed InvalidArgument, retry"]);
        let (waited, line) = s.next_call();
        assert!(waited < Duration::from_millis(210), "no longer than the service wants: {waited:?}");
        assert!(line.ends_with(&format!("AT_TIMESTAMP {}", 1_000_000 - back)), "{line}");
        asked = line;
    }
    assert_eq!(s.no_iterator(InvalidArgument), ["over: pin refused"]);
}

const BACK: [u64; 7] = [60, 240, 960, 3840, 15_360, 61_440, 86_400];

#[test]
fn decision_03_an_iterator_that_expires_before_the_first_record_goes_back_to_the_pin_that_was_accepted() {
    use crate::model::FailureClass::ExpiredIterator;
    let mut s = Scenario::new(pinned());
    s.demand();
    s.no_iterator(InvalidArgument);
    s.next_call();
    s.iterator("i");
    s.page(page([]));
    s.demand();
    s.next_call();
    assert_eq!(s.no_page(ExpiredIterator)[1], "iterator #4 AT_TIMESTAMP 999940");
}

#[test]
fn decision_03_a_pin_that_has_brought_a_record_moves_no_more() {
    let mut s = Scenario::scanning_from(pinned(), default_config());
    s.page(page([5]));
    s.demand();
    s.next_call();
    s.no_page(InvalidArgument);
    s.next_call();
    assert_eq!(s.no_iterator(InvalidArgument), ["failed InvalidArgument, wait", "check PositionRefused"]);
}
