use bytes::Bytes;

use super::*;
use crate::model::KinesisRecord;

fn record(number: u128) -> KinesisRecord {
    KinesisRecord {
        sequence_number: number.into(),
        partition_key: None,
        data: Bytes::new(),
        approximate_arrival: Some(arrival(number)),
        encryption_type: None,
    }
}

fn records<const N: usize>(numbers: [u128; N]) -> Records {
    numbers.into_iter().map(record).collect::<Vec<_>>().into()
}

fn arrival(number: u128) -> Timestamp {
    Timestamp::from_millis(1_000 * number as u64)
}

fn after(number: u128) -> StartingPosition {
    StartingPosition::AfterSequenceNumber(number.into())
}

fn done(number: u128) -> Option<RecordPosition> {
    Some(RecordPosition::new(number.into()))
}

#[test]
fn decision_01_a_switch_goes_on_after_the_last_record_and_never_after_a_continuation() {
    let mut position = Position::new(ShardStart::TrimHorizon);
    position.advance(&records([1, 2]), Some(&7.into()));
    assert_eq!(position.starting_position(), after(7));
    let polled = position.handed_on();
    assert_eq!((polled.starting_position(), polled.skip_through(None)), (after(2), done(2)));
}

#[test]
fn decision_01_a_switch_before_any_record_goes_on_at_the_start_with_its_filter() {
    let start = RecordPosition::within_aggregate(5.into(), 3);
    let mut position = Position::new(ShardStart::After(start.clone()));
    position.advance(&records([]), Some(&9.into()));
    let polled = position.handed_on();
    assert_eq!(polled.starting_position(), StartingPosition::AtSequenceNumber(5.into()));
    assert_eq!(polled.skip_through(None), Some(start));
}

#[test]
fn decision_01_a_number_that_is_refused_after_a_switch_gives_way_to_the_last_records_time() {
    let mut position = Position::new(ShardStart::TrimHorizon);
    position.advance(&records([1, 2]), Some(&7.into()));
    let mut polled = position.handed_on();
    assert!(polled.fall_back());
    assert_eq!(polled.starting_position(), StartingPosition::AtTimestamp(arrival(2)));
    assert_eq!(polled.advance_by_page(&records([2, 3])), done(2), "what is done is filtered");
    assert_eq!((polled.starting_position(), polled.skip_through(None)), (after(3), None));
    let mut probe = position.handed_on();
    assert!(probe.fall_back());
    assert!(!probe.clone().fall_back(), "there is nothing older");
    let again = probe.handed_on();
    assert_eq!(again.starting_position(), StartingPosition::AtTimestamp(arrival(2)));
}

#[test]
fn a_record_without_a_time_leaves_nothing_to_fall_back_to() {
    let untimed = KinesisRecord { approximate_arrival: None, ..record(2) };
    let mut position = Position::new(ShardStart::TrimHorizon);
    position.advance_by_page(&vec![untimed].into());
    assert!(!position.fall_back());
    assert_eq!(position.starting_position(), after(2));
}

#[test]
fn a_probe_counts_as_done_what_was_polled_meanwhile() {
    let mut polled = Position::new(ShardStart::TrimHorizon);
    polled.advance_by_page(&records([1, 2]));
    let mut probe = polled.handed_on();
    polled.advance_by_page(&records([3, 4, 5]));
    let before_event = probe.clone();
    probe.advance(&records([3, 4]), Some(&4.into()));
    probe.catch_up_with(&polled);
    assert_eq!((probe.starting_position(), probe.skip_through(None)), (after(4), done(5)));
    let mut withdrawn = before_event;
    withdrawn.catch_up_with(&polled);
    assert_eq!((withdrawn.starting_position(), withdrawn.skip_through(None)), (after(5), done(5)));
    assert_eq!(withdrawn.handed_on().starting_position(), after(5));
}

#[test]
fn a_probe_that_is_ahead_of_what_was_polled_needs_no_filter() {
    let mut polled = Position::new(ShardStart::TrimHorizon);
    polled.advance_by_page(&records([1]));
    let mut probe = polled.handed_on();
    probe.advance(&records([2, 3]), Some(&3.into()));
    probe.catch_up_with(&polled);
    assert_eq!((probe.starting_position(), probe.skip_through(None)), (after(3), None));
}

#[test]
fn decision_01_a_probe_follows_what_is_polled_until_its_call() {
    let mut polled = Position::new(ShardStart::TrimHorizon);
    let mut probe = polled.handed_on();
    polled.advance_by_page(&records([1, 2]));
    probe.follow(&polled);
    assert_eq!((probe.starting_position(), probe.skip_through(None)), (after(2), done(2)));
    assert!(probe.fall_back());
    let refused = probe.clone();
    probe.follow(&polled);
    assert_eq!(probe.starting_position(), refused.starting_position(), "nothing has come since");
    polled.advance_by_page(&records([3]));
    probe.follow(&polled);
    assert_eq!((probe.starting_position(), probe.skip_through(None)), (after(3), done(3)));
}

#[test]
fn an_empty_page_leaves_the_position() {
    let mut position = Position::new(ShardStart::Timestamp(arrival(4)));
    position.advance_by_page(&records([]));
    assert_eq!(position.starting_position(), StartingPosition::AtTimestamp(arrival(4)));
    assert!(!position.fall_back());
}

#[test]
fn the_end_of_the_shard_is_reached_by_a_record_a_continuation_or_the_start() {
    let ending = 9.into();
    let mut position = Position::new(ShardStart::TrimHorizon);
    assert!(!position.has_reached(&ending));
    position.advance(&records([8]), Some(&9.into()));
    assert!(position.has_reached(&ending) && !position.handed_on().has_reached(&ending));
    let mut polled = Position::new(ShardStart::TrimHorizon);
    polled.advance_by_page(&records([9]));
    assert!(polled.has_reached(&ending));
    assert!(Position::new(ShardStart::After(RecordPosition::new(9.into()))).has_reached(&ending));
}

#[test]
fn of_two_filters_the_one_that_reaches_further_counts() {
    let (within, whole) = (RecordPosition::within_aggregate(5.into(), 3), RecordPosition::new(5.into()));
    let position = Position::new(ShardStart::After(within.clone()));
    assert_eq!(position.skip_through(Some(whole.clone())), Some(whole.clone()));
    assert_eq!(
        Position::new(ShardStart::After(whole.clone())).skip_through(Some(within.clone())),
        Some(whole)
    );
    let later = RecordPosition::within_aggregate(6.into(), 0);
    assert_eq!(position.skip_through(Some(later.clone())), Some(later));
    assert_eq!(position.skip_through(None), Some(within));
}
