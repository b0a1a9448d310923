//! Where a reader of a shard starts, by subscription or by iterator, and which positions are refused.

use super::log::Cursor;
use super::numbering;
use super::shard::ShardState;
use super::{Answer, Operation, ServiceError};
use crate::emulator::Settings;
use crate::model::{SequenceNumber, StartingPosition, Timestamp};

/// Where a reader starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// TRIM_HORIZON.
    TrimHorizon,
    /// LATEST.
    Latest,
    /// AT_TIMESTAMP.
    AtTimestamp(Timestamp),
    /// AT_SEQUENCE_NUMBER.
    AtSequenceNumber(SequenceNumber),
    /// AFTER_SEQUENCE_NUMBER.
    AfterSequenceNumber(SequenceNumber),
}

impl ShardState {
    /// Where a reader that starts so stands. `operation`: who asks, for the words of a refusal.
    pub(super) fn cursor(
        &self,
        settings: &Settings,
        operation: Operation,
        start: &Start,
        now: Timestamp,
    ) -> Answer<Cursor> {
        let after = |after| Cursor { after, not_before: None };
        match start {
            Start::TrimHorizon => Ok(after(0)),
            Start::Latest => Ok(after(self.numbering.last())),
            Start::AtTimestamp(time) if *time > now && refuses_future(settings, operation) => {
                Err(ServiceError::invalid_argument(format!(
                    "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. \
                     timestampInMillis: {}, currentTimestampInMillis: {}",
                    time.as_millis(),
                    now.as_millis()
                )))
            }
            Start::AtTimestamp(time) => Ok(Cursor { after: 0, not_before: Some(*time) }),
            Start::AtSequenceNumber(number) => {
                let at = self.checked(settings, operation, number)?;
                Ok(after(at.saturating_sub(1)))
            }
            Start::AfterSequenceNumber(number) => self.checked(settings, operation, number).map(after),
        }
    }

    /// The number, if this shard can have given it and has not trimmed it.
    fn checked(
        &self,
        settings: &Settings,
        operation: Operation,
        number: &SequenceNumber,
    ) -> Answer<numbering::Number> {
        let read = numbering::read(number, settings.sequence_numbers);
        let used = || format!("StartingSequenceNumber {number} used in {operation} on shard {}", self.id);
        let own = (self.numbering.first()..=self.numbering.last()).contains(&read);
        if settings.refuse_foreign_sequence_number && !own {
            let message = format!("{} is invalid because it did not come from this shard.", used());
            return Err(ServiceError::invalid_argument(message));
        }
        let trimmed = self.log.trimmed().is_some_and(|trimmed| read <= trimmed);
        if settings.refuse_trimmed_sequence_number && trimmed {
            return Err(ServiceError::invalid_argument(format!("{} is below the trim horizon.", used())));
        }
        Ok(read)
    }
}

impl From<StartingPosition> for Start {
    fn from(position: StartingPosition) -> Self {
        match position {
            StartingPosition::TrimHorizon => Self::TrimHorizon,
            StartingPosition::AtTimestamp(time) => Self::AtTimestamp(time),
            StartingPosition::AtSequenceNumber(number) => Self::AtSequenceNumber(number),
            StartingPosition::AfterSequenceNumber(number) => Self::AfterSequenceNumber(number),
        }
    }
}

/// GetShardIterator always does; of SubscribeToShard nothing is documented.
fn refuses_future(settings: &Settings, operation: Operation) -> bool {
    operation == Operation::GetShardIterator || settings.refuse_future_timestamp
}
