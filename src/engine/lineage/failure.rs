use std::fmt;
use std::time::Duration;

use crate::model::Failure;

/// Why the shards of the stream cannot be told (any more).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineageFailure {
    /// The stream is not there.
    StreamNotFound(Failure),
    /// ListShards failed, and trying it again would not help.
    Call(Failure),
    /// The service refused the time that stands for LATEST, and every one up to 24 h before it.
    PinRefused(Failure),
    /// The shards to start with could not be listed within the bound of the start.
    NotListedInTime {
        /// How long it was tried.
        waited: Duration,
        /// The last failure, if a call failed.
        last_failure: Option<Failure>,
    },
}

impl fmt::Display for LineageFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StreamNotFound(failure) => write!(f, "the stream does not exist: {failure}"),
            Self::Call(failure) => write!(f, "ListShards failed: {failure}"),
            Self::PinRefused(failure) => {
                write!(f, "ListShards refused every time for LATEST: {failure}")
            }
            Self::NotListedInTime { waited, last_failure } => {
                write!(f, "the shards could not be listed within {waited:?}")?;
                last_failure.iter().try_for_each(|failure| write!(f, "; last failure: {failure}"))
            }
        }
    }
}

impl std::error::Error for LineageFailure {}
