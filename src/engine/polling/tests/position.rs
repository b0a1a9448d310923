use super::scenario::{Scenario, default_config};
use super::values::{PageBuilder, closed, page};
use crate::engine::{ShardStart, ShardStatus};
use crate::model::FailureClass::{ExpiredIterator, InvalidArgument};
use crate::model::RecordPosition;

/// Records 1 and 2 are stored, and the number of the last one is refused: a listing is asked.
fn refused() -> Scenario {
    let mut s = Scenario::polling();
    s.no_page(ExpiredIterator);
    assert_eq!(s.no_iterator(InvalidArgument), ["failed InvalidArgument, wait", "check PositionRefused"]);
    s
}

#[test]
fn decision_01_a_number_that_is_refused_gives_way_to_the_time_of_the_last_record_with_the_filter() {
    for status in [ShardStatus::Open, closed(9, &["a"])] {
        let mut s = refused();
        assert_eq!(s.checked(status), ["failed InvalidArgument, retry"]);
        assert_eq!(s.next_call().1, "iterator #4 AT_TIMESTAMP 2");
        s.iterator("i");
        assert_eq!(s.page(page([2]).behind(9)), ["deliver [2] past 2"]);
        s.demand();
        s.next_call();
        assert_eq!(s.page(page([3]).behind(9)), ["deliver [3] past 2"]);
        s.demand();
        s.next_call();
        assert_eq!(s.page(page([4])), ["deliver [4]"]);
    }
}

#[test]
fn decision_01_a_time_that_is_refused_too_is_a_typed_error() {
    let mut s = refused();
    s.checked(ShardStatus::Open);
    s.next_call();
    assert_eq!(s.no_iterator(InvalidArgument), ["failed InvalidArgument, wait", "check PositionRefused"]);
    assert_eq!(s.checked(ShardStatus::Open), ["over: position refused"]);
}

#[test]
fn decision_01_a_start_that_is_refused_is_a_typed_error() {
    let mut s = Scenario::new(ShardStart::After(RecordPosition::new(7.into())));
    s.demand();
    assert_eq!(s.no_iterator(InvalidArgument), ["failed InvalidArgument, wait", "check PositionRefused"]);
    assert_eq!(s.checked(ShardStatus::Open), ["over: position refused"]);
}

#[test]
fn decision_04_a_refused_position_of_a_shard_that_is_closed_and_read_is_its_end() {
    let mut s = refused();
    assert_eq!(s.checked(closed(2, &["a", "b"])), ["shard ended +a +b"]);
}

#[test]
fn the_position_stands_before_the_page_that_waits() {
    let mut s = Scenario::scanning_from(ShardStart::TrimHorizon, default_config());
    s.page(page([1, 2]).behind(9));
    let at = |s: &Scenario| super::render::position(&s.machine.stored_position().starting_position());
    assert_eq!(at(&s), "TRIM_HORIZON");
    s.demand();
    assert_eq!(at(&s), "AFTER 2");
    s.next_call();
    s.page(page([3]));
    assert_eq!(at(&s), "AFTER 2");
}
