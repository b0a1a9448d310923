use std::time::Duration;

use super::scenario::Scenario;
use super::values::{PageBuilder, page};
use crate::model::FailureClass::Throttled;

#[test]
fn no_call_is_made_while_a_page_waits() {
    let mut s = Scenario::polling();
    s.page(page([3]).behind(9));
    for _ in 0..10 {
        s.wait_secs(60);
        assert_eq!((s.due(), s.handle(crate::engine::polling::Input::Timeout).len()), (None, 0));
    }
    assert_eq!(s.demand(), ["records #3 next3"]);
}

#[test]
fn a_page_without_room_is_asked_for_again_when_there_is_room() {
    let mut s = Scenario::polling();
    assert_eq!(s.no_room(100_000), [""; 0]);
    assert_eq!(s.due(), None);
    s.wait_secs(30);
    assert_eq!(s.demand(), ["records #3 next2"], "with the same iterator");
    assert_eq!(s.page(page([3, 4])), ["deliver [3 4]"]);
}

#[test]
fn a_page_without_room_counts_against_the_limit_of_the_shard() {
    let mut s = Scenario::polling();
    s.no_room(10 << 20);
    assert_eq!(s.demand(), [""; 0]);
    assert_eq!(s.next_call().0, Duration::from_secs(5));
    s.no_room(10);
    s.demand();
    assert!(s.next_call().0 >= Duration::from_millis(200), "and its call against the calls");
}

#[test]
fn room_told_twice_says_nothing() {
    let mut s = Scenario::polling();
    assert_eq!(s.demand(), [""; 0]);
    s.page(page([3]));
    assert_eq!((s.demand().len(), s.demand().len()), (0, 0));
    s.next_call();
    s.no_page(Throttled);
    assert_eq!(s.demand(), [""; 0]);
}
