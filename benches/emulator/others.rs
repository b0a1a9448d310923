//! The same work on this server, on ministack and on kinesis-local, by the same client in the same run.
//!
//! `others_<what>_<server>` is the best of three rounds, each with fresh processes; `others_<what>_ours_to_<server>` the
//! ratio. Clients and server share the machine's processors. A server is a shell command in the environment that serves on
//! 127.0.0.1 at `$PORT` ([`SERVERS`]); `.ci/compare` sets both. What a server has not done is printed with the reason.

mod client;
mod events;
mod process;
mod work;

use std::collections::BTreeMap;
use std::time::Duration;

use client::Protocol;
use process::Process;
use work::Work;

use super::{Outcome, figure};

pub(crate) async fn run() -> Outcome<()> {
    let mut servers = servers()?;
    let count = servers.len();
    for round in 0..ROUNDS {
        for turn in 0..count {
            // Each is first once.
            let server = &mut servers[(round + turn) % count];
            if let Ok(command) = &server.command {
                println!("round {} of {ROUNDS}: {}", round + 1, server.name);
                shards(command, &mut server.scores).await;
                records(command, &mut server.scores).await;
            }
        }
    }
    for (what, unit) in WORK {
        tell(what, unit, &servers);
    }
    Ok(())
}

/// A server that is compared.
struct Contestant {
    name: &'static str,
    /// What starts it, or why nothing does.
    command: Result<String, String>,
    scores: Scores,
}

fn servers() -> Outcome<Vec<Contestant>> {
    let program = std::env::current_exe()?;
    let ours = Ok(format!("exec '{}' serve others", program.display()));
    let mut servers = vec![Contestant { name: "ours", command: ours, scores: Scores::default() }];
    for (name, variable) in SERVERS {
        let command = std::env::var(variable).map_err(|_| format!("{variable} is not set"));
        servers.push(Contestant { name, command, scores: Scores::default() });
    }
    Ok(servers)
}

/// What a fresh server takes, and then with 1,000 shards.
async fn shards(command: &str, scores: &mut Scores) {
    let (server, took) = match Process::start(command).await {
        Ok(started) => started,
        Err(error) => return scores.failed(&WORK[..3], &error.to_string()),
    };
    scores.enter("start_to_first_answer", Ok(took.as_secs_f64() * 1e3));
    scores.enter("resident_at_start", server.resident());
    let created = within(async { Work::at(&server.address).await?.create("wide", 1_000).await }).await;
    scores.enter("resident_1000_shards", created.and_then(|_| server.resident()));
}

/// Writes and reads. All that reads reads what the first piece of work wrote.
async fn records(command: &str, scores: &mut Scores) {
    let started = async {
        let (server, _) = Process::start(command).await?;
        let mut work = Work::at(&server.address).await?;
        let arn = work.create("one", 1).await?;
        work.create("eight", 1).await?;
        Ok((server, work, arn))
    };
    let (server, mut work, arn) = match within(started).await {
        Ok(started) => started,
        Err(error) => return scores.failed(&WORK[3..], &error.to_string()),
    };
    scores.measure("put_1_connection", &server, work.put("one", 1)).await;
    if let Some(Err(_)) = scores.0.get("put_1_connection") {
        return scores.failed(&WORK[3..], "one connection could not put the records");
    }
    scores.enter("resident_4000_records_of_1_KiB", server.resident());
    scores.measure("put_8_connections", &server, work.put("eight", 8)).await;
    scores.measure("get_1_connection", &server, work.get("one")).await;
    for (what, subscriptions, protocol) in SUBSCRIPTIONS {
        scores.measure(what, &server, work.subscribe(("one", &arn), subscriptions, protocol)).await;
    }
}

async fn within<T>(work: impl Future<Output = Outcome<T>>) -> Outcome<T> {
    tokio::time::timeout(PATIENCE, work)
        .await
        .unwrap_or_else(|_| Err(format!("not done in {PATIENCE:?}").into()))
}

