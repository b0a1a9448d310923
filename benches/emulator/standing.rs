//! What it costs to be there: the time to start, and the memory of many shards and subscriptions that nothing happens on.

use std::time::{Duration, Instant};

use super::client::{self, Connection};
use super::server::Server;
use super::{Outcome, figure};

/// From the start of the process to the end of its first answer.
pub(crate) async fn start_up() -> Outcome<()> {
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let began = Instant::now();
        let server = Server::start("nothing")?;
        let connection = Connection::open(&server.address, 1 << 16).await?;
        let mut answer = connection.call("ListStreams", "{}".into()).await?;
        while client::next(&mut answer).await?.is_some() {}
        times.push(began.elapsed());
    }
    times.sort();
    let millis = |time: Duration| format!("{:.1}", time.as_secs_f64() * 1_000.0);
    figure("4.4", "start_to_first_answer_median", millis(times[STARTS / 2]), "ms");
    figure("4.4", "start_to_first_answer_slowest", millis(times[STARTS - 1]), "ms");
    Ok(())
}

/// 10,000 shards, and an idle subscription on each.
pub(crate) async fn memory() -> Outcome<()> {
    let server = Server::start("memory")?;
    if let Some(resident) = server.resident() {
        figure("4.4", "resident_10000_shards", resident, "MB");
    }
    let mut bodies = Vec::new();
    for first in (0..10_000).step_by(STREAMS) {
        let connection = Connection::open(&server.address, 1 << 16).await?;
        for shard in first..first + STREAMS {
            let mut body = connection.subscribe(&server.consumers[0], shard).await?;
            client::next(&mut body).await?;
            bodies.push(body);
        }
    }
    // The first empty event of each has come, and so whatever it takes memory for.
    for body in &mut bodies {
        client::next(body).await?.ok_or("a subscription ended")?;
    }
    if let (Some(resident), Some(peak)) = (server.resident(), server.peak()) {
        figure("4.4", "resident_10000_shards_10000_idle_subscriptions", resident, "MB");
        figure("4.4", "peak_10000_shards_10000_idle_subscriptions", peak, "MB");
    }
    Ok(())
}

const STARTS: usize = 21;
/// Subscriptions on a connection: within the default SETTINGS_MAX_CONCURRENT_STREAMS, 128.
const STREAMS: usize = 100;
