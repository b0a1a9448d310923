use std::fmt::Write;
use std::time::Duration;

use super::render;
use super::scenario::Scenario;
use super::states::STATES;
use super::values::{EventBuilder, closed, event, gone};
use crate::engine::subscription::state::{Ending, State};
use crate::engine::subscription::{Input, Subscription};
use crate::engine::{CallId, ShardStatus};
use crate::model::{Failure, FailureClass, SubscriptionEvent};

/// Each state with each input: the state that follows, what is said, and all inputs that have that effect. Numbers after `#` are
/// calls; call #0 was refused. Position →5 stands after records 1 and 2. `‹class›` is the failure's own class.
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
    let said = said.join("; ").replace(&format!("ended {class},"), "ended ‹class›,");
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
    let mut rows = Vec::new();
    let mut row = |name: String, input: Option<Input>| rows.push((name, input));
    row("Demand".into(), Some(Input::Demand));
    row("Timeout".into(), None);
    let own = CallId(s.calls.saturating_sub(1));
    row("NoRoom".into(), Some(Input::NoRoom { call: own }));
    row("Subscribed".into(), Some(Input::Subscribed { call: own, sent_at }));
    for class in CLASSES {
        let (call, failure) = (own, Failure::new(class, "refused"));
        row(format!("Refused {class:?}"), Some(Input::Refused { call, sent_at, failure }));
    }
    row("Received".into(), Some(Input::Received { call: own, at: sent_at }));
    for (name, event) in events() {
        row(format!("Event {name}"), Some(Input::Event { call: own, event }));
    }
    row("Ended".into(), Some(Input::Ended { call: own }));
    for class in CLASSES {
        let (call, failure) = (own, Failure::new(class, "broken"));
        row(format!("Failed {class:?}"), Some(Input::Failed { call, failure }));
    }
    if s.calls > 1 {
        let (call, failure) = (CallId(0), Failure::new(FailureClass::Unavailable, "late"));
        let event = event([9]).continuing(9);
        let refused = failure.clone();
        let late = [
            ("Subscribed", Input::Subscribed { call, sent_at }),
            ("Refused", Input::Refused { call, sent_at, failure: refused }),
            ("Received", Input::Received { call, at: sent_at }),
            ("Event", Input::Event { call, event }),
            ("Ended", Input::Ended { call }),
            ("Failed", Input::Failed { call, failure }),
        ];
        for (name, input) in late {
            row(format!("Late {name}"), Some(input));
        }
    }
    for (name, status) in [
        ("Open", ShardStatus::Open),
        ("Closed above the position", closed(9, &["c"])),
        ("Closed at the position", closed(5, &["c"])),
        ("Unlisted", ShardStatus::Unlisted),
        ("Gone", gone(&["c"])),
    ] {
        row(format!("Checked {name}"), Some(Input::Checked(status)));
    }
    for consumer_arn in ["arn", "arn2"] {
        let input = Input::ConsumerMoved { consumer_arn: consumer_arn.into() };
        row(format!("ConsumerMoved to {consumer_arn}"), Some(input));
    }
    row("Shutdown".into(), Some(Input::Shutdown));
    rows
}

const CLASSES: [FailureClass; 12] = [
    FailureClass::ResourceNotFound,
    FailureClass::ResourceInUse,
    FailureClass::InvalidArgument,
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

fn events() -> [(&'static str, SubscriptionEvent); 6] {
    [
        ("[7] →8", event([7]).continuing(8)),
        ("[] →8", event([]).continuing(8)),
        ("[7]", event([7])),
        ("[]", event([])),
        ("[7] +d", event([7]).with_children(&["d"])),
        ("[] →8 +d", event([]).continuing(8).with_children(&["d"])),
    ]
}

fn state(machine: &Subscription) -> String {
    match &machine.state {
        State::Idle { .. } => {
            let waits = match (machine.has_room, &machine.before_waiting) {
                (true, _) => "due",
                (false, Some(_)) => "event waits",
                (false, None) => "no room",
            };
            format!("Idle({waits}, {})", render::position(&machine.position.starting_position()))
        }
        State::Calling { call } => format!("Calling(#{})", call.0),
        State::Open(open) => {
            let doing = match (machine.has_room, open.last_look) {
                (false, _) => "event waits",
                (true, None) => "reading",
                (true, Some(_)) => "last look",
            };
            format!("Open(#{} {doing})", open.call.0)
        }
        State::Ending { next: Ending::ShardEnd(_), .. } => "Ending(shard end)".into(),
        State::Ending { next: Ending::Unclear, .. } => "Ending(unclear)".into(),
        State::Checking { cause, .. } => format!("Checking({cause:?})"),
        State::Over => "Over".into(),
    }
}
