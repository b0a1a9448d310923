use std::time::Duration;

use super::scenario::{Scenario, default_config};
use super::values::{PageBuilder, page};
use crate::engine::ShardStart;
use crate::engine::polling::PollingConfig;
use crate::model::FailureClass::{ExpiredIterator, InvalidArgument};

#[test]
fn an_iterator_that_has_expired_gives_way_to_one_after_the_last_record() {
    let mut s = Scenario::polling();
    assert_eq!(s.no_page(ExpiredIterator), ["iterator expired", "iterator #3 AFTER 2"], "at once");
    assert_eq!(s.iterator("new"), [""; 0], "GetRecords was called less than a fifth of a second ago");
    assert_eq!(s.next_call().1, "records #4 new");
    assert_eq!(s.page(page([3])), ["deliver [3]"], "nothing is read twice, so nothing is filtered");
}

#[test]
fn an_iterator_that_has_expired_before_any_record_gives_way_to_one_at_the_start() {
    let mut s = Scenario::scanning_from(ShardStart::TrimHorizon, default_config());
    s.page(page([]));
    s.demand();
    s.next_call();
    assert_eq!(s.no_page(ExpiredIterator), ["iterator expired", "iterator #3 TRIM_HORIZON"]);
}

#[test]
fn a_page_that_waits_for_longer_than_an_iterator_lives_costs_one_call_more() {
    let mut s = Scenario::polling();
    s.page(page([3, 4]).behind(9));
    s.wait_secs(400);
    assert_eq!(s.demand(), ["records #3 next4"]);
    assert_eq!(s.no_page(ExpiredIterator), ["iterator expired", "iterator #4 AFTER 4"]);
    s.iterator("new");
    s.next_call();
    assert_eq!(s.page(page([5])), ["deliver [5]"]);
}

#[test]
fn iterators_that_are_always_expired_are_asked_for_ever_more_seldom() {
    let mut s = Scenario::polling();
    let mut longest = Duration::ZERO;
    for round in 0..30 {
        let lines = s.no_page(ExpiredIterator);
        if round == 0 {
            assert_eq!(lines[0], "iterator expired");
        } else {
            assert_eq!(lines, ["failed ExpiredIterator, retry"], "a failure like others");
            longest = longest.max(s.next_call().0);
        }
        s.iterator("stale");
        if !s.is_calling() {
            s.next_call();
        }
    }
    assert!(longest > Duration::from_secs(10) && longest < Duration::from_secs(30), "{longest:?}");
}

#[test]
fn iterators_that_are_always_expired_are_given_up_like_other_failures() {
    let give_up_after = Some(Duration::from_secs(60));
    let mut s = Scenario::polling_with(PollingConfig { give_up_after, ..default_config() });
    let over = "over: gave up";
    while !s.no_page(ExpiredIterator).iter().any(|line| line == over) {
        for _ in 0..2 {
            if !s.is_calling() {
                s.next_call();
            }
            if s.machine.iterator.is_none() {
                s.iterator("stale");
            }
        }
        assert!(s.elapsed() < Duration::from_secs(120));
    }
    assert!(s.elapsed() >= Duration::from_secs(60));
}

#[test]
fn a_page_forgets_the_iterator_that_had_expired() {
    let mut s = Scenario::polling();
    for number in [3, 4, 5] {
        assert_eq!(s.no_page(ExpiredIterator)[0], "iterator expired");
        s.iterator("new");
        s.next_call();
        s.page(page([number]));
        s.demand();
        s.next_call();
    }
}

#[test]
fn an_iterator_that_is_refused_gives_way_to_a_new_one_later() {
    let mut s = Scenario::polling();
    assert_eq!(s.no_page(InvalidArgument), ["failed InvalidArgument, retry"]);
    assert_eq!(s.next_call().1, "iterator #3 AFTER 2");
}
