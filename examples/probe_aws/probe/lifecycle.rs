//! How long streams and consumers take to come and to go.

use std::time::Duration;

use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kinesis::operation::create_stream::CreateStreamError;
use aws_sdk_kinesis::operation::deregister_stream_consumer::DeregisterStreamConsumerError;
use aws_sdk_kinesis::operation::describe_stream_consumer::DescribeStreamConsumerError;
use tokio::time::Instant;

use super::bracket::{Bracket, Span};
use super::kinesis::unless_too_often;
use super::{Failure, PATIENCE, Probe, SHARDS};

/// The name of the registered consumer.
const CONSUMER: &str = "probe";
/// Between two looks. DescribeStreamSummary and DescribeStreamConsumer may be called 20 times a second.
const LOOK: Duration = Duration::from_millis(60);

impl Probe {
    pub(super) async fn create_stream(&mut self) -> Result<(), Failure> {
        let stream = self.kinesis.stream.clone();
        let exists = || Failure(format!("there is a stream {stream:?} already; this one has to be new"));
        if self.kinesis.describe().await?.is_some() {
            return Err(exists());
        }
        let call = self.kinesis.client.create_stream().stream_name(&stream);
        // An answer that does not come may have been a yes; only a refusal is surely none.
        self.is_created = true;
        let sent = Instant::now();
        let answer = call.shard_count(SHARDS as i32).send().await;
        self.created = Some(Span { sent, answered: Instant::now() });
        match answer {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error)) => {
                self.is_created = false;
                match error.err() {
                    CreateStreamError::ResourceInUseException(_) => Err(exists()),
                    _ => Err(SdkError::ServiceError(error).into()),
                }
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The stream's creation time, its ARN and its shards.
    pub(super) async fn wait_for_stream(&mut self) -> Result<(), Failure> {
        let began = self.created.ok_or(Failure("the stream was not created".into()))?;
        let time = until(began, async || self.kinesis.is_active(SHARDS).await).await?;
        self.report.time("stream_creation_time_ms", time);
        let summary = self.kinesis.describe().await?;
        let summary = summary.ok_or(Failure("the stream is gone".into()))?;
        self.kinesis.stream_arn = summary.stream_arn;
        self.kinesis.shards = self.kinesis.list_shards().await?.unwrap_or_default();
        Ok(())
    }

    pub(super) async fn register_consumer(&mut self) -> Result<(), Failure> {
        let call = self.kinesis.client.register_stream_consumer().stream_arn(&self.kinesis.stream_arn);
        let sent = Instant::now();
        let answer = call.consumer_name(CONSUMER).send().await?;
        let began = Span { sent, answered: Instant::now() };
        let consumer = answer.consumer.ok_or(Failure("no consumer in the answer".into()))?;
        self.kinesis.consumer_arn = consumer.consumer_arn;
        let time = until(began, async || self.kinesis.is_registered().await).await?;
        self.report.time("consumer_creation_time_ms", time);
        Ok(())
    }

    pub(super) async fn deregister_consumer(&mut self) -> Result<(), Failure> {
        if self.kinesis.consumer_arn.is_empty() {
            return Err(Failure("no consumer was registered".into()));
        }
        let call = self.kinesis.client.deregister_stream_consumer().consumer_arn(&self.kinesis.consumer_arn);
        let sent = Instant::now();
        match call.send().await {
            Ok(_) => {}
            Err(error) if is_deregister_done(&error) => return Err(Failure("it was gone already".into())),
            Err(error) => return Err(error.into()),
        }
        let began = Span { sent, answered: Instant::now() };
        let time = until(began, async || self.is_consumer_gone().await).await?;
        self.report.time("consumer_deletion_time_ms", time);
        Ok(())
    }

    pub(super) async fn delete_stream(&mut self) -> Result<(), Failure> {
        let deadline = Instant::now() + PATIENCE;
        let (began, sent) = loop {
            let call = self.kinesis.client.delete_stream().stream_name(&self.kinesis.stream);
            let sent = Instant::now();
            match call.enforce_consumer_deletion(true).send().await {
                Ok(_) => break (Span { sent, answered: Instant::now() }, true),
                Err(error) if error.code() == Some("ResourceNotFoundException") => {
                    break (Span { sent, answered: Instant::now() }, false);
                }
                // While it is being created or resharded it may not be deleted.
                Err(error) if Instant::now() > deadline => return Err(error.into()),
                Err(_) => tokio::time::sleep(LOOK * 10).await,
            }
        };
        let time = until(began, async || Ok(Some(self.kinesis.describe().await?.is_none()))).await?;
        self.is_created = false;
        if sent {
            self.report.time("stream_deletion_time_ms", time);
        }
        Ok(())
    }

    async fn is_consumer_gone(&self) -> Result<Option<bool>, Failure> {
        let call = self.kinesis.client.describe_stream_consumer().consumer_arn(&self.kinesis.consumer_arn);
        match call.send().await {
            Err(SdkError::ServiceError(error))
                if matches!(error.err(), DescribeStreamConsumerError::ResourceNotFoundException(_)) =>
            {
                Ok(Some(true))
            }
            answer => Ok(unless_too_often(answer)?.map(|_| false)),
        }
    }
}

/// Looks again and again until it is so; how long after `began` that was.
pub(super) async fn until(
    began: Span,
    look: impl AsyncFn() -> Result<Option<bool>, Failure>,
) -> Result<Bracket, Failure> {
    let deadline = Instant::now() + PATIENCE;
    let mut time = Bracket::default();
    loop {
        let sent = Instant::now();
        let seen = look().await?;
        let asked = Span { sent, answered: Instant::now() };
        match seen {
            Some(true) => {
                time.now(began, asked);
                return Ok(time);
            }
            Some(false) => time.not_yet(began, asked),
            None => {}
        }
        if Instant::now() > deadline {
            return Err(Failure(format!("not within {PATIENCE:?}")));
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn is_deregister_done<R>(error: &SdkError<DeregisterStreamConsumerError, R>) -> bool {
    matches!(error.as_service_error(), Some(DeregisterStreamConsumerError::ResourceNotFoundException(_)))
}
