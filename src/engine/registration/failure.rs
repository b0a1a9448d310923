use std::fmt;
use std::time::Duration;

use crate::model::Failure;

/// Why there is no registered consumer to read with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistrationFailure {
    /// A call failed, and trying it again at once would not help. ResourceNotFound from Register: the stream is not there. LimitExceeded
    /// from Register, with a fallback only: it has all the consumers that it may have, or too many are being registered.
    Call {
        /// Which call.
        operation: Operation,
        /// What the service said.
        failure: Failure,
    },
    /// The registered consumer did not become ACTIVE within the bound, or with a fallback calls failed for as long as is allowed.
    NotActiveInTime {
        /// How long it was waited for.
        waited: Duration,
        /// The last failure on the way, if there was one: LimitExceeded when the stream has all the consumers it may have.
        last_failure: Option<Failure>,
    },
    /// The registered consumer was deleted again and again; somebody does not want it.
    DeletedTooOften {
        /// Deletions within the last hour.
        times: usize,
    },
    /// The registered consumer was given by ARN and does not exist any more. Registered anew it would have another ARN.
    ConsumerGone,
}

/// The calls of the registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// DescribeStreamConsumer.
    Describe,
    /// RegisterStreamConsumer.
    Register,
    /// DeregisterStreamConsumer.
    Deregister,
}

impl fmt::Display for RegistrationFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call { operation, failure } => write!(f, "{operation} failed: {failure}"),
            Self::NotActiveInTime { waited, last_failure } => {
                write!(f, "the registered consumer was not ACTIVE after {waited:?}")?;
                last_failure.iter().try_for_each(|failure| write!(f, "; last failure: {failure}"))
            }
            Self::DeletedTooOften { times } => {
                write!(f, "the registered consumer was deleted {times} times within an hour")
            }
            Self::ConsumerGone => f.write_str("the registered consumer was deleted"),
        }
    }
}

impl std::error::Error for RegistrationFailure {}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Describe => "DescribeStreamConsumer",
            Self::Register => "RegisterStreamConsumer",
            Self::Deregister => "DeregisterStreamConsumer",
        })
    }
}
