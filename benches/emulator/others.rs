//! The same work on this server, on ministack and on kinesis-local, by the same client in the same run.
//!
//! `others_<what>_<server>` is of several rounds, each with fresh processes; `others_<what>_ours_to_<server>` the ratio. In a
//! process, a piece of work is done once without a clock, and then until enough of it has been timed. Clients and server
//! share the machine's processors. A server is a shell command in the environment that serves on 127.0.0.1 at `$PORT`
//! ([`SERVERS`]); `.ci/compare` sets both. What a server has not done is printed with the reason, and not tried again in the
//! next round.

mod client;
mod events;
mod process;
mod scores;
mod work;

use std::iter;
use std::time::{Duration, Instant};

use client::Protocol;
use process::{Cost, Process};
use scores::{Lack, Scores, WORK, rounded};
use work::{Pass, Work};

use super::{Outcome, figure};

pub(crate) async fn run() -> Outcome<()> {
    let mut servers = servers()?;
    let count = servers.len();
    for round in 0..ROUNDS {
        for turn in 0..count {
            // Not always the same one first.
            let server = &mut servers[(round + turn) % count];
            if let Ok(command) = &server.command {
                println!("round {} of {ROUNDS}: {}", round + 1, server.name);
                let until = Instant::now() + TURN;
                shards(command, &mut server.scores, until).await;
                records(command, &mut server.scores, until).await;
            }
        }
    }
    println!("{CONDITIONS}");
    for (what, unit) in WORK {
        tell(what, unit, &servers);
    }
    Ok(())
}

/// A server that is compared.
struct Contestant {
    name: &'static str,
    /// What starts it, or why nothing does.
    command: Result<String, Lack>,
    scores: Scores,
}

fn servers() -> Outcome<Vec<Contestant>> {
    let program = std::env::current_exe()?;
    let ours = Ok(format!("exec '{}' serve others", program.display()));
    let mut servers = vec![Contestant { name: "ours", command: ours, scores: Scores::default() }];
    for (name, variable) in SERVERS {
        let command =
            std::env::var(variable).map_err(|_| Lack::not_measured(format!("{variable} is not set")));
        servers.push(Contestant { name, command, scores: Scores::default() });
    }
    Ok(servers)
}

/// What a fresh server takes, and then with 1,000 shards.
async fn shards(command: &str, scores: &mut Scores, until: Instant) {
    if scores.has_failed(WORK[2].0) {
        return;
    }
    let (server, took) = match within(until, Process::start(command)).await {
        Ok(started) => started,
        Err(error) => return scores.failed(names(&WORK[..3]), &*error),
    };
    scores.enter("start_to_first_answer", Ok(took.as_secs_f64() * 1e3));
    scores.enter("resident_at_start", server.resident());
    let created = within(until, async { Work::at(&server).await?.create("wide", 1_000).await }).await;
    scores.enter("resident_1000_shards", created.and_then(|_| server.resident()));
}

/// Writes and reads. All that reads reads what is put first.
async fn records(command: &str, scores: &mut Scores, until: Instant) {
    if scores.has_failed(WORK[3].0) {
        return;
    }
    let (server, _) = match within(until, Process::start(command)).await {
        Ok(started) => started,
        Err(error) => return scores.failed(names(&WORK[3..]), &*error),
    };
    let filled = async {
        let mut work = Work::at(&server).await?;
        let arn = work.create(READ, 1).await?;
        work.fill(READ, 1).await?;
        Ok((work, arn))
    };
    let (mut work, arn) = match within(until, filled).await {
        Ok(filled) => filled,
        Err(error) => return scores.failed(names(&WORK[3..]), &*error),
    };
    scores.enter("resident_2000_records_of_1_KiB", server.resident());
    measure("put_1_connection", scores, until, async || work.put(1).await).await;
    measure("put_8_connections", scores, until, async || work.put(8).await).await;
    measure("get_1_connection", scores, until, async || work.get(READ).await).await;
    for (what, subscriptions, protocol) in SUBSCRIPTIONS {
        let pass = async || work.subscribe((READ, &arn), subscriptions, protocol).await;
        measure(what, scores, until, pass).await;
    }
}

