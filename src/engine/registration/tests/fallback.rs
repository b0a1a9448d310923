//! Where the shards can be read without a registered consumer.

use super::*;

pub(super) fn started() -> Driver {
    let mut driver = Driver::by_name().with_fallback();
    driver.handle(Input::Start);
    driver
}

pub(super) fn registering() -> Driver {
    let mut driver = started();
    driver.describe(refused(ResourceNotFound));
    driver
}

pub(super) fn active_with_fallback() -> Driver {
    let mut driver = started();
    assert_eq!(driver.describe(active(FIRST)), ["-> Active(billing:1)"]);
    driver
}

/// In use by ARN, and suspected.
fn suspected_by_arn() -> Driver {
    let mut driver = Driver::by_arn().with_fallback();
    driver.handle(Input::Start);
    driver.handle(Input::Suspected);
    driver
}

/// The machine rests, and goes on with this command.
pub(super) fn assert_attempt(driver: &mut Driver, command: &str) {
    let (wait, reason) = driver.due().expect("an attempt is due");
    assert_eq!(reason, TimeoutReason::Attempt);
    assert!((RETRY_EVERY.mul_f64(0.9)..=RETRY_EVERY.mul_f64(1.1)).contains(&wait), "{wait:?}");
    assert_eq!(driver.wait(), [command]);
}

/// Answers each call by `answer` and lets time pass, until something is told or a time is over.
fn until_told(driver: &mut Driver, bound: Duration, answer: fn(&mut Driver) -> Vec<String>) -> Vec<String> {
    let start = driver.now;
    while driver.now - start < bound {
        let told = [answer(driver), driver.wait()].concat();
        if told.iter().any(|text| text.starts_with("->")) {
            return told;
        }
    }
    Vec::new()
}

#[test]
fn a_limit_on_register_is_told_once_and_waited_out_without_a_bound() {
    let mut driver = registering();
    let start = driver.now;
    let told = driver.register(refused(Throttled));
    assert_eq!(told, ["-> Unavailable(RegisterStreamConsumer failed: Throttled: no)"]);
    while driver.now - start < 10 * WAIT_FOR_ACTIVE {
        let (wait, reason) = driver.due().unwrap();
        assert!(wait <= Duration::from_secs(30) && reason == TimeoutReason::Retry, "{wait:?} {reason:?}");
        assert_eq!(driver.wait(), ["DescribeByName(billing)"]);
        assert_eq!(driver.describe(refused(ResourceNotFound)), ["Register(billing)"]);
        assert!(driver.register(refused(Throttled)).is_empty());
    }
    assert!((400..1200).contains(&driver.commands.len()), "{} calls", driver.commands.len());
    driver.wait();
    driver.describe(refused(ResourceNotFound));
    assert_eq!(driver.register(creating(FIRST)), ["-> Registered(billing:1)"]);
    driver.wait();
    assert_eq!(driver.describe(active(FIRST)), ["-> Active(billing:1)"]);
}

#[test]
fn a_limit_does_not_hide_that_somebody_else_has_registered_the_name() {
    let mut driver = registering();
    driver.register(refused(Throttled));
    driver.wait();
    assert_eq!(driver.describe(active(FIRST)), ["-> Active(billing:1)"]);
}

#[test]
fn after_a_limit_the_wait_for_active_is_whole_again() {
    let mut driver = registering();
    driver.register(refused(Throttled));
    // As a process does that slept for long.
    driver.now += 2 * WAIT_FOR_ACTIVE;
    assert_eq!(driver.handle(Input::Timeout), ["DescribeByName(billing)"]);
    driver.describe(refused(ResourceNotFound));
    driver.register(creating(FIRST));
    let registered_at = driver.now;
    while driver.now - registered_at < WAIT_FOR_ACTIVE - Duration::from_secs(10) {
        assert_eq!(driver.wait(), ["DescribeByArn(billing:1)"]);
        driver.describe(creating(FIRST));
    }
    driver.wait();
    assert_eq!(driver.describe(active(FIRST)), ["-> Active(billing:1)"]);
}

#[test]
fn a_throttled_describe_is_no_limit() {
    let mut driver = started();
    assert!(driver.describe(refused(Throttled)).is_empty());
    assert!(driver.due().unwrap().0 <= Duration::from_secs(1));
    assert_eq!(driver.wait(), ["DescribeByName(billing)"]);
}

