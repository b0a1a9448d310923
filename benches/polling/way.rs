//! The ways to poll a stream.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_kinesis::types::ShardIteratorType;
use futures::StreamExt;
use kinesis_fanout::Consumer;
use kinesis_fanout::kinesis::{GetRecords, KinesisPort};
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior};

use crate::rig::Outcome;
use crate::rig::answers::STREAM_ARN;
use crate::rig::client::{Clients, Kind};
use crate::rig::cost::{Cost, Read};
use crate::rig::events::Shape;
use crate::rig::raw::RawBody;
use crate::rig::server::Server;

/// Who polls, and how far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Way {
    /// The whole consumer, record by record.
    Consumer,
    /// A loop over the SDK's `get_records` for each shard.
    Sdk,
    /// The same without a pace.
    SdkFlat,
    /// A loop over our port: pages, decoded.
    Port,
    /// The bodies, thrown away unread.
    Raw,
}

/// A loop over the pages of one shard.
struct Loop {
    clients: Clients,
    shard_id: String,
    /// `None`: as fast as it goes.
    pace: Option<Interval>,
    shape: Shape,
    read: Arc<Read>,
}

impl Way {
    pub(crate) const ALL: [Self; 5] = [Self::Consumer, Self::Sdk, Self::SdkFlat, Self::Port, Self::Raw];

    /// Polls all shards of a server for some time; the cost is that of the second part of it.
    pub(crate) fn measure(
        self,
        server: &Server,
        shape: Shape,
        warming: Duration,
        during: Duration,
    ) -> Outcome<Cost> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let clients = Clients::new(Kind::Stock, &server.address, server.certificate.as_deref())?;
            let read = Arc::<Read>::default();
            // Dropped, it ends its tasks.
            let mut readers = JoinSet::new();
            if self == Self::Consumer {
                readers.spawn(consume(clients, Arc::clone(&read)));
            } else {
                for shard_id in &server.shard_ids {
                    readers.spawn(self.poll(Loop {
                        clients: clients.clone(),
                        shard_id: shard_id.clone(),
                        pace: (self != Self::SdkFlat).then(|| pace(shape)),
                        shape,
                        read: Arc::clone(&read),
                    }));
                }
            }
            Cost::of(&mut readers, &read, warming, during).await
        })
    }

    async fn poll(self, shard: Loop) -> Outcome<()> {
        match self {
            Self::Port => shard.over_the_port().await,
            Self::Raw => shard.over_bodies().await,
            Self::Consumer | Self::Sdk | Self::SdkFlat => shard.over_the_sdk().await,
        }
    }
}

impl Loop {
    async fn over_the_sdk(mut self) -> Outcome<()> {
        let mut iterator = self.iterator().await?;
        loop {
            self.due().await;
            let output =
                self.clients.sdk.get_records().shard_iterator(iterator).limit(LIMIT.into()).send().await?;
            self.read.records(output.records().iter().map(|record| record.data().as_ref().len()));
            iterator = output.next_shard_iterator.ok_or("the shard has ended")?;
        }
    }

    async fn over_the_port(mut self) -> Outcome<()> {
        let port = KinesisPort::from(&self.clients.sdk);
        let mut shard_iterator = self.iterator().await?;
        loop {
            self.due().await;
            let request = GetRecords { stream_arn: STREAM_ARN.into(), shard_iterator, limit: LIMIT };
            let page = port.get_records(request).await?.read().await?;
            self.read.records(page.records.iter().map(|record| record.data().len()));
            shard_iterator = page.next_iterator.ok_or("the shard has ended")?;
        }
    }

    /// Counts the records that the bodies hold.
    async fn over_bodies(mut self) -> Outcome<()> {
        let iterator = self.iterator().await?;
        loop {
            self.due().await;
            let mut body = RawBody::page(&self.clients, &iterator).await?;
            while body.next().await?.is_some() {}
            self.read.records(std::iter::repeat_n(self.shape.size, self.shape.records));
        }
    }

    async fn iterator(&self) -> Outcome<String> {
        let call = self.clients.sdk.get_shard_iterator().stream_arn(STREAM_ARN).shard_id(&self.shard_id);
        let output = call.shard_iterator_type(ShardIteratorType::TrimHorizon).send().await?;
        Ok(output.shard_iterator.ok_or("no iterator")?)
    }

    async fn due(&mut self) {
        if let Some(pace) = &mut self.pace {
            pace.tick().await;
        }
    }
}

async fn consume(clients: Clients, read: Arc<Read>) -> Outcome<()> {
    let mut stream = Consumer::builder(&clients.sdk, "bench").polling().build().await?.into_stream();
    let (mut records, mut bytes) = (0, 0);
    while let Some(record) = stream.next().await {
        records += 1;
        bytes += record?.data().len() as u64;
        read.so_far_alone(records, bytes);
    }
    Ok(())
}

/// That of a shard: 2 MiB a second (API reference, GetRecords).
fn pace(shape: Shape) -> Interval {
    let mut pace = tokio::time::interval(Duration::from_secs_f64(shape.bytes() as f64 / f64::from(2 << 20)));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pace
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Consumer => "consumer",
            Self::Sdk => "sdk_loop",
            Self::SdkFlat => "sdk_loop_without_pace",
            Self::Port => "port",
            Self::Raw => "raw_body",
        })
    }
}

/// The most, and the default (API reference, GetRecords).
const LIMIT: u16 = 10_000;
