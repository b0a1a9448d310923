//! One connection over a distance: the subscriptions of many shards through a proxy that delays. Through the port, a task for each shard.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures::future::try_join_all;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::rig::client::{Clients, Kind};
use crate::rig::events::Shape;
use crate::rig::mode::Mode;
use crate::rig::proxy::Proxy;
use crate::rig::server::{Server, Settings};
use crate::rig::{Outcome, figure, short};

/// Megabytes of payload per second.
#[derive(Clone, Copy, Default)]
struct Rates {
    whole: f64,
    /// The slowest shard.
    least: f64,
}

pub(crate) async fn run() -> Outcome<()> {
    for (millis, shards) in PATHS {
        for (load, mode) in [("flood", Mode::Flood), ("2_MB_per_s", Mode::Paced(2))] {
            let mut best = HashMap::new();
            for _ in 0..ROUNDS {
                for kind in Kind::ALL {
                    let rates = read(kind, (mode, shards), Duration::from_millis(millis)).await?;
                    let best: &mut Rates = best.entry(kind.to_string()).or_default();
                    if rates.whole > best.whole {
                        *best = rates;
                    }
                }
            }
            let stock = best.get("stock").copied().unwrap_or_default();
            for kind in Kind::ALL {
                let rates = best[&kind.to_string()];
                let name = |what: &str| format!("{what}_{millis}_ms_{shards}_shards_{load}_{kind}");
                figure("5.6", name("whole"), short(rates.whole), "MB/s");
                figure("5.6", name("slowest_shard"), short(rates.least), "MB/s");
                if kind != Kind::Stock {
                    figure("5.6", name("whole_over_stock"), short(rates.whole / stock.whole), "ratio");
                }
            }
        }
    }
    Ok(())
}

async fn read(kind: Kind, shards: (Mode, usize), round_trip: Duration) -> Outcome<Rates> {
    let server = Server::start(&Settings::new(Shape::plain(1000, 1024), &[shards]))?;
    let proxy = Proxy::start(&server.address, round_trip)?;
    let clients = Clients::new(kind, &proxy.address, server.certificate.as_deref())?;
    let counts: Vec<Arc<AtomicU64>> = server.shard_ids.iter().map(|_| Arc::default()).collect();
    // Dropped, it ends its tasks.
    let mut readers = JoinSet::new();
    // All at once: behind what the first ones are sent, the others' answers would come late.
    let sources = try_join_all(server.shard_ids.iter().map(|shard_id| clients.subscribe(shard_id))).await?;
    for (mut source, count) in sources.into_iter().zip(&counts) {
        let count = Arc::clone(count);
        readers.spawn(async move {
            while let Ok(Some(event)) = source.next_event().await {
                let bytes: usize = event.records.iter().map(|record| record.data().len()).sum();
                count.fetch_add(bytes as u64, Ordering::Relaxed);
            }
        });
    }
    sleep(WARMING).await;
    let now = || counts.iter().map(|count| count.load(Ordering::Relaxed)).collect::<Vec<_>>();
    let (before, began) = (now(), Instant::now());
    sleep(READING).await;
    let (after, seconds) = (now(), began.elapsed().as_secs_f64());
    if readers.try_join_next().is_some() {
        return Err("a subscription has ended".into());
    }
    let rates = before.iter().zip(&after).map(|(before, after)| (after - before) as f64 / 1e6 / seconds);
    let rates: Vec<_> = rates.collect();
    Ok(Rates { whole: rates.iter().sum(), least: rates.iter().copied().fold(f64::INFINITY, f64::min) })
}

/// Round trips in milliseconds and numbers of shards. More shards have more windows; the stock client's is one for all.
const PATHS: [(u64, usize); 4] = [(0, 20), (50, 20), (100, 20), (100, 60)];
const ROUNDS: usize = 2;
const WARMING: Duration = Duration::from_millis(1500);
/// A whole number of seconds: the paced load comes in two events each.
const READING: Duration = Duration::from_secs(4);