#[test]
fn a_denial_in_a_search_is_told_at_once_and_tried_again_by_a_whole_search() {
    let mut driver = started();
    let told = driver.describe(refused(AccessDenied));
    assert_eq!(told, ["-> Unavailable(DescribeStreamConsumer failed: AccessDenied: no)"]);
    for _ in 0..3 {
        assert_attempt(&mut driver, "DescribeByName(billing)");
        assert!(driver.describe(refused(AccessDenied)).is_empty(), "told once");
        assert_attempt(&mut driver, "DescribeByName(billing)");
        assert_eq!(driver.describe(refused(ResourceNotFound)), ["Register(billing)"]);
        assert!(driver.register(refused(AccessDenied)).is_empty(), "told once");
    }
    assert_attempt(&mut driver, "DescribeByName(billing)");
    assert_eq!(driver.describe(active(FIRST)), ["-> Active(billing:1)"]);

    let told = registering().register(refused(AccessDenied));
    assert_eq!(told, ["-> Unavailable(RegisterStreamConsumer failed: AccessDenied: no)"]);
}

#[test]
fn a_denied_describe_is_never_followed_by_a_register() {
    let mut driver = started();
    driver.describe(refused(AccessDenied));
    for _ in 0..10 {
        assert_attempt(&mut driver, "DescribeByName(billing)");
        driver.describe(refused(AccessDenied));
    }
    assert!(!driver.commands.contains(&"Register"));
}

#[test]
fn the_attempts_are_jittered() {
    let mut driver = started();
    let mut waits = Vec::new();
    for _ in 0..200 {
        driver.describe(refused(AccessDenied));
        waits.push(driver.due().unwrap().0);
        driver.wait();
    }
    assert!(*waits.iter().min().unwrap() < RETRY_EVERY.mul_f64(0.92));
    assert!(*waits.iter().max().unwrap() > RETRY_EVERY.mul_f64(1.08));
}

#[test]
fn an_attempt_backs_off_from_the_beginning() {
    let mut driver = started();
    for _ in 0..20 {
        driver.describe(refused(Unavailable));
        driver.wait();
    }
    driver.describe(refused(AccessDenied));
    assert_attempt(&mut driver, "DescribeByName(billing)");
    driver.describe(refused(Unavailable));
    assert!(driver.due().unwrap().0 <= Duration::from_secs(1));
}

#[test]
fn a_server_without_registration_is_told_at_once() {
    for class in [Unsupported, KmsUnavailable] {
        let mut driver = started();
        let told = driver.describe(refused(class));
        assert_eq!(told, [format!("-> Unavailable(DescribeStreamConsumer failed: {class:?}: no)")]);
        assert_attempt(&mut driver, "DescribeByName(billing)");
        let mut driver = registering();
        let told = driver.register(refused(class));
        assert_eq!(told, [format!("-> Unavailable(RegisterStreamConsumer failed: {class:?}: no)")]);
        assert_attempt(&mut driver, "DescribeByName(billing)");
    }
}

#[test]
fn what_polling_would_not_survive_still_fails() {
    for (class, said) in [
        (ResourceNotFound, "-> Failed(RegisterStreamConsumer failed: ResourceNotFound: no)"),
        (InvalidArgument, "-> Failed(RegisterStreamConsumer failed: InvalidArgument: no)"),
        (Credentials, "-> Failed(RegisterStreamConsumer failed: Credentials: no)"),
    ] {
        let mut driver = registering();
        assert_eq!(driver.register(refused(class)), [said]);
        assert_eq!(driver.due(), None);
    }
}

#[test]
fn a_stream_that_is_gone_ends_the_attempts() {
    let mut driver = started();
    driver.describe(refused(AccessDenied));
    driver.wait();
    driver.describe(refused(ResourceNotFound));
    let said = driver.register(refused(ResourceNotFound));
    assert_eq!(said, ["-> Failed(RegisterStreamConsumer failed: ResourceNotFound: no)"]);
}

#[test]
fn credentials_that_expire_once_it_is_unavailable_are_an_outage() {
    let mut driver = registering();
    driver.register(refused(Throttled));
    driver.wait();
    for _ in 0..100 {
        assert!(driver.describe(refused(Credentials)).is_empty());
        assert_eq!(driver.wait(), ["DescribeByName(billing)"]);
    }
    assert_eq!(driver.describe(active(FIRST)), ["-> Active(billing:1)"]);
}

