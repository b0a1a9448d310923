//! A port that weighs what a consumer holds: the buffer of every event with records that has been handed out and not dropped.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use kinesis_fanout::emulator::LocalKinesis;
use kinesis_fanout::kinesis::{
    EventSource, GetRecords, GetShardIterator, Kinesis, KinesisPort, ListShards, PageSource, PortFuture,
    RegisteredConsumer, ShardPage, SubscribeToShard,
};
use kinesis_fanout::model::{
    ConsumerDescription, RecordsPage, StreamReference, StreamSummary, SubscriptionEvent,
};

/// What is held, in bytes of payloads, keys and numbers.
#[derive(Clone, Default)]
pub(crate) struct Scales {
    held: Arc<AtomicUsize>,
    peak: Arc<AtomicUsize>,
}

/// The emulator's port, weighed.
pub(crate) fn weighed(kinesis: &LocalKinesis) -> (KinesisPort, Scales) {
    let scales = Scales::default();
    (KinesisPort::new(Weighing { port: kinesis.port(), scales: scales.clone() }), scales)
}

impl Scales {
    pub(crate) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// The most that was ever held.
    pub(crate) fn peak(&self) -> usize {
        self.peak.load(Ordering::Relaxed)
    }

    fn weigh(&self, data: Bytes) -> Bytes {
        if data.is_empty() {
            return data;
        }
        let held = self.held.fetch_add(data.len(), Ordering::Relaxed) + data.len();
        self.peak.fetch_max(held, Ordering::Relaxed);
        Bytes::from_owner(Held { data, scales: self.clone() })
    }
}

/// A buffer that counts for as long as somebody holds it.
struct Held {
    data: Bytes,
    scales: Scales,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.data
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.scales.held.fetch_sub(self.data.len(), Ordering::Relaxed);
    }
}

struct Weighing {
    port: KinesisPort,
    scales: Scales,
}

struct WeighingSource {
    source: Box<dyn EventSource>,
    scales: Scales,
}

struct WeighingPage {
    page: Box<dyn PageSource>,
    scales: Scales,
}

impl Kinesis for Weighing {
    fn describe_stream_summary<'a>(&'a self, stream: &'a StreamReference) -> PortFuture<'a, StreamSummary> {
        self.port.describe_stream_summary(stream)
    }

    fn list_shards(&self, request: ListShards) -> PortFuture<'_, ShardPage> {
        self.port.list_shards(request)
    }

    fn register_stream_consumer<'a>(
        &'a self,
        stream_arn: &'a str,
        consumer_name: &'a str,
    ) -> PortFuture<'a, ConsumerDescription> {
        self.port.register_stream_consumer(stream_arn, consumer_name)
    }

    fn describe_stream_consumer(&self, consumer: RegisteredConsumer) -> PortFuture<'_, ConsumerDescription> {
        self.port.describe_stream_consumer(consumer)
    }

    fn deregister_stream_consumer<'a>(&'a self, consumer_arn: &'a str) -> PortFuture<'a, ()> {
        self.port.deregister_stream_consumer(consumer_arn)
    }

    fn subscribe_to_shard(&self, request: SubscribeToShard) -> PortFuture<'_, Box<dyn EventSource>> {
        Box::pin(async move {
            let source = self.port.subscribe_to_shard(request).await?;
            let weighing: Box<dyn EventSource> =
                Box::new(WeighingSource { source, scales: self.scales.clone() });
            Ok(weighing)
        })
    }

    fn get_shard_iterator(&self, request: GetShardIterator) -> PortFuture<'_, String> {
        self.port.get_shard_iterator(request)
    }

    fn get_records(&self, request: GetRecords) -> PortFuture<'_, Box<dyn PageSource>> {
        Box::pin(async move {
            let page = self.port.get_records(request).await?;
            let weighing: Box<dyn PageSource> = Box::new(WeighingPage { page, scales: self.scales.clone() });
            Ok(weighing)
        })
    }
}

impl EventSource for WeighingSource {
    fn next_size(&mut self) -> Pin<Box<dyn Future<Output = Option<usize>> + Send + '_>> {
        self.source.next_size()
    }

    fn next_event(&mut self) -> PortFuture<'_, Option<SubscriptionEvent>> {
        Box::pin(async move {
            let event = self.source.next_event().await?;
            Ok(event.map(|event| SubscriptionEvent {
                records: event.records.in_buffer(|buffer| self.scales.weigh(buffer)),
                ..event
            }))
        })
    }
}

impl PageSource for WeighingPage {
    fn size(&self) -> Option<usize> {
        self.page.size()
    }

    fn read(self: Box<Self>) -> PortFuture<'static, RecordsPage> {
        Box::pin(async move {
            let page = self.page.read().await?;
            Ok(RecordsPage { records: page.records.in_buffer(|buffer| self.scales.weigh(buffer)), ..page })
        })
    }
}
