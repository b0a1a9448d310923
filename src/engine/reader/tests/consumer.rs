use super::scenario::{Scenario, any_instant, default_config};
use super::values::{EventBuilder, closed, event, page};
use crate::engine::reader::DeliveryMode::{FanOut, Polling};
use crate::engine::reader::{Reader, TimeoutReason};
use crate::engine::{ShardStart, ShardStatus};
use crate::model::FailureClass::{AccessDenied, ResourceNotFound, Unavailable};

const GIVEN_UP: [&str; 3] = ["FanOut to Polling: ConsumerUnavailable", "end FanOut", "begin Polling"];

/// Polled since there is no registered consumer: nothing but polling is to be done.
fn without_consumer() -> Scenario {
    let mut s = Scenario::reading();
    s.ended();
    assert_eq!(s.unavailable(), GIVEN_UP);
    s.poll_on_from([3]);
    assert_eq!(s.due(), None, "there is nothing to probe with");
    s
}

#[test]
fn a_start_without_a_registered_consumer_is_polled_until_there_is_one() {
    let now = any_instant();
    let machine = Reader::fan_out(default_config(), None, ShardStart::TrimHorizon, 7, now);
    let mut s = Scenario::of(machine, now);
    assert_eq!(s.first_outputs(), ["FanOut to Polling: ConsumerUnavailable", "begin Polling"]);
    assert_eq!(s.room(Polling), ["iterator #0 TRIM_HORIZON"]);
    assert_eq!(s.active("arn"), ["begin FanOut"]);
    assert_eq!(s.room(FanOut), ["subscribe #0 TRIM_HORIZON"]);
}

#[test]
fn a_consumer_that_is_gone_makes_polling_serve_where_nothing_is_held() {
    let mut idle = Scenario::reading();
    idle.ended();
    assert_eq!(idle.unavailable(), GIVEN_UP, "waiting for the next call");
    let mut calling = Scenario::fan_out();
    assert_eq!(calling.unavailable(), GIVEN_UP, "calling");
    let mut opened = Scenario::fan_out();
    opened.subscribed();
    assert_eq!(opened.unavailable(), GIVEN_UP, "before the first event");
    let mut checking = Scenario::reading();
    checking.failed(ResourceNotFound);
    assert_eq!(checking.unavailable(), GIVEN_UP, "checking what was not found");
    assert_eq!(checking.checked(ShardStatus::Open), [""; 0], "the answer comes late");
    assert_eq!(checking.room(Polling), ["iterator #0 AFTER 2"]);
    let mut unclear = Scenario::reading();
    unclear.event(event([3]).bare());
    unclear.room(FanOut);
    assert_eq!(unclear.unavailable(), GIVEN_UP, "checking an unclear end");
    assert_eq!(unclear.room(Polling), ["iterator #0 AFTER 3"]);
}

#[test]
fn a_subscription_that_delivers_is_left_alone_until_it_ends() {
    let mut s = Scenario::reading();
    assert_eq!(s.unavailable(), [""; 0]);
    s.event(event([6]).continuing(8));
    s.room(FanOut);
    assert_eq!(s.ended(), ["ended Expired", GIVEN_UP[0], GIVEN_UP[1], GIVEN_UP[2]]);
    assert_eq!(s.room(Polling), ["iterator #0 AFTER 6"]);
}

#[test]
fn a_subscription_whose_event_waits_is_left_alone_until_it_is_given_up() {
    let mut s = Scenario::reading();
    s.event(event([6]));
    assert_eq!(s.unavailable(), [""; 0]);
    let lines = s.wait_secs(60);
    assert_eq!(lines, ["close #0", "withdraw", "ended Blocked", GIVEN_UP[0], GIVEN_UP[1], GIVEN_UP[2]]);
    assert_eq!(s.room(Polling), ["iterator #0 AFTER 2"]);
}

#[test]
fn the_last_event_of_a_shard_is_not_given_up_for_a_consumer_that_is_gone() {
    let mut s = Scenario::reading();
    s.event(event([3]).last());
    assert_eq!(s.unavailable(), [""; 0]);
    assert_eq!(s.room(FanOut), ["shard ended +a +b"]);
    let mut s = Scenario::reading();
    s.event(event([3]).bare());
    assert_eq!(s.unavailable(), [""; 0]);
    assert_eq!(s.room(FanOut), ["check UnclearEnd by FanOut"]);
    assert_eq!(s.checked(closed(9))[1..], GIVEN_UP, "what confirms the end is polled");
    assert_eq!(s.room(Polling), ["iterator #0 AFTER 3"]);
}

