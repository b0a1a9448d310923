//! ListShards: which shards, in which pages, and how late.

use std::sync::Arc;

use super::shard::ShardState;
use super::streams::{self, Stream};
use super::token::Token;
use super::{Answer, Model, ServiceError};
use crate::emulator::Settings;
use crate::model::{Shard, ShardFilter, ShardId, StreamReference, StreamStatus, Timestamp};

/// The request of ListShards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListShardsRequest {
    /// The first page.
    First {
        /// The stream.
        stream: StreamReference,
        /// Which of its shards.
        selection: ShardSelection,
        /// ExclusiveStartShardId: only shards after this one.
        after: Option<ShardId>,
        /// The most shards in the page; 1,000 when not given.
        max_results: Option<usize>,
        /// When the stream was created; one that was created at another time is not found.
        created: Option<Timestamp>,
    },
    /// The page behind a token.
    Next {
        /// The token.
        token: String,
        /// The most shards in the page; 1,000 when not given.
        max_results: Option<usize>,
    },
}

/// ListShards' ShardFilter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShardSelection {
    /// FROM_TRIM_HORIZON, or no filter: all shards that have not expired.
    FromTrimHorizon,
    /// AT_TRIM_HORIZON: the shards that were open at the trim horizon.
    AtTrimHorizon,
    /// AT_LATEST: the shards that are open.
    AtLatest,
    /// AT_TIMESTAMP: the shards that were open then.
    AtTimestamp(Timestamp),
    /// FROM_TIMESTAMP: the shards that were open then or later.
    FromTimestamp(Timestamp),
    /// AFTER_SHARD_ID: the shards after this one.
    AfterShardId(ShardId),
}

/// A page of ListShards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedShards {
    /// The shards, by id.
    pub shards: Vec<Shard>,
    /// What the next page is asked for with.
    pub next_token: Option<String>,
}

impl ListShardsRequest {
    /// The name of its stream, by which its rate goes; none in a token that is none.
    pub(in crate::emulator) fn stream_name(&self) -> String {
        match self {
            Self::First { stream, .. } => stream.name().to_owned(),
            Self::Next { token, .. } => Token::parse(token).map(|token| token.stream).unwrap_or_default(),
        }
    }
}

impl Model {
    /// ListShards. A split or merge shows after [`Settings::list_shards_lag`].
    ///
    /// # Errors
    /// ResourceNotFoundException, ResourceInUseException (the stream is being created), InvalidArgumentException,
    /// ExpiredNextTokenException.
    pub fn list_shards(&mut self, request: &ListShardsRequest, now: Timestamp) -> Answer<ListedShards> {
        let (reference, selection, after, max_results, of, created) = match request {
            ListShardsRequest::First { stream, selection, after, max_results, created } => {
                (stream.clone(), selection.clone(), after.clone(), max_results, *created, None)
            }
            ListShardsRequest::Next { token, max_results } => {
                let token = Token::read(token, self.settings.next_token_time, now)?;
                let invalid = || ServiceError::invalid_argument("Invalid NextToken. The token is not valid.");
                let selection = ShardSelection::read(&token.selection).ok_or_else(invalid)?;
                let reference = StreamReference::Name(token.stream);
                let after = Some(token.after.into());
                (reference, selection, after, max_results, None, Some(token.stream_created))
            }
        };
        selection.check(now)?;
        let settings = Arc::clone(&self.settings);
        let stream = self.stream_mut(&reference, now)?;
        if created.is_some_and(|created| created != stream.created) {
            return Err(ServiceError::invalid_argument("The stream of the NextToken was deleted."));
        }
        if !stream.is_of(of) {
            return Err(streams::not_found(&stream.name, &settings.account));
        }
        if stream.status(now) == StreamStatus::Creating {
            return Err(ServiceError::in_use(format!(
                "Stream {} under account {} not active, instead in state CREATING",
                stream.name, settings.account
            )));
        }
        let size = max_results.unwrap_or(usize::MAX).min(settings.list_shards_page);
        Ok(stream.page(&settings, &selection, after, size, now))
    }

    /// All shards as they are, expired ones included, without lag or pages: the truth that a test compares with.
    ///
    /// # Errors
    /// ResourceNotFoundException.
    pub fn all_shards(&mut self, stream: &StreamReference, now: Timestamp) -> Answer<Vec<Shard>> {
        let settings = Arc::clone(&self.settings);
        let stream = self.stream_mut(stream, now)?;
        let shards = stream.shards.iter();
        Ok(shards.map(|shard| shard.describe(&settings, false)).collect())
    }
}

