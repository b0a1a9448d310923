//! How many records and bytes a core of the client carries over TLS, in five ways.

use std::collections::HashMap;
use std::time::Duration;

use super::way::Way;
use crate::rig::cost::Cost;
use crate::rig::events::Shape;
use crate::rig::mode::Mode;
use crate::rig::server::{Server, Settings};
use crate::rig::{Outcome, figure, short};

pub(crate) fn run() -> Outcome<()> {
    for (size, shape) in [("1_KiB", Shape::plain(1000, 1024)), ("100_B", Shape::plain(5000, 100))] {
        for shards in [1, 64] {
            let server = Server::start(&Settings::new(shape, &[(Mode::Flood, shards)]))?;
            let mut best = HashMap::<Way, Cost>::new();
            for _ in 0..ROUNDS {
                for way in Way::ALL {
                    let cost = measure(way, &server, shape, READING)?;
                    let best = best.entry(way).or_default();
                    if per_core(&cost) > per_core(best) {
                        *best = cost;
                    }
                }
            }
            tell(&format!("{size}_{shards}_shards"), &best);
        }
    }
    Ok(())
}

/// One way alone: what `cost` prints.
pub(crate) fn one(way: &str, shape: &str, shards: usize, seconds: u64) -> Outcome<()> {
    let shape = Shape::parse(shape)?;
    let way = Way::ALL.into_iter().find(|known| known.to_string() == way).ok_or("no such way")?;
    let server = Server::start(&Settings::new(shape, &[(Mode::Flood, shards)]))?;
    let cost = measure(way, &server, shape, Duration::from_secs(seconds))?;
    let events = cost.records / shape.count() as f64;
    figure("5.8", format!("payload_per_core_{way}"), short(per_core(&cost) / 1e6), "MB/s");
    figure("5.8", format!("processor_time_per_event_{way}"), short(cost.processor * 1e6 / events), "us");
    Ok(())
}

fn measure(way: Way, server: &Server, shape: Shape, during: Duration) -> Outcome<Cost> {
    let mut cost = way.measure(server, WARMING, during)?;
    if matches!(way, Way::Raw | Way::RawStock) {
        // What the body holds, if it were read.
        let events = cost.bytes / shape.frame()?.len() as f64;
        cost.bytes = events * shape.bytes() as f64;
        cost.records = events * shape.count() as f64;
    }
    Ok(cost)
}

fn tell(what: &str, best: &HashMap<Way, Cost>) {
    for way in Way::ALL {
        let cost = best[&way];
        let name = |figure: &str| format!("{figure}_{what}_{way}");
        figure("5.8", name("payload_per_core"), short(per_core(&cost) / 1e6), "MB/s");
        figure("5.8", name("records_per_core"), short(cost.records / cost.processor), "1/s");
        figure("5.8", name("payload_by_the_clock"), short(cost.bytes / cost.seconds / 1e6), "MB/s");
    }
    let ours = per_core(&best[&Way::Consumer]);
    for (name, limit) in [("sdk_receiver", Way::Sdk), ("raw_body", Way::Raw), ("port", Way::Port)] {
        let ratio = ours / per_core(&best[&limit]);
        figure("5.8", format!("consumer_over_{name}_{what}"), short(ratio), "ratio");
    }
    let ratio = per_core(&best[&Way::Raw]) / per_core(&best[&Way::RawStock]);
    figure("5.8", format!("raw_body_over_raw_body_stock_{what}"), short(ratio), "ratio");
}

/// Bytes of payload per second of processor time.
fn per_core(cost: &Cost) -> f64 {
    if cost.processor > 0.0 { cost.bytes / cost.processor } else { 0.0 }
}

const ROUNDS: usize = 3;
const WARMING: Duration = Duration::from_millis(500);
const READING: Duration = Duration::from_secs(2);
