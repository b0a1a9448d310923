//! The members that say how a stream is to be.

use super::Members;
use crate::emulator::model::{Answer, RecordDistributionStrategy, ServiceError, StreamMode, Tags};

impl Members<'_> {
    /// StreamModeDetails.
    pub(in crate::emulator::http) fn stream_mode(self) -> Answer<Option<StreamMode>> {
        let Some(details) = self.structure("StreamModeDetails")? else {
            return Ok(None);
        };
        match details.required_text("StreamMode")? {
            "PROVISIONED" => Ok(Some(StreamMode::Provisioned)),
            "ON_DEMAND" => Ok(Some(StreamMode::OnDemand)),
            other => {
                let constraint = "satisfy enum value set: [PROVISIONED, ON_DEMAND]";
                Err(ServiceError::validation("streamModeDetails.streamMode", other, constraint))
            }
        }
    }

    pub(in crate::emulator::http) fn record_distribution_strategy(
        self,
    ) -> Answer<Option<RecordDistributionStrategy>> {
        match self.text("RecordDistributionStrategy")? {
            None => Ok(None),
            Some("USER_PARTITION_KEY") => Ok(Some(RecordDistributionStrategy::UserPartitionKey)),
            Some("AUTO") => Ok(Some(RecordDistributionStrategy::Auto)),
            Some(other) => {
                let constraint = "satisfy enum value set: [USER_PARTITION_KEY, AUTO]";
                Err(ServiceError::validation("recordDistributionStrategy", other, constraint))
            }
        }
    }

    pub(in crate::emulator::http) fn tags(self) -> Answer<Option<Tags>> {
        let tags = self.text_map("Tags")?;
        Ok(tags.map(|tags| tags.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()))
    }
}
