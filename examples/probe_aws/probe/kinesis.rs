//! The calls, and when each was sent and answered.

use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kinesis::operation::subscribe_to_shard::SubscribeToShardOutput;
use aws_sdk_kinesis::primitives::{Blob, DateTime};
use aws_sdk_kinesis::types::{
    ConsumerStatus, PutRecordsRequestEntry, Shard, ShardIteratorType, StartingPosition,
    StreamDescriptionSummary, StreamStatus, SubscribeToShardEvent, SubscribeToShardEventStream,
};
use tokio::time::{Instant, timeout};

use super::bracket::Span;
use super::{Failure, PATIENCE};

/// A stream and its registered consumer.
#[derive(Debug)]
pub(crate) struct Kinesis {
    pub(crate) client: Client,
    pub(crate) stream: String,
    pub(crate) stream_arn: String,
    pub(crate) consumer_arn: String,
    pub(crate) shards: Vec<Shard>,
}

/// What became of a try to subscribe.
pub(crate) enum Attempt {
    LetIn(Box<Subscription>),
    Refused(Refusal),
    /// More than one call a second: it says nothing about the place.
    TooOften,
}

/// A subscription whose first event has come.
pub(crate) struct Subscription {
    pub(crate) call: Span,
    pub(crate) first: SubscribeToShardEvent,
    pub(crate) first_came: Instant,
    output: SubscribeToShardOutput,
}

/// How a call was refused.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) code: String,
    pub(crate) message: String,
    /// `None`: the call succeeded, and an exception came in its stream.
    pub(crate) status: Option<u16>,
    pub(crate) call: Span,
}

/// What comes next in a subscription.
pub(crate) enum Next {
    Event(SubscribeToShardEvent),
    /// An exception, by its name.
    Exception(Refusal),
    Ended,
}

impl Kinesis {
    pub(crate) fn new(client: Client, stream: &str) -> Self {
        Self {
            client,
            stream: stream.to_owned(),
            stream_arn: String::new(),
            consumer_arn: String::new(),
            shards: Vec::new(),
        }
    }

    pub(crate) fn region(&self) -> Option<String> {
        self.client.config().region().map(ToString::to_string)
    }

    pub(crate) fn shard_id(&self, shard: usize) -> &str {
        self.shards.get(shard).map_or("", |shard| shard.shard_id())
    }

