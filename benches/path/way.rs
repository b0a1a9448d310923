//! The ways to read a stream, and what each costs.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use aws_sdk_kinesis::types::{ShardIteratorType, StartingPosition, SubscribeToShardEventStream};
use futures::StreamExt;
use kinesis_fanout::Consumer;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::rig::Outcome;
use crate::rig::answers::CONSUMER_ARN;
use crate::rig::client::{Clients, Kind};
use crate::rig::process::processor_time;
use crate::rig::raw::RawBody;
use crate::rig::server::Server;

/// Who reads, and how far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Way {
    /// The whole consumer, record by record.
    Consumer,
    /// Our port: events, decoded, a task for each shard.
    Port,
    /// The bodies over our transport, thrown away unread.
    Raw,
    /// The SDK's receiver on its stock client, a task for each shard.
    Sdk,
    /// The bodies over the stock client, thrown away unread.
    RawStock,
}

/// What reading cost.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cost {
    /// Bytes of payloads, or of the body where it is not decoded.
    pub(crate) bytes: f64,
    pub(crate) records: f64,
    /// Processor time of this process, in seconds.
    pub(crate) processor: f64,
    pub(crate) seconds: f64,
}

/// What has been read so far.
#[derive(Debug, Default)]
struct Read {
    records: AtomicU64,
    bytes: AtomicU64,
}

impl Way {
    pub(crate) const ALL: [Self; 5] = [Self::Consumer, Self::Sdk, Self::Raw, Self::Port, Self::RawStock];

    /// Reads all shards of a server for some time; the cost is that of the second part of it.
    pub(crate) fn measure(self, server: &Server, warming: Duration, during: Duration) -> Outcome<Cost> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let kind = if matches!(self, Self::Sdk | Self::RawStock) { Kind::Stock } else { Kind::Ours };
            let clients = Clients::new(kind, &server.address, server.certificate.as_deref())?;
            let read = Arc::<Read>::default();
            // Dropped, it ends its tasks.
            let mut readers = JoinSet::new();
            self.start(&mut readers, &clients, &server.shard_ids, &read).await?;
            sleep(warming).await;
            let (began, used, before) = (Instant::now(), processor_time("self")?, read.so_far());
            sleep(during).await;
            let (seconds, used, after) = (began.elapsed(), processor_time("self")? - used, read.so_far());
            match readers.try_join_next() {
                Some(ended) => Err(format!("{self} ended: {ended:?}").into()),
                None => Ok(Cost {
                    records: after.0 - before.0,
                    bytes: after.1 - before.1,
                    processor: used.as_secs_f64(),
                    seconds: seconds.as_secs_f64(),
                }),
            }
        })
    }

    async fn start(
        self,
        readers: &mut JoinSet<Outcome<()>>,
        clients: &Clients,
        shard_ids: &[String],
        read: &Arc<Read>,
    ) -> Outcome<()> {
        if self == Self::Consumer {
            readers.spawn(consume(clients.clone(), Arc::clone(read)));
            return Ok(());
        }
        for shard_id in shard_ids {
            let (shard_id, read) = (shard_id.clone(), Arc::clone(read));
            match self {
                Self::Port => {
                    let mut source = clients.subscribe(&shard_id).await?;
                    readers.spawn(async move {
                        while let Some(event) = source.next_event().await? {
                            read.event(event.records.iter().map(|record| record.data().len()));
                        }
                        Ok(())
                    });
                }
                Self::Raw | Self::RawStock => {
                    let mut body = RawBody::open(clients, &shard_id).await?;
                    readers.spawn(async move {
                        while let Some(data) = body.next().await? {
                            read.bytes.fetch_add(data.len() as u64, Ordering::Relaxed);
                        }
                        Ok(())
                    });
                }
                Self::Sdk | Self::Consumer => {
                    readers.spawn(receive(clients.clone(), shard_id, read));
                }
            }
        }
        Ok(())
    }
}

async fn consume(clients: Clients, read: Arc<Read>) -> Outcome<()> {
    let builder = Consumer::builder(&clients.sdk, "bench").fan_out("bench");
    let mut stream = builder.transport(clients.transport).build().await?.into_stream();
    let (mut records, mut bytes) = (0, 0);
    while let Some(record) = stream.next().await {
        records += 1;
        bytes += record?.data().len() as u64;
        // Nobody else writes: a store costs nothing, an addition to it would.
        read.records.store(records, Ordering::Relaxed);
        read.bytes.store(bytes, Ordering::Relaxed);
    }
    Ok(())
}

async fn receive(clients: Clients, shard_id: String, read: Arc<Read>) -> Outcome<()> {
    let position = StartingPosition::builder().r#type(ShardIteratorType::TrimHorizon).build()?;
    let call = clients.sdk.subscribe_to_shard().consumer_arn(CONSUMER_ARN).shard_id(shard_id);
    let mut output = call.starting_position(position).send().await?;
    while let Some(event) = output.event_stream.recv().await? {
        if let SubscribeToShardEventStream::SubscribeToShardEvent(event) = event {
            read.event(event.records().iter().map(|record| record.data().as_ref().len()));
        }
    }
    Ok(())
}

impl Read {
    fn event(&self, lengths: impl Iterator<Item = usize>) {
        let (mut records, mut bytes) = (0, 0);
        for length in lengths {
            records += 1;
            bytes += length as u64;
        }
        self.records.fetch_add(records, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn so_far(&self) -> (f64, f64) {
        (self.records.load(Ordering::Relaxed) as f64, self.bytes.load(Ordering::Relaxed) as f64)
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Consumer => "consumer",
            Self::Port => "port",
            Self::Raw => "raw_body",
            Self::Sdk => "sdk_receiver",
            Self::RawStock => "raw_body_stock",
        })
    }
}
