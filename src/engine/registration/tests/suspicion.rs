//! A consumer that may have been deleted.

use super::*;

#[test]
fn decision_06_suspicions_share_one_describe() {
    let mut driver = Driver::active();
    assert_eq!(driver.handle(Input::Suspected), ["DescribeByArn(billing:1)"]);
    for _ in 0..64 {
        assert!(driver.handle(Input::Suspected).is_empty());
    }
    assert_eq!(driver.describe(active(FIRST)), ["-> Confirmed(billing:1)"]);
    assert_eq!(driver.handle(Input::Suspected), ["DescribeByArn(billing:1)"]);
}

#[test]
fn decision_05_a_deleted_consumer_is_registered_again_by_name() {
    for gone in [refused(ResourceNotFound), deleting(FIRST)] {
        let mut driver = Driver::active();
        driver.handle(Input::Suspected);
        assert_eq!(driver.describe(gone), ["DescribeByName(billing)"]);
        assert_eq!(driver.describe(refused(ResourceNotFound)), ["Register(billing)"]);
        assert!(driver.handle(Input::Suspected).is_empty());
        assert_eq!(driver.register(creating(SECOND)), ["-> Registered(billing:2)"]);
        driver.wait();
        assert_eq!(driver.describe(active(SECOND)), ["-> Active(billing:2)"]);
    }
}

#[test]
fn decision_05_a_deleted_consumer_given_by_arn_fails() {
    for gone in [refused(ResourceNotFound), deleting(FIRST)] {
        let mut driver = Driver::by_arn();
        driver.handle(Input::Start);
        driver.handle(Input::Suspected);
        assert_eq!(driver.describe(gone), ["-> Failed(the registered consumer was deleted)"]);
    }
}

/// Deleted, and registered again under another ARN.
fn delete(driver: &mut Driver, number: u32) -> Vec<String> {
    driver.handle(Input::Suspected);
    let said = driver.describe(refused(ResourceNotFound));
    if said == ["DescribeByName(billing)"] {
        return driver.describe(active(&format!("{STREAM}/consumer/billing:{number}")));
    }
    said
}

#[test]
fn decision_05_the_fourth_deletion_within_an_hour_is_an_error() {
    let mut driver = Driver::active();
    for number in 2..5 {
        assert_eq!(delete(&mut driver, number), [format!("-> Active(billing:{number})")]);
        driver.now += Duration::from_secs(600);
    }
    assert_eq!(
        delete(&mut driver, 5),
        ["-> Failed(the registered consumer was deleted 4 times within an hour)"]
    );
}

#[test]
fn decision_05_the_hour_of_deletions_rolls() {
    let mut driver = Driver::active();
    for number in 2..20 {
        assert_eq!(delete(&mut driver, number), [format!("-> Active(billing:{number})")]);
        driver.now += Duration::from_secs(1200);
    }
}

#[test]
fn a_suspected_consumer_that_is_creating_is_awaited_and_confirmed() {
    let mut driver = Driver::by_arn();
    driver.handle(Input::Start);
    driver.handle(Input::Suspected);
    assert!(driver.describe(creating(FIRST)).is_empty());
    assert_eq!(driver.wait(), ["DescribeByArn(billing:1)"]);
    assert_eq!(driver.describe(active(FIRST)), ["-> Confirmed(billing:1)"]);
}

#[test]
fn a_denied_look_at_a_consumer_that_was_active_is_final_after_a_minute() {
    let mut driver = Driver::active();
    driver.handle(Input::Suspected);
    let start = driver.now;
    loop {
        let said = driver.describe(refused(AccessDenied));
        let denied_for = driver.now - start;
        if !said.is_empty() {
            assert!(said[0].starts_with("-> Failed"), "{said:?}");
            assert!(
                (Duration::from_secs(60)..Duration::from_secs(91)).contains(&denied_for),
                "{denied_for:?}"
            );
            break;
        }
        driver.wait();
    }
    let mut driver = Driver::active();
    driver.handle(Input::Suspected);
    for _ in 0..20 {
        assert!(driver.describe(refused(AccessDenied)).is_empty());
        driver.now += Duration::from_secs(120);
        driver.wait();
        assert!(driver.describe(refused(Unavailable)).is_empty(), "far apart, they are two that pass");
        driver.wait();
    }
}

#[test]
fn an_outage_does_not_end_a_consumer_that_was_active() {
    let mut driver = Driver::active();
    let start = driver.now;
    driver.handle(Input::Suspected);
    while driver.now - start < Duration::from_secs(7200) {
        assert!(driver.describe(refused(Unavailable)).is_empty());
        assert_eq!(driver.wait(), ["DescribeByArn(billing:1)"]);
    }
    assert!(driver.commands.len() < 1200, "{} calls", driver.commands.len());
    assert_eq!(driver.describe(active(FIRST)), ["-> Confirmed(billing:1)"]);
}

#[test]
fn an_answer_that_is_not_the_services_ends_a_consumer_that_was_active_only_after_a_minute() {
    let mut driver = Driver::active();
    driver.handle(Input::Suspected);
    let start = driver.now;
    while driver.describe(refused(Unsupported)).is_empty() {
        driver.wait();
    }
    assert!((60..91).contains(&(driver.now - start).as_secs()), "{:?}", driver.now - start);
}
