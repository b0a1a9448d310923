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
    ("Verify, by ARN", || then(|| then(Driver::by_arn, Input::Start), Input::Suspected)),
    ("Verify, paused", || after(verify, refused(Throttled))),
    ("Leaving", || then(register, Input::Shutdown { deregister: true })),
    ("Deregister", || then(Driver::active, Input::Shutdown { deregister: true })),
    ("Failed", || after(lookup, refused(AccessDenied))),
];

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

#[test]
fn the_table_of_states_and_inputs() {
    let mut table = String::new();
    for (name, state) in STATES {
        writeln!(table, "{name}").unwrap();
        rows(&mut table, state);
    }
    insta::assert_snapshot!(table);
}

#[test]
fn an_answer_that_nobody_waits_for_has_no_effect() {
    for (name, state) in STATES {
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
