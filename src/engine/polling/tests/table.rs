use std::fmt::Write;
use std::time::Duration;

use super::render;
use super::scenario::Scenario;
use super::states::STATES;
use super::values::{PageBuilder, closed, gone, page};
use crate::engine::polling::machine::{Ending, State};
use crate::engine::polling::{Input, Polling};
use crate::engine::{CallId, ShardStatus};
use crate::model::{Failure, FailureClass, RecordsPage};

/// Each state with each input: the state that follows, what is said, and all inputs that have that effect. Numbers after `#` are
/// calls. The position stands after records 1 and 2. `‹class›` is the failure's own class.
#[test]
fn every_input_in_every_state() {
    let mut table = String::new();
    for (name, build) in STATES {
        let before = build();
        let shown = state(&before.machine);
        writeln!(table, "## {name}: {shown}").unwrap();
        let mut effects: Vec<(String, Vec<String>)> = Vec::new();
        for (input_name, input) in inputs(&before) {
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
    settings.bind(|| insta::assert_snapshot!("state_and_input_table", table));
}

fn effect_of(mut s: Scenario, input: Option<Input>, input_name: &str, before: &str) -> String {
    // Time moves a little, or to what is due.
    s.now += Duration::from_millis(10);
    let said = match input {
        Some(input) => s.handle(input),
        None if s.due().is_some() => s.time_out().1,
        None => s.handle(Input::Timeout),
    };
    let after = state(&s.machine);
    if said.is_empty() && after == before {
        return NO_EFFECT.into();
    }
    let after = if after == before { "stays".into() } else { format!("-> {after}") };
    let class = input_name.rsplit(' ').next().unwrap_or_default();
    if said.is_empty() {
        return after;
    }
    let said = said.join("; ").replace(&format!("failed {class},"), "failed ‹class›,");
    format!("{after} | {said}")
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
fn inputs(s: &Scenario) -> Vec<(String, Option<Input>)> {
    let sent_at = s.now;
    let own = CallId(s.calls.saturating_sub(1));
    let mut rows = Vec::new();
    let mut row = |name: String, input: Option<Input>| rows.push((name, input));
    row("Demand".into(), Some(Input::Demand));
    row("Timeout".into(), None);
    row("NoRoom".into(), Some(Input::NoRoom { call: own, bytes: 1000 }));
    // An iterator in answer to GetRecords is none, and the other way about.
    if s.machine.iterator.is_none() {
        row("Iterator".into(), Some(Input::Iterator { call: own, sent_at, result: Ok("i".into()) }));
    } else {
        for (name, page) in pages() {
            row(format!("Page {name}"), Some(Input::Page { call: own, sent_at, result: Ok(page) }));
        }
    }
    for class in CLASSES {
        let failure = Failure::new(class, "refused");
        if s.machine.iterator.is_none() {
            let result = Err(failure);
            row(format!("NoIterator {class:?}"), Some(Input::Iterator { call: own, sent_at, result }));
        } else {
            let result = Err(failure);
            row(format!("NoPage {class:?}"), Some(Input::Page { call: own, sent_at, result }));
        }
    }
    let call = CallId(own.0.wrapping_sub(1));
    for (name, input) in [
        ("NoRoom", Input::NoRoom { call, bytes: 1000 }),
        ("Iterator", Input::Iterator { call, sent_at, result: Ok("late".into()) }),
        ("Page", Input::Page { call, sent_at, result: Ok(page([9])) }),
        ("NoPage", Input::Page { call, sent_at, result: Err(Failure::new(CLASSES[5], "late")) }),
    ] {
        row(format!("Late {name}"), Some(input));
    }
    for (name, status) in [
        ("Open", ShardStatus::Open),
        ("Closed above the position", closed(9, &["c"])),
        ("Closed at the position", closed(2, &["c"])),
        ("Unlisted", ShardStatus::Unlisted),
        ("Gone", gone(&["c"])),
    ] {
        row(format!("Checked {name}"), Some(Input::Checked(status)));
    }
    row("Shutdown".into(), Some(Input::Shutdown));
    rows
}

const CLASSES: [FailureClass; 13] = [
    FailureClass::ResourceNotFound,
    FailureClass::ResourceInUse,
    FailureClass::InvalidArgument,
    FailureClass::ExpiredIterator,
    FailureClass::Throttled,
    FailureClass::AccessDenied,
    FailureClass::Credentials,
    FailureClass::KmsUnavailable,
    FailureClass::TimedOut,
    FailureClass::Unavailable,
    FailureClass::Unsupported,
    FailureClass::Malformed,
    FailureClass::Unclassified,
];

fn pages() -> [(&'static str, RecordsPage); 6] {
    [
        ("[7]", page([7])),
        ("[7] behind", page([7]).behind(9)),
        ("[]", page([])),
        ("[] behind", page([]).behind(9)),
        ("[7] end", page([7]).last()),
        ("[] end +d", page([]).with_children(&["d"])),
    ]
}

fn state(machine: &Polling) -> String {
    match &machine.state {
        State::Idle { .. } => {
            let waits = match (machine.has_room, &machine.before_waiting) {
                (true, _) => "due",
                (false, Some(_)) => "page waits",
                (false, None) => "no room",
            };
            let from = machine
                .iterator
                .clone()
                .unwrap_or_else(|| render::position(&machine.position.starting_position()));
            format!("Idle({waits}, {from})")
        }
        State::Calling { call } => format!("Calling(#{})", call.0),
        State::Ending(Ending::ShardEnd(_)) => "Ending(shard end)".into(),
        State::Ending(Ending::Unclear) => "Ending(unclear)".into(),
        State::Checking { cause, .. } => format!("Checking({cause:?})"),
        State::Over => "Over".into(),
    }
}
