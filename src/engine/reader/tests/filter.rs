//! What the probe brings beside what was polled: each record is stored once, whichever of the two was ahead.

use super::scenario::Scenario;
use super::values::{EventBuilder, closed, event, page};
use crate::engine::reader::DeliveryMode::{FanOut, Polling};
use crate::model::FailureClass::{AccessDenied, Unavailable};
use crate::model::{RecordsPage, SubscriptionEvent};

/// Records 1 to 3 are stored, the probe goes on after them; then this page is polled and stored.
fn polled(page: RecordsPage) -> Scenario {
    let mut s = Scenario::probing();
    s.page(page);
    s.room(Polling);
    s
}

fn takes_over(s: &mut Scenario, event: SubscriptionEvent) -> String {
    let lines = s.event(event);
    assert_eq!(lines[..3], ["established", "end Polling", "Polling to FanOut: FanOutWorks"]);
    lines[3].clone()
}

fn next(s: &mut Scenario, event: SubscriptionEvent) -> String {
    assert_eq!(s.room(FanOut), ["read #1"]);
    s.event(event).concat()
}

#[test]
fn a_first_event_after_all_that_was_polled_needs_no_filter_but_the_last_record() {
    let mut s = Scenario::probing();
    assert_eq!(takes_over(&mut s, event([4, 5])), "FanOut delivers [4 5] past 3");
    assert_eq!(next(&mut s, event([6])), "FanOut delivers [6]");
    s.room(FanOut);
    assert_eq!(s.stored, [1, 2, 3, 4, 5, 6]);
}

