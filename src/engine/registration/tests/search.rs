//! From the start to an ACTIVE consumer.

use super::*;

#[test]
fn an_arn_is_used_at_once_without_a_call() {
    let mut driver = Driver::by_arn();
    assert_eq!(driver.handle(Input::Start), ["-> Active(billing:1)"]);
    assert_eq!(driver.due(), None);
}

#[test]
fn a_name_that_is_registered_is_only_described() {
    let mut driver = Driver::by_name();
    assert_eq!(driver.handle(Input::Start), ["DescribeByName(billing)"]);
    assert_eq!(driver.describe(active(FIRST)), ["-> Active(billing:1)"]);
    assert_eq!(driver.due(), None);
}

#[test]
fn a_name_that_is_not_registered_is_registered_and_awaited() {
    let mut driver = Driver::by_name();
    driver.handle(Input::Start);
    assert_eq!(driver.describe(refused(ResourceNotFound)), ["Register(billing)"]);
    assert_eq!(driver.register(creating(FIRST)), ["-> Registered(billing:1)"]);
    assert_eq!(driver.wait(), ["DescribeByArn(billing:1)"]);
    assert!(driver.describe(creating(FIRST)).is_empty());
    assert_eq!(driver.wait(), ["DescribeByArn(billing:1)"]);
    assert_eq!(driver.describe(active(FIRST)), ["-> Active(billing:1)"]);
}

#[test]
fn active_is_looked_for_every_half_second_then_up_to_five_seconds_apart() {
    let mut driver = Driver::by_name();
    driver.handle(Input::Start);
    driver.describe(creating(FIRST));
    let mut waits = Vec::new();
    while waits.iter().sum::<Duration>() < Duration::from_secs(60) {
        waits.push(driver.due().unwrap().0);
        driver.wait();
        driver.describe(creating(FIRST));
    }
    let (eager, later) = waits.split_at(20);
    assert!(eager.iter().all(|wait| *wait == Duration::from_millis(500)), "{eager:?}");
    assert!(later[0] >= Duration::from_millis(600) && later[0] < Duration::from_millis(750));
    assert!(later.last().unwrap() >= &Duration::from_secs(4));
    assert!(later.iter().all(|wait| *wait < Duration::from_secs(5)), "{later:?}");
}

#[test]
fn what_never_becomes_active_fails_after_the_bound() {
    let bound = Duration::from_secs(90);
    let mut driver = Driver::by_name();
    driver.machine = driver.machine.with_wait_for_active(bound);
    let start = driver.now;
    driver.handle(Input::Start);
    driver.describe(creating(FIRST));
    let said = loop {
        match driver.wait() {
            said if said.iter().any(|text| text.starts_with("->")) => break said,
            _ => driver.describe(creating(FIRST)),
        };
    };
    assert_eq!(said, ["-> Failed(the registered consumer was not ACTIVE after 90s)"]);
    assert_eq!(driver.now - start, bound);
    assert!(driver.commands.len() < 50, "{}", driver.commands.len());
}

#[test]
fn a_call_that_is_never_answered_does_not_outlast_the_bound() {
    let mut driver = Driver::by_name();
    driver.handle(Input::Start);
    assert_eq!(driver.due(), Some((WAIT_FOR_ACTIVE, TimeoutReason::WaitForActive)));
    assert_eq!(driver.wait(), ["-> Failed(the registered consumer was not ACTIVE after 600s)"]);
    assert!(driver.describe(active(FIRST)).is_empty(), "too late");
}

#[test]
fn another_process_that_registers_first_is_joined() {
    let mut driver = Driver::by_name();
    driver.handle(Input::Start);
    driver.describe(refused(ResourceNotFound));
    assert_eq!(driver.register(refused(ResourceInUse)), ["DescribeByName(billing)"]);
    driver.describe(creating(FIRST));
    driver.wait();
    assert_eq!(driver.describe(active(FIRST)), ["-> Active(billing:1)"]);
}

