//! The whole state × input table as a snapshot.

use std::fmt::Write;

use super::super::state::{Progress, State, Step};
use super::*;

/// How a state is reached.
type Path = (&'static str, fn() -> Driver);

const STATES: [Path; 17] = [
    ("Idle", Driver::by_name),
    ("Idle, by ARN", Driver::by_arn),
    ("Lookup", lookup),
    ("Lookup, contested", contested),
    ("Lookup, paused (DELETING)", || after(lookup, deleting(FIRST))),
    ("Lookup, paused (failed)", || after(lookup, refused(Throttled))),
    ("Register", register),
    ("Register, paused", || {
        let mut driver = register();
        driver.register(refused(Throttled));
        driver
    }),
    ("Wait", wait),
    ("Wait, paused", || after(wait, creating(FIRST))),
    ("Active", Driver::active),
    ("Verify", verify),
    ("Verify, by ARN", verify_by_arn),
    ("Verify, paused", || after(verify, refused(Throttled))),
    ("Leaving", || then(register, Input::Shutdown { deregister: true })),
    ("Deregister", || then(Driver::active, Input::Shutdown { deregister: true })),
    ("Failed", || after(lookup, refused(AccessDenied))),
];

/// Where a fallback makes a difference.
const STATES_WITH_A_FALLBACK: [Path; 12] = [
    ("Lookup", || lookup().with_fallback()),
    ("Lookup, unavailable", || {
        let mut driver = lookup().with_fallback();
        driver.now += AFTER;
        driver.handle(Input::Timeout);
        driver
    }),
    ("Lookup after a limit, paused", || limited().0),
    ("Lookup after a limit", || limited().1),
    ("Register", || register().with_fallback()),
    ("Lookup, deleted too often", deleted_too_often),
    ("Wait", || wait().with_fallback()),
    ("Wait, by ARN", || {
        let mut driver = after(|| verify_by_arn().with_fallback(), refused(ResourceNotFound));
        driver.wait();
        driver
    }),
    ("Verify", || verify().with_fallback()),
    ("Verify, by ARN", || verify_by_arn().with_fallback()),
    ("Rest", || after(|| lookup().with_fallback(), refused(AccessDenied))),
    ("Rest, by ARN", || after(|| verify_by_arn().with_fallback(), refused(ResourceNotFound))),
];

/// Paused after a limit, and looking again.
fn limited() -> (Driver, Driver) {
    let limited = || {
        let mut driver = register().with_fallback();
        driver.register(refused(Throttled));
        driver
    };
    let mut again = limited();
    again.wait();
    (limited(), again)
}

/// Looking up one that this machine has registered four times, the first included.
fn deleted_too_often() -> Driver {
    let mut driver = register().with_fallback();
    for _ in 0..4 {
        driver.register(creating(FIRST));
        driver.wait();
        driver.describe(refused(ResourceNotFound));
        driver.wait();
        driver.describe(refused(ResourceNotFound));
    }
    driver.wait();
    driver
}

fn verify_by_arn() -> Driver {
    then(|| then(Driver::by_arn, Input::Start), Input::Suspected)
}

fn lookup() -> Driver {
    then(Driver::by_name, Input::Start)
}

fn register() -> Driver {
    after(lookup, refused(ResourceNotFound))
}

fn contested() -> Driver {
    let mut driver = register();
    driver.register(refused(ResourceInUse));
    driver
}

fn wait() -> Driver {
    let mut driver = after(lookup, creating(FIRST));
    driver.wait();
    driver
}

fn verify() -> Driver {
    then(Driver::active, Input::Suspected)
}

fn then(before: fn() -> Driver, input: Input) -> Driver {
    let mut driver = before();
    driver.handle(input);
    driver
}

fn after(before: fn() -> Driver, result: Described) -> Driver {
    let mut driver = before();
    driver.describe(result);
    driver
}

/// Every input; answers are to this call.
fn inputs(call: CallId) -> Vec<(String, Input)> {
    let refusals = [
        ResourceNotFound,
        ResourceInUse,
        InvalidArgument,
        Throttled,
        AccessDenied,
        Credentials,
        KmsUnavailable,
        Unavailable,
        Unsupported,
    ];
    let mut inputs = vec![("Start".into(), Input::Start)];
    for result in [active(FIRST), creating(FIRST), deleting(FIRST)] {
        let status = format!("{:?}", result.as_ref().unwrap().status);
        inputs.push((format!("Described {status}"), Input::Described { call, result: result.clone() }));
        inputs.push((format!("Registered {status}"), Input::Registered { call, result }));
    }
    inputs.push(("Deregistered".into(), Input::Deregistered { call, result: Ok(()) }));
    for class in refusals {
        inputs.push((format!("Described {class:?}"), Input::Described { call, result: refused(class) }));
        inputs.push((format!("Registered {class:?}"), Input::Registered { call, result: refused(class) }));
        inputs
            .push((format!("Deregistered {class:?}"), Input::Deregistered { call, result: refused(class) }));
    }
    inputs.push(("Suspected".into(), Input::Suspected));
    inputs.push(("Timeout".into(), Input::Timeout));
    for deregister in [false, true] {
        inputs.push((format!("Shutdown(deregister: {deregister})"), Input::Shutdown { deregister }));
    }
    inputs.sort_by(|(a, _), (b, _)| a.cmp(b));
    inputs
}

fn label(state: &State) -> String {
    let paused = |progress: &Progress| match progress {
        Progress::Asked(_) => String::new(),
        Progress::Paused(_, reason) => format!(", paused ({reason:?})"),
    };
    match state {
        State::Seeking(search, progress) => {
            let step = match search.step {
                Step::Lookup { contested: false } => "Lookup",
                Step::Lookup { contested: true } => "Lookup, contested",
                Step::Register => "Register",
                Step::Wait => "Wait",
            };
            format!("{step}{}", paused(progress))
        }
        State::Verifying(progress) => format!("Verify{}", paused(progress)),
        State::Deregistering { attempt, progress } => format!("Deregister {attempt}{}", paused(progress)),
        State::Idle => "Idle".into(),
        State::Resting { .. } => "Resting".into(),
        State::Active => "Active".into(),
        State::Leaving { .. } => "Leaving".into(),
        State::Failed => "Failed".into(),
        State::ShutDown => "ShutDown".into(),
    }
}

fn rows(table: &mut String, state: fn() -> Driver) {
    for (name, input) in inputs(state().call) {
        let mut driver = state();
        let before = label(&driver.machine.state);
        if input == Input::Timeout {
            let wait = driver.due().map_or(Duration::ZERO, |(wait, _)| wait);
            driver.now += wait;
        }
        let said = driver.handle(input);
        let next = label(&driver.machine.state);
        if !said.is_empty() || before != next {
            let row = format!("  {name:<30} {next:<30} {}", said.join("  "));
            writeln!(table, "{}", row.trim_end()).unwrap();
        }
    }
    writeln!(table, "  everything else: no effect").unwrap();
}

fn table(states: &[Path]) -> String {
    let mut table = String::new();
    for (name, state) in states {
        writeln!(table, "{name}").unwrap();
        rows(&mut table, *state);
    }
    table
}

#[test]
fn the_table_of_states_and_inputs() {
    let table = table(&STATES);
    insta::assert_snapshot!(table);
}

#[test]
fn the_table_of_states_and_inputs_with_a_fallback() {
    let table = table(&STATES_WITH_A_FALLBACK);
    insta::assert_snapshot!(table);
}

#[test]
fn an_answer_that_nobody_waits_for_has_no_effect() {
    for (name, state) in STATES.into_iter().chain(STATES_WITH_A_FALLBACK) {
        for (input_name, input) in inputs(CallId(999)) {
            let is_answer =
                !matches!(input, Input::Start | Input::Suspected | Input::Timeout | Input::Shutdown { .. });
            if is_answer {
                let mut driver = state();
                let before = (driver.machine.state, driver.due());
                assert!(driver.handle(input).is_empty(), "{name}: {input_name}");
                assert_eq!((driver.machine.state, driver.due()), before, "{name}: {input_name}");
            }
        }
    }
}
