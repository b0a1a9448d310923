//! The ways to read a stream, and what each costs.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_kinesis::types::{ShardIteratorType, StartingPosition, SubscribeToShardEventStream};
use futures::StreamExt;
use kinesis_fanout::Consumer;
use tokio::task::JoinSet;

use crate::rig::Outcome;
use crate::rig::answers::CONSUMER_ARN;
use crate::rig::client::{Clients, Kind};
use crate::rig::cost::{Cost, Read};
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
            Cost::of(&mut readers, &read, warming, during).await
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
                            read.records(event.records.iter().map(|record| record.data().len()));
                        }
                        Ok(())
                    });
                }
                Self::Raw | Self::RawStock => {
                    let mut body = RawBody::open(clients, &shard_id).await?;
                    readers.spawn(async move {
                        while let Some(data) = body.next().await? {
                            read.bytes(data.len());
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
        read.so_far_alone(records, bytes);
    }
    Ok(())
}

async fn receive(clients: Clients, shard_id: String, read: Arc<Read>) -> Outcome<()> {
    let position = StartingPosition::builder().r#type(ShardIteratorType::TrimHorizon).build()?;
    let call = clients.sdk.subscribe_to_shard().consumer_arn(CONSUMER_ARN).shard_id(shard_id);
    let mut output = call.starting_position(position).send().await?;
    while let Some(event) = output.event_stream.recv().await? {
        if let SubscribeToShardEventStream::SubscribeToShardEvent(event) = event {
            read.records(event.records().iter().map(|record| record.data().as_ref().len()));
        }
    }
    Ok(())
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
