//! Ninety busy subscriptions are dropped at once, far from the server: what was under way for them still comes. Five others on the same
//! connection shall not notice. Through the port.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::future::try_join_all;
use kinesis_fanout::kinesis::EventSource;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::rig::client::{Clients, Kind};
use crate::rig::events::Shape;
use crate::rig::mode::Mode;
use crate::rig::proxy::Proxy;
use crate::rig::server::{Server, Settings};
use crate::rig::{Outcome, figure, short};

pub(crate) async fn run() -> Outcome<()> {
    for kind in Kind::ALL {
        let shards = [(Mode::Tick(TICKS), OTHERS), (Mode::Flood, BUSY)];
        let mut server = Server::start(&Settings::new(Shape::plain(1000, 1024), &shards))?;
        let proxy = Proxy::start(&server.address, ROUND_TRIP)?;
        let clients = Clients::new(kind, &proxy.address, server.certificate.as_deref())?;
        // All at once: behind what the first ones are sent, the others' answers would come late.
        let sources =
            try_join_all(server.shard_ids.iter().map(|shard_id| clients.subscribe(shard_id))).await?;
        let mut readers: Vec<_> = sources.into_iter().map(Reader::start).collect();
        let (others, busy) = (readers.drain(..OTHERS).collect::<Vec<_>>(), readers);
        sleep(BEFORE).await;
        let before = Reader::bytes(&busy);
        sleep(BEFORE).await;
        let rate = (Reader::bytes(&busy) - before) as f64 / 1e6 / BEFORE.as_secs_f64();
        busy.iter().for_each(|reader| reader.task.abort());
        // What lay in front of the others' events is out of the way by then.
        sleep(AFTER / 2).await;
        let seen: Vec<_> = others.iter().map(Reader::events).collect();
        sleep(AFTER / 2).await;
        let alive = others.iter().filter(|reader| !reader.task.is_finished()).count();
        let events: u64 = others.iter().zip(seen).map(|(reader, seen)| reader.events() - seen).sum();
        let expected = (OTHERS as u32 * TICKS) as f64 * AFTER.as_secs_f64() / 2.0;
        let name = |what: &str| format!("{what}_{kind}");
        figure("5.5", name("busy_before_the_drop"), short(rate), "MB/s");
        figure("5.5", name("others_alive_10_s_after"), alive, "of_5");
        figure("5.5", name("others_event_rate_over_full"), short(events as f64 / expected), "ratio");
        figure("5.5", name("connections_made"), server.counts()?.connections, "connections");
    }
    Ok(())
}

/// A subscription that is read by a task.
struct Reader {
    task: JoinHandle<()>,
    events: Arc<AtomicU64>,
    bytes: Arc<AtomicU64>,
}

impl Reader {
    fn start(mut source: Box<dyn EventSource>) -> Self {
        let (events, bytes) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
        let counts = (Arc::clone(&events), Arc::clone(&bytes));
        let task = tokio::spawn(async move {
            while let Ok(Some(event)) = source.next_event().await {
                let bytes: usize = event.records.iter().map(|record| record.data().len()).sum();
                counts.0.fetch_add(1, Ordering::Relaxed);
                counts.1.fetch_add(bytes as u64, Ordering::Relaxed);
            }
        });
        Self { task, events, bytes }
    }

    fn events(&self) -> u64 {
        self.events.load(Ordering::Relaxed)
    }

    fn bytes(readers: &[Self]) -> u64 {
        readers.iter().map(|reader| reader.bytes.load(Ordering::Relaxed)).sum()
    }
}

const ROUND_TRIP: Duration = Duration::from_millis(80);
const BUSY: usize = 90;
const OTHERS: usize = 5;
/// Events per second of each of the others.
const TICKS: u32 = 50;
const BEFORE: Duration = Duration::from_secs(2);
const AFTER: Duration = Duration::from_secs(10);
