use super::scenario::{Scenario, default_config};
use super::values::event;
use crate::engine::ShardStart;
use crate::engine::reader::DeliveryMode::{FanOut, Polling};
use crate::engine::reader::{Input, ReaderConfig};
use crate::model::FailureClass::{AccessDenied, KmsUnavailable, Unavailable, Unsupported};
use crate::model::RecordPosition;

#[test]
fn a_denial_makes_polling_serve_at_once() {
    for class in [AccessDenied, Unsupported] {
        let mut s = Scenario::fan_out();
        let expected = [
            format!("ended {class:?}"),
            format!("FanOut to Polling: denied {class:?}"),
            "end FanOut".into(),
            "begin Polling".into(),
        ];
        assert_eq!(s.refused(class), expected);
        assert_eq!(s.room(Polling), ["iterator #0 TRIM_HORIZON"]);
    }
}

#[test]
fn a_denial_at_the_last_look_makes_polling_serve_once() {
    let mut s = Scenario::reading();
    s.failed(Unavailable);
    s.until_subscribe();
    s.sleep_secs(70);
    assert_eq!(s.handle(Input::Timeout), [""; 0]);
    s.sleep_secs(1);
    let changes =
        ["ended AccessDenied", "FanOut to Polling: denied AccessDenied", "end FanOut", "begin Polling"];
    assert_eq!(s.refused(AccessDenied), changes);
}

#[test]
fn decision_01_polling_goes_on_after_the_last_record_and_never_after_a_continuation() {
    let mut s = Scenario::reading();
    assert_eq!(s.failed(AccessDenied)[1], "FanOut to Polling: denied AccessDenied");
    assert_eq!(s.room(Polling), ["iterator #0 AFTER 2"]);
}

#[test]
fn decision_01_polling_goes_on_at_the_start_with_its_filter_where_no_record_came() {
    let start = ShardStart::After(RecordPosition::within_aggregate(7.into(), 3));
    let mut s = Scenario::fan_out_from(start, default_config());
    s.subscribed();
    s.event(event([]));
    s.room(FanOut);
    s.failed(AccessDenied);
    assert_eq!(s.room(Polling), ["iterator #0 AT 7"]);
    s.iterator();
    assert_eq!(s.page(super::values::page([7])), ["Polling delivers [7] past 7/3"]);
}

#[test]
fn decision_01_an_event_that_waits_for_room_is_dropped_and_polled_instead() {
    let mut s = Scenario::reading();
    s.event(event([6, 7]));
    s.failed(AccessDenied);
    s.poll_on_from([6, 7]);
    assert_eq!(s.stored, [1, 2, 6, 7]);
}

#[test]
fn a_key_that_is_not_to_be_had_is_no_reason_to_poll_at_once_and_after_a_minute_it_is() {
    let mut s = Scenario::reading();
    assert_eq!(s.failed(KmsUnavailable), ["ended KmsUnavailable"]);
    let mut lines = Vec::new();
    while !s.polling.begun {
        lines = s.until_subscribe_or(|s| s.polling.begun);
        if !s.polling.begun {
            lines = s.refused(KmsUnavailable);
        }
    }
    assert!(lines.concat().contains("FanOut to Polling"), "{lines:?}");
    assert!((60..95).contains(&s.elapsed().as_secs()), "{:?}", s.elapsed());
}

#[test]
fn without_a_fallback_a_denial_is_a_typed_error_after_a_minute() {
    let mut s = Scenario::reading_with(ReaderConfig { fallback: None, ..default_config() });
    assert_eq!(s.failed(AccessDenied), ["ended AccessDenied"]);
    while !s.over {
        s.until_subscribe();
        s.refused(AccessDenied);
    }
    assert!((60..95).contains(&s.elapsed().as_secs()), "{:?}", s.elapsed());
    assert!(!s.polling.begun);
}
