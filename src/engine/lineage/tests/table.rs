//! The whole state × input table as a snapshot.

use std::fmt::Write;

use super::*;
use FailureClass::*;

/// How a state is reached.
type Path = (&'static str, fn() -> Driver);

const STATES: [Path; 9] = [
    ("Idle", idle),
    ("Start set, LATEST", || then(idle, Input::Start)),
    ("Start set, TRIM_HORIZON", || then(|| Driver::new(StreamStart::TrimHorizon, halves()), Input::Start)),
    ("Start set, paused", || {
        let mut driver = then(idle, Input::Start);
        driver.refuse(Throttled);
        driver
    }),
    ("First complete listing", || {
        let mut driver = then(idle, Input::Start);
        driver.answer();
        driver
    }),
    ("Resting", resting),
    ("Discovery", discovering),
    ("Discovery, paused", || {
        let mut driver = discovering();
        driver.refuse(Throttled);
        driver
    }),
    ("Failed", || {
        let mut driver = discovering();
        driver.refuse(ResourceNotFound);
        driver
    }),
];

/// Two shards, the first of them split.
fn halves() -> Stream {
    let mut stream = Stream::of(2);
    stream.split(0);
    stream
}

fn idle() -> Driver {
    Driver::new(StreamStart::Latest(Pin::at(at(1000))), halves())
}

fn resting() -> Driver {
    let mut driver = idle();
    driver.run(Input::Start);
    driver.now += Duration::from_secs(5);
    driver
}

fn discovering() -> Driver {
    let mut driver = resting();
    driver.wait();
    driver
}

fn then(before: fn() -> Driver, input: Input) -> Driver {
    let mut driver = before();
    driver.handle(input);
    driver
}

/// Every input; answers are to the call under way.
fn inputs(driver: &mut Driver) -> Vec<(String, Input)> {
    let call = driver.call.as_ref().map_or(CallId(999), |(call, _)| *call);
    let last = driver.stream.page(&PageRequest::First(ShardFilter::All), 10);
    let first = Page { next_token: Some("4".into()), ..last.clone() };
    let children = driver.stream.children(0);
    let mut inputs = vec![
        ("Start".into(), Input::Start),
        ("Listed, last page".into(), Input::Listed { call, result: Ok(last) }),
        ("Listed, page".into(), Input::Listed { call, result: Ok(first) }),
        ("Listed, stale".into(), Input::Listed { call: CallId(0), result: Err(failure(AccessDenied)) }),
        ("HandedOver".into(), Input::HandedOver { shard: id(0), children }),
        ("HandedOver, no children".into(), Input::HandedOver { shard: id(1), children: vec![] }),
        ("Check".into(), Input::Check { shard: id(0) }),
        ("Timeout".into(), Input::Timeout),
    ];
    for class in [ResourceNotFound, InvalidArgument, Throttled, Unclassified, AccessDenied] {
        let result = Err(failure(class));
        inputs.push((format!("Listed, {class:?}"), Input::Listed { call, result }));
    }
    inputs
}

fn label(driver: &mut Driver) -> String {
    let due = driver.due().map_or(String::new(), |(_, reason)| format!(" until {reason:?}"));
    let state = match &driver.machine.state {
        State::Idle => "Idle".into(),
        State::Resting => "Resting".into(),
        State::Failed => "Failed".into(),
        State::Listing(purpose, round) => {
            let purpose = match purpose {
                Purpose::StartSet => "Start set",
                Purpose::Horizon(_) => "Horizon",
                Purpose::First(_) => "First complete listing",
                Purpose::Discovery => "Discovery",
            };
            match round.progress {
                Progress::Asked(_) => format!("{purpose} {:?}", round.listing.request()),
                Progress::Paused(_) => format!("{purpose}, paused"),
            }
        }
    };
    state + &due
}

#[test]
fn the_table_of_states_and_inputs() {
    let mut table = String::new();
    for (name, state) in STATES {
        let start = label(&mut state());
        writeln!(table, "{name}: {start}").unwrap();
        for (input_name, input) in inputs(&mut state()) {
            let mut driver = state();
            let calls = driver.calls;
            if input == Input::Timeout {
                let wait = driver.due().map_or(Duration::ZERO, |(wait, _)| wait);
                driver.now += wait;
            }
            driver.call = None;
            let said = driver.handle(input);
            let next = label(&mut driver);
            if !said.is_empty() || start != next || driver.calls != calls {
                let row = format!("  {input_name:<24} {next:<46} {}", said.join("; "));
                writeln!(table, "{}", row.trim_end()).unwrap();
            }
        }
        writeln!(table, "  everything else: no effect").unwrap();
    }
    insta::assert_snapshot!(table);
}
