//! The tokens of paged answers: they carry what the next page needs, and their age.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{Answer, ServiceError};
use crate::model::Timestamp;

/// What a page's token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) issued: Timestamp,
    pub(super) stream: String,
    pub(super) stream_created: Timestamp,
    /// The last item of the page before.
    pub(super) after: String,
    /// What else the listing goes by.
    pub(super) selection: String,
}

impl Token {
    pub(super) fn write(&self) -> String {
        let text = format!(
            "{}\n{}\n{}\n{}\n{}",
            self.issued.as_millis(),
            self.stream,
            self.stream_created.as_millis(),
            self.after,
            self.selection
        );
        URL_SAFE_NO_PAD.encode(text)
    }

    /// Whether it goes on in this listing of a stream.
    pub(super) fn is_of(&self, stream: &str, created: Timestamp) -> bool {
        self.stream == stream && self.stream_created == created && self.selection.is_empty()
    }

    /// Reads a token that is still young enough.
    pub(super) fn read(text: &str, life: Duration, now: Timestamp) -> Answer<Self> {
        let token = Self::parse(text)
            .ok_or_else(|| ServiceError::invalid_argument("Invalid NextToken. The token is not valid."))?;
        if token.issued.saturating_add(life) < now {
            let message = format!("The NextToken has expired. A token lives for {} seconds.", life.as_secs());
            return Err(ServiceError::new("ExpiredNextTokenException", message, 400));
        }
        Ok(token)
    }

    /// Reads a token of whatever age.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let mut parts = text.split('\n');
        let token = Self {
            issued: Timestamp::from_millis(parts.next()?.parse().ok()?),
            stream: parts.next()?.to_owned(),
            stream_created: Timestamp::from_millis(parts.next()?.parse().ok()?),
            after: parts.next()?.to_owned(),
            selection: parts.next()?.to_owned(),
        };
        parts.next().is_none().then_some(token)
    }
}
