//! The server's process: it makes a stream for one kind of work, says where it listens, and ends when its input does.

use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};

use kinesis_fanout::emulator::{LocalKinesis, NewRecord, Settings};

use super::{Outcome, limit};

/// A server in a process of its own. Dropped, it ends.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
    pub(crate) consumers: Vec<String>,
}

impl Server {
    /// Starts one; comes back when it is ready.
    pub(crate) fn start(work: &str) -> Outcome<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["serve", work])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take().ok_or("the server has no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let mut words = line.split_whitespace().map(str::to_owned);
        let address = words.next().ok_or("the server did not start")?;
        Ok(Self { child, address, consumers: words.collect() })
    }

    /// The memory that it has resident now, in MB.
    pub(crate) fn resident(&self) -> Option<u64> {
        self.status("VmRSS:")
    }

    /// The most that it ever had, in MB.
    pub(crate) fn peak(&self) -> Option<u64> {
        self.status("VmHWM:")
    }

    fn status(&self, field: &str) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(field))?;
        let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
        Some(kilobytes * 1_024 / 1_000_000)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // It has ended before, if that fails.
        let _ = self.child.wait();
    }
}

/// What the server's process does.
pub(crate) fn serve(work: &str) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        if work == "limit" {
            println!("{}", limit::serve().await?);
            return ended().await;
        }
        let settings = Settings {
            pace: None,
            limit_calls: false,
            limit_reads: false,
            consumer_creation_time: std::time::Duration::ZERO,
            retention_bytes: 4 << 30,
            total_retention_bytes: 4 << 30,
            ..Settings::default()
        };
        let local = LocalKinesis::new(settings);
        let (shards, consumers) = match work {
            "throughput" => (1, 16),
            "memory" => (10_000, 1),
            "pressure" => (4, 16),
            _ => (1, 0),
        };
        local.create_stream("orders", shards)?;
        match work {
            "throughput" => fill(&local, 1, 64_000, 2_000)?,
            "pressure" => fill(&local, 4, 5_000, 50_000)?,
            _ => {}
        }
        let mut line = String::new();
        for number in 0..consumers {
            line = line + " " + &local.register_consumer("orders", &format!("consumer-{number}"))?.arn;
        }
        if work == "others" {
            let port = std::env::var("PORT")?.parse()?;
            let _server = local.serve_on(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
            return std::future::pending().await;
        }
        let server = local.serve().await?;
        println!("{}{line}", server.address());
        ended().await
    })
}

/// Puts so many records of so many bytes into each shard and closes it, so that whoever has read all of it is told.
fn fill(local: &LocalKinesis, shards: u128, records: usize, size: usize) -> Outcome<()> {
    for shard in 0..shards {
        // Anywhere in the shard, well behind its first key.
        let hash_key = (u128::MAX / shards * shard + (1 << 64)).to_string();
        for first in (0..records).step_by(100) {
            let batch = (first..first + 100).map(|number| NewRecord {
                partition_key: Some("k".into()),
                explicit_hash_key: Some(hash_key.clone()),
                data: vec![number as u8; size].into(),
            });
            for put in local.put_records("orders", batch.collect())? {
                put?;
            }
        }
        local.split_shard_in_half("orders", &format!("shardId-{shard:012}"))?;
    }
    Ok(())
}

async fn ended() -> Outcome<()> {
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    Ok(())
}