fn names(work: &[(&'static str, &str)]) -> impl Iterator<Item = &'static str> {
    work.iter().map(|(name, _)| *name)
}

/// Enters a rate, and beside it the processor time that the server took for a pass: that depends less on what else the machine
/// does.
async fn measure(
    what: &'static str,
    scores: &mut Scores,
    until: Instant,
    pass: impl AsyncFnMut() -> Outcome<Pass>,
) {
    if scores.has_failed(what) {
        return;
    }
    match within(until, passes(pass)).await {
        Ok(passes) => scores.enter_passes(what, passes),
        Err(error) => scores.failed(iter::once(what).chain(scores::beside(what)), &*error),
    }
}

/// One pass that warms the server up, and then timed ones. Their number, and the records and the cost of all of them together.
async fn passes(mut pass: impl AsyncFnMut() -> Outcome<Pass>) -> Outcome<(u32, usize, Cost)> {
    pass().await?;
    let began = Instant::now();
    let (mut passes, mut records, mut cost) = (0, 0, Cost::default());
    while cost.time < ENOUGH && (passes == 0 || began.elapsed() < ENOUGH_WITH_PREPARATION) {
        let done = pass().await?;
        passes += 1;
        records += done.records;
        cost += done.cost;
    }
    Ok((passes, records, cost))
}

/// Gives the work up at that time, or earlier if it takes longer than [`PATIENCE`].
async fn within<T>(until: Instant, work: impl Future<Output = Outcome<T>>) -> Outcome<T> {
    let patience = PATIENCE.min(until.saturating_duration_since(Instant::now()));
    tokio::time::timeout(patience, work)
        .await
        .unwrap_or_else(|_| Err(format!("timed out after {patience:.0?}").into()))
}

/// Prints each server's value of one piece of work, and how ours compares with it.
fn tell(what: &str, unit: &str, servers: &[Contestant]) {
    for server in servers {
        let name = format!("others_{what}_{}", server.name);
        match (&server.command, server.scores.value(what)) {
            (Err(lack), _) | (_, Some(Err(lack))) => figure("4.4", &name, lack.word, &lack.reason),
            (_, Some(Ok(value))) => figure("4.4", &name, rounded(value), unit),
            (_, None) => {}
        }
    }
    let value = |server: &Contestant| server.scores.value(what)?.ok().filter(|value| *value > 0.0);
    let Some(ours) = value(&servers[0]) else {
        return;
    };
    for server in &servers[1..] {
        if let Some(theirs) = value(server) {
            let name = format!("others_{what}_ours_to_{}", server.name);
            figure("4.4", &name, format!("{:.3}", ours / theirs), "times");
        }
    }
}

/// The others: their names, and the variables with the commands that start them.
const SERVERS: [(&str, &str); 2] = [
    ("ministack", "KINESIS_FANOUT_BENCH_MINISTACK"),
    ("kinesis_local", "KINESIS_FANOUT_BENCH_KINESIS_LOCAL"),
];
/// Printed with the figures.
const CONDITIONS: &str = "\
conditions: ours runs with its pace, call and read limits off, for the others have none
conditions: a pass is 2,000 records of 1 KiB in calls of 250; more take kinesis_local minutes, so no server has more
conditions: rates are of warm servers, from the better round; the start and what is resident are of fresh processes
conditions: processor time is the server's own for a pass, the mean of both rounds, counted in ticks of 10 ms";
/// The stream that is read.
const READ: &str = "read";
const SUBSCRIPTIONS: [(&str, usize, Protocol); 4] = [
    ("subscribe_1_http1", 1, Protocol::Http1),
    ("subscribe_16_http1", 16, Protocol::Http1),
    ("subscribe_1_h2c", 1, Protocol::Http2),
    ("subscribe_16_h2c", 16, Protocol::Http2),
];
/// Of rates the better one counts: whatever else the machine does only makes them slower.
const ROUNDS: usize = 2;
/// For so long a piece of work is timed, in as many passes as that takes, for ticks are coarse. A slow server takes one pass.
const ENOUGH: Duration = Duration::from_secs(1);
/// But a second pass does not begin when so much has gone by with all that is not timed.
const ENOUGH_WITH_PREPARATION: Duration = Duration::from_secs(4);
/// A piece of work that takes longer, the pass without a clock included, counts as failed.
const PATIENCE: Duration = Duration::from_secs(90);
/// What a server has for a round. Three of them have two rounds, and the slowest alone needs nearly this much, so that the whole
/// stays below ten minutes.
const TURN: Duration = Duration::from_secs(200);
