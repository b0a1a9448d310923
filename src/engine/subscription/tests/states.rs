use super::scenario::Scenario;
use super::values::{EventBuilder, closed, event};
use crate::engine::ShardStart;
use crate::model::FailureClass;

pub(super) type StateBuilder = fn() -> Scenario;

pub(super) const STATES: [(&str, StateBuilder); 16] = [
    ("Idle without room", || Scenario::new(ShardStart::TrimHorizon)),
    ("Idle without room, an event waiting", || {
        let mut s = open_waiting();
        s.ended();
        s
    }),
    ("Idle until its time", || {
        let mut s = reading();
        s.ended();
        s
    }),
    ("Calling from the start", || {
        let mut s = Scenario::new(ShardStart::TrimHorizon);
        s.demand();
        s.refused(FailureClass::Throttled);
        s.time_out();
        s
    }),
    ("Calling to renew", || {
        let mut s = reading();
        s.ended();
        s.time_out();
        s
    }),
    ("Calling to confirm the end", confirming),
    ("Open before its first event", || {
        let mut s = reading();
        s.ended();
        s.time_out();
        s.subscribed();
        s
    }),
    ("Open and reading", reading),
    ("Open, an event waiting", open_waiting),
    ("Open on its last look", || {
        let mut s = reading();
        s.time_out();
        s
    }),
    ("Ending with the shard, its last event waiting", || {
        let mut s = reading();
        s.event(event([6]).with_children(&["a"]));
        s
    }),
    ("Ending unclear, its last event waiting", || {
        let mut s = reading();
        s.event(event([6]));
        s
    }),
    ("Checking an unclear end", || {
        let mut s = reading();
        s.event(event([6]));
        s.demand();
        s
    }),
    ("Checking a refused position", || {
        let mut s = reading();
        s.ended();
        s.time_out();
        s.refused(FailureClass::InvalidArgument);
        s
    }),
    ("Checking what was not found", || {
        let mut s = reading();
        s.failed(FailureClass::ResourceNotFound);
        s
    }),
    ("Over", || {
        let mut s = reading();
        s.shutdown();
        s
    }),
];

/// Call 0 was refused; call 1 is open, records 1 and 2 are stored, the next Read is under way.
fn reading() -> Scenario {
    let mut s = Scenario::new(ShardStart::TrimHorizon);
    s.demand();
    s.refused(FailureClass::Throttled);
    s.time_out();
    s.subscribed();
    s.event(event([1, 2]).continuing(5));
    s.demand();
    s
}

fn open_waiting() -> Scenario {
    let mut s = reading();
    s.event(event([6]).continuing(6));
    s
}

fn confirming() -> Scenario {
    let mut s = reading();
    s.event(event([6]));
    s.demand();
    s.checked(closed(9, &["a"]));
    s.time_out();
    s
}
