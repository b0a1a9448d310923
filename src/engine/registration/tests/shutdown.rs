//! The end, with or without deregistration.

use super::*;

#[test]
fn a_shutdown_leaves_the_consumer_registered_unless_it_is_asked_to_deregister() {
    assert_eq!(Driver::active().handle(Input::Shutdown { deregister: false }), ["-> ShutDown"]);
    let mut driver = Driver::active();
    let shutdown = Input::Shutdown { deregister: true };
    assert_eq!(driver.handle(shutdown.clone()), ["Deregister(billing:1)"]);
    assert!(driver.handle(shutdown).is_empty());
    assert_eq!(driver.deregister(Ok(())), ["-> Deregistered(billing:1)", "-> ShutDown"]);
}

#[test]
fn a_consumer_that_is_gone_counts_as_deregistered() {
    let mut driver = Driver::active();
    driver.handle(Input::Shutdown { deregister: true });
    assert_eq!(driver.deregister(refused(ResourceNotFound)), ["-> Deregistered(billing:1)", "-> ShutDown"]);
}

#[test]
fn deregistration_is_tried_five_times() {
    let mut driver = Driver::active();
    driver.handle(Input::Shutdown { deregister: true });
    for _ in 1..5 {
        assert!(driver.deregister(refused(Throttled)).is_empty());
        assert_eq!(driver.wait(), ["Deregister(billing:1)"]);
    }
    assert_eq!(driver.deregister(refused(Throttled)), ["-> NotDeregistered(Throttled: no)", "-> ShutDown"]);
}

#[test]
fn a_registration_under_way_at_the_shutdown_is_undone() {
    let mut driver = Driver::by_name();
    driver.handle(Input::Start);
    driver.describe(refused(ResourceNotFound));
    assert!(driver.handle(Input::Shutdown { deregister: true }).is_empty());
    assert_eq!(driver.register(creating(FIRST)), ["Deregister(billing:1)"]);
}

/// A registration that nobody has answered within its bound.
fn unanswered() -> Driver {
    let mut driver = Driver::by_name();
    driver.handle(Input::Start);
    driver.describe(refused(ResourceNotFound));
    let told = driver.wait();
    assert!(told[0].starts_with("-> Failed"), "{told:?}");
    driver
}

#[test]
fn a_registration_that_is_answered_after_its_bound_is_told_and_undone_at_the_shutdown() {
    let mut driver = unanswered();
    assert_eq!(driver.register(creating(FIRST)), ["-> Registered(billing:1)"]);
    assert_eq!(driver.handle(Input::Shutdown { deregister: true }), ["Deregister(billing:1)"]);
}

#[test]
fn a_registration_unanswered_after_its_bound_is_awaited_at_the_shutdown_and_undone() {
    let mut driver = unanswered();
    assert!(driver.handle(Input::Shutdown { deregister: true }).is_empty());
    assert_eq!(driver.register(creating(FIRST)), ["Deregister(billing:1)"]);
    let mut driver = unanswered();
    driver.register(refused(Unavailable));
    assert_eq!(driver.handle(Input::Shutdown { deregister: true }), ["-> ShutDown"]);
}