#[test]
fn failing_calls_are_told_after_the_time_that_is_set_and_go_on_without_a_bound() {
    let mut driver = started();
    let start = driver.now;
    let told = until_told(&mut driver, 2 * AFTER, |driver| driver.describe(refused(Unavailable)));
    assert_eq!(
        told,
        ["-> Unavailable(the registered consumer was not ACTIVE after 60s; last failure: Unavailable: no)"]
    );
    assert_eq!(driver.now - start, AFTER);
    let told = until_told(&mut driver, 3 * WAIT_FOR_ACTIVE, |driver| driver.describe(refused(Unavailable)));
    assert!(told.is_empty(), "told once");
    assert_eq!(driver.describe(active(FIRST)), ["-> Active(billing:1)"]);
    assert!((80..200).contains(&driver.commands.len()), "{} calls", driver.commands.len());
}

#[test]
fn in_use_and_not_there_for_long_is_told() {
    let mut driver = registering();
    let told = until_told(&mut driver, 2 * AFTER, |driver| {
        driver.register(refused(ResourceInUse));
        driver.describe(refused(ResourceNotFound))
    });
    assert_eq!(
        told,
        ["-> Unavailable(the registered consumer was not ACTIVE after 60s; last failure: ResourceInUse: no)"]
    );
}

#[test]
fn a_call_that_is_never_answered_is_told_and_made_again() {
    let mut driver = started();
    let start = driver.now;
    assert_eq!(driver.due(), Some((AFTER, TimeoutReason::Unavailable)));
    assert_eq!(driver.wait(), ["-> Unavailable(the registered consumer was not ACTIVE after 60s)"]);
    assert_eq!(driver.due(), Some((WAIT_FOR_ACTIVE, TimeoutReason::WaitForActive)));
    assert!(driver.wait().is_empty());
    assert_attempt(&mut driver, "DescribeByName(billing)");
    assert!(driver.now - start < AFTER + WAIT_FOR_ACTIVE + RETRY_EVERY.mul_f64(1.1));
}

#[test]
fn a_consumer_that_is_creating_for_long_is_told_and_waited_for() {
    let mut driver = started();
    let start = driver.now;
    let told = until_told(&mut driver, 2 * WAIT_FOR_ACTIVE, |driver| driver.describe(creating(FIRST)));
    assert_eq!(told, ["-> Unavailable(the registered consumer was not ACTIVE after 60s)"]);
    assert_eq!(driver.now - start, AFTER);
    let told = until_told(&mut driver, WAIT_FOR_ACTIVE, |driver| driver.describe(creating(FIRST)));
    assert!(told.is_empty(), "told once");
    assert_attempt(&mut driver, "DescribeByName(billing)");
    assert_eq!(driver.describe(active(FIRST)), ["-> Active(billing:1)"]);
}

#[test]
fn a_consumer_by_arn_that_is_gone_is_looked_for_by_arn() {
    for gone in [refused(ResourceNotFound), deleting(FIRST)] {
        let mut driver = suspected_by_arn();
        let told = driver.describe(gone.clone());
        assert_eq!(told, ["-> Unavailable(the registered consumer was deleted)"]);
        for _ in 0..3 {
            assert_attempt(&mut driver, "DescribeByArn(billing:1)");
            assert!(driver.describe(gone.clone()).is_empty(), "told once");
        }
        assert_attempt(&mut driver, "DescribeByArn(billing:1)");
        assert_eq!(driver.describe(active(FIRST)), ["-> Confirmed(billing:1)"]);
    }
}

#[test]
fn whoever_was_told_hears_of_the_same_arn_by_confirmed() {
    let mut driver = active_with_fallback();
    driver.handle(Input::Suspected);
    assert!(driver.describe(creating(FIRST)).is_empty());
    let told = until_told(&mut driver, 2 * WAIT_FOR_ACTIVE, |driver| driver.describe(creating(FIRST)));
    assert_eq!(told, ["-> Unavailable(the registered consumer was not ACTIVE after 60s)"]);
    driver.wait();
    assert_eq!(driver.describe(active(FIRST)), ["-> Confirmed(billing:1)"]);
    driver.handle(Input::Suspected);
    driver.describe(deleting(FIRST));
    let told = driver.describe(refused(AccessDenied));
    assert_eq!(told, ["-> Unavailable(DescribeStreamConsumer failed: AccessDenied: no)"], "told anew");
    driver.wait();
    assert_eq!(driver.describe(active(SECOND)), ["-> Active(billing:2)"]);
}

