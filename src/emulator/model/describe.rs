//! DescribeStream and ListStreams: what there is, in pages.

use std::time::Duration;

use super::token::Token;
use super::{Answer, ListedShards, Model, ServiceError, ShardSelection, StreamDescription};
use crate::model::{Shard, ShardId, StreamReference, Timestamp};

/// What DescribeStream answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescribedStream {
    /// The stream.
    pub stream: StreamDescription,
    /// Its shards after the one that was named, by id, expired ones not included.
    pub shards: Vec<Shard>,
    /// Whether there are more behind them.
    pub has_more_shards: bool,
}

/// The request of ListStreams.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListStreamsRequest {
    /// Only streams after this one.
    pub after: Option<String>,
    /// The token of the page before; it counts instead of `after`.
    pub next_token: Option<String>,
    /// The most streams in the page: 100 when not given or above.
    pub limit: Option<usize>,
}

/// A page of ListStreams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedStreams {
    /// The streams, by name.
    pub streams: Vec<StreamDescription>,
    /// What the next page is asked for with; `None`: there are no more streams.
    pub next_token: Option<String>,
}

impl Model {
    /// DescribeStream. Its shards are as late as those of ListShards.
    ///
    /// # Errors
    /// ValidationException (a limit of 0 or above 10,000), ResourceNotFoundException.
    pub fn describe_stream(
        &mut self,
        stream: &StreamReference,
        after: Option<ShardId>,
        limit: Option<usize>,
        now: Timestamp,
    ) -> Answer<DescribedStream> {
        let size = page_size(limit)?;
        let settings = std::sync::Arc::clone(&self.settings);
        let stream = self.stream_mut(stream, now)?;
        let ListedShards { shards, next_token } =
            stream.page(&settings, &ShardSelection::FromTrimHorizon, after, size, now);
        Ok(DescribedStream { stream: stream.describe(now), shards, has_more_shards: next_token.is_some() })
    }

    /// ListStreams.
    ///
    /// # Errors
    /// ValidationException (a limit of 0 or above 10,000), InvalidArgumentException, ExpiredNextTokenException.
    pub fn list_streams(&mut self, request: &ListStreamsRequest, now: Timestamp) -> Answer<ListedStreams> {
        let size = page_size(request.limit)?;
        let after = match &request.next_token {
            Some(token) => Some(read_token(token, self.settings.next_token_time, now)?),
            None => request.after.clone(),
        };
        let mut streams = self
            .present(now)
            .filter(|stream| after.as_ref().is_none_or(|after| stream.name > *after))
            .map(|stream| stream.describe(now));
        let page: Vec<_> = streams.by_ref().take(size).collect();
        let last = page.last().filter(|_| streams.next().is_some());
        let next_token = last.map(|last| {
            let token = Token {
                issued: now,
                stream: String::new(),
                stream_created: Timestamp::from_millis(0),
                after: last.name.clone(),
                selection: STREAMS.to_owned(),
            };
            token.write()
        });
        Ok(ListedStreams { streams: page, next_token })
    }
}

fn read_token(text: &str, life: Duration, now: Timestamp) -> Answer<String> {
    let token = Token::read(text, life, now)?;
    if token.selection != STREAMS {
        return Err(ServiceError::invalid_argument("Invalid NextToken. The token is not valid."));
    }
    Ok(token.after)
}

fn page_size(limit: Option<usize>) -> Answer<usize> {
    let limit = limit.unwrap_or(PAGE);
    if (1..=10_000).contains(&limit) {
        return Ok(limit.min(PAGE));
    }
    let constraint = "have value less than or equal to 10000, and greater than or equal to 1";
    Err(ServiceError::validation("limit", &limit.to_string(), constraint))
}

/// The most in a page, and as many when the call does not say (DescribeStream, ListStreams).
const PAGE: usize = 100;
/// What a token of ListStreams goes by.
const STREAMS: &str = "streams";
