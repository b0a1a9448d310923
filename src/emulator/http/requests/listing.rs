//! The requests of the paged listings: ListShards and ListStreamConsumers.

use super::{Members, missing};
use crate::emulator::model::{Answer, ListConsumersRequest, ListShardsRequest, ServiceError, ShardSelection};

impl Members<'_> {
    pub(in crate::emulator::http) fn list_shards(self) -> Answer<ListShardsRequest> {
        let max_results = self.max_results()?;
        let after = self.text("ExclusiveStartShardId")?;
        if let Some(token) = self.text("NextToken")? {
            if self.text("StreamName")?.is_some() || after.is_some() {
                return Err(ServiceError::invalid_argument(
                    "NextToken and StreamName cannot be provided together.",
                ));
            }
            self.check_creation()?;
            return Ok(ListShardsRequest::Next { token: token.to_owned(), max_results });
        }
        let filter = self.structure("ShardFilter")?;
        Ok(ListShardsRequest::First {
            stream: self.stream()?,
            selection: filter.map_or(Ok(ShardSelection::FromTrimHorizon), Self::selection)?,
            after: after.map(Into::into),
            max_results,
            created: self.timestamp("StreamCreationTimestamp")?,
        })
    }

    fn selection(self) -> Answer<ShardSelection> {
        let time = || self.timestamp("Timestamp")?.ok_or_else(|| missing("Timestamp"));
        Ok(match self.required_text("Type")? {
            "FROM_TRIM_HORIZON" => ShardSelection::FromTrimHorizon,
            "AT_TRIM_HORIZON" => ShardSelection::AtTrimHorizon,
            "AT_LATEST" => ShardSelection::AtLatest,
            "AT_TIMESTAMP" => ShardSelection::AtTimestamp(time()?),
            "FROM_TIMESTAMP" => ShardSelection::FromTimestamp(time()?),
            "AFTER_SHARD_ID" => ShardSelection::AfterShardId(self.required_text("ShardId")?.into()),
            other => {
                let constraint = "satisfy enum value set: [AFTER_SHARD_ID, AT_TRIM_HORIZON, FROM_TRIM_HORIZON, AT_LATEST, \
                                  AT_TIMESTAMP, FROM_TIMESTAMP]";
                return Err(ServiceError::validation("shardFilter.type", other, constraint));
            }
        })
    }

    pub(in crate::emulator::http) fn list_consumers(self) -> Answer<ListConsumersRequest> {
        if self.text("NextToken")?.is_some() {
            self.check_creation()?;
        }
        Ok(ListConsumersRequest {
            stream: self.stream_arn(self.required_text("StreamARN")?)?,
            next_token: self.text("NextToken")?.map(str::to_owned),
            max_results: self.max_results()?,
            created: self.timestamp("StreamCreationTimestamp")?,
        })
    }

    /// A token says already which stream it is of (ListShards, ListStreamConsumers).
    fn check_creation(self) -> Answer<()> {
        match self.timestamp("StreamCreationTimestamp")? {
            None => Ok(()),
            Some(_) => Err(ServiceError::invalid_argument(
                "NextToken and StreamCreationTimestamp cannot be provided together.",
            )),
        }
    }

    fn max_results(self) -> Answer<Option<usize>> {
        match self.count("MaxResults")? {
            Some(count) if !(1..=10_000).contains(&count) => {
                let constraint = "have value greater than or equal to 1, and less than or equal to 10000";
                Err(ServiceError::validation("maxResults", &count.to_string(), constraint))
            }
            count => Ok(count),
        }
    }
}
