//! Which shards the reading starts with.

use super::*;
use FailureClass::*;

#[test]
fn trim_horizon_starts_with_the_shards_open_at_the_horizon_and_holds_their_descendants() {
    let mut stream = Stream::of(2);
    let child = stream.split(0);
    stream.merge(child + 1, 1);
    let mut driver = Driver::new(StreamStart::TrimHorizon, stream);
    assert_eq!(driver.run(Input::Start), ["2 initial", "0 from its beginning", "1 from its beginning"]);
    assert_eq!((driver.machine.reading(), driver.machine.waiting()), (2, 3));
    assert_eq!(driver.end(0), ["2 from its beginning", "3 from its beginning"]);
    assert!(driver.end(1).is_empty());
    assert_eq!(driver.end(3), ["4 from its beginning"]);
}

#[test]
fn trim_horizon_after_the_ancestors_expired_starts_with_what_is_left() {
    let mut stream = Stream::of(1);
    stream.split(0);
    stream.expire();
    stream.split(1);
    let mut driver = Driver::new(StreamStart::TrimHorizon, stream);
    assert_eq!(driver.run(Input::Start), ["2 initial", "1 from its beginning", "2 from its beginning"]);
    assert_eq!(driver.end(1), ["3 from its beginning", "4 from its beginning"]);
}

#[test]
fn decision_03_latest_lists_and_starts_at_the_pin() {
    let mut stream = Stream::of(2);
    stream.split(0);
    let pin = Pin::at(stream.timestamp());
    let mut driver = Driver::new(StreamStart::Latest(pin), stream);
    driver.handle(Input::Start);
    let asked = driver.call.clone().unwrap().1;
    assert_eq!(asked, PageRequest::First(ShardFilter::AtTimestamp(pin.timestamp())));
    let mut said = driver.answer();
    said.extend(driver.answer());
    assert_eq!(said, ["3 initial", "1 from the pin 1100", "2 from the pin 1100", "3 from the pin 1100"]);
}

#[test]
fn decision_03_what_is_created_after_the_pin_is_read_from_its_beginning() {
    let mut stream = Stream::of(1);
    let pin = Pin::at(stream.timestamp());
    stream.split(0);
    let mut driver = Driver::new(StreamStart::Latest(pin), stream);
    assert_eq!(driver.run(Input::Start), ["1 initial", "0 from the pin 1000"]);
    assert_eq!(driver.end(0), ["1 from its beginning", "2 from its beginning"]);
}

#[test]
fn decision_03_a_pin_that_is_refused_steps_back() {
    let mut stream = Stream::of(1);
    stream.time = 1_000_000;
    let mut driver = Driver::new(StreamStart::Latest(Pin::at(stream.timestamp())), stream);
    driver.handle(Input::Start);
    assert!(driver.refuse(InvalidArgument).is_empty());
    assert!(driver.refuse(InvalidArgument).is_empty());
    let mut said = driver.answer();
    said.extend(driver.answer());
    assert_eq!(said, ["1 initial", "0 from the pin 760000"]);
}

#[test]
fn decision_03_a_pin_refused_for_a_whole_day_is_an_error() {
    let mut driver = Driver::new(StreamStart::Latest(Pin::at(at(100_000_000))), Stream::of(1));
    let mut said = driver.handle(Input::Start);
    while driver.call.is_some() {
        said.extend(driver.refuse(InvalidArgument));
    }
    assert_eq!(said, ["failed: ListShards refused every time for LATEST: InvalidArgument: no"]);
    assert_eq!(driver.calls, 8);
}

#[test]
fn a_time_starts_with_the_shards_open_then() {
    let mut stream = Stream::of(1);
    stream.split(0);
    let time = stream.timestamp();
    stream.split(1);
    let mut driver = Driver::new(StreamStart::AtTimestamp(time), stream);
    assert_eq!(driver.run(Input::Start), ["2 initial", "1 from 1100", "2 from 1100"]);
    assert_eq!(driver.end(1), ["3 from its beginning", "4 from its beginning"]);
}

#[test]
fn a_time_before_the_horizon_starts_with_what_is_left_of_the_shards_open_then() {
    let mut stream = Stream::of(2);
    let time = stream.timestamp();
    stream.split(0);
    stream.expire();
    let mut driver = Driver::new(StreamStart::AtTimestamp(time), stream);
    assert_eq!(driver.run(Input::Start), ["3 initial", "1 from 1000", "2 from 1000", "3 from 1000"]);
}

#[test]
fn a_time_before_the_stream_starts_with_all_of_it() {
    let mut driver = Driver::new(StreamStart::AtTimestamp(at(1)), Stream::of(2));
    assert_eq!(driver.run(Input::Start), ["2 initial", "0 from 1", "1 from 1"]);
}

#[test]
fn a_server_that_ignores_filters_does_not_break_the_order() {
    let mut stream = Stream::of(1);
    stream.split(0);
    let everything = stream.page(&PageRequest::First(ShardFilter::All), 10);
    let mut driver = Driver::new(StreamStart::Latest(Pin::at(stream.timestamp())), stream);
    driver.handle(Input::Start);
    let (call, _) = driver.call.take().unwrap();
    driver.handle(Input::Listed { call, result: Ok(everything) });
    assert_eq!(driver.answer(), ["1 initial", "0 from the pin 1100"]);
    assert_eq!(driver.end(0), ["1 from the pin 1100", "2 from the pin 1100"]);
}

#[test]
fn a_start_that_cannot_list_fails_after_a_minute() {
    let mut driver = Driver::new(StreamStart::TrimHorizon, Stream::of(1));
    driver.handle(Input::Start);
    let said = loop {
        assert!(driver.refuse(Unavailable).is_empty());
        match driver.wait() {
            said if said.is_empty() => {}
            said => break said,
        }
    };
    assert_eq!(said, ["failed: the shards could not be listed within 60s; last failure: Unavailable: no"]);
    assert_eq!(driver.now - driver.origin, START_BOUND);
    assert!((5..30).contains(&driver.calls), "{} calls", driver.calls);
    assert_eq!(driver.due(), None);
}

#[test]
fn a_start_whose_call_is_never_answered_fails_after_a_minute() {
    let mut driver = Driver::new(StreamStart::TrimHorizon, Stream::of(1));
    driver.handle(Input::Start);
    assert_eq!(driver.due(), Some((START_BOUND, TimeoutReason::Start)));
    assert_eq!(driver.wait(), ["failed: the shards could not be listed within 60s"]);
}

#[test]
fn a_stream_that_is_not_there_fails_at_once() {
    let mut driver = Driver::new(StreamStart::TrimHorizon, Stream::of(1));
    driver.handle(Input::Start);
    assert_eq!(driver.refuse(ResourceNotFound), ["failed: the stream does not exist: ResourceNotFound: no"]);
}

#[test]
fn what_no_retry_mends_fails_at_once() {
    for class in [AccessDenied, Credentials, InvalidArgument] {
        let mut driver = Driver::new(StreamStart::TrimHorizon, Stream::of(1));
        driver.handle(Input::Start);
        assert_eq!(driver.refuse(class), [format!("failed: ListShards failed: {class:?}: no")]);
        assert_eq!(driver.due(), None);
    }
}
