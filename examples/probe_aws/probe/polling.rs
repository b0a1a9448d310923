//! Polling, where it touches fan-out: what of a subscription GetShardIterator takes, whether the size of a page is told before it, and
//! how a shard that is polled too often refuses.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_sdk_kinesis::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_kinesis::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_kinesis::error::{BoxError, ProvideErrorMetadata, SdkError};
use aws_sdk_kinesis::operation::get_shard_iterator::builders::GetShardIteratorFluentBuilder;
use aws_sdk_kinesis::primitives::DateTime;
use aws_sdk_kinesis::types::ShardIteratorType;
use serde_json::{Map, Value, json};
use tokio::time::sleep;

use super::{Failure, LARGE, Probe, SMALL};

/// The headers of an answer.
#[derive(Debug, Clone, Default)]
struct Headers(Arc<Mutex<Map<String, Value>>>);

impl Probe {
    /// What a denied call answers, and a number that was trimmed, cannot be had by one caller in short time.
    pub(super) async fn polling(&mut self) -> Result<Value, Failure> {
        let continuation = self.open(SMALL).await?.first.continuation_sequence_number;
        let number = self.open(LARGE).await?.first;
        let number = number.records().first().ok_or(Failure("an event without records".into()))?;
        let after = |number: &str| {
            let call = self.iterator(ShardIteratorType::AfterSequenceNumber);
            call.starting_sequence_number(number)
        };
        let future = DateTime::from(SystemTime::now() + AHEAD);
        let future = self.iterator(ShardIteratorType::AtTimestamp).timestamp(future);
        let iterators = json!({
            "after_a_continuation": told(after(&continuation).send().await)?,
            "after_a_number_of_another_shard": told(after(number.sequence_number()).send().await)?,
            "at_a_future_timestamp": told(future.send().await)?,
        });
        Ok(
            json!({ "iterators": iterators, "page": self.page().await?, "too_often": self.too_often().await? }),
        )
    }

    /// The first page of many small records.
    async fn page(&self) -> Result<Value, Failure> {
        let headers = Headers::default();
        let call = self.kinesis.client.get_records().shard_iterator(self.first_iterator().await?);
        let page = call.customize().interceptor(headers.clone()).send().await?;
        let headers = headers.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(json!({ "headers": headers, "records": page.records().len() }))
    }

    /// Calls as fast as they are answered, until one is refused.
    async fn too_often(&self) -> Result<Value, Failure> {
        sleep(RECOVERY).await;
        let iterator = self.first_iterator().await?;
        for calls in 0..MOST_CALLS {
            let call = self.kinesis.client.get_records().shard_iterator(&iterator).limit(1);
            if let Value::Object(refusal) = told(call.send().await)? {
                return Ok(json!({ "after_calls": calls, "refusal": refusal }));
            }
        }
        Ok(json!({ "after_calls": null }))
    }

    async fn first_iterator(&self) -> Result<String, Failure> {
        // GetShardIterator has 5 calls a second of its own, some of which were just made.
        sleep(RECOVERY).await;
        let iterator = self.iterator(ShardIteratorType::TrimHorizon).send().await?.shard_iterator;
        iterator.ok_or(Failure("no iterator".into()))
    }

    fn iterator(&self, kind: ShardIteratorType) -> GetShardIteratorFluentBuilder {
        let call = self.kinesis.client.get_shard_iterator().stream_name(&self.kinesis.stream);
        call.shard_id(self.kinesis.shard_id(SMALL)).shard_iterator_type(kind)
    }
}

/// How the call was refused, or that it was not.
fn told<T, E>(answer: Result<T, SdkError<E>>) -> Result<Value, Failure>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match answer {
        Ok(_) => Ok("let in".into()),
        Err(error) if error.code().is_some() => {
            let status = error.raw_response().map(|response| response.status().as_u16());
            Ok(json!({ "code": error.code(), "message": error.message(), "status": status }))
        }
        Err(error) => Err(error.into()),
    }
}

impl Intercept for Headers {
    fn name(&self) -> &'static str {
        "Headers"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let headers = context.response().headers();
        let kept = TOLD.map(|name| (name.to_owned(), headers.get(name).into()));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(kept);
        Ok(())
    }
}

/// The headers that are told.
const TOLD: [&str; 4] = ["content-length", "content-type", "content-encoding", "transfer-encoding"];
/// How far in the future, beyond any difference of clocks.
const AHEAD: Duration = Duration::from_secs(60 * 60);
/// A shard gives its 5 calls a second again (GetRecords, GetShardIterator).
const RECOVERY: Duration = Duration::from_millis(1_100);
/// Several times as many as a shard takes in a second.
const MOST_CALLS: usize = 50;
