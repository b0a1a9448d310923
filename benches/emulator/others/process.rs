//! A server in a process of its own, started by a shell command. It does not know which server it is.

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
        process.answered().await?;
        Ok((process, began.elapsed()))
    }

    /// Asks until there is an answer. ListStreams: of the operations that change nothing, one that every server has.
    async fn answered(&mut self) -> Outcome<()> {
        let began = Instant::now();
        loop {
            let asked = async {
                let mut connection = Connection::open(&self.address, Protocol::Http1).await?;
                connection.call("ListStreams", Bytes::from_static(b"{}")).await
            };
            let Err(error) = asked.await else {
                return Ok(());
            };
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("it ended: {status}").into());
            }
            if began.elapsed() > PATIENCE {
                return Err(format!("no answer in {PATIENCE:?}: {error}").into());
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

    /// The processor time that all threads there now have used.
    pub(crate) fn processor_time(&self) -> Outcome<Duration> {
        let mut nanoseconds = 0;
        for process in self.tree() {
            for thread in std::fs::read_dir(format!("/proc/{process}/task"))? {
                // A thread that has ended in the meantime takes its time with it.
                let statistics =
                    std::fs::read_to_string(thread?.path().join("schedstat")).unwrap_or_default();
                nanoseconds += statistics.split(' ').next().unwrap_or_default().parse().unwrap_or(0);
            }
        }
        Ok(Duration::from_nanos(nanoseconds))
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

/// The fourth field of its `stat`, behind the command in brackets and the state.
fn parent(process: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// More than ten times what the slowest of them takes to start.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a server may take to stop.
const FAREWELL: Duration = Duration::from_secs(5);
