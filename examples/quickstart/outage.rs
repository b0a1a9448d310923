use std::time::{Duration, Instant};

use aws_sdk_kinesis::Client;
use kinesis_fanout::consumer::Fallback;
use kinesis_fanout::emulator::{Fault, LocalKinesis, Operation, StreamFault};

use crate::producer::{self, Failure};

/// When it begins: the reshards of the start are over.
const BEGINS: Duration = Duration::from_secs(7);
/// When a shard is split that is polled by then: its children start without a subscription.
const SPLIT: Duration = Duration::from_secs(3);
/// A third of the run.
const LASTS: Duration = Duration::from_secs(9);

/// The times of the fallback, short enough for a run of half a minute; by default they are 60 s and 5 min.
pub(crate) fn fallback() -> Fallback {
    Fallback::Polling { after: Duration::from_secs(2), probe_every: Duration::from_millis(1500) }
}

/// Refuses every SubscribeToShard for a while, breaks the subscriptions that are open, and splits a shard meanwhile. Gives when it began.
pub(crate) async fn happen(
    local: LocalKinesis,
    kinesis: Client,
    stream: &'static str,
) -> Result<Instant, Failure> {
    tokio::time::sleep(BEGINS).await;
    let began = Instant::now();
    let refusal = Fault::refuse(Operation::SubscribeToShard, "InternalFailureException", "out of order", 500);
    local.faults().inject(refusal);
    let broken = local.faults().interrupt(None, &StreamFault::TruncatedFrame);
    println!("\nfan-out is down: {broken} subscriptions break, and new ones are refused");
    tokio::time::sleep(SPLIT).await;
    producer::split_an_open_shard(&kinesis, stream).await?;
    tokio::time::sleep(LASTS - SPLIT).await;
    local.faults().clear();
    println!("\nfan-out is up again");
    Ok(began)
}