#[test]
fn a_denied_look_at_a_consumer_that_was_active_is_told_after_a_minute() {
    let mut driver = active_with_fallback();
    driver.handle(Input::Suspected);
    let start = driver.now;
    let told = loop {
        let told = driver.describe(refused(AccessDenied));
        if !told.is_empty() {
            break told;
        }
        driver.wait();
    };
    assert_eq!(told, ["-> Unavailable(DescribeStreamConsumer failed: AccessDenied: no)"]);
    assert!((60..91).contains(&(driver.now - start).as_secs()));
    assert_attempt(&mut driver, "DescribeByName(billing)");
    assert_eq!(driver.describe(active(FIRST)), ["-> Confirmed(billing:1)"]);
}

#[test]
fn an_outage_does_not_make_a_consumer_unavailable_that_was_active() {
    let mut driver = active_with_fallback();
    driver.handle(Input::Suspected);
    let told = until_told(&mut driver, 10 * AFTER, |driver| driver.describe(refused(Unavailable)));
    assert!(told.is_empty(), "{told:?}");
    assert_eq!(driver.describe(active(FIRST)), ["-> Confirmed(billing:1)"]);
}

#[test]
fn suspicions_while_it_is_unavailable_cost_no_calls() {
    let mut resting = started();
    resting.describe(refused(AccessDenied));
    let mut known = started();
    until_told(&mut known, WAIT_FOR_ACTIVE, |driver| driver.describe(creating(FIRST)));
    let mut limited = registering();
    limited.register(refused(Throttled));
    for mut driver in [resting, known, limited] {
        let due = driver.due();
        assert!(driver.handle(Input::Suspected).is_empty());
        assert_eq!(driver.due(), due);
    }
}

#[test]
fn a_shutdown_while_it_is_unavailable_deregisters_what_is_known() {
    let shutdown = Input::Shutdown { deregister: true };
    let mut never_registered = started();
    never_registered.describe(refused(AccessDenied));
    assert_eq!(never_registered.handle(shutdown.clone()), ["-> ShutDown"]);

    let mut limited = registering();
    limited.register(refused(Throttled));
    assert_eq!(limited.handle(shutdown.clone()), ["-> ShutDown"]);

    let mut gone = suspected_by_arn();
    gone.describe(refused(ResourceNotFound));
    assert_eq!(gone.handle(shutdown.clone()), ["-> ShutDown"]);

    let mut creating_for_ever = started();
    until_told(&mut creating_for_ever, WAIT_FOR_ACTIVE, |driver| driver.describe(creating(FIRST)));
    assert_eq!(creating_for_ever.handle(shutdown.clone()), ["Deregister(billing:1)"]);

    let mut attempting = started();
    attempting.describe(refused(AccessDenied));
    attempting.wait();
    attempting.describe(refused(ResourceNotFound));
    assert!(attempting.handle(shutdown).is_empty());
    assert_eq!(attempting.register(creating(FIRST)), ["Deregister(billing:1)"]);
}

#[test]
fn times_beyond_all_bounds_are_never_and_at_least_a_second() {
    let mut driver = Driver::by_name();
    let endless = RegistrationFallback { after: Duration::MAX, retry_every: Duration::MAX };
    driver.machine = driver.machine.with_fallback(endless);
    driver.handle(Input::Start);
    assert_eq!(driver.due(), Some((WAIT_FOR_ACTIVE, TimeoutReason::WaitForActive)));
    driver.describe(refused(AccessDenied));
    assert_eq!(driver.due(), None);

    let mut driver = Driver::by_name();
    let none = RegistrationFallback { after: Duration::ZERO, retry_every: Duration::ZERO };
    driver.machine = driver.machine.with_fallback(none);
    driver.handle(Input::Start);
    driver.describe(refused(AccessDenied));
    assert!(driver.due().unwrap().0 >= Duration::from_millis(900));
}
