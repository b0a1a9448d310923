//! From the server's write of an event with one record of 1 KiB to the user's hands, at 1,000 events per second over four shards and
//! TLS; and to the bytes of its body over the same transport, before any decoding.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use futures::StreamExt;
use kinesis_fanout::Consumer;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::rig::client::{Clients, Kind};
use crate::rig::events::{self, Shape};
use crate::rig::mode::Mode;
use crate::rig::raw::RawBody;
use crate::rig::server::{Server, Settings};
use crate::rig::{Outcome, figure};

pub(crate) fn run() -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut best = [(); 2].map(|()| [f64::INFINITY; 3]);
    for _ in 0..ROUNDS {
        for (best, is_raw) in best.iter_mut().zip([false, true]) {
            let percentiles = runtime.block_on(measure(is_raw))?;
            if percentiles[1] < best[1] {
                *best = percentiles;
            }
        }
    }
    for (best, way) in best.iter().zip(["consumer", "raw_body"]) {
        for (value, name) in best.iter().zip(["p50", "p99", "p99_9"]) {
            figure("5.8", format!("latency_{name}_{way}"), format!("{value:.3}"), "ms");
        }
    }
    Ok(())
}

/// p50, p99 and p99.9 in milliseconds.
async fn measure(is_raw: bool) -> Outcome<[f64; 3]> {
    let server = Server::start(&Settings::new(Shape::plain(1, 1), &[(Mode::Stamped(250), 4)]))?;
    let clients = Clients::new(Kind::Ours, &server.address, server.certificate.as_deref())?;
    let (times, mut timed) = mpsc::unbounded_channel();
    let mut readers = JoinSet::new();
    if is_raw {
        for shard_id in &server.shard_ids {
            readers.spawn(read_raw(RawBody::open(&clients, shard_id).await?, times.clone()));
        }
    } else {
        readers.spawn(consume(clients, times));
    }
    let mut all = Vec::new();
    while all.len() < SKIPPED + EVENTS {
        all.push(timeout(PATIENCE, timed.recv()).await?.ok_or("the stream has ended")?);
    }
    let mut all = all.split_off(SKIPPED);
    all.sort_unstable();
    let at = |share: f64| all[((all.len() - 1) as f64 * share) as usize] as f64 / 1e6;
    Ok([at(0.5), at(0.99), at(0.999)])
}

async fn consume(clients: Clients, times: mpsc::UnboundedSender<u64>) -> Outcome<()> {
    let builder = Consumer::builder(&clients.sdk, "bench").fan_out("bench");
    let mut stream = builder.transport(clients.transport).build().await?.into_stream();
    while let Some(record) = stream.next().await {
        let now = events::now();
        let record = record?;
        let written = record.data().first_chunk().ok_or("a record without a time")?;
        times.send(now.saturating_sub(u64::from_be_bytes(*written)))?;
    }
    Ok(())
}

async fn read_raw(mut body: RawBody, times: mpsc::UnboundedSender<u64>) -> Outcome<()> {
    while let Some(data) = body.next().await? {
        let now = events::now();
        if let Some(written) = written(&data) {
            times.send(now.saturating_sub(written))?;
        }
    }
    Ok(())
}

/// The time in an event that came in one piece, as so small a one does.
fn written(data: &Bytes) -> Option<u64> {
    let at = data.windows(BEFORE.len()).position(|window| window == BEFORE)? + BEFORE.len();
    // Eight bytes take eleven digits of base64, the last of which holds bits of the ninth too.
    let bytes = STANDARD_NO_PAD.decode(data.get(at..at + 12)?).ok()?;
    Some(u64::from_be_bytes(*bytes.first_chunk()?))
}

const BEFORE: &[u8] = b"\"Data\":\"";
const ROUNDS: usize = 3;
/// Those of the first second.
const SKIPPED: usize = 1_000;
/// Of ten seconds: the highest ten are above p99.9.
const EVENTS: usize = 10_000;
const PATIENCE: Duration = Duration::from_secs(10);
