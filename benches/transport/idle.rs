//! Thousands of subscriptions on which nothing happens, in a process of their own, through the whole consumer: what one more of them
//! costs in memory and in processor time.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use futures::StreamExt;
use kinesis_fanout::Consumer;
use kinesis_fanout::consumer::SubscribeRate;

use crate::rig::client::{Clients, Kind};
use crate::rig::events::Shape;
use crate::rig::mode::Mode;
use crate::rig::process::{self, Process};
use crate::rig::server::{Server, Settings};
use crate::rig::{Outcome, figure, short};

/// The role of the process that has the subscriptions.
pub(crate) const CLIENT: &str = "idle-client";

pub(crate) fn run() -> Outcome<()> {
    let mut last = (0, 0.0);
    for count in COUNTS {
        let mut server = Server::start(&Settings::new(Shape::plain(1, 1), &[(Mode::Idle, count)]))?;
        let certificate = server.certificate.clone().unwrap_or_default().replace('\n', "|");
        let mut client = Process::start(&[CLIENT.into(), server.address.clone(), certificate])?;
        client.line()?;
        let before = client.resident()?;
        client.ask("start")?;
        let began = Instant::now();
        while server.counts()?.open < count as u64 {
            if began.elapsed() > PATIENCE {
                return Err(format!("{} of {count} are open", server.counts()?.open).into());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        figure("5.9", format!("open_{count}"), short(began.elapsed().as_secs_f64()), "s");
        std::thread::sleep(SETTLING);
        let used = client.processor_time()?;
        std::thread::sleep(MINUTE);
        let used = (client.processor_time()? - used).as_micros() as f64;
        let grown = client.resident()?.saturating_sub(before) as f64;
        let counts = server.counts()?;
        figure("5.9", format!("open_after_a_minute_of_{count}"), counts.open, "subscriptions");
        figure("5.9", format!("connections_{count}"), counts.connections, "connections");
        figure("5.9", format!("resident_each_{count}"), short(grown / count as f64), "bytes");
        if last.0 > 0 {
            let each = (grown - last.1) / (count - last.0) as f64;
            figure("5.9", format!("resident_each_from_{}_to_{count}", last.0), short(each), "bytes");
        }
        figure("5.9", format!("processor_time_each_{count}"), short(used / count as f64), "us/min");
        last = (count, grown);
    }
    Ok(())
}

/// What the client's process does.
pub(crate) fn client(arguments: &[String]) -> Outcome<()> {
    let [address, certificate] = arguments else {
        return Err("a client takes an address and a certificate".into());
    };
    let certificate = certificate.replace('|', "\n");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let clients = Clients::new(Kind::Ours, address, Some(&certificate))?;
        // The first call makes what the SDK keeps for ever.
        clients.sdk.describe_stream_summary().stream_name("bench").send().await?;
        let (go, gone) = std::sync::mpsc::channel();
        process::converse("ready", move |_| go.send(()).map_or("late", |()| "started").into());
        tokio::task::spawn_blocking(move || gone.recv()).await??;
        let rate = SubscribeRate::per_second(NonZeroU32::new(1000).ok_or("zero")?);
        let consumer = Consumer::builder(&clients.sdk, "bench")
            .fan_out("bench")
            .transport(clients.transport.clone())
            .subscribe_rate(rate)
            .build()
            .await?;
        let mut records = consumer.into_stream();
        match records.next().await {
            Some(record) => Err(format!("an idle stream gave {record:?}").into()),
            None => Err("the stream has ended".into()),
        }
    })
}

const COUNTS: [usize; 3] = [1_000, 5_000, 10_000];
const PATIENCE: Duration = Duration::from_secs(120);
/// Two empty events of each.
const SETTLING: Duration = Duration::from_secs(10);
const MINUTE: Duration = Duration::from_secs(60);