/// By what was done: the best value so far, or why there is none.
#[derive(Default)]
struct Scores(BTreeMap<&'static str, Result<f64, String>>);

impl Scores {
    /// Enters a rate, and beside it the processor time that the server took: that depends less on what else the machine does.
    async fn measure(
        &mut self,
        what: &'static str,
        server: &Process,
        work: impl Future<Output = Outcome<f64>>,
    ) {
        let before = server.processor_time();
        let rate = within(work).await;
        let took = before
            .and_then(|before| Ok((server.processor_time()?.saturating_sub(before)).as_secs_f64() * 1e3));
        let beside = WORK.iter().find(|(name, _)| name.strip_suffix("_processor") == Some(what));
        if let Some((name, _)) = beside {
            self.enter(name, rate.as_ref().map_err(|error| error.to_string().into()).and(took));
        }
        self.enter(what, rate);
    }

    fn failed(&mut self, work: &[(&'static str, &str)], reason: &str) {
        work.iter().for_each(|(what, _)| self.enter(what, Err(reason.into())));
    }

    /// Of rates the highest is kept, of all else the lowest. A failure stays, whatever other rounds say.
    fn enter(&mut self, what: &'static str, value: Outcome<f64>) {
        let value = value.map_err(|error| error.to_string());
        match &value {
            Ok(value) => println!("sample {what} {}", rounded(*value)),
            Err(reason) => println!("sample {what} failed: {reason}"),
        }
        let is_rate = WORK.iter().any(|(name, unit)| *name == what && unit.ends_with("/s"));
        let best = match (self.0.remove(what), value) {
            (None, value) => value,
            (Some(Err(reason)), _) | (_, Err(reason)) => Err(reason),
            (Some(Ok(best)), Ok(value)) => Ok(if is_rate { best.max(value) } else { best.min(value) }),
        };
        self.0.insert(what, best);
    }
}

/// Prints each server's value of one piece of work, and how ours compares with it.
fn tell(what: &str, unit: &str, servers: &[Contestant]) {
    for server in servers {
        let name = format!("others_{what}_{}", server.name);
        match (&server.command, server.scores.0.get(what)) {
            (Err(reason), _) => figure("4.4", &name, "not measured:", reason),
            (_, Some(Err(reason))) => figure("4.4", &name, "not supported:", reason),
            (_, Some(Ok(value))) => figure("4.4", &name, rounded(*value), unit),
            (_, None) => {}
        }
    }
    let Some(Ok(ours)) = servers[0].scores.0.get(what) else {
        return;
    };
    for server in &servers[1..] {
        if let Some(Ok(value)) = server.scores.0.get(what) {
            let name = format!("others_{what}_ours_to_{}", server.name);
            figure("4.4", &name, format!("{:.3}", ours / value), "times");
        }
    }
}

/// Three digits at least.
fn rounded(value: f64) -> String {
    if value < 100.0 { format!("{value:.1}") } else { format!("{value:.0}") }
}

/// The others: their names, and the variables with the commands that start them.
const SERVERS: [(&str, &str); 2] = [
    ("ministack", "KINESIS_FANOUT_BENCH_MINISTACK"),
    ("kinesis_local", "KINESIS_FANOUT_BENCH_KINESIS_LOCAL"),
];
/// What is measured and in what; what moves records counts their payload alone, 1,024 bytes each, for servers write events
/// at different lengths. The first three are of one process, the others of a second. `processor`: what the server took for it.
const WORK: [(&str, &str); 18] = [
    ("start_to_first_answer", "ms"),
    ("resident_at_start", "MB"),
    ("resident_1000_shards", "MB"),
    ("resident_4000_records_of_1_KiB", "MB"),
    ("put_1_connection", "records/s"),
    ("put_1_connection_processor", "ms"),
    ("put_8_connections", "records/s"),
    ("put_8_connections_processor", "ms"),
    ("get_1_connection", "MB/s"),
    ("get_1_connection_processor", "ms"),
    ("subscribe_1_http1", "MB/s"),
    ("subscribe_1_http1_processor", "ms"),
    ("subscribe_16_http1", "MB/s"),
    ("subscribe_16_http1_processor", "ms"),
    ("subscribe_1_h2c", "MB/s"),
    ("subscribe_1_h2c_processor", "ms"),
    ("subscribe_16_h2c", "MB/s"),
    ("subscribe_16_h2c_processor", "ms"),
];
const SUBSCRIPTIONS: [(&str, usize, Protocol); 4] = [
    ("subscribe_1_http1", 1, Protocol::Http1),
    ("subscribe_16_http1", 16, Protocol::Http1),
    ("subscribe_1_h2c", 1, Protocol::Http2),
    ("subscribe_16_h2c", 16, Protocol::Http2),
];
/// The best of so many rounds: whatever else the machine does only makes them slower.
const ROUNDS: usize = 3;
/// A piece of work that takes longer counts as not done.
const PATIENCE: Duration = Duration::from_secs(600);
