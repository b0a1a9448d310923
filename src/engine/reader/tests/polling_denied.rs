use super::scenario::Scenario;
use super::values::{event, page};
use crate::engine::reader::DeliveryMode::{FanOut, Polling};
use crate::model::FailureClass::{AccessDenied, KmsUnavailable, Unavailable, Unsupported};

#[test]
fn polling_that_is_denied_gives_way_to_fan_out_at_the_last_record_stored() {
    for class in [AccessDenied, Unsupported] {
        let mut s = Scenario::polling();
        let expected = [
            format!("poll failed {class:?}"),
            format!("Polling to FanOut: denied {class:?}"),
            "end Polling".into(),
            "begin FanOut".into(),
        ];
        assert_eq!(s.no_page(class), expected);
        s.room(FanOut);
        assert_eq!(s.until_subscribe(), ["subscribe #1 AFTER 3"]);
    }
}

#[test]
fn an_iterator_that_is_denied_gives_way_to_fan_out_as_well() {
    let mut s = Scenario::reading();
    s.failed(AccessDenied);
    s.room(Polling);
    assert_eq!(s.no_iterator(AccessDenied)[1], "Polling to FanOut: denied AccessDenied");
    s.room(FanOut);
    assert_eq!(s.until_subscribe(), ["subscribe #1 AFTER 2"]);
}

#[test]
fn a_key_that_is_not_to_be_had_for_a_minute_gives_way_to_fan_out() {
    let mut s = Scenario::polling();
    let began = s.now;
    while s.polling.begun {
        s.no_page(KmsUnavailable);
        if s.polling.begun {
            s.time_out();
        }
    }
    assert!((60..95).contains(&(s.now - began).as_secs()) && s.fan_out.begun);
}

#[test]
fn polling_that_is_denied_while_probing_ends_the_probe_and_begins_fan_out() {
    let mut s = Scenario::probing();
    let expected = [
        "poll failed AccessDenied",
        "end FanOut",
        "Polling to FanOut: denied AccessDenied",
        "end Polling",
        "begin FanOut",
    ];
    assert_eq!(s.no_page(AccessDenied), expected);
    s.room(FanOut);
    assert_eq!(s.until_subscribe(), ["subscribe #2 AFTER 3"]);
    s.subscribed();
    s.event(event([4]));
    s.room(FanOut);
    assert_eq!(s.stored, [1, 2, 3, 4]);
}

#[test]
fn after_that_there_is_no_fallback_until_a_probe_would_have_been_due() {
    let mut s = Scenario::polling();
    s.no_page(AccessDenied);
    let began = s.now;
    s.room(FanOut);
    while !s.polling.begun {
        s.until_subscribe_or(|s| s.polling.begun);
        if !s.polling.begun {
            s.refused(Unavailable);
        }
        assert!((s.now - began).as_secs() < 400);
    }
    assert!((270..332).contains(&(s.now - began).as_secs()), "{:?}", s.now - began);
    s.room(Polling);
    assert_eq!(s.no_iterator(AccessDenied)[1], "Polling to FanOut: denied AccessDenied", "and so on");
}

#[test]
fn a_consumer_that_is_gone_meanwhile_makes_polling_serve_at_the_first_end_after_that_time() {
    let mut s = Scenario::polling();
    s.no_page(AccessDenied);
    let began = s.now;
    s.room(FanOut);
    assert_eq!(s.unavailable(), [""; 0]);
    while !s.polling.begun {
        s.until_subscribe_or(|s| s.polling.begun);
        s.refused(Unavailable);
    }
    assert!((270..365).contains(&(s.now - began).as_secs()), "{:?}", s.now - began);
}

#[test]
fn where_both_are_denied_there_is_a_typed_error() {
    let mut s = Scenario::fan_out();
    s.refused(AccessDenied);
    s.room(Polling);
    s.no_iterator(AccessDenied);
    s.room(FanOut);
    let mut lines = Vec::new();
    while !s.over {
        s.until_subscribe();
        lines = s.refused(AccessDenied);
    }
    assert_eq!(lines, ["over: denied"]);
    assert!((60..100).contains(&s.elapsed().as_secs()), "{:?}", s.elapsed());
}

#[test]
fn a_fan_out_that_works_after_that_falls_back_as_ever() {
    let mut s = Scenario::polling();
    s.no_page(AccessDenied);
    s.room(FanOut);
    s.until_subscribe();
    s.subscribed();
    s.event(event([4]));
    s.room(FanOut);
    s.sleep_secs(330);
    s.fan_out_input(crate::engine::subscription::Input::NoRoom { call: s.fan_out.call() });
    s.room(FanOut);
    assert_eq!(s.failed(AccessDenied)[1], "FanOut to Polling: denied AccessDenied");
    s.poll_on_from([5]);
    assert_eq!(s.page(page([6])), ["Polling delivers [6]"]);
}
