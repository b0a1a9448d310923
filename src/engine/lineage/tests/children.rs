//! Who waits for whom.

use super::*;

fn started(stream: Stream) -> Driver {
    Driver::started(StreamStart::TrimHorizon, stream)
}

#[test]
fn decision_10_a_child_starts_when_its_parents_are_handed_over() {
    let mut driver = started(Stream::of(1));
    driver.stream.split(0);
    assert!(driver.discover().is_empty(), "known, and held by its parent");
    assert_eq!(driver.machine.waiting(), 2);
    assert_eq!(driver.end(0), ["1 from its beginning", "2 from its beginning"]);
    assert_eq!((driver.machine.reading(), driver.machine.waiting()), (2, 0));
}

#[test]
fn decision_10_a_merge_waits_for_the_parent_that_is_far_behind() {
    let mut driver = started(Stream::of(2));
    driver.stream.merge(0, 1);
    assert!(driver.end(0).is_empty());
    for _ in 0..200 {
        assert!(driver.discover().is_empty());
    }
    assert_eq!(driver.end(1), ["2 from its beginning"]);
}

#[test]
fn decision_10_children_of_an_event_start_before_any_listing_has_them() {
    let mut driver = started(Stream::of(1));
    driver.stream.lag = 1_000_000_000;
    driver.stream.split(0);
    let calls = driver.calls;
    assert_eq!(driver.end(0), ["1 from its beginning", "2 from its beginning"]);
    assert_eq!(driver.calls, calls);
    driver.stream.lag = 0;
    for _ in 0..10 {
        assert!(driver.discover().is_empty(), "once each");
    }
}

#[test]
fn decision_10_a_merge_of_an_event_waits_for_a_parent_that_only_a_listing_knows() {
    let mut driver = started(Stream::of(2));
    driver.stream.split(0);
    driver.stream.merge(3, 1);
    driver.stream.lag = 250;
    driver.stream.time += 150;
    // 1 ends first: its child 4 descends from 3 too, of which nothing is known yet.
    assert!(driver.end(1).is_empty());
    let (wait, _) = driver.due().unwrap();
    assert!(wait <= Duration::from_secs(1), "asked for soon: {wait:?}");
    assert!(driver.discover().is_empty(), "the listing lags: it has 2 and 3, not 4");
    driver.stream.time += 1000;
    assert!(driver.discover().is_empty());
    assert_eq!(driver.end(0), ["2 from its beginning", "3 from its beginning"]);
    assert_eq!(driver.end(3), ["4 from its beginning"]);
}

#[test]
fn decision_10_an_unknown_parent_is_gone_when_a_listing_has_the_child_without_it() {
    let mut driver = started(Stream::of(2));
    driver.stream.split(0);
    driver.stream.merge(3, 1);
    driver.stream.lag = 1_000_000_000;
    assert!(driver.end(1).is_empty());
    assert!(driver.discover().is_empty());
    // 0 and 3 expire while nobody looks; 4 is listed.
    driver.stream.shards[0].closed = Some(0);
    driver.stream.shards[3].closed = Some(0);
    driver.stream.lag = 0;
    driver.discover();
    assert_eq!(driver.machine.waiting(), 1, "2, child of 0, which is being read");
    assert_eq!(driver.machine.reading(), 2, "0 and 4");
}

#[test]
fn decision_10_a_child_that_is_never_listed_is_given_two_discovery_rounds() {
    let mut driver = started(Stream::of(2));
    driver.stream.split(0);
    driver.stream.merge(3, 1);
    driver.stream.lag = 1_000_000_000;
    driver.end(1);
    let began = driver.now;
    while driver.machine.waiting() == 1 && driver.now - began < Duration::from_secs(200) {
        driver.discover();
    }
    let waited = driver.now - began;
    assert!((54..100).contains(&waited.as_secs()), "{waited:?}");
}

#[test]
fn decision_10_initial_shards_do_not_wait_for_shards_outside_the_start_set() {
    let mut stream = Stream::of(2);
    stream.merge(0, 1);
    let pin = Pin::at(stream.timestamp());
    let mut driver = Driver::new(StreamStart::Latest(pin), stream);
    assert_eq!(driver.run(Input::Start), ["1 initial", "2 from the pin 1100"]);
}

