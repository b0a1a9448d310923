use super::scenario::{Scenario, default_config};
use super::values::{PageBuilder, page};
use crate::engine::polling::PollingConfig;
use crate::engine::{Pin, ShardStart};
use crate::model::{RecordPosition, Timestamp};

#[test]
fn a_scan_goes_out_at_once_at_the_start() {
    let mut s = Scenario::new(ShardStart::TrimHorizon);
    assert_eq!(s.due(), None, "not without room");
    assert_eq!(s.demand(), ["iterator #0 TRIM_HORIZON"]);
    assert_eq!(s.due(), None);
    assert_eq!(s.iterator("i"), ["records #1 i"], "the two kinds of call do not count against each other");
    assert_eq!(s.page(page([1, 2])), ["deliver [1 2]"]);
    assert_eq!(s.due(), None, "the page waits for room");
}

#[test]
fn every_start_asks_for_its_own_position() {
    let time = Timestamp::from_millis(5_000_000);
    for (start, asked) in [
        (ShardStart::TrimHorizon, "TRIM_HORIZON"),
        (ShardStart::Pinned(Pin::at(time)), "AT_TIMESTAMP 5000"),
        (ShardStart::Timestamp(time), "AT_TIMESTAMP 5000"),
        (ShardStart::After(RecordPosition::new(7.into())), "AT 7"),
        (ShardStart::After(RecordPosition::within_aggregate(7.into(), 3)), "AT 7"),
    ] {
        assert_eq!(Scenario::new(start).demand(), [format!("iterator #0 {asked}")]);
    }
}

#[test]
fn decision_02_a_start_within_an_aggregate_is_filtered_until_a_greater_number_has_been_seen() {
    let start = ShardStart::After(RecordPosition::within_aggregate(7.into(), 3));
    let mut s = Scenario::scanning_from(start, default_config());
    assert_eq!(s.page(page([]).behind(1)), ["deliver [] past 7/3"]);
    s.demand();
    s.next_call();
    assert_eq!(s.page(page([7]).behind(1)), ["deliver [7] past 7/3"]);
    s.demand();
    s.next_call();
    assert_eq!(s.page(page([8])), ["deliver [8] past 7/3"]);
    s.demand();
    s.next_call();
    assert_eq!(s.page(page([9])), ["deliver [9]"]);
}

#[test]
fn the_limit_is_the_one_that_was_set() {
    let mut s =
        Scenario::configured(ShardStart::TrimHorizon, 7, PollingConfig { limit: 25, ..default_config() });
    s.demand();
    assert_eq!(s.iterator("i"), ["records #1 i limit 25"]);
}
