use std::time::Duration;

use super::scenario::{Scenario, default_config};
use super::values::page;
use crate::engine::polling::PollingConfig;
use crate::engine::{Output, ShardStart, polling};
use crate::model::Failure;
use crate::model::FailureClass::{Throttled, Unavailable};

fn impatient() -> Scenario {
    let give_up_after = Some(Duration::from_secs(1));
    Scenario::polling_with(PollingConfig { give_up_after, ..default_config() })
}

#[test]
fn throttles_slow_the_polling_down_within_bounds_and_are_never_an_error() {
    let mut s = impatient();
    let mut longest = Duration::ZERO;
    for _ in 0..200 {
        assert_eq!(s.no_page(Throttled), ["throttled"]);
        let (waited, line) = s.next_call();
        assert!(line.starts_with("records"), "the iterator is kept: {line}");
        assert!(Duration::from_millis(205) <= waited && waited <= Duration::from_secs(5), "{waited:?}");
        longest = longest.max(waited);
    }
    assert!(longest > Duration::from_secs(4), "it escalates: {longest:?}");
    s.page(page([3]));
    s.demand();
    s.next_call();
    s.no_page(Throttled);
    assert!(s.next_call().0 <= Duration::from_secs(1), "a page starts the waits anew");
}

#[test]
fn throttles_of_the_iterator_are_waited_for_as_well() {
    let mut s = Scenario::new(ShardStart::TrimHorizon);
    s.demand();
    for _ in 0..50 {
        assert_eq!(s.no_iterator(Throttled), ["throttled"]);
        let (waited, line) = s.next_call();
        assert!(line.ends_with("TRIM_HORIZON"), "{line}");
        assert!(Duration::from_millis(205) <= waited && waited <= Duration::from_secs(5), "{waited:?}");
    }
}

#[test]
fn a_failure_after_long_throttling_is_not_the_last_of_a_long_row_of_them() {
    let mut s = impatient();
    assert_eq!(s.no_page(Unavailable), ["failed Unavailable, retry"]);
    s.next_call();
    for _ in 0..20 {
        s.no_page(Throttled);
        s.next_call();
    }
    assert_eq!(s.no_page(Unavailable), ["failed Unavailable, retry"]);
}

#[test]
fn the_wait_that_is_told_is_the_wait_until_the_call() {
    let mut s = Scenario::polling();
    for class in [Throttled, Unavailable].repeat(20) {
        let (call, sent_at) = (s.call(), s.now);
        let failure = Failure::new(class, "refused");
        let outputs = s.drive(polling::Input::Page { call, sent_at, result: Err(failure) });
        let told = match &outputs[..] {
            [Output::Event(polling::Event::Throttled { retry_in })] => *retry_in,
            [Output::Event(polling::Event::CallFailed { retry_in: Some(retry_in), .. })] => *retry_in,
            other => panic!("{other:?}"),
        };
        assert_eq!(s.next_call().0, told);
    }
}
