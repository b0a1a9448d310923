use super::scenario::{Scenario, any_instant, default_config};
use super::values::{last_page, page};
use crate::engine::ShardStart;
use crate::engine::reader::DeliveryMode::{FanOut, Polling};
use crate::engine::reader::Reader;
use crate::model::FailureClass::AccessDenied;

fn alone() -> Scenario {
    let now = any_instant();
    let reader = Reader::polling(default_config(), ShardStart::TrimHorizon, 7, now);
    let mut s = Scenario::of(reader, now);
    assert_eq!(s.first_outputs(), ["begin Polling"], "nothing has changed");
    s.poll_on_from([1, 2]);
    s
}

#[test]
fn a_shard_that_is_polled_alone_is_polled_to_its_end() {
    let mut s = alone();
    assert_eq!(s.due(), None, "no probe");
    s.page(page([3]));
    s.room(Polling);
    assert_eq!(s.wait_secs(3600), ["records #3 next3"]);
    s.page(last_page([4]));
    assert_eq!(s.room(Polling), ["shard ended +a +b"]);
    assert_eq!(s.stored, [1, 2, 3, 4]);
}

#[test]
fn no_registered_consumer_is_of_interest_to_it() {
    let mut s = alone();
    assert_eq!((s.active("arn").len(), s.unavailable().len(), s.active("arn2").len()), (0, 0, 0));
    assert_eq!((s.room(FanOut).len(), s.wait_secs(3600).len()), (0, 0));
}

#[test]
fn a_denial_is_a_typed_error_after_a_minute() {
    let mut s = alone();
    s.active("arn");
    let mut lines = Vec::new();
    while !s.over {
        lines = s.no_page(AccessDenied);
        if !s.over {
            s.time_out();
        }
    }
    assert_eq!(lines, ["over: denied"]);
    assert!((60..95).contains(&s.elapsed().as_secs()), "{:?}", s.elapsed());
}
