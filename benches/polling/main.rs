//! What a record costs by polling, from a server that gives prepared pages to `stream.next()`, beside a plain loop over the SDK's
//! `get_records`: `cargo bench --bench polling`.
//!
//! `-- cost WAY RECORDSx1xSIZE SHARDS SECONDS` measures one way alone, for a profiler.
//!
//! Each line is `figure 6.7 <what> <value> <unit>`. All ways use the same client of the SDK over TLS and HTTP/2, one thread, and the pace
//! of the service, 2 MiB a second of each shard, so that as many records come in each; what is stated is by the client's own processor
//! time, read from `/proc`: elsewhere than on Linux this fails. The loop runs as fast as it can besides, since a busy processor does
//! more in its time. The server is this same program in a process of its own on the same machine, and shares its processors. Rounds
//! are interleaved, and the best of each counts.

#![allow(clippy::print_stdout, reason = "that is what it is for")]

#[path = "../rig/mod.rs"]
mod rig;
mod way;

use std::collections::HashMap;
use std::time::Duration;

use rig::cost::Cost;
use rig::events::Shape;
use rig::mode::Mode;
use rig::server::{Server, Settings};
use rig::{Outcome, figure, short};
use way::Way;

fn main() -> Outcome<()> {
    let arguments = rig::arguments();
    if let Some(outcome) = rig::part(&arguments) {
        return outcome;
    }
    if let [what, way, shape, shards, seconds] = &arguments[..]
        && what == "cost"
    {
        return one(way, Shape::parse(shape)?, shards.parse()?, Duration::from_secs(seconds.parse()?));
    }
    for (name, shape) in
        [("1000_of_1_KiB", Shape::plain(1_000, 1_024)), ("10000_of_100_B", Shape::plain(10_000, 100))]
    {
        let server = server(shape, SHARDS)?;
        let mut best = HashMap::<Way, Cost>::new();
        for _ in 0..ROUNDS {
            for way in Way::ALL {
                let cost = way.measure(&server, shape, WARMING, READING)?;
                let best = best.entry(way).or_insert(cost);
                if per_million(&cost) < per_million(best) {
                    *best = cost;
                }
            }
        }
        tell(name, shape, &best);
    }
    Ok(())
}

/// One way alone: what `cost` prints.
fn one(way: &str, shape: Shape, shards: usize, during: Duration) -> Outcome<()> {
    let way = Way::ALL.into_iter().find(|known| known.to_string() == way).ok_or("no such way")?;
    let cost = way.measure(&server(shape, shards)?, shape, WARMING, during)?;
    tell_one("alone", way, &cost);
    Ok(())
}

fn server(shape: Shape, shards: usize) -> Outcome<Server> {
    Server::start(&Settings::new(shape, &[(Mode::Idle, shards)]))
}

fn tell(what: &str, shape: Shape, best: &HashMap<Way, Cost>) {
    for way in Way::ALL {
        tell_one(what, way, &best[&way]);
    }
    let cost = |way: Way| per_million(&best[&way]);
    let (consumer, sdk) = (cost(Way::Consumer), cost(Way::Sdk).min(cost(Way::SdkFlat)));
    figure(
        ITEM,
        format!("consumer_over_sdk_loop_{what}"),
        short(sdk / consumer),
        "ratio_of_records_per_core",
    );
    // Seconds for a million records are microseconds for one.
    let page = |seconds: f64| short(seconds * shape.count() as f64);
    for (part, seconds) in [
        ("http_and_tls", cost(Way::Raw)),
        ("json_and_base64", cost(Way::Port) - cost(Way::Raw)),
        ("hand_over", consumer - cost(Way::Port)),
        ("json_and_base64_of_the_sdk", cost(Way::Sdk) - cost(Way::Raw)),
    ] {
        figure(ITEM, format!("of_a_page_{part}_{what}"), page(seconds), "us");
    }
}

fn tell_one(what: &str, way: Way, cost: &Cost) {
    let name = |figure: &str| format!("{figure}_{what}_{way}");
    figure(ITEM, name("processor_time_per_million"), format!("{:.3}", per_million(cost)), "s");
    figure(ITEM, name("records_per_core"), short(cost.records / cost.processor), "1/s");
    figure(ITEM, name("records_by_the_clock"), short(cost.records / cost.seconds), "1/s");
}

/// Processor time for a million records, in seconds.
fn per_million(cost: &Cost) -> f64 {
    cost.processor / cost.records * 1e6
}

const ITEM: &str = "6.7";
/// One page of each is 62 MB on the wire, and so within the consumer's default budget of memory: beyond it shards wait for room.
const SHARDS: usize = 20;
const ROUNDS: usize = 3;
const WARMING: Duration = Duration::from_secs(2);
/// Some hundred steps of the processor time's clock for the cheapest way.
const READING: Duration = Duration::from_secs(10);