    /// The stream; `None`: there is none.
    pub(crate) async fn describe(&self) -> Result<Option<StreamDescriptionSummary>, Failure> {
        let answer = self.client.describe_stream_summary().stream_name(&self.stream).send().await;
        match answer {
            Ok(answer) => Ok(answer.stream_description_summary),
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the stream is ACTIVE with at least so many open shards; `None`: asked too often.
    pub(crate) async fn is_active(&self, shards: usize) -> Result<Option<bool>, Failure> {
        let answer = self.client.describe_stream_summary().stream_name(&self.stream).send().await;
        if matches!(&answer, Err(error) if error.code() == Some("ResourceNotFoundException")) {
            return Ok(Some(false));
        }
        Ok(unless_too_often(answer)?.and_then(|answer| answer.stream_description_summary).map(|summary| {
            let open = usize::try_from(summary.open_shard_count).unwrap_or(0);
            summary.stream_status == StreamStatus::Active && open >= shards
        }))
    }

    /// Whether the consumer is ACTIVE; `None`: asked too often.
    pub(crate) async fn is_registered(&self) -> Result<Option<bool>, Failure> {
        let call = self.client.describe_stream_consumer().consumer_arn(&self.consumer_arn);
        let answer = unless_too_often(call.send().await)?;
        let consumer = answer.and_then(|answer| answer.consumer_description);
        Ok(consumer.map(|consumer| consumer.consumer_status == ConsumerStatus::Active))
    }

    /// All shards as ListShards shows them; `None`: asked too often.
    pub(crate) async fn list_shards(&self) -> Result<Option<Vec<Shard>>, Failure> {
        let answer = self.client.list_shards().stream_name(&self.stream).send().await;
        Ok(unless_too_often(answer)?.map(|answer| answer.shards.unwrap_or_default()))
    }

    /// Puts records of so many bytes, partition key included, onto one shard. What is refused for its rate is put again.
    pub(crate) async fn put(&self, shard: usize, count: usize, bytes: usize) -> Result<(), Failure> {
        let range = self.shards.get(shard).and_then(|shard| shard.hash_key_range());
        let hash_key = range.ok_or(Failure("a shard without hash keys".into()))?.starting_hash_key();
        let entry = PutRecordsRequestEntry::builder()
            .partition_key("k")
            .explicit_hash_key(hash_key)
            .data(Blob::new(vec![b'.'; bytes - 1]))
            .build()?;
        let deadline = Instant::now() + PATIENCE;
        let mut left = count;
        while left > 0 {
            let entries = vec![entry.clone(); left.min(CALL_RECORDS).min((CALL_BYTES / bytes).max(1))];
            let sent = entries.len();
            let call = self.client.put_records().stream_name(&self.stream).set_records(Some(entries));
            let failed = call.send().await?.failed_record_count.unwrap_or(0);
            left -= sent - usize::try_from(failed).unwrap_or(0).min(sent);
            if failed > 0 {
                // The shard takes so much a second (service limits).
                tokio::time::sleep(SECOND).await;
            }
            if Instant::now() > deadline {
                return Err(Failure(format!("{left} of {count} records could not be put")));
            }
        }
        Ok(())
    }

    /// Tries once to subscribe. Comes back with the first event, or with the refusal.
    pub(crate) async fn subscribe(
        &self,
        shard: usize,
        position: StartingPosition,
    ) -> Result<Attempt, Failure> {
        let call = self.client.subscribe_to_shard().consumer_arn(&self.consumer_arn);
        let call = call.shard_id(self.shard_id(shard)).starting_position(position);
        let sent = Instant::now();
        let answer = patiently(call.send()).await?;
        let call = Span { sent, answered: Instant::now() };
        let mut output = match answer {
            Ok(output) => output,
            Err(error) => {
                let status = error.raw_response().map(|response| response.status().as_u16());
                return match error.code() {
                    Some("LimitExceededException" | "ThrottlingException") => Ok(Attempt::TooOften),
                    Some(code) => Ok(Attempt::Refused(Refusal {
                        code: code.to_owned(),
                        message: error.message().unwrap_or_default().to_owned(),
                        status: status.filter(|status| *status != 200),
                        call,
                    })),
                    None => Err(error.into()),
                };
            }
        };
        match next(&mut output, call).await? {
            Next::Event(first) => {
                let first_came = Instant::now();
                Ok(Attempt::LetIn(Box::new(Subscription { call, first, first_came, output })))
            }
            Next::Exception(refusal) => Ok(Attempt::Refused(refusal)),
            Next::Ended => Err(Failure("a subscription ended before its first event".into())),
        }
    }
}

impl Subscription {
    pub(crate) async fn next(&mut self) -> Result<Next, Failure> {
        next(&mut self.output, self.call).await
    }

    pub(crate) async fn event(&mut self) -> Result<SubscribeToShardEvent, Failure> {
        match self.next().await? {
            Next::Event(event) => Ok(event),
            Next::Exception(refusal) => Err(Failure(format!("the subscription ended: {}", refusal.code))),
            Next::Ended => Err(Failure("the subscription ended".into())),
        }
    }
}

impl Refusal {
    /// Whether it is the refusal of a second subscription, or of one of a consumer that is not ACTIVE.
    pub(crate) fn is_in_use(&self) -> bool {
        self.code == "ResourceInUseException"
    }
}

pub(crate) fn from(kind: ShardIteratorType) -> Result<StartingPosition, Failure> {
    Ok(StartingPosition::builder().r#type(kind).build()?)
}

pub(crate) fn at_time(time: std::time::SystemTime) -> Result<StartingPosition, Failure> {
    let position = StartingPosition::builder().r#type(ShardIteratorType::AtTimestamp);
    Ok(position.timestamp(DateTime::from(time)).build()?)
}

pub(crate) fn after(sequence_number: &str) -> Result<StartingPosition, Failure> {
    let position = StartingPosition::builder().r#type(ShardIteratorType::AfterSequenceNumber);
    Ok(position.sequence_number(sequence_number).build()?)
}

/// `None`: the answer is that it was asked too often.
pub(crate) fn unless_too_often<T, E>(answer: Result<T, SdkError<E>>) -> Result<Option<T>, Failure>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.code() == Some("LimitExceededException") => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The first or next thing in a subscription.
async fn next(output: &mut SubscribeToShardOutput, call: Span) -> Result<Next, Failure> {
    match patiently(output.event_stream.recv()).await? {
        Ok(Some(SubscribeToShardEventStream::SubscribeToShardEvent(event))) => Ok(Next::Event(event)),
        Ok(Some(_)) => Err(Failure("an event of an unknown type".into())),
        Ok(None) => Ok(Next::Ended),
        Err(SdkError::ServiceError(error)) => {
            // Inside the stream the SDK keeps code and message in the error's text only.
            let text = error.into_err().to_string();
            let (code, message) = text.split_once(": ").unwrap_or((&text, ""));
            Ok(Next::Exception(Refusal {
                code: code.to_owned(),
                message: message.to_owned(),
                status: None,
                call,
            }))
        }
        Err(error) => Err(error.into()),
    }
}

/// What never comes is a failure.
async fn patiently<T>(wait: impl Future<Output = T>) -> Result<T, Failure> {
    timeout(PATIENCE, wait).await.map_err(|_| Failure(format!("nothing came within {PATIENCE:?}")))
}

/// The most records in a call (PutRecords).
const CALL_RECORDS: usize = 500;
/// What a shard takes in a second, less a little (service limits: 1 MB).
const CALL_BYTES: usize = 900_000;
const SECOND: Duration = Duration::from_secs(1);
