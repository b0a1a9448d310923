//! Mutates the vectors and generated bodies, gives them their digest again, and checks what [`oracle::check`] promises.
//!
//! ```text
//! FUZZ_SECONDS=300 cargo test --release --test fuzz_kpl -- --nocapture
//! ```
//!
//! `FUZZ_SECONDS` is 1 by default. `FUZZ_SEED` repeats a run; a failure prints the seed and the body.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be had fails the run")]

#[path = "kpl/oracle.rs"]
mod oracle;
#[path = "kpl/vectors.rs"]
mod vectors;

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kinesis_fanout::kpl::Deaggregated;

#[test]
fn no_body_breaks_the_promises() {
    let number = |name: &str, default: u64| match env::var(name) {
        Ok(text) => text.parse().expect("a whole number"),
        Err(_) => default,
    };
    let (seconds, seed) = (number("FUZZ_SECONDS", 1), number("FUZZ_SEED", 0x6B70_6C00));
    let mut random = Random(seed);
    let seeds = seeds();
    let mut outcomes = [0u64; 4];
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(seconds) || outcomes.iter().sum::<u64>() < MIN_EXECUTIONS {
        let body = random.body(&seeds);
        match catch_unwind(AssertUnwindSafe(|| execute(&body))) {
            Ok(outcome) => outcomes[outcome] += 1,
            Err(panic) => {
                eprintln!("FUZZ_SEED={seed}, body in base64: {}", STANDARD.encode(&body));
                resume_unwind(panic);
            }
        }
    }
    let [plain, aggregated, empty, malformed] = outcomes;
    println!(
        "{} executions in {seconds} s with seed {seed}: {plain} plain, {aggregated} aggregated, {empty} empty, \
         {malformed} malformed",
        outcomes.iter().sum::<u64>()
    );
    assert!(aggregated.min(empty).min(malformed) > 0, "the run has seen every outcome");
}

/// The place of the outcome in the counts.
fn execute(body: &[u8]) -> usize {
    match oracle::check(body) {
        Deaggregated::Plain => 0,
        Deaggregated::Aggregated(_) => 1,
        Deaggregated::Empty => 2,
        Deaggregated::Malformed(_) => 3,
    }
}

/// The bodies of all vectors that have one and are small enough to be digested fast.
fn seeds() -> Vec<Vec<u8>> {
    [vectors::AGGREGATES, vectors::EDGE_CASES, vectors::KPL]
        .into_iter()
        .flat_map(vectors::cases)
        .map(|case| vectors::blob(&case))
        .filter(|blob| (21..2000).contains(&blob.len()))
        .map(|blob| blob[4..blob.len() - 16].to_vec())
        .collect()
}

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &'a [&'a T]) -> &'a T {
        from[self.below(from.len())]
    }

    fn body(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut body = match self.below(3) {
            0 => self.generated(),
            _ => seeds[self.below(seeds.len())].clone(),
        };
        for _ in 0..self.below(4) {
            self.mutate(&mut body, seeds);
        }
        body
    }

    /// Fields of the schema in any order, with indices around the ends of the tables.
    fn generated(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        for _ in 0..self.below(12) {
            let fields = if self.below(40) == 0 { BROKEN } else { SOUND };
            body.extend_from_slice(self.pick(fields));
        }
        body
    }

    fn mutate(&mut self, body: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let at = self.below(body.len() + 1);
        let end = at + self.below(body.len() - at + 1).min(40);
        match self.below(9) {
            0 if at < body.len() => body[at] ^= 1 << self.below(8),
            1 if at < body.len() => body[at] = self.next() as u8,
            2 => {
                let fields = if self.below(2) == 0 { BROKEN } else { SOUND };
                drop(body.splice(at..at, self.pick(fields).iter().copied()));
            }
            3 => drop(body.drain(at..end)),
            4 => drop(body.splice(at..at, body[at..end].to_vec())),
            5 => body.truncate(at),
            6 => {
                let other = &seeds[self.below(seeds.len())];
                let cut = self.below(other.len() + 1);
                drop(body.splice(at.., other[cut..].iter().copied()));
            }
            // The same varint, one byte longer.
            7 if at < body.len() && body[at] < 0x80 => drop(body.splice(at..=at, [body[at] | 0x80, 0])),
            // A group around a part.
            8 => drop(body.splice(at..end, [b"\x4b", &body[at..end], b"\x4c"].concat())),
            _ => {}
        }
    }
}

/// Enough to meet every outcome, however slow the machine.
const MIN_EXECUTIONS: u64 = 2000;

/// Whole fields, to be put together at random: table entries, records and unknown fields.
const SOUND: &[&[u8]] = &[
    b"\x0a\x00",
    b"\x0a\x01k",
    b"\x0a\x02k1",
    b"\x0a\x02\xff\xfe",
    b"\x12\x015",
    b"\x12\x03bar",
    b"\x1a\x04\x08\x00\x1a\x00",
    b"\x1a\x06\x08\x01\x1a\x02r1",
    b"\x1a\x06\x1a\x02r2\x08\x00",
    b"\x1a\x08\x08\x00\x10\x00\x1a\x02r3",
    b"\x1a\x08\x08\x07\x08\x00\x1a\x02r4",
    b"\x1a\x0a\x08\x00\x1a\x00\x22\x04\x0a\x02tk",
    b"\x1a\x0f\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00\x1a\x02r5",
    b"\x4b\x08\x05\x4c",
    b"\x79\x01\x02\x03\x04\x05\x06\x07\x08",
    b"\x7d\x01\x02\x03\x04",
];

/// Fields that no aggregate may have, or that prost and the KCL take differently.
const BROKEN: &[&[u8]] = &[
    b"\x1a\x00",
    b"\x1a\x02\x08\x00",
    b"\x1a\x04\x08\x02\x1a\x00",
    b"\x1a\x06\x08\x00\x10\x01\x1a\x00",
    b"\x1a\x08\x08\x00\x1a\x00\x22\x02\x12\x00",
    b"\x1a\x0d\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02\x1a\x00",
    b"\x08\x03",
    b"\x02\x01",
    b"\x4c",
    b"\x0e",
    b"\x88\x80\x80\x80\x10\x00",
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
];