#[test]
fn a_consumer_that_is_back_starts_a_probe_at_once() {
    let mut s = without_consumer();
    assert_eq!(s.active("arn"), ["begin FanOut"]);
    assert_eq!(s.room(FanOut).len(), 0, "the calls before count");
    assert_eq!(s.until_subscribe(), ["subscribe #1 AFTER 3"]);
}

#[test]
fn a_consumer_with_another_arn_starts_a_probe_at_once() {
    let mut s = Scenario::polling();
    assert_eq!(s.active("arn"), [""; 0], "nothing is new");
    assert_eq!(s.active("arn2"), ["begin FanOut"]);
    s.room(FanOut);
    assert_eq!(s.until_subscribe(), ["subscribe #1 AFTER 3 as arn2"]);
}

#[test]
fn decision_05_a_consumer_registered_anew_moves_the_subscription() {
    let mut s = Scenario::reading();
    assert_eq!(s.active("arn"), [""; 0]);
    assert_eq!(s.active("arn2"), ["close #0", "ended ConsumerMoved"]);
    assert_eq!(s.until_subscribe(), ["subscribe #1 AFTER 5 as arn2"]);
}

#[test]
fn a_consumer_deleted_while_probing_ends_the_probe_until_it_is_back() {
    let mut s = Scenario::probing();
    assert_eq!(s.unavailable(), ["end FanOut", "probe failed ResourceNotFound, no other"]);
    assert_eq!(s.page(page([4])), ["Polling delivers [4]"]);
    s.room(Polling);
    assert_eq!(s.active("arn2"), ["begin FanOut"]);
    s.room(FanOut);
    assert!(s.until_subscribe().contains(&"subscribe #2 AFTER 4 as arn2".to_string()));
}

#[test]
fn a_new_arn_while_probing_moves_the_probe() {
    let mut s = Scenario::probing();
    assert_eq!(s.active("arn2"), ["close #1", "ended ConsumerMoved"]);
    assert_eq!(s.until_subscribe(), ["subscribe #2 AFTER 3 as arn2"]);
    s.subscribed();
    assert!(s.event(event([4])).contains(&"Polling to FanOut: FanOutWorks".into()));
}

#[test]
fn a_probe_that_does_not_find_its_consumer_waits_for_what_the_registration_finds() {
    let mut s = Scenario::probing();
    assert_eq!(s.failed(ResourceNotFound), ["ended ResourceNotFound", "check NotFound by FanOut"]);
    assert_eq!(s.unavailable(), ["end FanOut", "probe failed ResourceNotFound, no other"]);
    let mut s = Scenario::probing();
    s.failed(ResourceNotFound);
    assert_eq!(s.active("arn2"), ["ended ConsumerMoved"]);
    assert_eq!(s.until_subscribe(), ["subscribe #2 AFTER 3 as arn2"]);
}

#[test]
fn a_consumer_that_is_gone_and_back_while_a_subscription_delivers_changes_nothing() {
    let mut s = Scenario::reading();
    assert_eq!((s.unavailable().len(), s.active("arn").len()), (0, 0));
    s.failed(Unavailable);
    assert_eq!(s.until_subscribe(), ["subscribe #1 AFTER 5"]);
    assert!(!s.polling.begun);
}

#[test]
fn polling_that_is_denied_without_a_consumer_is_a_typed_error() {
    let mut s = without_consumer();
    assert_eq!(s.no_page(AccessDenied), ["poll failed AccessDenied"]);
    while !s.over {
        s.time_out();
        s.no_page(AccessDenied);
    }
    assert!((60..100).contains(&s.elapsed().as_secs()), "{:?}", s.elapsed());
}

#[test]
fn a_consumer_that_is_gone_while_polled_takes_the_next_probe_with_it() {
    let mut s = Scenario::polling();
    assert_eq!(s.due_reason(), Some(TimeoutReason::Probe));
    assert_eq!(s.unavailable(), [""; 0]);
    assert_eq!(s.due(), None);
}
