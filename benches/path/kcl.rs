//! The events that the Java KCL was measured with, in the same way: ready-made, over h2c, four shards, on two cores that the server
//! shares. The KCL's figures are those of its version 3.5.1 on Java 17, start included.

use std::hint::black_box;
use std::time::{Duration, Instant};

use md5::{Digest, Md5};

use super::way::Way;
use crate::rig::events::Shape;
use crate::rig::mode::Mode;
use crate::rig::server::{Server, Settings};
use crate::rig::{Outcome, figure};

pub(crate) fn run() -> Outcome<()> {
    for (name, shape, of_kcl) in [
        ("256_of_1_KiB", Shape::plain(256, 1024), 4.7),
        ("2560_of_100_B", Shape::plain(2560, 100), 2.2),
        ("5_aggregates_of_50_of_1_KiB", Shape::aggregates(5, 50, 1024), 6.7),
    ] {
        let settings = Settings { tls: false, ..Settings::new(shape, &[(Mode::Flood, 4)]) };
        let server = Server::start(&settings)?;
        let mut best = f64::INFINITY;
        for _ in 0..ROUNDS {
            let cost = Way::Consumer.measure(&server, WARMING, READING)?;
            best = best.min(cost.processor / cost.records * 1e6);
        }
        figure("5.8", format!("processor_time_per_million_{name}"), format!("{best:.3}"), "s");
        figure("5.8", format!("processor_time_over_kcl_{name}"), format!("{:.3}", best / of_kcl), "ratio");
    }
    figure("5.8", "md5_alone_per_million_of_1_KiB_in_aggregates", format!("{:.3}", md5_alone()), "s");
    Ok(())
}

/// What the checksums of such aggregates take by themselves, in seconds for a million user records: nobody who checks them is below.
fn md5_alone() -> f64 {
    let aggregate = vec![7; 50 * 1024];
    let took = |_| {
        let began = Instant::now();
        for _ in 0..AGGREGATES {
            black_box(Md5::digest(black_box(&aggregate)));
        }
        began.elapsed().as_secs_f64()
    };
    (0..ROUNDS).map(took).fold(f64::INFINITY, f64::min) / (AGGREGATES * 50) as f64 * 1e6
}

const ROUNDS: usize = 3;
const AGGREGATES: usize = 2_000;
const WARMING: Duration = Duration::from_millis(500);
const READING: Duration = Duration::from_secs(3);
