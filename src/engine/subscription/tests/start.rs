use super::scenario::Scenario;
use super::values::{EventBuilder, event};
use crate::engine::ShardStart;
use crate::model::{RecordPosition, Timestamp};

#[test]
fn decision_02_a_checkpoint_is_subscribed_at_and_its_record_is_dropped_until_a_greater_one_comes() {
    let mut s = Scenario::new(ShardStart::After(RecordPosition::new(7.into())));
    assert_eq!(s.demand(), ["subscribe #0 AT 7"]);
    s.subscribed();
    assert_eq!(s.event(event([7]).continuing(7)), ["established", "deliver [7] →7 past 7"]);
    s.demand();
    assert_eq!(s.event(event([8]).continuing(8)), ["deliver [8] →8 past 7"], "no greater one yet");
    s.demand();
    assert_eq!(s.event(event([9]).continuing(9)), ["deliver [9] →9"]);
}

#[test]
fn decision_02_the_filter_outlasts_empty_events_and_renewals() {
    let mut s = Scenario::subscribed_from(ShardStart::After(RecordPosition::new(7.into())));
    assert_eq!(s.event(event([]).continuing(6)), ["established", "deliver [] →6 past 7"]);
    s.demand();
    s.ended();
    assert_eq!(s.next_call().1, "subscribe #1 AFTER 6");
    s.subscribed();
    assert_eq!(s.event(event([7, 8]).continuing(8)), ["renewed", "deliver [7 8] →8 past 7"]);
    s.demand();
    assert_eq!(s.event(event([9]).continuing(9)), ["deliver [9] →9"]);
}

#[test]
fn decision_02_a_start_in_the_middle_of_an_aggregate_keeps_its_sub_sequence_number() {
    let done = RecordPosition::within_aggregate(7.into(), 3);
    let mut s = Scenario::new(ShardStart::After(done));
    assert_eq!(s.demand(), ["subscribe #0 AT 7"]);
    s.subscribed();
    assert_eq!(s.event(event([7]).continuing(7)), ["established", "deliver [7] →7 past 7/3"]);
    s.demand();
    // The rest of the aggregate is held: what follows is the continuation's business.
    s.ended();
    assert_eq!(s.next_call().1, "subscribe #1 AFTER 7");
}

#[test]
fn decision_02_is_asked_again_with_the_filter_when_the_first_subscribe_is_barren() {
    let done = RecordPosition::within_aggregate(7.into(), 3);
    let mut s = Scenario::subscribed_from(ShardStart::After(done));
    assert_eq!(s.ended(), ["ended Barren, retry"]);
    assert_eq!(s.next_call().1, "subscribe #1 AT 7");
    s.subscribed();
    assert_eq!(s.event(event([7, 8]).continuing(8)), ["established", "deliver [7 8] →8 past 7/3"]);
}

#[test]
fn other_starts_have_no_filter() {
    let starts = [
        (ShardStart::TrimHorizon, "subscribe #0 TRIM_HORIZON"),
        (ShardStart::Timestamp(Timestamp::from_millis(50_000)), "subscribe #0 AT_TIMESTAMP 50"),
    ];
    for (start, subscribe) in starts {
        let mut s = Scenario::new(start);
        assert_eq!(s.demand(), [subscribe]);
        s.subscribed();
        assert_eq!(s.event(event([1]).continuing(1)), ["established", "deliver [1] →1"]);
    }
}
