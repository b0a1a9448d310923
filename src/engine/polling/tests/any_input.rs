use std::time::Duration;

use super::scenario::{Scenario, default_config};
use super::values::{PageBuilder, closed, gone, page};
use crate::engine::polling::machine::State;
use crate::engine::polling::{Input, PollingConfig};
use crate::engine::{CallId, Pin, Random, ShardStart, ShardStatus};
use crate::model::{Failure, FailureClass, RecordPosition, Timestamp};

/// The invariants of [`Scenario`], and that each state has a way out, for inputs in no sensible order: answers that nobody waits for,
/// demand out of turn, early and late timeouts.
#[test]
fn never_six_calls_a_second_whatever_is_told() {
    let (mut calls, mut over) = (0, 0);
    for seed in 0..3000 {
        let mut random = Random::seeded(seed);
        let start = match seed % 3 {
            0 => ShardStart::TrimHorizon,
            1 => ShardStart::Pinned(Pin::at(Timestamp::from_millis(9_000_000_000))),
            _ => ShardStart::After(RecordPosition::new(3.into())),
        };
        let give_up_after = seed.is_multiple_of(5).then_some(Duration::from_secs(600));
        let config = PollingConfig { give_up_after, rescan_while_behind: seed % 7 != 0, ..default_config() };
        let mut s = Scenario::configured(start, seed, config);
        for step in 0..150 {
            let millis = match random.next_u64() % 8 {
                0 => 60_000,
                1 => 5000,
                _ => 150,
            };
            s.wait(random.between(Duration::ZERO, Duration::from_millis(millis)));
            let input = any_input(&s, &mut random, step);
            s.drive(input);
            let due = s.due();
            match s.machine.state {
                State::Idle { .. } => assert_eq!(due.is_some(), s.machine.has_room, "seed {seed}"),
                State::Calling { .. } | State::Ending(_) | State::Checking { .. } | State::Over => {
                    assert_eq!(due, None, "seed {seed}");
                }
            }
        }
        calls += s.calls;
        over += u64::from(s.machine.is_over());
    }
    assert!(calls > 20_000, "{calls} calls: the inputs lead nowhere");
    assert!(over < 2700, "{over} are over: the inputs end everything");
}

fn any_input(s: &Scenario, random: &mut Random, step: u128) -> Input {
    let last = s.calls.saturating_sub(1);
    let earlier = CallId(random.next_u64() % (last + 1));
    let call = if random.next_u64().is_multiple_of(8) { earlier } else { CallId(last) };
    let sent_at = s.now;
    match random.next_u64() % 64 {
        0..14 => Input::Demand,
        14..24 => {
            let result = match random.next_u64() % 3 {
                0 => Err(any_failure(random)),
                _ => Ok("i".into()),
            };
            Input::Iterator { call, sent_at, result }
        }
        24..42 => {
            let result = match random.next_u64() % 24 {
                0 => Ok(page([step]).with_children(&["a"])),
                1 => Ok(page([]).last()),
                2..5 => Ok(page([])),
                5..8 => Ok(page([]).behind(5)),
                8..12 => Ok(page([step])),
                12..16 => Ok(page([step]).behind(5)),
                _ => Err(any_failure(random)),
            };
            Input::Page { call, sent_at, result }
        }
        42..46 => Input::NoRoom { call, bytes: (random.next_u64() % (11 << 20)) as usize },
        46..52 => Input::Checked(match random.next_u64() % 12 {
            0 => gone(&["a"]),
            1..4 => closed(1000, &["a"]),
            4..6 => ShardStatus::Unlisted,
            _ => ShardStatus::Open,
        }),
        _ => Input::Timeout,
    }
}

fn any_failure(random: &mut Random) -> Failure {
    let class = [
        FailureClass::ResourceNotFound,
        FailureClass::ExpiredIterator,
        FailureClass::InvalidArgument,
        FailureClass::Throttled,
        FailureClass::Throttled,
        FailureClass::TimedOut,
        FailureClass::Unavailable,
        FailureClass::Malformed,
    ][(random.next_u64() % 8) as usize];
    Failure::new(class, "any")
}