#[test]
fn a_first_event_behind_what_was_polled_is_filtered_and_so_are_those_after_it() {
    let mut s = polled(page([4, 5, 6, 7]));
    assert_eq!(takes_over(&mut s, event([4])), "FanOut delivers [4] past 7");
    assert_eq!(next(&mut s, event([5, 6])), "FanOut delivers [5 6] past 7");
    assert_eq!(next(&mut s, event([7, 8])), "FanOut delivers [7 8] past 7");
    assert_eq!(next(&mut s, event([9])), "FanOut delivers [9]");
    s.room(FanOut);
    assert_eq!(s.stored, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
}

#[test]
fn a_first_event_with_the_very_records_that_were_polled_brings_none() {
    let mut s = polled(page([4, 5]));
    assert_eq!(takes_over(&mut s, event([4, 5])), "FanOut delivers [4 5] past 5");
    assert_eq!(next(&mut s, event([6])), "FanOut delivers [6]");
    s.room(FanOut);
    assert_eq!(s.stored, [1, 2, 3, 4, 5, 6]);
}

#[test]
fn a_first_event_that_reaches_beyond_what_was_polled_brings_the_rest() {
    let mut s = polled(page([4]));
    assert_eq!(takes_over(&mut s, event([4, 5, 6])), "FanOut delivers [4 5 6] past 4");
    assert_eq!(next(&mut s, event([7])), "FanOut delivers [7]");
    s.room(FanOut);
    assert_eq!(s.stored, [1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn an_empty_first_event_takes_over_and_what_follows_is_filtered() {
    let mut s = polled(page([4, 5]));
    assert_eq!(takes_over(&mut s, event([]).continuing(3)), "FanOut delivers [] past 5");
    assert_eq!(next(&mut s, event([4])), "FanOut delivers [4] past 5");
    assert_eq!(next(&mut s, event([5, 6])), "FanOut delivers [5 6] past 5");
    s.room(FanOut);
    assert_eq!(s.stored, [1, 2, 3, 4, 5, 6]);
}

#[test]
fn a_page_that_waits_at_the_change_is_dropped_and_comes_from_the_probe() {
    let mut s = Scenario::probing();
    s.page(page([4, 5]));
    assert_eq!(takes_over(&mut s, event([4, 5, 6])), "FanOut delivers [4 5 6] past 3");
    s.room(FanOut);
    assert_eq!(s.stored, [1, 2, 3, 4, 5, 6]);
}

#[test]
fn a_page_that_was_stored_before_the_one_that_waits_is_kept() {
    let mut s = polled(page([4]));
    s.wait_secs(1);
    s.page(page([5]));
    assert_eq!(takes_over(&mut s, event([4, 5, 6])), "FanOut delivers [4 5 6] past 4");
    s.room(FanOut);
    assert_eq!(s.stored, [1, 2, 3, 4, 5, 6]);
}

#[test]
fn a_first_event_that_ends_the_shard_ends_it() {
    let mut s = polled(page([4]));
    assert_eq!(takes_over(&mut s, event([4, 5]).last()), "FanOut delivers [4 5] past 4");
    assert_eq!(s.room(FanOut), ["shard ended +a +b"]);
    assert_eq!(s.stored, [1, 2, 3, 4, 5]);
}

#[test]
fn a_first_event_without_a_continuation_asks_a_listing() {
    let mut s = polled(page([4]));
    assert_eq!(takes_over(&mut s, event([4, 5]).bare()), "FanOut delivers [4 5] past 4");
    assert_eq!(s.room(FanOut), ["check UnclearEnd by FanOut"]);
    assert_eq!(s.checked(closed(5)), ["shard ended +a +b"]);
}

#[test]
fn a_first_event_without_a_continuation_behind_what_was_polled_goes_on_after_its_own_last_record() {
    let mut s = polled(page([4, 5, 6]));
    takes_over(&mut s, event([4]).bare());
    s.room(FanOut);
    s.checked(crate::engine::ShardStatus::Open);
    assert_eq!(s.until_subscribe(), ["subscribe #2 AFTER 4"]);
    s.subscribed();
    assert_eq!(s.event(event([5, 6, 7])), ["established", "FanOut delivers [5 6 7] past 6"]);
    s.room(FanOut);
    assert_eq!(s.stored, [1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn a_first_event_that_finds_no_room_is_withdrawn_and_comes_after_all_that_was_polled() {
    let mut s = polled(page([4, 5]));
    takes_over(&mut s, event([4, 5, 6]));
    assert_eq!(s.wait_secs(60), ["close #1", "withdraw", "ended Blocked"]);
    assert_eq!(s.room(FanOut), ["subscribe #2 AFTER 5"]);
    s.subscribed();
    assert_eq!(s.event(event([6])), ["established", "FanOut delivers [6] past 5"]);
    s.room(FanOut);
    assert_eq!(s.stored, [1, 2, 3, 4, 5, 6]);
}

#[test]
fn a_renewal_after_the_change_goes_on_after_the_probes_own_continuation() {
    let mut s = polled(page([4, 5, 6]));
    takes_over(&mut s, event([4]).continuing(4));
    s.room(FanOut);
    s.ended();
    assert_eq!(s.until_subscribe(), ["subscribe #2 AFTER 4"]);
    s.subscribed();
    assert_eq!(s.event(event([5, 6, 7])), ["renewed", "FanOut delivers [5 6 7] past 6"]);
}

#[test]
fn a_fallback_right_after_the_change_goes_on_after_all_that_was_polled() {
    for event in [event([4]), event([4, 5, 6, 7])] {
        let mut s = polled(page([4, 5, 6]));
        takes_over(&mut s, event);
        // The event that waits is dropped.
        s.failed(AccessDenied);
        assert_eq!(s.room(Polling), ["iterator #3 AFTER 6"]);
    }
    let mut s = polled(page([4, 5, 6]));
    takes_over(&mut s, event([4]));
    s.room(FanOut);
    s.failed(AccessDenied);
    let lines = s.room(Polling);
    assert_eq!(lines, ["iterator #3 AFTER 6"], "the stored event lies behind what was polled");
}

#[test]
fn a_probe_that_breaks_after_its_first_event_is_a_subscription_that_breaks() {
    let mut s = polled(page([4]));
    takes_over(&mut s, event([4, 5]));
    s.room(FanOut);
    assert_eq!(s.failed(Unavailable), ["ended Unavailable"]);
    assert_eq!(s.until_subscribe(), ["subscribe #2 AFTER 5"]);
    assert!(!s.polling.begun);
}
