use std::fmt::Write;
use std::time::Duration;

use super::scenario::Scenario;
use super::states::MODES;
use super::values::{EventBuilder, closed, event, gone, last_page, page};
use crate::engine::reader::machine::{Failing, Mode};
use crate::engine::reader::{Input, Reader};
use crate::engine::{ShardStatus, polling, subscription};
use crate::model::{Failure, FailureClass};

/// Each mode with each input: the mode that follows, what is said, and all inputs that have that effect. Numbers after `#` are calls.
/// By fan-out the position stands after records 1 and 2 and continuation 5; by polling after record 3. `‹class›` is the failure's own.
#[test]
fn every_input_in_every_mode() {
    let mut table = String::new();
    for (name, build) in MODES {
        let mut before = build();
        let shown = mode(&before.machine);
        writeln!(table, "## {name}: {shown}").unwrap();
        let mut effects: Vec<(String, Vec<String>)> = Vec::new();
        for (input_name, input) in inputs(&mut before) {
            let effect = effect_of(build(), input, &input_name, &shown);
            match effects.iter_mut().find(|(known, _)| *known == effect) {
                Some((_, names)) => names.push(input_name),
                None => effects.push((effect, vec![input_name])),
            }
        }
        // What has no effect comes last.
        effects.sort_by_key(|(effect, _)| effect == NO_EFFECT);
        for (effect, names) in effects {
            writeln!(table, "{effect}").unwrap();
            for line in lines_of(&names) {
                writeln!(table, "    {line}").unwrap();
            }
        }
        table.push('\n');
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("mode_and_input_table", table));
}

fn effect_of(mut s: Scenario, input: Option<Input>, input_name: &str, before: &str) -> String {
    // Time moves a little, or to what is due.
    s.now += Duration::from_millis(10);
    let said = match input {
        Some(input) => s.handle(input),
        None if s.due().is_some() => s.time_out().1,
        None => s.handle(Input::Timeout),
    };
    let after = mode(&s.machine);
    if said.is_empty() && after == before {
        return NO_EFFECT.into();
    }
    let after = if after == before { "stays".into() } else { format!("-> {after}") };
    if said.is_empty() {
        return after;
    }
    let said = said.join("; ");
    match input_name.rsplit(' ').next() {
        Some(class) if CLASSES.iter().any(|known| format!("{known:?}") == class) => {
            format!("{after} | {}", said.replace(class, "‹class›"))
        }
        _ => format!("{after} | {said}"),
    }
}

/// The names one after the other, in lines of readable length; what begins with the same word is said once.
fn lines_of(names: &[String]) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut kind = "";
    for name in names {
        let (first, rest) = name.split_once(' ').unwrap_or((name, ""));
        let text = if first == kind && !rest.is_empty() { rest } else { name };
        let separator = if first == kind { " | " } else { ", " };
        kind = first;
        let line = lines.last_mut().unwrap();
        if line.is_empty() {
            line.push_str(text);
        } else if line.len() + text.len() > 100 {
            line.push_str(separator.trim_end());
            lines.push(text.into());
        } else {
            line.push_str(separator);
            line.push_str(text);
        }
    }
    lines
}

const NO_EFFECT: &str = "nothing";

/// `None`: what is due.
fn inputs(s: &mut Scenario) -> Vec<(String, Option<Input>)> {
    let mut rows = Vec::new();
    let mut row = |name: String, input: Option<Input>| rows.push((name, input));
    row("Timeout".into(), None);
    if s.fan_out.begun || s.fan_out.calls > 0 {
        for (name, input) in fan_out_inputs(s) {
            row(format!("FanOut {name}"), Some(Input::FanOut(input)));
        }
    }
    if s.polling.begun || s.polling.calls > 0 {
        for (name, input) in polling_inputs(s) {
            row(format!("Polling {name}"), Some(Input::Polling(input)));
        }
    }
    for (name, status) in [
        ("Open", ShardStatus::Open),
        ("Closed above the position", closed(9)),
        ("Closed at the position", closed(2)),
        ("Unlisted", ShardStatus::Unlisted),
        ("Gone", gone()),
    ] {
        row(format!("Checked {name}"), Some(Input::Checked(status)));
    }
    for consumer_arn in ["arn", "arn2"] {
        let input = Input::ConsumerActive { consumer_arn: consumer_arn.into() };
        row(format!("ConsumerActive as {consumer_arn}"), Some(input));
    }
    row("ConsumerUnavailable".into(), Some(Input::ConsumerUnavailable));
    row("Shutdown".into(), Some(Input::Shutdown));
    rows
}

