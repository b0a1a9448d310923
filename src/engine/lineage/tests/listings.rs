//! Pages, failures, the discovery cadence, checks.

use super::*;
use FailureClass::*;

fn started(stream: Stream) -> Driver {
    Driver::started(StreamStart::TrimHorizon, stream)
}

#[test]
fn a_listing_has_all_its_pages() {
    let mut driver = Driver::new(StreamStart::TrimHorizon, Stream::of(10));
    driver.page_size = 3;
    let said = driver.run(Input::Start);
    assert_eq!((said.len(), driver.calls), (11, 8));
}

#[test]
fn a_page_that_failed_for_a_while_is_asked_for_again() {
    let mut driver = Driver::new(StreamStart::TrimHorizon, Stream::of(10));
    driver.page_size = 3;
    driver.handle(Input::Start);
    driver.answer();
    for class in [Throttled, TimedOut, Unavailable] {
        driver.refuse(class);
        driver.wait();
        assert_eq!(driver.call.clone().unwrap().1, PageRequest::Next("3".into()));
    }
}

#[test]
fn a_token_that_is_refused_starts_the_listing_over() {
    for class in [ExpiredNextToken, InvalidArgument, Unclassified] {
        let mut driver = Driver::new(StreamStart::TrimHorizon, Stream::of(10));
        driver.page_size = 3;
        driver.handle(Input::Start);
        driver.answer();
        driver.refuse(class);
        let said = driver.wait();
        assert_eq!(driver.call.clone().unwrap().1, PageRequest::First(ShardFilter::AtTrimHorizon));
        driver.page_size = 1000;
        assert!(said.is_empty() && driver.answer().is_empty());
        assert_eq!(driver.answer().len(), 11, "no shard twice");
    }
}

#[test]
fn the_stream_is_listed_every_thirty_seconds_for_ever() {
    let mut driver = started(Stream::of(1));
    for _ in 0..500 {
        let (wait, reason) = driver.due().unwrap();
        assert_eq!(reason, TimeoutReason::Discovery);
        assert!((27..33).contains(&wait.as_secs()), "{wait:?}");
        driver.discover();
    }
    let mean = (driver.now - driver.origin) / 500;
    assert!((29_500..30_500).contains(&mean.as_millis()), "{mean:?}");
}

#[test]
fn the_discovery_interval_can_be_set() {
    let mut driver = Driver::new(StreamStart::TrimHorizon, Stream::of(1));
    driver.machine = driver.machine.with_discovery_interval(Duration::from_secs(300));
    driver.run(Input::Start);
    assert!((270..330).contains(&driver.due().unwrap().0.as_secs()));
}

#[test]
fn after_the_start_a_listing_is_tried_for_ever() {
    let mut driver = started(Stream::of(1));
    driver.wait();
    for _ in 0..1000 {
        assert!(driver.refuse(Unavailable).is_empty());
        let (wait, reason) = driver.due().unwrap();
        assert_eq!(reason, TimeoutReason::Retry);
        assert!(wait <= Duration::from_secs(30));
        assert!(driver.wait().is_empty());
    }
    driver.stream.split(0);
    driver.answer();
    assert_eq!(driver.machine.waiting(), 2);
}

#[test]
fn decision_05_a_deleted_stream_is_fatal() {
    let mut driver = started(Stream::of(1));
    driver.check(0);
    driver.wait();
    assert_eq!(driver.refuse(ResourceNotFound), ["failed: the stream does not exist: ResourceNotFound: no"]);
    assert!(driver.check(0).is_empty() && driver.end_bare(0).is_empty());
    assert_eq!(driver.due(), None);
}

#[test]
fn decision_06_checks_share_one_listing() {
    let mut driver = started(Stream::of(64));
    driver.now += Duration::from_secs(5);
    let calls = driver.calls;
    for shard in 0..64 {
        assert!(driver.check(shard).is_empty());
        assert!(driver.check(shard).is_empty());
    }
    let said = driver.answer();
    assert_eq!(said.len(), 64, "{said:?}");
    assert_eq!(driver.calls, calls + 1);
}

