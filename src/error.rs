use std::error::Error as StdError;
use std::fmt;

use crate::model::{FailureClass, ShardId};

/// What went wrong, once and for all: what can be tried again is tried again inside, and seen in the consumer's events.
///
/// `Display` gives the context; the error of the AWS client, where there is one, is its [`source`](StdError::source).
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    context: String,
    shard_id: Option<ShardId>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What to do about an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Correct the call: the builder was given something that cannot work.
    InvalidConfiguration,
    /// Check name, region and account: the stream does not exist, or not any more.
    StreamNotFound,
    /// Check the ARN: the registered consumer does not exist, or not any more; or somebody deletes it again and again.
    ConsumerNotFound,
    /// Grant what the README's IAM policy lists, or mend the stream's KMS key.
    AccessDenied,
    /// Give the client valid credentials.
    Credentials,
    /// Choose another start: the service refuses this position, as trimmed or as foreign to the stream.
    PositionRefused,
    /// An aggregated record is broken and the consumer was told not to pass it on.
    MalformedAggregate,
    /// Try again later: the service did not answer, or not in time.
    Unavailable,
    /// Report it: a defect of this library.
    Internal,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, context: impl Into<String>) -> Self {
        Self { kind, context: context.into(), shard_id: None, source: None }
    }

    /// The error for a failure that is not tried again; a ResourceNotFound means what `not_found` says.
    pub(crate) fn from_class(class: FailureClass, not_found: ErrorKind, context: impl Into<String>) -> Self {
        let kind = match class {
            FailureClass::ResourceNotFound => not_found,
            FailureClass::InvalidArgument | FailureClass::Unsupported => ErrorKind::InvalidConfiguration,
            FailureClass::AccessDenied | FailureClass::KmsUnavailable => ErrorKind::AccessDenied,
            FailureClass::Credentials => ErrorKind::Credentials,
            _ => ErrorKind::Unavailable,
        };
        Self::new(kind, context)
    }

    pub(crate) fn in_shard(self, shard_id: ShardId) -> Self {
        Self { shard_id: Some(shard_id), ..self }
    }

    pub(crate) fn with_source(self, source: Option<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { source: source.or(self.source), ..self }
    }

    /// What to do about it.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The shard it happened in, if in one.
    pub fn shard_id(&self) -> Option<&ShardId> {
        self.shard_id.as_ref()
    }

    /// Whether the same consumer, built again, may work without anybody's help.
    pub fn is_retryable(&self) -> bool {
        matches!(self.kind, ErrorKind::Unavailable)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.shard_id {
            Some(shard_id) => write!(f, "{shard_id}: {}", self.context),
            None => f.write_str(&self.context),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
