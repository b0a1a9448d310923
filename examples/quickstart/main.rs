//! The main job of kinesis-fanout from end to end, on a local Kinesis in the same process.
//!
//! `cargo run --release --example quickstart`
//!
//! Creates a stream of 4 shards; writes plain and aggregated records to it at a steady rate; registers a consumer and reads
//! the stream while two shards are split, two are merged, and every subscription lasts 5 s. After half a minute at the latest it ends by
//! itself with a table: nothing lost, duplicated, altered or out of order. Everything goes through the AWS SDK and real HTTP
//! on loopback, as it would against AWS.
//!
//! `-- --polling`: the same by GetRecords. No consumer is registered, and exit status 1 tells if one was.
//!
//! `-- --flaky`: for 9 s from the seventh on, SubscribeToShard is refused and the subscriptions that are open break. Each shard is polled
//! until fan-out works again, one of them is split meanwhile, and the table is to be the same. Exit status 1 also if a shard was
//! not polled, or not read by fan-out again after that. The live line tells how many shards are read by which.
//!
//! `-- --drop-one` loses one record on purpose in the consumer's loop, to show that the table would tell: exit status 1.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::expect_used,
    reason = "an example prints; and a lock is poisoned only by a panic that has ended it already"
)]

mod ledger;
mod options;
mod outage;
mod producer;
mod progress;

use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::{Credentials, Region};
use aws_sdk_kinesis::types::Shard;
use futures::StreamExt;
use kinesis_fanout::emulator::{LocalKinesis, Operation, Settings, Statistics};
use kinesis_fanout::{Consumer, StartPosition};

use ledger::Ledger;
use options::{Delivery, HELP, Options};
use progress::Progress;

const STREAM: &str = "orders";
/// When the producer stops; what is left of the 30 s is for the last records.
const PRODUCING: Duration = Duration::from_secs(24);
/// How long it is read on after the last record was sent: for the last records, and for duplicates if there should be any.
const READING_ON: Duration = Duration::from_millis(2500);
/// How long what is missing is waited for.
const LAST_CALL: Duration = Duration::from_secs(28);
/// When the run is over, whatever is still missing.
const DEADLINE: Duration = Duration::from_secs(29);

/// What the run leaves beside the ledger, as the server tells it.
struct Report {
    shards: Vec<Shard>,
    statistics: Statistics,
    /// When fan-out failed, if it was made to.
    outage_began: Option<Instant>,
}