impl Stream {
    pub(super) fn page(
        &self,
        settings: &Settings,
        selection: &ShardSelection,
        after: Option<ShardId>,
        size: usize,
        now: Timestamp,
    ) -> ListedShards {
        // What ListShards knows is as old as its lag; a stream's first shards it knows from the start.
        let known = now.saturating_sub(settings.list_shards_lag).max(self.created);
        let horizon = now.saturating_sub(self.properties.retention).max(self.created);
        let mut shards = self.shards.iter().filter(|shard| {
            shard.created <= known
                && after.as_ref().is_none_or(|after| shard.id > *after)
                && !shard.is_expired(now)
                && selection.selects(shard, horizon, known)
        });
        let page: Vec<_> = shards
            .by_ref()
            .take(size)
            .map(|shard| shard.describe(settings, !closed_by(shard, known)))
            .collect();
        let last = page.last().filter(|_| shards.next().is_some());
        let next_token = last.map(|last| {
            let token = Token {
                issued: now,
                stream: self.name.clone(),
                stream_created: self.created,
                after: last.shard_id.as_str().to_owned(),
                selection: selection.write(),
            };
            token.write()
        });
        ListedShards { shards: page, next_token }
    }
}

impl ShardSelection {
    fn check(&self, now: Timestamp) -> Answer<()> {
        match self {
            Self::AtTimestamp(time) | Self::FromTimestamp(time) if *time > now => {
                Err(ServiceError::invalid_argument(format!(
                    "The timestamp {time} of the shard filter is in the future."
                )))
            }
            _ => Ok(()),
        }
    }

    /// `horizon`: the trim horizon, or the stream's creation if that is later; `known`: the time that ListShards knows of.
    fn selects(&self, shard: &ShardState, horizon: Timestamp, known: Timestamp) -> bool {
        match self {
            Self::FromTrimHorizon => true,
            Self::AtTrimHorizon => was_open_at(shard, horizon, known),
            Self::AtLatest => !closed_by(shard, known),
            Self::AtTimestamp(time) => was_open_at(shard, (*time).max(horizon), known),
            Self::FromTimestamp(time) => ends_after(shard, (*time).max(horizon), known),
            Self::AfterShardId(id) => shard.id > *id,
        }
    }

    fn write(&self) -> String {
        match self {
            Self::FromTrimHorizon => "from-horizon".into(),
            Self::AtTrimHorizon => "at-horizon".into(),
            Self::AtLatest => "at-latest".into(),
            Self::AtTimestamp(time) => format!("at {}", time.as_millis()),
            Self::FromTimestamp(time) => format!("from {}", time.as_millis()),
            Self::AfterShardId(id) => format!("after {id}"),
        }
    }

    fn read(text: &str) -> Option<Self> {
        let time = |digits: &str| digits.parse().ok().map(Timestamp::from_millis);
        match text.split_once(' ') {
            Some(("at", digits)) => time(digits).map(Self::AtTimestamp),
            Some(("from", digits)) => time(digits).map(Self::FromTimestamp),
            Some(("after", id)) => Some(Self::AfterShardId(id.into())),
            Some(_) => None,
            None => match text {
                "from-horizon" => Some(Self::FromTrimHorizon),
                "at-horizon" => Some(Self::AtTrimHorizon),
                "at-latest" => Some(Self::AtLatest),
                _ => None,
            },
        }
    }
}

impl From<ShardFilter> for ShardSelection {
    fn from(filter: ShardFilter) -> Self {
        match filter {
            ShardFilter::All => Self::FromTrimHorizon,
            ShardFilter::AtTrimHorizon => Self::AtTrimHorizon,
            ShardFilter::AtLatest => Self::AtLatest,
            ShardFilter::AtTimestamp(time) => Self::AtTimestamp(time),
        }
    }
}

/// Both ends count (ShardFilter, AT_TIMESTAMP): at the very time of a reshard, parents and children are selected.
fn was_open_at(shard: &ShardState, time: Timestamp, known: Timestamp) -> bool {
    shard.created <= time && ends_after(shard, time, known)
}

fn ends_after(shard: &ShardState, time: Timestamp, known: Timestamp) -> bool {
    !closed_by(shard, known) || shard.closed.as_ref().is_none_or(|closed| closed.at >= time)
}

fn closed_by(shard: &ShardState, time: Timestamp) -> bool {
    shard.closed.as_ref().is_some_and(|closed| closed.at <= time)
}
