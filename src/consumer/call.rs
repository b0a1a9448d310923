use std::future::Future;
use std::time::Duration;

use crate::kinesis::PortError;
use crate::model::{Failure, FailureClass};

/// A call of the port that is answered in bounded time. SubscribeToShard has a bound of its own.
///
/// A user's client need not have a time-out, and the AWS SDK's has none for an answer: a listing without one would hold up
/// every shard that waits for it, and nobody would see why.
pub(super) async fn bounded<T>(
    operation: &str,
    call: impl Future<Output = Result<T, PortError>>,
) -> Result<T, PortError> {
    match tokio::time::timeout(CALL_TIMEOUT, call).await {
        Ok(answer) => answer,
        Err(_) => {
            let message = format!("{operation}: no answer within {} s", CALL_TIMEOUT.as_secs());
            Err(Failure::new(FailureClass::TimedOut, message).into())
        }
    }
}

/// These calls are answered in milliseconds; the SDK's standard retries of a failing one (three attempts, up to 20 s apart)
/// fit in most of the time.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
