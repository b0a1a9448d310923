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
    // A few of them show chance, not rates.
    for (what, in_a_hundred) in EXPECTED.into_iter().filter(|_| seeds >= SEEDS) {
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
const EXPECTED: [(&str, u64); 38] = [
    ("histories read to the end", 85),
    ("to polling: denied", 30),
    ("to polling: failing", 20),
    ("to polling: no registered consumer", 20),
    ("to polling: parents were polled", 20),
    ("to fan-out: works", 60),
    ("to fan-out: polling denied", 5),
    ("probes", 150),
    ("probes failed", 80),
    ("probes failed: silent", 10),
    ("pages stored while probing", 80),
    ("pages dropped at a change of reader", 1),
    ("filters of fan-out that dropped something", 20),
    ("filters of polling that dropped something", 5),
    ("ends found by fan-out", 100),
    ("ends found by polling", 40),
    ("ends found while probing", 5),
    ("checks: unclear end, polling", 5),
    ("checks: position refused, fan-out", 5),
    ("checks: position refused, polling", 3),
    ("checks: not found, fan-out", 10),
    ("numbers refused, fan-out", 2),
    ("numbers refused, polling", 1),
    ("pins refused, fan-out", 20),
    ("pins refused, polling", 5),
    ("iterators expired", 100),
    ("throttled", 20),
    ("pages without room", 10),
    ("events without room", 200),
    ("events withdrawn", 4),
    ("room found late", 10),
    ("empty pages while behind", 10),
    ("records trimmed unread", 50),
    ("starts inside an aggregate", 10),
    ("splits", 80),
    ("merges", 40),
    ("registered consumer deleted", 8),
    ("take-overs tried by a rival", 100),
];
/// Some 16 s of an unoptimized build, on a core for itself.
const SEEDS: u64 = 500;
