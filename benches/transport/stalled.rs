//! One subscription that is read, beside others on the same connection that nobody reads. Through the port, without a consumer: whose
//! budget would give up what is not read for long.

use std::time::{Duration, Instant};

use kinesis_fanout::kinesis::EventSource;
use tokio::time::timeout;

use crate::rig::client::{Clients, Kind};
use crate::rig::events::Shape;
use crate::rig::mode::Mode;
use crate::rig::process::{self, Process};
use crate::rig::server::{Server, Settings};
use crate::rig::{Outcome, figure, short};

/// The role of the process that reads one and not the others.
pub(crate) const CLIENT: &str = "stalled-client";

/// What such a process found.
struct Seen {
    /// Events of the one that is read.
    events: f64,
    /// By how much its memory has grown.
    grown: f64,
    /// How long ListShards took in the middle, in milliseconds; `None`: it did not answer.
    list_shards: Option<f64>,
    /// Bytes that the server got rid of for the unread ones.
    parked: f64,
    connections: u64,
}

pub(crate) fn run() -> Outcome<()> {
    for kind in [Kind::Ours, Kind::Stock] {
        let mut alone = None;
        for unread in UNREAD {
            let seen = see(kind, unread)?;
            let name = |what: &str| format!("{what}_{kind}_{unread}_unread");
            let alone = *alone.get_or_insert(seen.events);
            figure("5.2", name("events_per_s"), short(seen.events / READING.as_secs_f64()), "1/s");
            figure("5.2", name("event_rate_over_alone"), short(seen.events / alone), "ratio");
            match seen.list_shards {
                Some(millis) => figure("5.2", name("list_shards_median"), short(millis), "ms"),
                None => figure("5.2", name("list_shards_median"), "none_within_2000", "ms"),
            }
            figure("5.2", name("connections_made"), seen.connections, "connections");
            if unread > 0 {
                let bound = unread as f64 * WINDOW;
                figure("5.2", name("parked"), short(seen.parked / 1e6), "MB");
                figure("5.2", name("resident_growth"), short(seen.grown / 1e6), "MB");
                if kind == Kind::Ours {
                    figure(
                        "5.2",
                        name("resident_growth_over_512_KiB_each"),
                        short(seen.grown / bound),
                        "ratio",
                    );
                }
            }
        }
    }
    Ok(())
}

fn see(kind: Kind, unread: usize) -> Outcome<Seen> {
    let mut server = Server::start(&Settings::new(
        Shape::plain(1000, 1024),
        &[(Mode::Tick(TICKS), 1), (Mode::Flood, unread)],
    ))?;
    let certificate = server.certificate.clone().unwrap_or_default().replace('\n', "|");
    let mut arguments = vec![CLIENT.into(), kind.to_string(), server.address.clone(), certificate];
    arguments.extend(server.shard_ids.iter().cloned());
    let mut client = Process::start(&arguments)?;
    let line = client.line()?;
    let [events, grown, list_shards] = line.split(' ').collect::<Vec<_>>()[..] else {
        return Err("three numbers were expected".into());
    };
    let counts = server.counts()?;
    Ok(Seen {
        events: events.parse()?,
        grown: grown.parse()?,
        list_shards: list_shards.parse().ok(),
        parked: counts.flooded as f64,
        connections: counts.connections,
    })
}

/// What the client's process does.
pub(crate) fn client(arguments: &[String]) -> Outcome<()> {
    let [kind, address, certificate, first, unread @ ..] = arguments else {
        return Err("a client takes its kind, an address, a certificate and shards".into());
    };
    let certificate = certificate.replace('|', "\n");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let clients = Clients::new(Kind::parse(kind)?, address, Some(&certificate))?;
        let mut read = clients.subscribe(first).await?;
        read.next_event().await?;
        list_shards(&clients).await;
        let before = process::resident("self")?;
        let mut held = Vec::new();
        for shard_id in unread {
            // On a frozen connection not even that comes to an end.
            held.push(timeout(PATIENCE, clients.subscribe(shard_id)).await);
        }
        drain(&mut read, SETTLING).await?;
        let listing = tokio::spawn(listings(clients.clone()));
        let events = drain(&mut read, READING).await?;
        let grown = process::resident("self")?.saturating_sub(before);
        let list_shards = listing.await?.map_or("none".into(), |millis| millis.to_string());
        process::converse(&format!("{events} {grown} {list_shards}"), |_| String::new());
        std::future::pending().await
    })
}

/// How many events come in this time.
async fn drain(source: &mut Box<dyn EventSource>, during: Duration) -> Outcome<usize> {
    let end = tokio::time::Instant::now() + during;
    let mut events = 0;
    while let Ok(event) = tokio::time::timeout_at(end, source.next_event()).await {
        event?.ok_or("the subscription has ended")?;
        events += 1;
    }
    Ok(events)
}

/// The median of some calls in milliseconds; `None`: most did not answer.
async fn listings(clients: Clients) -> Option<f64> {
    let mut times = Vec::new();
    for _ in 0..LISTINGS {
        times.push(list_shards(&clients).await.unwrap_or(f64::INFINITY));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    times.sort_by(f64::total_cmp);
    Some(times[LISTINGS / 2]).filter(|median| median.is_finite())
}

async fn list_shards(clients: &Clients) -> Option<f64> {
    let began = Instant::now();
    timeout(PATIENCE, clients.sdk.list_shards().stream_name("bench").send()).await.ok()?.ok()?;
    Some(began.elapsed().as_secs_f64() * 1e3)
}

const UNREAD: [usize; 6] = [0, 1, 2, 3, 10, 99];
/// Events per second of the one that is read.
const TICKS: u32 = 50;
const READING: Duration = Duration::from_secs(12);
/// Time in which the windows of the unread ones fill.
const SETTLING: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(2);
const LISTINGS: usize = 5;
/// The default stream window of our transport.
const WINDOW: f64 = 512.0 * 1024.0;