#[test]
fn decision_06_listings_start_a_second_apart_whoever_asks() {
    let mut driver = started(Stream::of(1));
    while driver.listings.len() < 50 {
        driver.check(0);
        driver.discover();
    }
    let gaps: Vec<_> = driver.listings.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps.iter().all(|gap| *gap == Duration::from_secs(1)), "{gaps:?}");
}

#[test]
fn decision_06_a_failing_listing_keeps_its_distance_too() {
    let mut driver = started(Stream::of(1));
    driver.wait();
    for _ in 0..50 {
        driver.refuse(Throttled);
        driver.wait();
    }
    let gaps = driver.listings.windows(2).map(|pair| pair[1] - pair[0]);
    assert!(gaps.min().unwrap() >= Duration::from_secs(1));
}

#[test]
fn decision_06_a_failed_listing_keeps_the_checks_for_the_next() {
    let mut driver = started(Stream::of(1));
    driver.check(0);
    driver.wait();
    assert!(driver.refuse(Throttled).is_empty());
    driver.wait();
    assert_eq!(driver.answer(), ["0 is open"]);
}

#[test]
fn a_check_tells_open_from_closed() {
    let mut driver = started(Stream::of(2));
    driver.stream.split(0);
    driver.check(0);
    driver.check(1);
    assert_eq!(driver.discover(), ["0 is closed, children [2, 3]", "1 is open"]);
}

#[test]
fn a_check_tells_the_ending_sequence_number() {
    let mut driver = started(Stream::of(1));
    driver.stream.split(0);
    driver.discover();
    let ShardStatus::Closed { ending_sequence_number, children } = driver.machine.graph.status(&id(0)) else {
        panic!("not closed");
    };
    assert_eq!(ending_sequence_number, 1100.into());
    assert_eq!(children, driver.stream.children(0));
}

#[test]
fn decision_05_a_child_that_is_not_listed_yet_is_not_gone() {
    let mut driver = started(Stream::of(1));
    driver.stream.split(0);
    driver.stream.lag = 1_000_000_000;
    driver.end(0);
    let began = driver.now;
    let told = loop {
        driver.check(1);
        match driver.discover() {
            said if said == ["1 is unlisted"] && driver.now - began < Duration::from_secs(200) => {}
            said => break said,
        }
    };
    assert_eq!(told, ["1 is gone, children []"]);
    let waited = driver.now - began;
    assert!((54..60).contains(&waited.as_secs()), "two discovery rounds: {waited:?}");
}

#[test]
fn a_shard_that_nobody_knows_is_gone() {
    let mut driver = started(Stream::of(1));
    driver.check(9);
    assert_eq!(driver.discover(), ["9 is gone, children []"]);
}

#[test]
fn an_answer_that_nobody_waits_for_is_dropped() {
    let mut driver = started(Stream::of(1));
    driver.wait();
    let stale = Input::Listed { call: CallId(1), result: Err(failure(ResourceNotFound)) };
    assert!(driver.handle(stale.clone()).is_empty());
    driver.answer();
    let due = driver.due();
    assert!(driver.handle(stale).is_empty());
    assert_eq!(driver.due(), due);
}

#[test]
fn a_timeout_too_early_changes_nothing() {
    let mut driver = started(Stream::of(1));
    let due = driver.due();
    assert!(driver.handle(Input::Timeout).is_empty());
    assert_eq!(driver.due(), due);
}

#[test]
fn a_listing_that_is_denied_or_answered_by_something_else_ends_a_running_consumer_only_after_a_minute() {
    for class in [AccessDenied, KmsUnavailable, Unsupported] {
        let mut driver = Driver::started(StreamStart::TrimHorizon, Stream::of(1));
        driver.wait();
        let start = driver.now;
        let mut said = driver.refuse(class);
        while !said.concat().starts_with("failed") {
            driver.wait();
            said = driver.refuse(class);
            assert!((driver.now - start).as_secs() < 120, "{class:?}: {said:?}");
        }
        assert!((driver.now - start).as_secs() >= 60, "{class:?}: {said:?}");
    }
}
