use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::builder::Plan;
use super::call::bounded;
use super::failure::call_error;
use crate::engine::Backoff;
use crate::error::{Error, ErrorKind};
use crate::model::{ConsumerReference, FailureClass, StreamStatus, StreamSummary, Timestamp};

/// What a start begins with: the stream as it is, once it can be read.
///
/// A stream that is being created is waited for, as long as for a registration; a service that does not answer for a minute.
pub(super) async fn describe_stream(plan: &Plan) -> Result<StreamSummary, Error> {
    let began = Instant::now();
    let mut backoff = Backoff::seeded(plan.settings.seed);
    loop {
        let call = plan.port.describe_stream_summary(&plan.stream);
        match bounded("DescribeStreamSummary", call).await {
            Ok(summary) => match summary.status {
                StreamStatus::Active | StreamStatus::Updating => return Ok(summary),
                StreamStatus::Deleting => return Err(not_found(plan, "is being deleted")),
                StreamStatus::Creating if began.elapsed() >= plan.settings.registration_timeout => {
                    return Err(Error::new(ErrorKind::Unavailable, "the stream is still being created"));
                }
                StreamStatus::Creating => tokio::time::sleep(CREATING_POLL).await,
            },
            Err(error) if error.failure.class.is_retryable() && began.elapsed() < PATIENCE => {
                tokio::time::sleep(backoff.next_delay()).await;
            }
            Err(error) if error.failure.class == FailureClass::ResourceNotFound => {
                return Err(not_found(plan, "does not exist").with_source(error.source));
            }
            Err(error) => {
                return Err(call_error("DescribeStreamSummary", ErrorKind::StreamNotFound, error));
            }
        }
    }
}

/// A consumer's ARN names its stream: the wrong one, or one of the same name elsewhere, would read another stream under this one's
/// name.
pub(super) fn check_same_stream(plan: &Plan, summary: &StreamSummary) -> Result<(), Error> {
    match plan.consumer.as_ref().and_then(ConsumerReference::stream_arn) {
        Some(other) if other != summary.stream_arn => {
            let what = format!("the registered consumer belongs to {other}, not to {}", summary.stream_arn);
            Err(Error::new(ErrorKind::InvalidConfiguration, what))
        }
        _ => Ok(()),
    }
}

/// The time that stands for LATEST (decision 3): the service's clock, or ours with a margin for its being ahead.
pub(super) fn pin_time(summary: &StreamSummary) -> Timestamp {
    summary.server_time.unwrap_or_else(|| Timestamp::from(SystemTime::now()).saturating_sub(CLOCK_MARGIN))
}

fn not_found(plan: &Plan, what: &str) -> Error {
    Error::new(ErrorKind::StreamNotFound, format!("the stream {:?} {what}", plan.stream.name()))
}

/// How long `build` tries to reach a service that does not answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// DescribeStreamSummary allows 20 calls per second and account (API reference).
const CREATING_POLL: Duration = Duration::from_millis(500);
const CLOCK_MARGIN: Duration = Duration::from_secs(60);