#[tokio::main]
async fn main() -> Result<ExitCode, producer::Failure> {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{HELP}");
            return Ok(ExitCode::SUCCESS);
        }
        Err(error) => {
            eprint!("quickstart: {error}\n{HELP}");
            return Ok(ExitCode::from(2));
        }
    };
    let began = Instant::now();
    let ledger = Arc::new(Mutex::new(Ledger::default()));
    let progress = Arc::new(Progress::default());
    let Ok(run) = tokio::time::timeout(DEADLINE, run(began, &options, &ledger, &progress)).await else {
        println!("\nnot finished after {DEADLINE:?}");
        println!("{}{}", ledger.lock().expect("no holder panics").verdict(&[]), progress.table());
        return Ok(ExitCode::FAILURE);
    };
    let report = run?;
    let verdict = ledger.lock().expect("no holder panics").verdict(&report.shards);
    println!("\n{verdict}{}", progress.table());
    let amiss = report.amiss(&options, &progress);
    for what in &amiss {
        println!("{what}");
    }
    println!("finished after {:.1} s", began.elapsed().as_secs_f64());
    Ok(if verdict.is_clean() && amiss.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Report {
    /// What is wrong with the way in which the records came.
    fn amiss(&self, options: &Options, progress: &Progress) -> Vec<String> {
        let mut amiss = self.outage_began.map(|began| progress.missed_changes(began)).unwrap_or_default();
        if options.delivery == Delivery::Polling {
            let of_fan_out = [Operation::RegisterStreamConsumer, Operation::SubscribeToShard];
            let called = of_fan_out.into_iter().filter(|operation| self.statistics.calls_of(*operation) > 0);
            amiss.extend(called.map(|operation| format!("{operation} was called")));
        }
        amiss
    }
}

/// Produces, reshards and consumes.
async fn run(
    began: Instant,
    options: &Options,
    ledger: &Arc<Mutex<Ledger>>,
    progress: &Arc<Progress>,
) -> Result<Report, producer::Failure> {
    let settings = Settings { subscription_time: Duration::from_secs(5), ..Settings::default() };
    let server = LocalKinesis::start(settings).await?;
    let kinesis = client(&server.endpoint_url()).await;
    kinesis.create_stream().stream_name(STREAM).shard_count(4).send().await?;
    println!("local Kinesis at {}, stream {STREAM:?} with 4 shards", server.endpoint_url());

    let consumer = Consumer::builder(&kinesis, STREAM).start(StartPosition::TrimHorizon);
    let consumer = match options.delivery {
        Delivery::FanOut => consumer.fan_out("billing"),
        Delivery::Polling => consumer.polling(),
        Delivery::Flaky => consumer.fan_out("billing").fallback(outage::fallback()),
    };
    let consumer = consumer.build().await?;
    let handle = consumer.handle();
    tokio::spawn(Arc::clone(progress).follow(handle.events()));

    let until = began + PRODUCING;
    let mut producing = tokio::spawn(producer::produce(kinesis.clone(), STREAM, Arc::clone(ledger), until));
    let resharding = tokio::spawn(producer::reshard(kinesis.clone(), STREAM));
    let is_flaky = options.delivery == Delivery::Flaky;
    let outage =
        is_flaky.then(|| tokio::spawn(outage::happen(server.local().clone(), kinesis.clone(), STREAM)));

    let mut records = consumer.into_stream();
    let mut ticks = tokio::time::interval(Duration::from_secs(1));
    let mut is_produced = false;
    let mut dropped = !options.drop_one;
    let mut ending = None;
    while !is_over(ending, began, ledger) {
        tokio::select! {
            record = records.next() => {
                let record = record.ok_or("the stream ended before its time")??;
                progress.count(&record);
                if !dropped && progress.records() == 1000 {
                    dropped = true;
                    continue;
                }
                ledger.lock().expect("no holder panics").received(&record);
            }
            produced = &mut producing, if !is_produced => {
                produced??;
                is_produced = true;
                ending = Some(Instant::now() + READING_ON);
            }
            _ = ticks.tick() => progress.show(&handle.lag()),
            () = until_passed(ending), if ending.is_some_and(|ending| Instant::now() < ending) => {}
        }
    }
    resharding.await??;
    let outage_began = match outage {
        Some(outage) => Some(outage.await??),
        None => None,
    };
    handle.shutdown().await?;
    let shards = producer::list_shards(&kinesis, STREAM).await?;
    Ok(Report { shards, statistics: server.statistics(), outage_began })
}

/// Read to the end; or what is missing has had its time.
fn is_over(ending: Option<Instant>, began: Instant, ledger: &Mutex<Ledger>) -> bool {
    let is_complete = || ledger.lock().expect("no holder panics").is_complete();
    ending.is_some_and(|ending| Instant::now() >= ending) && (began.elapsed() > LAST_CALL || is_complete())
}

async fn until_passed(ending: Option<Instant>) {
    match ending {
        Some(ending) => tokio::time::sleep_until(ending.into()).await,
        None => std::future::pending().await,
    }
}

/// A client as any user builds one, but for the endpoint and the credentials, which a local server does not check.
async fn client(endpoint: &str) -> Client {
    let config = aws_config::from_env()
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .credentials_provider(Credentials::new("local", "local", None, None, "quickstart"))
        .load()
        .await;
    Client::new(&config)
}
