use std::time::Duration;

use super::scenario::{Scenario, default_config};
use super::values::{PageBuilder, page};
use crate::engine::ShardStart;
use crate::engine::polling::PollingConfig;
use crate::model::RecordsPage;

/// The page is stored at once; gives the wait for the next call.
fn wait_after(s: &mut Scenario, page: RecordsPage) -> Duration {
    s.page(page);
    s.demand();
    s.next_call().0
}

fn scanning(config: PollingConfig) -> Scenario {
    Scenario::scanning_from(ShardStart::TrimHorizon, config)
}

#[test]
fn a_shard_that_is_behind_is_scanned_again_as_soon_as_the_five_calls_a_second_allow() {
    let mut s = scanning(default_config());
    for step in 0..50 {
        let waited = wait_after(&mut s, page([step]).behind(9));
        assert!(Duration::from_millis(200) <= waited && waited < Duration::from_millis(210), "{waited:?}");
    }
    s.page(page([60]).behind(9));
    s.wait_secs(1);
    assert_eq!(s.demand(), ["records #52 next60"], "time that has passed meanwhile is not waited for");
}

#[test]
fn an_empty_page_does_not_mean_that_the_shard_is_caught_up() {
    let mut s = scanning(default_config());
    assert!(wait_after(&mut s, page([]).behind(9)) < Duration::from_millis(210));
}

#[test]
fn the_scan_at_once_can_be_turned_off() {
    let mut s = scanning(PollingConfig { rescan_while_behind: false, ..default_config() });
    assert_eq!(wait_after(&mut s, page([1]).behind(9)), Duration::from_secs(1));
    assert_eq!(wait_after(&mut s, page([]).behind(9)), Duration::from_secs(1));
}

#[test]
fn a_shard_that_is_caught_up_waits_for_the_idle_interval_from_call_to_call() {
    for idle_interval in [1, 20].map(Duration::from_secs) {
        let mut s = scanning(PollingConfig { idle_interval, ..default_config() });
        assert_eq!(wait_after(&mut s, page([1])), idle_interval);
        s.wait(Duration::from_millis(300));
        assert_eq!(wait_after(&mut s, page([])), idle_interval - Duration::from_millis(300));
    }
}

#[test]
fn an_idle_interval_of_nothing_keeps_to_the_five_calls_a_second() {
    let mut s = scanning(PollingConfig { idle_interval: Duration::ZERO, ..default_config() });
    assert!(wait_after(&mut s, page([])) >= Duration::from_millis(200));
}

#[test]
fn an_idle_interval_beyond_the_clock_is_a_long_one() {
    let mut s = scanning(PollingConfig { idle_interval: Duration::MAX, ..default_config() });
    assert!(wait_after(&mut s, page([])) > Duration::from_secs(3600));
}

#[test]
fn a_page_takes_the_time_of_its_bytes_at_two_mebibytes_a_second_from_when_it_was_asked_for() {
    let mut s = scanning(default_config());
    let page = |number| page([number]).of_bytes_each(1 << 20).behind(9);
    assert_eq!(wait_after(&mut s, page(1)), Duration::from_millis(500));
    s.wait(Duration::from_millis(100));
    assert_eq!(wait_after(&mut s, page(2)), Duration::from_millis(400));
}

#[test]
fn a_shard_that_is_behind_is_read_at_the_limit_whatever_its_pages_weigh() {
    for kilobytes in [300, 700, 1500, 5000, 8000] {
        let mut s = scanning(default_config());
        let mut bytes = 0;
        for number in 0..20 {
            bytes += kilobytes << 10;
            wait_after(&mut s, page([number]).of_bytes_each(kilobytes << 10).behind(9));
        }
        let at_the_limit = Duration::from_secs_f64(bytes as f64 / f64::from(2 << 20));
        let allowed = at_the_limit..at_the_limit + Duration::from_millis(300).max(at_the_limit / 20);
        let paced_by_calls = Duration::from_millis(20 * 210);
        assert!(
            allowed.contains(&s.elapsed()) || s.elapsed() < paced_by_calls,
            "{kilobytes}: {:?}",
            s.elapsed()
        );
    }
}

#[test]
fn a_page_of_ten_mebibytes_shuts_the_shard_for_five_seconds_from_its_answer() {
    let mut s = scanning(default_config());
    s.wait_secs(3);
    assert_eq!(wait_after(&mut s, page([1]).of_bytes_each(10 << 20)), Duration::from_secs(5));
    let cut = |number| page([number]).of_bytes_each((10 << 20) - 5000).behind(9);
    assert_eq!(
        wait_after(&mut s, cut(2)),
        Duration::from_secs(5),
        "one that its size has ended is one of 10 MiB"
    );
    let ended_by_the_limit = Duration::from_secs_f64(((10 << 20) - 5000) as f64 / f64::from(2 << 20));
    let mut s = scanning(PollingConfig { limit: 1, ..default_config() });
    assert_eq!(wait_after(&mut s, cut(1)), ended_by_the_limit);
}

#[test]
fn a_call_that_was_held_back_on_its_way_counts_from_when_it_was_sent() {
    use crate::engine::polling::Input;
    let mut s = scanning(default_config());
    s.wait_secs(2);
    let (call, sent_at) = (s.call(), s.now);
    s.handle(Input::Page { call, sent_at, result: Ok(page([1]).behind(9)) });
    s.demand();
    assert!(s.next_call().0 >= Duration::from_millis(200));
}