fn fan_out_inputs(s: &Scenario) -> Vec<(String, subscription::Input)> {
    use subscription::Input as It;
    let sent_at = s.now;
    let mut rows = vec![("Demand".to_string(), It::Demand)];
    if s.fan_out.calls == 0 {
        return rows;
    }
    let call = s.fan_out.call();
    rows.push(("Subscribed".into(), It::Subscribed { call, sent_at }));
    if s.fan_out.is_reading() {
        rows.push(("NoRoom".into(), It::NoRoom { call }));
        rows.push(("Event [8]".into(), It::Event { call, event: event([8]) }));
        rows.push(("Event [] →8".into(), It::Event { call, event: event([]).continuing(8) }));
        rows.push(("Event [8] without more".into(), It::Event { call, event: event([8]).bare() }));
        rows.push(("Event [8] +a +b".into(), It::Event { call, event: event([8]).last() }));
    }
    rows.push(("Ended".into(), It::Ended { call }));
    for class in CLASSES {
        let failure = Failure::new(class, "refused");
        rows.push((format!("Refused {class:?}"), It::Refused { call, sent_at, failure }));
    }
    for class in CLASSES {
        let failure = Failure::new(class, "broken");
        rows.push((format!("Failed {class:?}"), It::Failed { call, failure }));
    }
    rows
}

fn polling_inputs(s: &Scenario) -> Vec<(String, polling::Input)> {
    use polling::Input as It;
    let sent_at = s.now;
    let mut rows = vec![("Demand".to_string(), It::Demand)];
    if s.polling.calls == 0 {
        return rows;
    }
    let call = s.polling.call();
    rows.push(("NoRoom".into(), It::NoRoom { call, bytes: 1000 }));
    for (name, page) in [("[4]", page([4])), ("[]", page([])), ("[4] +a +b", last_page([4]))] {
        rows.push((format!("Page {name}"), It::Page { call, sent_at, result: Ok(page) }));
    }
    for class in CLASSES {
        let result = Err(Failure::new(class, "refused"));
        rows.push((format!("NoPage {class:?}"), It::Page { call, sent_at, result }));
    }
    rows
}

const CLASSES: [FailureClass; 9] = [
    FailureClass::ResourceNotFound,
    FailureClass::ResourceInUse,
    FailureClass::InvalidArgument,
    FailureClass::ExpiredIterator,
    FailureClass::Throttled,
    FailureClass::AccessDenied,
    FailureClass::KmsUnavailable,
    FailureClass::Unavailable,
    FailureClass::Unsupported,
];

fn mode(machine: &Reader) -> String {
    match &machine.mode {
        Mode::FanOut { failing: None } => "FanOut".into(),
        Mode::FanOut { failing: Some(Failing { refused: Some(_), .. }) } => "FanOut(refused)".into(),
        Mode::FanOut { failing: Some(Failing { last_look: Some(_), .. }) } => "FanOut(last look)".into(),
        Mode::FanOut { failing: Some(_) } => "FanOut(failing)".into(),
        Mode::Polling { next_probe: Some(_) } => "Polling(probe due)".into(),
        Mode::Polling { next_probe: None } => "Polling".into(),
        Mode::Probing { until: Some(_) } => "Probing(until)".into(),
        Mode::Probing { until: None } => "Probing(no room)".into(),
        Mode::Over => "Over".into(),
    }
}
