use crate::engine::ShardFailure;
use crate::engine::lineage::LineageFailure;
use crate::engine::registration::{Operation, RegistrationFailure};
use crate::error::{Error, ErrorKind};
use crate::kinesis::PortError;
use crate::model::{Failure, FailureClass};

/// The error for a failed call that is not tried again.
pub(super) fn call_error(operation: &str, not_found: ErrorKind, error: PortError) -> Error {
    failure_error(operation, not_found, &error.failure).with_source(error.source)
}

/// The same where only the failure is left.
pub(super) fn failure_error(operation: &str, not_found: ErrorKind, failure: &Failure) -> Error {
    Error::from_class(failure.class, not_found, format!("{operation} failed: {}", failure.message))
}

/// The error for a shard that cannot be read any further.
pub(super) fn shard_error(failure: ShardFailure, error: Option<PortError>) -> Error {
    let (kind, said, failure) = match failure {
        ShardFailure::PositionRefused(failure) => {
            (ErrorKind::PositionRefused, "the service refuses the position", failure)
        }
        ShardFailure::PinRefused(failure) => {
            (ErrorKind::PositionRefused, "the service refuses every start from now to a day ago", failure)
        }
        ShardFailure::Denied(failure) if failure.class == FailureClass::Unsupported => (
            ErrorKind::InvalidConfiguration,
            "what the shard is read with is not to be had at this address",
            failure,
        ),
        ShardFailure::Denied(failure) => {
            (ErrorKind::AccessDenied, "reading the shard has been denied for a minute", failure)
        }
        ShardFailure::GaveUp(failure) => {
            (kind_of_gave_up(&failure), "no event for as long as is allowed", failure)
        }
    };
    Error::new(kind, format!("{said}: {}", failure.message)).with_source(source_of(error, Some(&failure)))
}

fn kind_of_gave_up(failure: &Failure) -> ErrorKind {
    match failure.class {
        FailureClass::Credentials => ErrorKind::Credentials,
        FailureClass::AccessDenied | FailureClass::KmsUnavailable => ErrorKind::AccessDenied,
        FailureClass::Unsupported => ErrorKind::InvalidConfiguration,
        _ => ErrorKind::Unavailable,
    }
}

/// The error where there is no registered consumer to read with.
pub(super) fn registration_error(failure: RegistrationFailure, error: Option<PortError>) -> Error {
    let text = failure.to_string();
    let without_source = match &failure {
        RegistrationFailure::Call { operation, failure } => {
            let not_found = match operation {
                Operation::Register => ErrorKind::StreamNotFound,
                Operation::Describe | Operation::Deregister => ErrorKind::ConsumerNotFound,
            };
            Error::from_class(failure.class, not_found, text)
        }
        RegistrationFailure::NotActiveInTime { .. } => Error::new(ErrorKind::Unavailable, text),
        RegistrationFailure::DeletedTooOften { .. } | RegistrationFailure::ConsumerGone => {
            Error::new(ErrorKind::ConsumerNotFound, text)
        }
    };
    let cause = match &failure {
        RegistrationFailure::Call { failure, .. } => Some(failure),
        RegistrationFailure::NotActiveInTime { last_failure, .. } => last_failure.as_ref(),
        RegistrationFailure::DeletedTooOften { .. } | RegistrationFailure::ConsumerGone => None,
    };
    without_source.with_source(source_of(error, cause))
}

/// The error where the shards cannot be told.
pub(super) fn lineage_error(failure: LineageFailure, error: Option<PortError>) -> Error {
    let text = failure.to_string();
    let kind = match &failure {
        LineageFailure::StreamNotFound(_) => ErrorKind::StreamNotFound,
        LineageFailure::Call(failure) => {
            Error::from_class(failure.class, ErrorKind::StreamNotFound, "").kind()
        }
        LineageFailure::PinRefused(_) => ErrorKind::PositionRefused,
        LineageFailure::NotListedInTime { .. } => ErrorKind::Unavailable,
    };
    let cause = match &failure {
        LineageFailure::StreamNotFound(cause)
        | LineageFailure::Call(cause)
        | LineageFailure::PinRefused(cause) => Some(cause),
        LineageFailure::NotListedInTime { last_failure, .. } => last_failure.as_ref(),
    };
    Error::new(kind, text).with_source(source_of(error, cause))
}

/// The client's error of the last failed call, if that is the failure that counts.
fn source_of(
    error: Option<PortError>,
    cause: Option<&Failure>,
) -> Option<Box<dyn std::error::Error + Send + Sync>> {
    error.filter(|error| cause == Some(&error.failure)).and_then(|error| error.source)
}
