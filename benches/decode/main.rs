//! What it costs to decode a subscription: `cargo bench --bench decode`.
//!
//! Each line is `figure 5.7 <what> <value> <unit>`. All work on the same bytes: frames of one event, in chunks of 16 KiB as
//! HTTP/2 brings them, from memory. Times are those of one event, on one thread: the quickest of many, in rounds in which all
//! take turns.
//!
//! | line | what |
//! |---|---|
//! | `ours` | `FrameReader` and `Frame::decode`, the event dropped |
//! | `sdk` | `recv()` of the AWS SDK's event receiver, the event dropped |
//! | `sdk_whole` | the same with each frame in one chunk, which no connection brings but suits the SDK better |
//! | `limit` | for each frame a new buffer, the copy into it, its CRC, and the payloads decoded in it; nothing is looked for |
//! | `copy`, `crc`, `base64` | parts of the limit, each alone; the buffer is part of `copy` |
//! | `json` | `ours` without the limit: JSON, headers, and the list of records |

#![allow(clippy::print_stdout, reason = "that is what it is for")]

mod body;
mod limit;
mod ours;
mod sdk;

use std::error::Error;
use std::fmt::Display;
use std::time::{Duration, Instant};

use body::Body;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome<()> {
    for (name, records, size) in EVENTS {
        measure(name, &Body::new(records, size))?;
    }
    Ok(())
}

fn measure(name: &str, body: &Body) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let in_one_chunk = body.with_whole_frames();
    let mut best = [Duration::MAX; 7];
    for _ in 0..ROUNDS {
        let took = [
            ours::run(body)?,
            runtime.block_on(sdk::run(body))?,
            runtime.block_on(sdk::run(&in_one_chunk))?,
            limit::run(body)?,
            limit::copy(body),
            limit::crc(body),
            limit::base64(body)?,
        ];
        for (best, took) in best.iter_mut().zip(took) {
            *best = took.min(*best);
        }
    }
    let [ours, sdk, sdk_whole, limit, copy, crc, base64] = best.map(|took| took.as_secs_f64() * 1e6);
    figure(name, "sdk", format!("{sdk:.1}"), "us");
    figure(name, "ours", format!("{ours:.1}"), "us");
    figure(name, "sdk_by_ours", format!("{:.2}", sdk / ours), "x");
    figure(name, "sdk_whole", format!("{sdk_whole:.1}"), "us");
    figure(name, "sdk_whole_by_ours", format!("{:.2}", sdk_whole / ours), "x");
    figure(name, "limit", format!("{limit:.1}"), "us");
    figure(name, "limit_by_ours", format!("{:.0}", 100.0 * limit / ours), "%");
    for (part, took) in [("copy", copy), ("crc", crc), ("base64", base64), ("json", ours - limit)] {
        figure(name, part, format!("{took:.1}"), "us");
    }
    Ok(())
}

/// The shortest time between two events, and the start of it.
struct Best {
    since: Instant,
    shortest: Duration,
}

impl Best {
    fn start() -> Self {
        Self { since: Instant::now(), shortest: Duration::MAX }
    }

    /// An event is done, and the next one begins.
    fn event(&mut self) {
        let now = Instant::now();
        self.shortest = self.shortest.min(now - self.since);
        self.since = now;
    }
}

fn figure(event: &str, what: &str, value: impl Display, unit: &str) {
    println!("figure 5.7 decode_{event}_{what} {value} {unit}");
}

/// Name, records, bytes of each.
const EVENTS: [(&str, usize, usize); 5] = [
    ("1000x1KiB", 1000, 1024),
    ("100x10KiB", 100, 10 << 10),
    ("10x100kB", 10, 100_000),
    ("5000x100B", 5000, 100),
    ("1x1MB", 1, 1_000_000),
];
/// The best of so many rounds: whatever else the machine does only makes them slower.
const ROUNDS: usize = 60;
