use std::time::Duration;

use super::scenario::Scenario;
use super::values::{EventBuilder, children, event, gone};
use crate::engine::subscription::Input;
use crate::engine::subscription::state::State;
use crate::engine::{CallId, Pin, Random, ShardStart, ShardStatus};
use crate::model::{Failure, FailureClass, RecordPosition, Timestamp};

/// The invariants of [`Scenario`], and that each state has a way out, for inputs in no sensible order: answers that nobody
/// waits for, demand out of turn, early and late timeouts.
#[test]
fn decision_06_never_two_calls_within_a_second_whatever_is_told() {
    let (mut calls, mut over) = (0, 0);
    for seed in 0..3000 {
        let mut random = Random::seeded(seed);
        let start = match seed % 3 {
            0 => ShardStart::TrimHorizon,
            1 => ShardStart::Pinned(Pin::at(Timestamp::from_millis(9_000_000_000))),
            _ => ShardStart::After(RecordPosition::new(3.into())),
        };
        let mut s = Scenario::seeded(start, seed);
        for step in 0..150 {
            let millis = match random.next_u64() % 8 {
                0 => 60_000,
                1 => 5000,
                _ => 400,
            };
            s.now += random.between(Duration::ZERO, Duration::from_millis(millis));
            let input = any_input(&s, &mut random, step);
            s.drive(input);
            let due = s.due();
            match s.machine.state {
                State::Idle { .. } => assert_eq!(due.is_some(), s.machine.has_room, "seed {seed}"),
                State::Open(_) | State::Ending { .. } => assert!(due.is_some(), "seed {seed}"),
                State::Calling { .. } | State::Checking { .. } | State::Over => assert_eq!(due, None),
            }
        }
        calls += s.calls;
        over += u64::from(matches!(s.machine.state, State::Over));
    }
    assert!(calls > 20_000, "{calls} calls: the inputs lead nowhere");
    assert!(over < 2700, "{over} are over: the inputs end everything");
}

fn any_input(s: &Scenario, random: &mut Random, step: u128) -> Input {
    let last = s.calls.saturating_sub(1);
    let earlier = CallId(random.next_u64() % (last + 1));
    // What a port never does: an answer to a Read that was not asked for.
    let call = if s.is_reading() { CallId(last) } else { CallId(last.wrapping_sub(1)) };
    let answered = if random.next_u64().is_multiple_of(8) { earlier } else { CallId(last) };
    let sent_at = s.now;
    match random.next_u64() % 64 {
        0..14 => Input::Demand,
        14..24 => Input::Subscribed { call: answered, sent_at },
        24..30 => Input::Refused { call: answered, sent_at, failure: any_failure(random) },
        30..42 => {
            let event = match random.next_u64() % 12 {
                0 => event([]),
                1 => event([step]),
                2..5 => event([]).continuing(step),
                _ => event([step]).continuing(step),
            };
            Input::Event { call, event }
        }
        42..46 => Input::Ended { call },
        46..51 => Input::Failed { call, failure: any_failure(random) },
        51..55 => Input::Checked(match random.next_u64() % 12 {
            0 => gone(&["a"]),
            1..4 => ShardStatus::Closed { ending_sequence_number: 1000.into(), children: children(&["a"]) },
            4..6 => ShardStatus::Unlisted,
            _ => ShardStatus::Open,
        }),
        57 => Input::NoRoom { call },
        55..57 => Input::ConsumerMoved { consumer_arn: format!("arn{}", random.next_u64() % 2) },
        _ => Input::Timeout,
    }
}

fn any_failure(random: &mut Random) -> Failure {
    let class = [
        FailureClass::ResourceNotFound,
        FailureClass::ResourceInUse,
        FailureClass::ResourceInUse,
        FailureClass::InvalidArgument,
        FailureClass::Throttled,
        FailureClass::TimedOut,
        FailureClass::Unavailable,
        FailureClass::Malformed,
    ][(random.next_u64() % 8) as usize];
    Failure::new(class, "any")
}
