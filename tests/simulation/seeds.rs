use std::panic::{AssertUnwindSafe, catch_unwind};

use super::counts::Counts;
use super::world::World;

/// Whatever fails, every user record of every shard is stored once, in order, children after parents, within the service's limits;
/// and a while after the last fault everything is stored and fan-out serves again.
#[test]
fn nothing_is_lost_doubled_or_stuck_whatever_fails_and_whoever_reads() {
    let seeds = number("SEEDS").unwrap_or(SEEDS);
    let first = number("FIRST_SEED").unwrap_or(0);
    let mut counts = Counts::default();
    let mut failed = Vec::new();
    for seed in first..first + seeds {
        match catch_unwind(AssertUnwindSafe(|| World::run(seed, false))) {
            Ok(of_one) => counts.merge(&of_one),
            Err(_) => {
                eprintln!("seed {seed}");
                failed.push(seed);
                if failed.len() >= 20 {
                    break;
                }
            }
        }
    }
    eprintln!("{counts}");
    assert!(failed.is_empty(), "{} of {seeds} seeds failed: {failed:?}", failed.len());
    for (what, in_a_hundred) in EXPECTED {
        let least = in_a_hundred * seeds / 100;
        assert!(counts.of(what) >= least, "{what}: {} of {least}", counts.of(what));
    }
}

/// One history with all that happens in it: `SEED=7 cargo test --test simulation one_history -- --ignored --nocapture`.
#[test]
#[ignore = "prints the history that the environment names"]
fn one_history() {
    let counts = World::run(number("SEED").unwrap_or(0), true);
    eprintln!("{counts}");
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// What a hundred histories have to show at least: where nothing fails, nothing is proved.
const EXPECTED: [(&str, u64); 1] = [("histories read to the end", 90)];
const SEEDS: u64 = 100;
