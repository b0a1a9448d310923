//! Starting positions that cannot be: whether they are refused.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::kinesis::{Attempt, after, at_time};
use super::{Failure, LARGE, PATIENCE, Probe, SMALL};

/// How far in the future, beyond any difference of clocks.
const AHEAD: Duration = Duration::from_secs(60 * 60);

impl Probe {
    /// A timestamp in the future, and a sequence number of another shard. A number that was trimmed cannot be had in short time.
    pub(super) async fn positions(&mut self) -> Result<Value, Failure> {
        let future = self.ask(|| at_time(SystemTime::now() + AHEAD)).await?;
        self.report.setting("refuse_future_timestamp", Some(future.is_some()));
        let number = self.open(LARGE).await?.first;
        let number = number.records().first().ok_or(Failure("an event without records".into()))?;
        let foreign = self.ask(|| after(number.sequence_number())).await?;
        self.report.setting("refuse_foreign_sequence_number", Some(foreign.is_some()));
        Ok(json!({"future_timestamp": told(future), "number_of_another_shard": told(foreign)}))
    }

    /// Subscribes so until it is told: the refusal of the position, or none.
    async fn ask(
        &mut self,
        position: impl Fn() -> Result<aws_sdk_kinesis::types::StartingPosition, Failure>,
    ) -> Result<Option<(String, String)>, Failure> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            match self.kinesis.subscribe(SMALL, position()?).await? {
                Attempt::LetIn(_) => return Ok(None),
                Attempt::Refused(refusal) if !refusal.is_in_use() => {
                    return Ok(Some((refusal.code, refusal.message)));
                }
                Attempt::Refused(_) | Attempt::TooOften => sleep(self.pause).await,
            }
        }
        Err(Failure(format!("no place for {PATIENCE:?}")))
    }
}

fn told(refusal: Option<(String, String)>) -> Value {
    match refusal {
        Some((code, message)) => json!({"code": code, "message": message}),
        None => "let in".into(),
    }
}
