//! Errors of the service, as it names and words them.

use std::borrow::Cow;
use std::fmt;

/// An error that the service answers with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceError {
    /// Its name: `__type` in an answer, `:exception-type` in a stream.
    pub code: Cow<'static, str>,
    /// What it says.
    pub message: String,
    /// The HTTP status.
    pub status: u16,
}

impl ServiceError {
    /// An error with this code and status.
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>, status: u16) -> Self {
        Self { code: code.into(), message: message.into(), status }
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new("ResourceNotFoundException", message, 400)
    }

    pub(super) fn in_use(message: impl Into<String>) -> Self {
        Self::new("ResourceInUseException", message, 400)
    }

    pub(crate) fn invalid_argument(message: impl Into<String>) -> Self {
        Self::new("InvalidArgumentException", message, 400)
    }

    pub(super) fn limit_exceeded(message: impl Into<String>) -> Self {
        Self::new("LimitExceededException", message, 400)
    }

    pub(super) fn throughput_exceeded(message: impl Into<String>) -> Self {
        Self::new("ProvisionedThroughputExceededException", message, 400)
    }

    /// The call asked for a dry run, and would have succeeded.
    pub(crate) fn dry_run() -> Self {
        let message = "The request was rejected because the DryRun parameter was specified.";
        Self::new("DryRunOperationException", message, 400)
    }

    /// A member of the request that must be there is not.
    pub(crate) fn missing(member: &str) -> Self {
        let message = format!(
            "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
        );
        Self::new("ValidationException", message, 400)
    }

    /// A member of the request breaks a constraint of the API model.
    pub(crate) fn validation(member: &str, value: &str, constraint: &str) -> Self {
        let message = format!(
            "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must \
             {constraint}"
        );
        Self::new("ValidationException", message, 400)
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for ServiceError {}
