//! Sixteen subscriptions that read the same 128 MB as fast as they can; and the same bytes from a server that only sends.

use std::time::Instant;

use super::client::{self, Connection};
use super::server::Server;
use super::{Outcome, figure};

pub(crate) async fn run() -> Outcome<()> {
    let mut best = [0.0_f64; 2];
    for _ in 0..ROUNDS {
        for (best, work) in best.iter_mut().zip(["throughput", "limit"]) {
            let server = Server::start(work)?;
            *best = best.max(read(&server).await?);
        }
    }
    let [ours, limit] = best;
    figure("4.4", "throughput_16_subscriptions_h2c", format!("{ours:.0}"), "MB/s");
    figure("4.4", "throughput_plain_h2_from_memory", format!("{limit:.0}"), "MB/s");
    figure("4.4", "throughput_share_of_plain_h2", format!("{:.0}", 100.0 * ours / limit), "%");
    Ok(())
}

/// Megabytes per second of all sixteen together, from the first request to the last byte.
async fn read(server: &Server) -> Outcome<f64> {
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(Connection::open(&server.address, 8 << 20).await?);
    }
    let began = Instant::now();
    let mut readers = Vec::new();
    for number in 0..16 {
        let connection = connections[number % CONNECTIONS].clone();
        let consumer = server.consumers.get(number).cloned().unwrap_or_default();
        readers.push(tokio::spawn(async move {
            let mut body = connection.subscribe(&consumer, 0).await?;
            let mut bytes = 0;
            while let Some(data) = client::next(&mut body).await? {
                bytes += data.len();
            }
            Outcome::Ok(bytes)
        }));
    }
    let mut bytes = 0;
    for reader in readers {
        bytes += reader.await??;
    }
    Ok(bytes as f64 / 1e6 / began.elapsed().as_secs_f64())
}

/// The best of so many rounds: whatever else the machine does only makes them slower.
const ROUNDS: usize = 3;
const CONNECTIONS: usize = 4;
