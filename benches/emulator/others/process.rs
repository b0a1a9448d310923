//! A server in a process of its own, started by a shell command. It does not know which server it is.

use std::ops::AddAssign;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::client::{Connection, Protocol};
use crate::Outcome;

/// A server that answers. Dropped, it ends, with all the processes that it started.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: String,
}

/// What a piece of work took: time by the clock, and the server's processor time, which is whole ticks of 10 ms: take the sum of
/// many.
#[derive(Clone, Copy, Default)]
pub(crate) struct Cost {
    pub(crate) time: Duration,
    pub(crate) processor: Duration,
}

impl AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        self.time += other.time;
        self.processor += other.processor;
    }
}

impl Process {
    /// Runs the command, which has to serve on this port of 127.0.0.1: `$PORT`. Comes back with the first answer, and how
    /// long that took from the start of the process.
    pub(crate) async fn start(command: &str) -> Outcome<(Self, Duration)> {
        let port = free_port()?;
        let began = Instant::now();
        let child = Command::new("sh")
            .args(["-c", command])
            .env("PORT", port.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        let mut process = Self { child, address: format!("127.0.0.1:{port}") };
        // Around each call too: a server may accept it and never answer.
        tokio::time::timeout(PATIENCE, process.answered())
            .await
            .map_err(|_| format!("no answer in {PATIENCE:?} from the start of the process"))??;
        Ok((process, began.elapsed()))
    }

    /// Asks until there is an answer. ListStreams: of the operations that change nothing, one that every server has.
    async fn answered(&mut self) -> Outcome<()> {
        loop {
            let asked = async {
                let mut connection = Connection::open(&self.address, Protocol::Http1).await?;
                connection.call("ListStreams", Bytes::from_static(b"{}")).await
            };
            if asked.await.is_ok() {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("it ended: {status}").into());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// The memory that it and all processes below it have resident now, in MB.
    pub(crate) fn resident(&self) -> Outcome<f64> {
        let mut kilobytes = 0;
        for process in self.tree() {
            let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
            kilobytes += line.split_whitespace().next().ok_or("no VmRSS")?.parse::<u64>()?;
        }
        Ok(kilobytes as f64 * 1_024.0 / 1e6)
    }

    /// Does the work, and tells what it alone took.
    pub(crate) async fn timed<T>(&self, work: impl Future<Output = Outcome<T>>) -> Outcome<(T, Cost)> {
        let before = self.processor_time();
        let began = Instant::now();
        let done = work.await?;
        let time = began.elapsed();
        Ok((done, Cost { time, processor: self.processor_time().saturating_sub(before) }))
    }

    /// The processor time that it and all processes below it have used so far, with their threads that have ended, and with the
    /// processes that have ended and that they waited for.
    fn processor_time(&self) -> Duration {
        let ticks: u64 = self.tree().into_iter().filter_map(ticks).sum();
        TICK.saturating_mul(u32::try_from(ticks).unwrap_or(u32::MAX))
    }

    /// The child and all its descendants.
    fn tree(&self) -> Vec<u32> {
        let parents: Vec<_> = processes().filter_map(|process| Some((process, parent(process)?))).collect();
        let mut tree = vec![self.child.id()];
        let mut next = 0;
        while let Some(&above) = tree.get(next) {
            tree.extend(parents.iter().filter(|(_, parent)| *parent == above).map(|(process, _)| process));
            next += 1;
        }
        tree
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let tree = self.tree();
        // Whatever fails here has ended before.
        let _ = Command::new("kill").args(tree.iter().map(u32::to_string)).stderr(Stdio::null()).status();
        let began = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if began.elapsed() > FAREWELL {
                let _ = self.child.kill();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn free_port() -> Outcome<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn processes() -> impl Iterator<Item = u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn parent(process: u32) -> Option<u32> {
    stat(process, PARENT).next()?.try_into().ok()
}

/// The ticks of one process: `utime`, `stime`, `cutime` and `cstime`.
fn ticks(process: u32) -> Option<u64> {
    let times: Vec<_> = stat(process, USER_TIME).take(4).collect();
    (times.len() == 4).then(|| times.iter().sum())
}

/// The fields of its `stat` from this one on. None of a process that has ended in the meantime.
fn stat(process: u32, from: usize) -> impl Iterator<Item = u64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The command, in brackets, can hold anything; the field behind it is the third.
    let behind = stat.rsplit_once(')').map_or("", |(_, behind)| behind);
    let fields: Vec<_> =
        behind.split_whitespace().skip(from - 3).map_while(|field| field.parse().ok()).collect();
    fields.into_iter()
}

/// Fields of `/proc/PID/stat`, the first being 1 (proc_pid_stat(5)).
const PARENT: usize = 4;
const USER_TIME: usize = 14;
/// What times in `/proc` are counted in: `getconf CLK_TCK` is 100 on every Linux that Rust has a standard library for.
const TICK: Duration = Duration::from_millis(10);
/// The slowest of them starts in three seconds, and in nine where other work keeps the machine busy.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a server may take to stop.
const FAREWELL: Duration = Duration::from_secs(5);
