//! A TCP proxy in a process of its own that hands every byte on after a time, the same in each direction. Its buffers have no bound
//! and its rate has none: what limits a connection through it is what its ends allow to be under way.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::Outcome;
use super::process::{Process, converse};

/// A proxy before a server.
pub(crate) struct Proxy {
    _process: Process,
    pub(crate) address: String,
}

impl Proxy {
    /// Starts one that adds this round trip, half of it each way.
    pub(crate) fn start(target: &str, round_trip: Duration) -> Outcome<Self> {
        let one_way = round_trip.as_micros() / 2;
        let mut process = Process::start(&["delay-proxy".into(), target.into(), one_way.to_string()])?;
        let address = process.line()?;
        Ok(Self { _process: process, address })
    }
}

/// What its process does.
pub(crate) fn run(arguments: &[String]) -> Outcome<()> {
    let [target, one_way] = arguments else {
        return Err("a proxy takes a target and microseconds".into());
    };
    let delay = Duration::from_micros(one_way.parse()?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        converse(&listener.local_addr()?.to_string(), |_| String::new());
        loop {
            let (socket, _) = listener.accept().await?;
            let beyond = TcpStream::connect(target).await?;
            socket.set_nodelay(true)?;
            beyond.set_nodelay(true)?;
            let (from_client, to_client) = socket.into_split();
            let (from_server, to_server) = beyond.into_split();
            carry(from_client, to_server, delay);
            carry(from_server, to_client, delay);
        }
    })
}

fn carry(from: OwnedReadHalf, to: OwnedWriteHalf, delay: Duration) {
    let (queue, queued) = mpsc::unbounded_channel();
    tokio::spawn(take(from, queue, delay));
    tokio::spawn(give(to, queued));
}

async fn take(mut from: OwnedReadHalf, queue: mpsc::UnboundedSender<(Instant, Bytes)>, delay: Duration) {
    let mut buffer = BytesMut::new();
    loop {
        buffer.reserve(READ);
        match from.read_buf(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(_) if queue.send((Instant::now() + delay, buffer.split().freeze())).is_ok() => {}
            Ok(_) => return,
        }
    }
}

async fn give(mut to: OwnedWriteHalf, mut queued: mpsc::UnboundedReceiver<(Instant, Bytes)>) {
    while let Some((due, bytes)) = queued.recv().await {
        if due > Instant::now() {
            tokio::time::sleep_until(due).await;
        }
        if to.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

/// Bytes that are read at once: few calls, and it still fits a cache.
const READ: usize = 256 << 10;