#[test]
fn in_use_and_not_there_at_once_does_not_spin() {
    let mut driver = Driver::by_name();
    let start = driver.now;
    driver.handle(Input::Start);
    driver.describe(refused(ResourceNotFound));
    while driver.now - start < Duration::from_secs(300) && driver.commands.len() < 1000 {
        let said = driver.register(refused(ResourceInUse));
        let said = [said, driver.describe(refused(ResourceNotFound))].concat();
        if said != ["DescribeByName(billing)", "Register(billing)"] {
            driver.wait();
        }
    }
    assert!(driver.commands.len() < 100, "{} calls", driver.commands.len());
}

#[test]
fn one_that_is_being_deleted_is_waited_out_and_registered() {
    let mut driver = Driver::by_name();
    driver.handle(Input::Start);
    assert!(driver.describe(deleting(FIRST)).is_empty());
    assert_eq!(driver.due(), Some((Duration::from_millis(500), TimeoutReason::Poll)));
    assert_eq!(driver.wait(), ["DescribeByName(billing)"]);
    assert_eq!(driver.describe(refused(ResourceNotFound)), ["Register(billing)"]);
}

#[test]
fn one_that_vanishes_while_it_is_awaited_is_registered_again() {
    for gone in [refused(ResourceNotFound), deleting(FIRST)] {
        let mut driver = Driver::by_name();
        driver.handle(Input::Start);
        driver.describe(creating(FIRST));
        driver.wait();
        assert!(driver.describe(gone).is_empty());
        assert_eq!(driver.wait(), ["DescribeByName(billing)"]);
        assert_eq!(driver.describe(refused(ResourceNotFound)), ["Register(billing)"]);
    }
}

#[test]
fn limits_and_outages_are_waited_out_within_the_bound() {
    let mut driver = Driver::by_name();
    let start = driver.now;
    driver.handle(Input::Start);
    driver.describe(refused(ResourceNotFound));
    let said = loop {
        assert!(driver.register(refused(Throttled)).is_empty());
        assert!(driver.due().unwrap().0 <= Duration::from_secs(30));
        match driver.wait() {
            said if said == ["Register(billing)"] => {}
            said => break said,
        }
    };
    assert_eq!(
        said,
        ["-> Failed(the registered consumer was not ACTIVE after 600s; last failure: Throttled: no)"]
    );
    assert_eq!(driver.now - start, WAIT_FOR_ACTIVE);
    assert!((20..100).contains(&driver.commands.len()));
}

#[test]
fn what_no_retry_mends_fails_at_once() {
    for class in [AccessDenied, Credentials, InvalidArgument] {
        let mut driver = Driver::by_name();
        driver.handle(Input::Start);
        let failure = Failure::new(class, "no");
        let call = driver.call;
        driver.machine.handle(Input::Described { call, result: Err(failure.clone()) }, driver.now);
        let failed = RegistrationFailure::Call { operation: Operation::Describe, failure };
        assert_eq!(driver.machine.poll_output(), Output::Event(Event::Failed(failed)));
        assert_eq!(driver.due(), None);
    }
}

#[test]
fn a_stream_that_is_not_there_fails_at_once() {
    let mut driver = Driver::by_name();
    driver.handle(Input::Start);
    driver.describe(refused(ResourceNotFound));
    assert_eq!(
        driver.register(refused(ResourceNotFound)),
        ["-> Failed(RegisterStreamConsumer failed: ResourceNotFound: no)"]
    );
}

#[test]
fn a_timeout_too_early_changes_nothing() {
    let mut driver = Driver::by_name();
    driver.handle(Input::Start);
    driver.describe(creating(FIRST));
    let due = driver.due();
    assert!(driver.handle(Input::Timeout).is_empty());
    assert_eq!(driver.due(), due);
}

#[test]
fn a_bound_beyond_all_time_is_none() {
    let mut driver = Driver::by_name();
    driver.machine = driver.machine.with_wait_for_active(Duration::MAX);
    driver.handle(Input::Start);
    assert_eq!(driver.due(), None);
}
