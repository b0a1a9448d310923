//! A port that notes every poll, and bends the answers as some servers do.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use kinesis_fanout::consumer::FailureClass;
use kinesis_fanout::emulator::LocalKinesis;
use kinesis_fanout::emulator::model::GetRecordsRequest;
use kinesis_fanout::kinesis::{
    EventSource, GetRecords, GetShardIterator, Kinesis, KinesisPort, ListShards, PageSource, PortFuture,
    RegisteredConsumer, ShardPage, SubscribeToShard,
};
use kinesis_fanout::model::{
    ConsumerDescription, Records, RecordsPage, StartingPosition, StreamReference, StreamSummary,
};
use tokio::time::Instant;

use crate::world::{SHARD, STREAM};

/// A call of a shard's polling.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Poll {
    pub(crate) at: Instant,
    pub(crate) shard: String,
    pub(crate) asked: Asked,
    pub(crate) answer: Answer,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Asked {
    Iterator(StartingPosition),
    Records { limit: u16 },
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    Iterator,
    Page { records: usize, bytes: usize },
    Refused(FailureClass),
}

/// How answers differ from those of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bend {
    /// Not at all.
    Straight,
    /// The end of a shard does not tell its children, as with some servers.
    NoChildren,
    /// Every second page comes empty, and behind, before its records do.
    EmptyBehind,
}

/// What has been asked, and how it is answered.
#[derive(Clone)]
pub(crate) struct Polls(Arc<Mutex<Vec<Poll>>>);

struct Noting {
    port: KinesisPort,
    polls: Polls,
    bend: Bend,
}

/// The emulator's port, watched.
pub(crate) fn watched(kinesis: &LocalKinesis, bend: Bend) -> (KinesisPort, Polls) {
    let polls = Polls(Arc::default());
    (KinesisPort::new(Noting { port: kinesis.port(), polls: polls.clone(), bend }), polls)
}

impl Polls {
    /// All calls so far, by when they were answered.
    pub(crate) fn all(&self) -> Vec<Poll> {
        self.0.lock().unwrap().clone()
    }

    /// The calls of GetRecords so far.
    pub(crate) fn scans(&self) -> Vec<Poll> {
        let mut polls = self.all();
        polls.retain(|poll| matches!(poll.asked, Asked::Records { .. }));
        polls
    }

    /// From where iterators were asked for.
    pub(crate) fn starts(&self) -> Vec<StartingPosition> {
        let start = |poll: Poll| match poll.asked {
            Asked::Iterator(start) => Some(start),
            Asked::Records { .. } => None,
        };
        self.all().into_iter().filter_map(start).collect()
    }

    /// Forgets what was.
    pub(crate) fn clear(&self) {
        self.0.lock().unwrap().clear();
    }

    fn note(&self, poll: Poll) {
        self.0.lock().unwrap().push(poll);
    }
}

/// How far apart these calls are.
pub(crate) fn apart(polls: &[Poll]) -> Vec<Duration> {
    polls.windows(2).map(|pair| pair[1].at - pair[0].at).collect()
}

/// Somebody who polls the first shard as often as it allows, for so long.
pub(crate) fn poll_along(kinesis: &LocalKinesis, time: Duration) {
    let port = kinesis.port();
    let arn = kinesis.stream_arn(STREAM).unwrap();
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(Duration::from_millis(200));
        let began = Instant::now();
        let mut iterator = None;
        while began.elapsed() < time {
            ticks.tick().await;
            let Some(at) = iterator.take() else {
                let request = GetShardIterator {
                    stream_arn: arn.clone(),
                    shard_id: SHARD.into(),
                    starting_position: StartingPosition::TrimHorizon,
                };
                iterator = port.get_shard_iterator(request).await.ok();
                continue;
            };
            let request = GetRecords { stream_arn: arn.clone(), shard_iterator: at.clone(), limit: 100 };
            iterator = match port.get_records(request).await {
                Ok(page) => page.read().await.unwrap().next_iterator,
                Err(_) => Some(at),
            };
        }
    });
}

impl Kinesis for Noting {
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
        self.port.subscribe_to_shard(request)
    }

    fn get_shard_iterator(&self, request: GetShardIterator) -> PortFuture<'_, String> {
        Box::pin(async move {
            let (at, shard) = (Instant::now(), request.shard_id.to_string());
            let asked = Asked::Iterator(request.starting_position.clone());
            let answered = self.port.get_shard_iterator(request).await;
            let answer = match &answered {
                Ok(_) => Answer::Iterator,
                Err(error) => Answer::Refused(error.failure.class),
            };
            self.polls.note(Poll { at, shard, asked, answer });
            answered
        })
    }

    fn get_records(&self, request: GetRecords) -> PortFuture<'_, Box<dyn PageSource>> {
        Box::pin(async move {
            let at = Instant::now();
            let (given, asked) = (request.shard_iterator.clone(), Asked::Records { limit: request.limit });
            let shard = shard_of(&request);
            let refused = |class| Poll {
                at,
                shard: shard.clone(),
                asked: asked.clone(),
                answer: Answer::Refused(class),
            };
            let source = self.port.get_records(request).await.inspect_err(|error| {
                self.polls.note(refused(error.failure.class));
            })?;
            let size = source.size();
            let mut page = source.read().await?;
            match self.bend {
                Bend::Straight => {}
                Bend::NoChildren => page.child_shards.clear(),
                Bend::EmptyBehind
                    if self.polls.scans().len().is_multiple_of(2) && !page.records.is_empty() =>
                {
                    page = RecordsPage {
                        records: Records::default(),
                        next_iterator: Some(given),
                        millis_behind_latest: 1_000,
                        child_shards: Vec::new(),
                    };
                }
                Bend::EmptyBehind => {}
            }
            let answer = Answer::Page { records: page.records.len(), bytes: page.payload_bytes() };
            self.polls.note(Poll { at, shard: shard.clone(), asked: asked.clone(), answer });
            Ok(Box::new(Read { page, size }) as Box<dyn PageSource>)
        })
    }
}

fn shard_of(request: &GetRecords) -> String {
    let shard_iterator = request.shard_iterator.clone();
    let request = GetRecordsRequest { shard_iterator, limit: None, stream: None };
    request.shard_id().map(|shard| shard.to_string()).unwrap_or_default()
}

struct Read {
    page: RecordsPage,
    size: Option<usize>,
}

impl PageSource for Read {
    fn size(&self) -> Option<usize> {
        self.size
    }

    fn read(self: Box<Self>) -> PortFuture<'static, RecordsPage> {
        Box::pin(std::future::ready(Ok(self.page)))
    }
}
