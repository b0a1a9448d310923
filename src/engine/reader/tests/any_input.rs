use std::time::Duration;

use super::scenario::{Scenario, any_instant, default_config};
use super::values::{EventBuilder, closed, event, gone, last_page, page};
use crate::engine::reader::machine::Mode;
use crate::engine::reader::{Fallback, Input, Reader, ReaderConfig};
use crate::engine::{CallId, Random, ShardStart, ShardStatus, polling, subscription};
use crate::model::{Failure, FailureClass, RecordPosition};

/// The invariants of [`Scenario`], and that each mode has a way out, for inputs in no sensible order: answers that nobody waits for,
/// demand out of turn, early and late timeouts, consumers that come and go.
#[test]
fn nothing_that_is_told_makes_it_panic_spin_or_call_too_often() {
    let (mut fan_out_calls, mut polling_calls, mut over, mut modes) = (0, 0, 0, [0; 4]);
    for seed in 0..3000 {
        let mut random = Random::seeded(seed);
        let mut s = any_scenario(seed);
        s.is_consistent = false;
        s.first_outputs();
        for step in 0..200 {
            let millis = match random.next_u64() % 12 {
                0 => 60_000,
                1..3 => 5000,
                _ => 150,
            };
            s.now += random.between(Duration::ZERO, Duration::from_millis(millis));
            let input = any_input(&s, &mut random, step);
            s.drive(input);
            let due = s.due();
            modes[match s.machine.mode {
                Mode::FanOut { .. } => 0,
                Mode::Polling { .. } => 1,
                Mode::Probing { .. } => 2,
                Mode::Over => 3,
            }] += 1;
            if s.over {
                assert_eq!(due, None, "seed {seed}");
            }
            // What is due is done once: then something else is due, or later.
            if let Some((at, reason)) = due.filter(|(at, _)| *at <= s.now) {
                s.handle(Input::Timeout);
                let next = s.due().filter(|(at, _)| *at <= s.now);
                assert_ne!(next, Some((at, reason)), "seed {seed} spins");
            }
        }
        fan_out_calls += s.fan_out.calls;
        polling_calls += s.polling.calls;
        over += u64::from(s.over);
    }
    assert!(fan_out_calls > 10_000 && polling_calls > 20_000, "{fan_out_calls} and {polling_calls} calls");
    assert!(over < 2700, "{over} are over: the inputs end everything");
    assert!(modes.iter().all(|steps| *steps > 10_000), "{modes:?}");
}

fn any_scenario(seed: u64) -> Scenario {
    let now = any_instant();
    let start = match seed % 3 {
        0 => ShardStart::TrimHorizon,
        _ => ShardStart::After(RecordPosition::new(3.into())),
    };
    let fallback = Fallback { after: Duration::from_secs(20), probe_every: Duration::from_secs(40) };
    let fallback = (seed % 10 != 1).then_some(fallback);
    let config = ReaderConfig { fallback, ..default_config() };
    let machine = match seed % 10 {
        0 => Reader::polling(config, start, seed, now),
        2 => Reader::fan_out(config, None, start, seed, now),
        _ => Reader::fan_out(config, Some("arn".into()), start, seed, now),
    };
    Scenario::of(machine, now)
}

fn any_input(s: &Scenario, random: &mut Random, step: u128) -> Input {
    match random.next_u64() % 32 {
        0..12 => Input::FanOut(any_fan_out_input(s, random, step)),
        12..24 => Input::Polling(any_polling_input(s, random, step)),
        24 => Input::Checked(match random.next_u64() % 16 {
            0 => gone(),
            1..3 => closed(1000),
            3..6 => ShardStatus::Unlisted,
            _ => ShardStatus::Open,
        }),
        25 => match random.next_u64() % 8 {
            0 => Input::ConsumerUnavailable,
            1..3 => Input::ConsumerActive { consumer_arn: format!("arn{}", random.next_u64() % 2) },
            _ => Input::Checked(ShardStatus::Open),
        },
        _ => Input::Timeout,
    }
}

/// The last call, or now and then an earlier one.
fn any_call(calls: u64, random: &mut Random) -> CallId {
    let last = calls.saturating_sub(1);
    if random.next_u64().is_multiple_of(10) { CallId(random.next_u64() % (last + 1)) } else { CallId(last) }
}

fn any_fan_out_input(s: &Scenario, random: &mut Random, step: u128) -> subscription::Input {
    use subscription::Input as It;
    if s.fan_out.calls == 0 {
        return It::Demand;
    }
    let (call, sent_at) = (any_call(s.fan_out.calls, random), s.now);
    // What a port never does: an answer to a Read that was not asked for.
    let read = if s.fan_out.is_reading() { call } else { CallId(u64::MAX) };
    match random.next_u64() % 16 {
        0..5 => It::Demand,
        5..8 => It::Subscribed { call, sent_at },
        8 => It::Refused { call, sent_at, failure: any_failure(random) },
        9..13 => {
            let event = match random.next_u64() % 24 {
                0 => event([step]).last(),
                1 => event([step]).bare(),
                2..8 => event([]).continuing(step),
                _ => event([step]),
            };
            It::Event { call: read, event }
        }
        13 => It::Ended { call },
        14 => It::Failed { call, failure: any_failure(random) },
        _ => It::NoRoom { call: read },
    }
}

fn any_polling_input(s: &Scenario, random: &mut Random, step: u128) -> polling::Input {
    use polling::Input as It;
    let (call, sent_at) = (any_call(s.polling.calls, random), s.now);
    match random.next_u64() % 16 {
        0..5 => It::Demand,
        5..9 => {
            let result =
                if random.next_u64().is_multiple_of(4) { Err(any_failure(random)) } else { Ok("i".into()) };
            It::Iterator { call, sent_at, result }
        }
        9..15 => {
            let result = match random.next_u64() % 48 {
                0 => Ok(last_page([step])),
                1..8 => Err(any_failure(random)),
                8..16 => Ok(page([])),
                _ => Ok(page([step])),
            };
            It::Page { call, sent_at, result }
        }
        _ => It::NoRoom { call, bytes: 100_000 },
    }
}

fn any_failure(random: &mut Random) -> Failure {
    let class = [
        FailureClass::ResourceNotFound,
        FailureClass::ResourceInUse,
        FailureClass::ResourceInUse,
        FailureClass::InvalidArgument,
        FailureClass::ExpiredIterator,
        FailureClass::Throttled,
        FailureClass::TimedOut,
        FailureClass::Unavailable,
        FailureClass::AccessDenied,
    ][(random.next_u64() % 9) as usize];
    Failure::new(class, "any")
}
