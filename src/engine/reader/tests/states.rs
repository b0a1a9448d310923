use super::scenario::Scenario;
use super::values::{EventBuilder, event, last_page, page};
use crate::engine::reader::DeliveryMode::FanOut;
use crate::model::FailureClass;

pub(super) type ModeBuilder = fn() -> Scenario;

pub(super) const MODES: [(&str, ModeBuilder); 16] = [
    ("FanOut, calling", Scenario::fan_out),
    ("FanOut, reading", Scenario::reading),
    ("FanOut, an event waiting", || {
        let mut s = Scenario::reading();
        s.event(event([6]));
        s
    }),
    ("FanOut, failing", || {
        let mut s = Scenario::reading();
        s.failed(FailureClass::Unavailable);
        s.until_subscribe();
        s
    }),
    ("FanOut, failing and refused", || {
        let mut s = Scenario::reading();
        s.failed(FailureClass::Unavailable);
        s.until_subscribe();
        s.refused(FailureClass::ResourceInUse);
        s
    }),
    ("FanOut, the last event waiting", || {
        let mut s = Scenario::reading();
        s.event(event([6]).last());
        s
    }),
    ("FanOut, checking", || {
        let mut s = Scenario::reading();
        s.failed(FailureClass::ResourceNotFound);
        s
    }),
    ("FanOut, polling denied", || {
        let mut s = Scenario::polling();
        s.no_page(FailureClass::AccessDenied);
        s.room(FanOut);
        s.until_subscribe();
        s.subscribed();
        s
    }),
    ("Polling", Scenario::polling),
    ("Polling, a page waiting", || {
        let mut s = Scenario::polling();
        s.page(page([4]));
        s
    }),
    ("Polling without a registered consumer", || {
        let mut s = Scenario::polling();
        s.unavailable();
        s
    }),
    ("Probing without room", || {
        let mut s = Scenario::polling();
        s.time_out();
        s
    }),
    ("Probing", Scenario::probing),
    ("Probing, a page waiting", || {
        let mut s = Scenario::probing();
        s.page(page([4]));
        s
    }),
    ("Probing, the last page waiting", || {
        let mut s = Scenario::probing();
        s.page(last_page([4]));
        s
    }),
    ("Over", || {
        let mut s = Scenario::probing();
        s.shutdown();
        s
    }),
];
