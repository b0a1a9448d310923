//! Decision 5 where the shards can be read without a registered consumer: never more than three registrations an hour.

use super::fallback::{active_with_fallback, assert_attempt, registering};
use super::*;

/// Deleted while it is in use, and registered again under this number if that is tried.
fn delete(driver: &mut Driver, number: u32) -> Vec<String> {
    driver.handle(Input::Suspected);
    let said = driver.describe(refused(ResourceNotFound));
    match said.as_slice() {
        [lookup] if lookup == "DescribeByName(billing)" => register_again(driver, number),
        _ => said,
    }
}

fn register_again(driver: &mut Driver, number: u32) -> Vec<String> {
    let said = driver.describe(refused(ResourceNotFound));
    match said.as_slice() {
        [register] if register == "Register(billing)" => {
            driver.register(active(&format!("{STREAM}/consumer/billing:{number}")))
        }
        _ => said,
    }
}

#[test]
fn decision_05_attempts_register_again_only_when_the_last_hour_allows_it() {
    let mut driver = active_with_fallback();
    let start = driver.now;
    for number in 2..5 {
        driver.now += Duration::from_secs(60);
        let said = delete(&mut driver, number);
        assert_eq!(
            said,
            [format!("-> Registered(billing:{number})"), format!("-> Active(billing:{number})")]
        );
    }
    let told = delete(&mut driver, 5);
    assert_eq!(told, ["-> Unavailable(the registered consumer was deleted 4 times within an hour)"]);
    loop {
        assert_attempt(&mut driver, "DescribeByName(billing)");
        let said = register_again(&mut driver, 5);
        // The first deletion was a minute after the start.
        if driver.now - start < Duration::from_secs(3660) {
            assert!(said.is_empty(), "{said:?}");
        } else {
            assert_eq!(said, ["-> Registered(billing:5)", "-> Active(billing:5)"]);
            break;
        }
    }
}

#[test]
fn decision_05_one_that_somebody_else_registers_is_used_though_ours_were_deleted_too_often() {
    let mut driver = active_with_fallback();
    for number in 2..6 {
        delete(&mut driver, number);
    }
    assert_attempt(&mut driver, "DescribeByName(billing)");
    assert_eq!(driver.describe(active(SECOND)), ["-> Active(billing:2)"]);
}

#[test]
fn decision_05_what_is_deleted_before_it_is_active_counts_too() {
    let mut driver = registering();
    let mut registered = 0;
    loop {
        let said = driver.register(creating(FIRST));
        assert_eq!(said, ["-> Registered(billing:1)"]);
        registered += 1;
        driver.wait();
        driver.describe(refused(ResourceNotFound));
        driver.wait();
        let said = driver.describe(refused(ResourceNotFound));
        if said != ["Register(billing)"] {
            let told = ["-> Unavailable(the registered consumer was deleted 4 times within an hour)"];
            assert_eq!(said, told);
            break;
        }
    }
    assert_eq!(registered, 4, "the first, and three again");
    assert_attempt(&mut driver, "DescribeByName(billing)");
}

#[test]
fn decision_05_the_hour_counts_from_the_registration() {
    let mut driver = active_with_fallback();
    driver.handle(Input::Suspected);
    driver.describe(deleting(FIRST));
    driver.describe(refused(ResourceNotFound));
    driver.register(refused(Throttled));
    driver.now += Duration::from_secs(3000);
    driver.handle(Input::Timeout);
    assert_eq!(register_again(&mut driver, 2), ["-> Registered(billing:2)", "-> Active(billing:2)"]);
    driver.now += Duration::from_secs(700);
    for number in 3..5 {
        assert_eq!(delete(&mut driver, number).len(), 2);
    }
    let told = delete(&mut driver, 5);
    assert_eq!(told, ["-> Unavailable(the registered consumer was deleted 4 times within an hour)"]);
}