#[test]
fn a_chain_of_reshards_before_the_start_is_read_in_order() {
    let mut stream = Stream::of(1);
    stream.split(0);
    stream.merge(1, 2);
    stream.split(3);
    let mut driver = Driver::new(StreamStart::TrimHorizon, stream);
    assert_eq!(driver.run(Input::Start), ["1 initial", "0 from its beginning"]);
    assert_eq!(driver.machine.waiting(), 5);
    assert_eq!(driver.end(0), ["1 from its beginning", "2 from its beginning"]);
    assert!(driver.end(1).is_empty());
    assert_eq!(driver.end(2), ["3 from its beginning"]);
    assert_eq!(driver.end(3), ["4 from its beginning", "5 from its beginning"]);
}

#[test]
fn a_shard_that_ends_without_a_word_of_children_has_them_looked_up_soon() {
    let mut driver = started(Stream::of(1));
    driver.now += Duration::from_secs(5);
    driver.stream.split(0);
    driver.end_bare(0);
    assert_eq!(driver.answer(), ["1 from its beginning", "2 from its beginning"]);
    assert_eq!(driver.due().unwrap().1, TimeoutReason::Discovery);
    assert!(driver.due().unwrap().0 > Duration::from_secs(20), "settled");
}

#[test]
fn children_that_stay_unknown_are_looked_for_less_and_less_often() {
    let mut driver = started(Stream::of(1));
    driver.end_bare(0);
    let waits: Vec<u64> = (0..8)
        .map(|_| {
            let wait = driver.due().unwrap().0.as_secs();
            driver.discover();
            wait
        })
        .collect();
    assert_eq!(waits[..6], [1, 1, 2, 4, 8, 16]);
    assert!(waits[7] >= 27);
}

#[test]
fn a_shard_is_started_once_however_often_it_is_announced() {
    let mut driver = started(Stream::of(1));
    driver.stream.split(0);
    driver.end(0);
    assert!(driver.end(0).is_empty());
    assert!(driver.discover().is_empty());
    driver.end(1);
    assert!(driver.end(0).is_empty());
    assert!(driver.discover().is_empty());
}

#[test]
fn a_shard_that_was_not_started_cannot_end() {
    let mut driver = started(Stream::of(2));
    driver.stream.merge(0, 1);
    driver.stream.split(2);
    driver.discover();
    assert!(driver.end(2).is_empty(), "2 waits for 0 and 1");
    assert!(driver.end(7).is_empty(), "7 is not known");
    driver.end(0);
    assert_eq!(driver.end(1), ["2 from its beginning"]);
}

#[test]
fn decision_05_a_parent_that_expired_unread_passes_on_to_its_children() {
    let mut driver = started(Stream::of(1));
    driver.stream.split(0);
    driver.discover();
    driver.stream.expire();
    driver.now += Duration::from_secs(2);
    driver.check(0);
    assert_eq!(driver.answer(), [r#"0 is gone, children [1, 2]"#]);
    assert_eq!(driver.end(0), ["1 from its beginning", "2 from its beginning"]);
}

#[test]
fn a_line_that_was_lost_sight_of_is_taken_up_by_what_may_descend_from_it() {
    let mut driver = started(Stream::of(1));
    // An outage as long as the retention, with two reshards in it: 0, 1, 2 expire before 1 and 2 were seen.
    driver.stream.split(0);
    driver.stream.merge(1, 2);
    driver.stream.expire();
    assert!(driver.discover().is_empty(), "3 waits for 0, which may have events in hand");
    assert_eq!(driver.end_bare(0), ["3 from its beginning"]);
}

#[test]
fn what_has_expired_and_was_read_is_forgotten() {
    let mut driver = started(Stream::of(1));
    let mut open = 0;
    for _ in 0..50 {
        let left = driver.stream.split(open);
        driver.end(open);
        let next = driver.stream.merge(left, left + 1);
        driver.end(left);
        driver.end(left + 1);
        driver.stream.expire();
        assert!(driver.discover().is_empty());
        open = next;
        assert!(driver.machine.graph.len() <= 8, "{}", driver.machine.graph.len());
    }
    assert_eq!((driver.machine.reading(), driver.machine.waiting()), (1, 0));
}

#[test]
fn a_shard_that_is_listed_only_after_it_was_read_is_not_read_again() {
    let mut driver = started(Stream::of(1));
    driver.stream.lag = 1_000_000_000;
    driver.stream.split(0);
    driver.end(0);
    driver.stream.split(1);
    assert_eq!(driver.end(1), ["3 from its beginning", "4 from its beginning"]);
    for _ in 0..10 {
        driver.discover();
    }
    driver.stream.lag = 0;
    for _ in 0..10 {
        assert!(driver.discover().is_empty());
    }
}
