//! Sixty-four subscriptions that nobody reads, on a stream that holds 1 GB. What they cost the server; then they read on, and
//! every record comes, once and in order.

use std::time::Duration;

use bytes::{Buf, BytesMut};
use h2::RecvStream;

use super::client::{self, Connection};
use super::server::Server;
use super::{Outcome, figure};

pub(crate) async fn run() -> Outcome<()> {
    let server = Server::start("pressure")?;
    let before = server.resident();
    let mut bodies = Vec::new();
    for consumer in &server.consumers {
        for shard in 0..SHARDS {
            let connection = Connection::open(&server.address, WINDOW).await?;
            bodies.push(connection.subscribe(consumer, shard).await?);
        }
    }
    let after = settled(&server).await;
    if let (Some(before), Some(after)) = (before, after) {
        figure("4.3", "resident_stream_of_1_GB", before, "MB");
        figure("4.3", "resident_with_64_unread_subscriptions", after, "MB");
        figure("4.3", "cost_of_64_unread_subscriptions", after.saturating_sub(before), "MB");
    }
    let mut readers: Vec<_> = bodies.into_iter().map(|body| tokio::spawn(read(body))).collect();
    let mut complete = 0;
    for reader in readers.drain(..) {
        complete += usize::from(reader.await?? == RECORDS);
    }
    figure("4.3", "subscriptions_that_read_all_records_in_order", complete, "of_64");
    if let Some(peak) = server.peak() {
        figure("4.3", "peak_while_64_read_on", peak, "MB");
    }
    if complete == 64 { Ok(()) } else { Err("records are missing".into()) }
}

/// The server's memory when it has stopped growing: equal for a second.
async fn settled(server: &Server) -> Option<u64> {
    let mut last = server.resident();
    for _ in 0..30 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = server.resident();
        if now == last {
            break;
        }
        last = now;
    }
    last
}

/// Reads a subscription to its end. The number of its records; an error if their numbers do not ascend.
async fn read(mut body: RecvStream) -> Outcome<usize> {
    let mut buffer = BytesMut::new();
    let mut count = 0;
    let mut last = String::new();
    while let Some(data) = client::next(&mut body).await? {
        buffer.extend_from_slice(&data);
        while let Some(length) = buffer.get(..4).map(|mut length| length.get_u32() as usize) {
            if buffer.len() < length {
                break;
            }
            for number in numbers(&buffer.split_to(length)) {
                if number <= last {
                    return Err(format!("{number} came behind {last}").into());
                }
                last = number;
                count += 1;
            }
        }
    }
    Ok(count)
}

/// The sequence numbers in an event's frame. All have 56 digits, so their order is that of their text; the payloads between
/// them are skipped by their known length.
fn numbers(frame: &[u8]) -> Vec<String> {
    let mut numbers = Vec::new();
    let mut rest = frame;
    while let Some(at) = rest.windows(BEFORE.len()).position(|window| window == BEFORE) {
        let digits = &rest[at + BEFORE.len()..][..56];
        numbers.push(String::from_utf8_lossy(digits).into_owned());
        rest = &rest[at + BEFORE.len() + DATA..];
    }
    numbers
}

const SHARDS: usize = 4;
/// Records in each shard, of 50,000 bytes each.
const RECORDS: usize = 5_000;
/// The payload in base64.
const DATA: usize = 50_000_usize.div_ceil(3) * 4;
const BEFORE: &[u8] = b"{\"SequenceNumber\":\"";
/// The default of HTTP/2.
const WINDOW: u32 = 65_535;
