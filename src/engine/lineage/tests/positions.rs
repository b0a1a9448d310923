//! Starts with positions of single shards.

use std::collections::{BTreeMap, HashMap};
use std::time::SystemTime;

use super::*;
use crate::model::{RecordPosition, SequenceNumber, StartPosition};

fn position(number: u128) -> RecordPosition {
    RecordPosition::within_aggregate(SequenceNumber::from(number), 7)
}

fn per_shard(named: &[u32], otherwise: StreamStart) -> LineageStart {
    let named = named.iter().map(|number| (id(*number), position(u128::from(*number))));
    LineageStart { positions: named.collect(), otherwise }
}

fn latest(stream: &Stream) -> StreamStart {
    StreamStart::Latest(Pin::at(stream.timestamp()))
}

#[test]
fn named_shards_start_after_their_positions_and_the_others_otherwise() {
    let stream = Stream::of(3);
    let start = per_shard(&[1], latest(&stream));
    let mut driver = Driver::new(start, stream);
    assert_eq!(
        driver.run(Input::Start),
        ["3 initial", "0 from the pin 1000", "1 after 1/7", "2 from the pin 1000"]
    );
}

#[test]
fn decision_10_descendants_of_a_named_shard_are_read_from_their_beginning() {
    let mut stream = Stream::of(2);
    stream.split(0);
    stream.split(2);
    let start = per_shard(&[0], latest(&stream));
    let mut driver = Driver::new(start, stream);
    assert_eq!(driver.run(Input::Start), ["2 initial", "0 after 0/7", "1 from the pin 1200"]);
    assert_eq!(driver.end(0), ["2 from its beginning", "3 from its beginning"]);
    assert_eq!(driver.end(2), ["4 from its beginning", "5 from its beginning"]);
}

#[test]
fn a_named_shard_in_the_middle_of_its_line_leaves_its_ancestors_out() {
    let mut stream = Stream::of(1);
    stream.split(0);
    stream.split(1);
    let start = per_shard(&[1], latest(&stream));
    let mut driver = Driver::new(start, stream);
    assert_eq!(driver.run(Input::Start), ["2 initial", "1 after 1/7", "2 from the pin 1200"]);
    assert_eq!(driver.end(1), ["3 from its beginning", "4 from its beginning"]);
}

#[test]
fn an_ancestor_of_a_named_shard_that_otherwise_has_is_read_first() {
    let mut stream = Stream::of(1);
    stream.split(0);
    stream.split(1);
    let mut driver = Driver::new(per_shard(&[3], StreamStart::TrimHorizon), stream);
    assert_eq!(driver.run(Input::Start), ["1 initial", "0 from its beginning"]);
    assert_eq!(driver.end(0), ["1 from its beginning", "2 from its beginning"]);
    assert_eq!(driver.end(1), ["3 after 3/7", "4 from its beginning"]);
}

#[test]
fn a_named_shard_that_expired_counts_as_read() {
    let mut stream = Stream::of(2);
    stream.split(0);
    stream.expire();
    let start = per_shard(&[0], latest(&stream));
    let mut driver = Driver::new(start, stream);
    assert_eq!(
        driver.run(Input::Start),
        ["3 initial", "1 from the pin 1100", "2 from its beginning", "3 from its beginning"]
    );
}

#[test]
fn what_may_descend_from_a_named_shard_that_expired_with_its_children_is_read_from_its_beginning() {
    let mut stream = Stream::of(2);
    stream.split(0);
    stream.merge(2, 3);
    stream.expire();
    let start = per_shard(&[0], latest(&stream));
    let mut driver = Driver::new(start, stream);
    assert_eq!(driver.run(Input::Start), ["2 initial", "1 from the pin 1200", "4 from its beginning"]);
}

#[test]
fn a_merge_of_a_named_and_a_foreign_shard_waits_for_the_named_one_only() {
    let mut stream = Stream::of(2);
    stream.merge(0, 1);
    let start = per_shard(&[0], latest(&stream));
    let mut driver = Driver::new(start, stream);
    assert_eq!(driver.run(Input::Start), ["1 initial", "0 after 0/7"]);
    assert_eq!(driver.end(0), ["2 from its beginning"]);
}

#[test]
fn a_named_child_waits_for_its_named_parent() {
    let mut stream = Stream::of(1);
    stream.split(0);
    let start = per_shard(&[0, 1], latest(&stream));
    let mut driver = Driver::new(start, stream);
    assert_eq!(driver.run(Input::Start), ["1 initial", "0 after 0/7"]);
    assert_eq!(driver.end(0), ["1 after 1/7", "2 from its beginning"]);
}

#[test]
fn the_outer_position_of_a_shard_wins() {
    let pin = Pin::at(at(5));
    let per = |number, otherwise| StartPosition::PerShard {
        positions: HashMap::from([(id(number), position(1)), (id(9), position(u128::from(number)))]),
        otherwise: Box::new(otherwise),
    };
    let start = LineageStart::resolve(&per(1, per(2, StartPosition::Latest)), pin);
    assert_eq!(start.otherwise, StreamStart::Latest(pin));
    let positions = [(id(1), position(1)), (id(2), position(1)), (id(9), position(1))];
    assert_eq!(start.positions, BTreeMap::from(positions));
}

#[test]
fn plain_starts_are_resolved() {
    let pin = Pin::at(at(5));
    let time: SystemTime = at(7).into();
    let resolve = |start| LineageStart::resolve(&start, pin);
    assert_eq!(resolve(StartPosition::TrimHorizon), StreamStart::TrimHorizon.into());
    assert_eq!(resolve(StartPosition::Latest), StreamStart::Latest(pin).into());
    assert_eq!(resolve(StartPosition::AtTimestamp(time)), StreamStart::AtTimestamp(at(7)).into());
}
