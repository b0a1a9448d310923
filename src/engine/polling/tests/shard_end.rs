use std::time::Duration;

use super::scenario::{Scenario, default_config};
use super::values::{PageBuilder, closed, gone, page};
use crate::engine::polling::PollingConfig;
use crate::engine::{ShardStart, ShardStatus};
use crate::model::FailureClass::{InvalidArgument, ResourceNotFound};

/// The last page, without children, is stored; a listing is asked.
fn checking() -> Scenario {
    let mut s = Scenario::polling();
    assert_eq!(s.page(page([3]).last()), ["deliver [3] end"]);
    assert_eq!(s.due(), None, "the page waits");
    assert_eq!(s.demand(), ["check UnclearEnd"]);
    s
}

#[test]
fn decision_04_no_iterator_and_children_end_the_shard_when_the_page_is_stored() {
    let mut s = Scenario::polling();
    assert_eq!(s.page(page([3]).with_children(&["a", "b"])), ["deliver [3] end +a +b"]);
    assert!(!s.machine.is_over());
    assert_eq!(s.demand(), ["shard ended +a +b"]);
    assert!(s.machine.is_over() && s.due().is_none());
}

#[test]
fn decision_04_an_empty_last_page_ends_the_shard_as_well() {
    let mut s = Scenario::polling();
    assert_eq!(s.page(page([]).with_children(&["a"])), ["deliver [] end +a"]);
    assert_eq!(s.demand(), ["shard ended +a"]);
}

#[test]
fn decision_04_no_iterator_and_no_children_ask_a_listing() {
    assert_eq!(checking().checked(closed(3, &["a"])), ["shard ended +a"], "closed and read");
    assert_eq!(checking().checked(gone(&["a"])), ["shard ended +a"]);
}

#[test]
fn decision_04_a_shard_that_is_closed_below_its_end_is_scanned_once_more() {
    let mut s = checking();
    assert_eq!(
        s.checked(closed(9, &["a"])),
        ["iterator #3 AFTER 3"],
        "from the position, after it was seen closed"
    );
    s.iterator("i");
    s.next_call();
    assert_eq!(s.page(page([]).last()), ["deliver [] end"]);
    assert_eq!(s.demand(), ["shard ended +a"], "there is nothing more");
}

#[test]
fn decision_04_the_scan_that_confirms_may_go_over_several_pages() {
    let mut s = checking();
    s.checked(closed(9, &["a"]));
    s.iterator("i");
    s.next_call();
    s.page(page([]).behind(9));
    s.demand();
    s.next_call();
    s.page(page([]).last());
    assert_eq!(s.demand(), ["shard ended +a"]);
}

#[test]
fn decision_04_a_record_in_the_scan_that_confirms_asks_anew() {
    let mut s = checking();
    s.checked(closed(9, &["a"]));
    s.iterator("i");
    s.next_call();
    assert_eq!(s.page(page([4]).last()), ["deliver [4] end"]);
    assert_eq!(s.demand(), ["check UnclearEnd"]);
    assert_eq!(s.checked(closed(4, &["a"])), ["shard ended +a"]);
}

#[test]
fn decision_04_a_position_refused_in_the_scan_that_confirms_is_the_end() {
    let mut s = checking();
    s.checked(closed(9, &["a"]));
    assert_eq!(s.no_iterator(InvalidArgument), ["failed InvalidArgument, wait", "check PositionRefused"]);
    assert_eq!(s.checked(closed(9, &["a", "b"])), ["shard ended +a +b"]);
}

#[test]
fn decision_04_a_shard_that_is_open_is_scanned_on_but_not_at_once() {
    let mut s = checking();
    for _ in 0..30 {
        let call = s.calls;
        assert_eq!(s.checked(ShardStatus::Open), ["failed ResourceNotFound, retry"]);
        assert_eq!(s.next_call().1, format!("iterator #{call} AFTER 3"));
        s.iterator("i");
        if !s.is_calling() {
            s.next_call();
        }
        s.page(page([]).last());
        assert_eq!(s.demand(), ["check UnclearEnd"]);
    }
    assert!(s.elapsed() > Duration::from_secs(6), "{:?}", s.elapsed());
}

#[test]
fn decision_04_a_shard_seen_open_again_has_no_end_to_confirm() {
    let mut s = checking();
    s.checked(closed(9, &["a"]));
    s.iterator("i");
    s.next_call();
    s.no_page(ResourceNotFound);
    s.checked(ShardStatus::Open);
    s.next_call();
    s.page(page([]).last());
    assert_eq!(s.demand(), ["check UnclearEnd"]);
}

#[test]
fn a_listing_that_lags_behind_is_asked_again() {
    let mut s = checking();
    assert_eq!(s.checked(ShardStatus::Unlisted), ["failed ResourceNotFound, retry"]);
    assert_eq!(s.next_call().1, "iterator #3 AFTER 3");
    assert_eq!(s.no_iterator(ResourceNotFound), ["failed ResourceNotFound, wait", "check NotFound"]);
    assert_eq!(s.checked(gone(&["a"])), ["shard ended +a"]);
}

#[test]
fn decision_05_what_is_not_found_is_no_shard_end_until_a_listing_says_so() {
    for status in [ShardStatus::Open, ShardStatus::Unlisted, closed(9, &["a"])] {
        let mut s = Scenario::polling();
        assert_eq!(s.no_page(ResourceNotFound), ["failed ResourceNotFound, wait", "check NotFound"]);
        assert_eq!(s.checked(status), ["failed ResourceNotFound, retry"]);
        assert_eq!(s.next_call().1, "records #3 next2");
    }
    let mut s = Scenario::polling();
    s.no_page(ResourceNotFound);
    assert_eq!(s.checked(closed(2, &["a"])), ["shard ended +a"]);
}

#[test]
fn a_shard_that_is_never_found_is_given_up_like_other_failures() {
    let config = PollingConfig { give_up_after: Some(Duration::from_secs(60)), ..default_config() };
    let mut s = Scenario::configured(ShardStart::TrimHorizon, 7, config);
    s.demand();
    loop {
        s.no_iterator(ResourceNotFound);
        if s.checked(ShardStatus::Unlisted) == ["over: gave up"] {
            break;
        }
        s.next_call();
    }
    assert!((60..120).contains(&s.elapsed().as_secs()), "{:?}", s.elapsed());
}
