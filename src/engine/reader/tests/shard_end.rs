use super::scenario::Scenario;
use super::values::{EventBuilder, closed, event, last_page};
use crate::engine::reader::DeliveryMode::{FanOut, Polling};
use crate::engine::{ShardStatus, polling};
use crate::model::FailureClass::{InvalidArgument, ResourceNotFound, Unavailable};
use crate::model::RecordsPage;

#[test]
fn the_end_of_the_shard_by_fan_out() {
    let mut s = Scenario::reading();
    assert_eq!(s.event(event([6]).last()), ["FanOut delivers [6]", "close #0"]);
    assert_eq!(s.room(FanOut), ["shard ended +a +b"]);
    assert_eq!(s.due(), None);
}

#[test]
fn the_end_of_the_shard_while_polling() {
    let mut s = Scenario::polling();
    assert_eq!(s.page(last_page([4])), ["Polling delivers [4]"]);
    assert_eq!(s.room(Polling), ["shard ended +a +b"]);
    assert_eq!(s.due(), None);
}

#[test]
fn the_end_of_the_shard_while_probing_ends_the_probe() {
    let mut s = Scenario::probing();
    s.page(last_page([4]));
    assert_eq!(s.room(Polling), ["end FanOut", "shard ended +a +b"]);
    assert_eq!(s.due(), None);
}

#[test]
fn the_last_page_that_waits_is_dropped_when_the_probe_takes_over() {
    let mut s = Scenario::probing();
    s.page(last_page([4]));
    assert_eq!(s.event(event([4]).last())[3..], ["FanOut delivers [4] past 3", "close #1"]);
    assert_eq!(s.room(FanOut), ["shard ended +a +b"]);
    assert_eq!(s.stored, [1, 2, 3, 4]);
}

#[test]
fn a_probe_begins_and_fails_while_the_last_page_waits() {
    let mut s = Scenario::polling();
    s.page(last_page([4]));
    assert_eq!(s.time_out().1, ["begin FanOut"]);
    assert_eq!(s.room(FanOut), ["subscribe #1 AFTER 3"]);
    s.refused(Unavailable);
    assert_eq!(s.room(Polling), ["shard ended +a +b"]);
}

#[test]
fn an_unclear_end_while_polling_asks_a_listing() {
    let mut s = Scenario::polling();
    s.page(RecordsPage { child_shards: Vec::new(), ..last_page([4]) });
    assert_eq!(s.room(Polling), ["check UnclearEnd by Polling"]);
    assert_eq!(s.checked(closed(4)), ["shard ended +a +b"]);
}

/// Both have asked a listing: one answer is for both, and the other comes late.
#[test]
fn one_answer_serves_both() {
    let mut s = Scenario::probing();
    s.failed(ResourceNotFound);
    assert_eq!(s.no_page(ResourceNotFound), ["poll failed ResourceNotFound", "check NotFound by Polling"]);
    assert_eq!(s.checked(ShardStatus::Open), ["ended ResourceNotFound", "poll failed ResourceNotFound"]);
    assert_eq!(s.checked(ShardStatus::Open), [""; 0]);
    let mut s = Scenario::probing();
    s.failed(ResourceNotFound);
    s.no_page(ResourceNotFound);
    let lines = s.checked(closed(3));
    assert_eq!(lines, ["end FanOut", "probe failed Barren, another later", "shard ended +a +b"]);
}

#[test]
fn a_position_that_polling_cannot_go_on_from_ends_the_probe_too() {
    let mut s = Scenario::probing();
    s.no_page(InvalidArgument);
    s.wait_secs(1);
    s.no_iterator(InvalidArgument);
    s.checked(ShardStatus::Open);
    s.wait_secs(1);
    s.no_iterator(InvalidArgument);
    assert_eq!(s.checked(ShardStatus::Open), ["end FanOut", "over: position refused"]);
}

#[test]
fn a_page_without_room_is_asked_for_again() {
    let mut s = Scenario::polling();
    let call = s.polling.call();
    assert_eq!(s.polling_input(polling::Input::NoRoom { call, bytes: 1000 }), [""; 0]);
    s.wait_secs(1);
    assert_eq!(s.room(Polling), ["records #3 next3"]);
}
