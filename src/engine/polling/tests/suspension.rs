use std::time::Duration;

use super::scenario::Scenario;
use super::states::STATES;
use super::values::{PageBuilder, page};
use crate::engine::polling::Input;
use crate::engine::{Position, ShardStart};

#[test]
fn shutdown_ends_every_state_and_gives_up_the_call_at_hand() {
    for (name, build) in STATES {
        let mut s = build();
        let expected = if s.is_calling() { vec![format!("close #{}", s.call().0)] } else { vec![] };
        assert_eq!(s.shutdown(), expected, "{name}");
        assert!(s.machine.is_over() && s.due().is_none(), "{name}");
        s.wait_secs(60);
        assert_eq!((s.demand().len(), s.handle(Input::Timeout).len()), (0, 0), "{name}");
    }
}

#[test]
fn every_state_can_be_suspended_and_goes_on_from_the_position_it_is_given() {
    for (name, build) in STATES {
        let mut s = build();
        s.suspend();
        assert!(s.machine.is_over());
        assert_eq!((s.demand().len(), s.handle(Input::Timeout).len()), (0, 0), "{name}");
        let position = s.machine.stored_position().handed_on();
        let asked = super::render::position(&position.starting_position());
        s.wait_secs(10);
        s.restart(position);
        assert_eq!(s.due(), None, "{name}: not without room");
        assert!(s.demand().concat().ends_with(&asked), "{name}");
    }
}

#[test]
fn the_calls_before_a_suspension_count_against_those_after_it() {
    let mut s = Scenario::polling();
    s.page(page([3]).of_bytes_each(8 << 20).behind(9));
    s.suspend();
    s.restart(Position::new(ShardStart::TrimHorizon));
    s.demand();
    s.iterator("i");
    let waited = s.next_call();
    assert_eq!(waited, (Duration::from_secs(4), "records #4 i".into()));
}

#[test]
fn a_call_that_is_given_up_counts_against_those_after_it() {
    let mut s = Scenario::new(ShardStart::TrimHorizon);
    s.demand();
    s.suspend();
    s.restart(Position::new(ShardStart::TrimHorizon));
    assert_eq!(s.demand(), [""; 0]);
    assert!(s.next_call().0 >= Duration::from_millis(200));
    s.iterator("i");
    s.suspend();
    s.restart(Position::new(ShardStart::TrimHorizon));
    s.demand();
    s.next_call();
    s.iterator("j");
    assert!(s.is_calling() || s.next_call().0 > Duration::ZERO);
}

#[test]
fn a_restart_begins_without_the_failures_before_it() {
    use crate::model::FailureClass::AccessDenied;
    let mut s = Scenario::polling();
    s.no_page(AccessDenied);
    s.suspend();
    s.wait_secs(70);
    s.restart(Position::new(ShardStart::TrimHorizon));
    s.demand();
    assert_eq!(s.no_iterator(AccessDenied), ["failed AccessDenied, retry"]);
}
