//! Many connections at once, and many requests that are taken back: what the local Kinesis holds, counts and lets go.
//!
//! A process of its own, one test at a time: its memory is looked at, and its file descriptors are few enough to count.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what fails here fails the test")]
#![allow(clippy::print_stdout, reason = "what was held, and at what cost, is for whoever runs it")]

mod idle;
mod rapid_reset;

use std::time::Duration;

use kinesis_fanout::emulator::{LocalKinesis, Operation, Server, Settings, Statistics};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Mutex;

/// Held by the test that runs.
static ALONE: Mutex<()> = Mutex::const_new(());

async fn ready(settings: Settings) -> Server {
    let server = LocalKinesis::start(Settings { limit_calls: false, ..settings }).await.unwrap();
    server.create_stream("orders", 1).unwrap();
    server
}

/// Waits for the server, which learns of what clients do in its own time.
async fn until(server: &Server, reached: impl Fn(&Statistics) -> bool) {
    let waiting = async {
        while !reached(&server.statistics()) {
            tokio::task::yield_now().await;
        }
    };
    let reached = tokio::time::timeout(Duration::from_secs(60), waiting).await;
    reached.unwrap_or_else(|_| panic!("it does not come to that: {:?}", server.statistics()));
}

/// Whether a well-behaved client gets its answer.
async fn serves(server: &Server) -> bool {
    let Ok(mut socket) = TcpStream::connect(server.address()).await else { return false };
    let call = "POST / HTTP/1.1\r\nConnection: close\r\nX-Amz-Target: Kinesis_20131202.ListShards\r\n\
                Content-Length: 23\r\n\r\n{\"StreamName\":\"orders\"}";
    let mut answer = Vec::new();
    let asked = socket.write_all(call.as_bytes()).await;
    let answered = socket.read_to_end(&mut answer).await;
    asked.and(answered).is_ok() && answer.starts_with(b"HTTP/1.1 200 ")
}

/// What the process holds resident, in KiB; `None` where the system does not tell it this way.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.trim().strip_suffix(" kB")?.parse().ok()
}

/// How much more the process holds than before, in KiB.
fn grown(before: Option<u64>) -> u64 {
    before.zip(resident()).map_or(0, |(before, now)| now.saturating_sub(before))
}
