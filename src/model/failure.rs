use std::fmt;

/// What a failed call or a broken subscription means, whichever client saw it. The adapter classifies; the machines decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureClass {
    /// ResourceNotFoundException: the stream, the registered consumer or the shard is not there.
    ResourceNotFound,
    /// ResourceInUseException: another subscription, another registration, or a resource in the wrong state.
    ResourceInUse,
    /// InvalidArgumentException or ValidationException: the service refuses a parameter.
    InvalidArgument,
    /// ExpiredNextTokenException: the token of a page is older than 300 s. The listing has to start over.
    ExpiredNextToken,
    /// ExpiredIteratorException: the shard iterator is older than 300 s. Another one has to be asked for.
    ExpiredIterator,
    /// LimitExceededException or throttling.
    Throttled,
    /// AccessDeniedException, or a KMS key that may not be used.
    AccessDenied,
    /// Missing, unknown or expired credentials, or a signature that the service does not accept.
    Credentials,
    /// The encryption key of the stream is disabled, missing or in the wrong state.
    KmsUnavailable,
    /// No answer in time.
    TimedOut,
    /// The connection failed, or the service answered with an error of its own (5xx).
    Unavailable,
    /// What is asked for is not to be had at the address, and no time will change that by itself. Either the server does not know the
    /// operation, as some that stand in for Kinesis do not know SubscribeToShard, or it is nothing that speaks Kinesis; or it
    /// cannot be spoken to in the way that is asked for, for want of HTTP/2 there or of TLS here, and then no call was made.
    Unsupported,
    /// Bytes that are no event: a broken frame, a checksum that does not match, JSON that does not parse.
    Malformed,
    /// Anything else.
    Unclassified,
}

impl FailureClass {
    /// What an exception of the service means, by its name (API reference, Common Errors; the exceptions of Kinesis).
    pub fn of_exception(name: &str) -> Option<Self> {
        Some(match name {
            "ResourceNotFoundException" => Self::ResourceNotFound,
            "ResourceInUseException" => Self::ResourceInUse,
            "InvalidArgumentException" | "ValidationException" | "ValidationError" => Self::InvalidArgument,
            "ExpiredNextTokenException" => Self::ExpiredNextToken,
            "ExpiredIteratorException" => Self::ExpiredIterator,
            "LimitExceededException"
            | "ProvisionedThroughputExceededException"
            | "TooManyRequestsException"
            | "RequestLimitExceeded"
            | "SlowDown"
            | "KMSThrottlingException" => Self::Throttled,
            "KMSAccessDeniedException" | "NotAuthorized" | "OptInRequired" => Self::AccessDenied,
            "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "InvalidSignatureException"
            | "SignatureDoesNotMatch"
            | "IncompleteSignature"
            | "IncompleteSignatureException"
            | "MissingAuthenticationToken"
            | "MissingAuthenticationTokenException"
            | "RequestExpired"
            | "RequestTimeTooSkewed" => Self::Credentials,
            "KMSDisabledException"
            | "KMSInvalidStateException"
            | "KMSNotFoundException"
            | "KMSOptInRequired" => Self::KmsUnavailable,
            "RequestTimeout" | "RequestTimeoutException" => Self::TimedOut,
            "UnknownOperationException"
            | "UnknownOperation"
            | "InvalidAction"
            | "UnsupportedOperationException"
            | "UnsupportedOperation"
            | "NotImplementedException"
            | "NotImplemented" => Self::Unsupported,
            "InternalFailure"
            | "InternalFailureException"
            | "InternalServerError"
            | "InternalServerException"
            | "RequestAbortedException"
            | "ServiceUnavailable"
            | "ServiceUnavailableException" => Self::Unavailable,
            _ if name.starts_with("Throttl") => Self::Throttled,
            _ if name.starts_with("AccessDenied") => Self::AccessDenied,
            _ if name.starts_with("ExpiredToken") => Self::Credentials,
            _ => return None,
        })
    }

    /// What the HTTP status of a failed call means, where no name of an exception says more.
    pub fn of_status(status: u16) -> Option<Self> {
        Some(match status {
            404 | NOT_IMPLEMENTED => Self::Unsupported,
            408 | 504 => Self::TimedOut,
            429 => Self::Throttled,
            500..=599 => Self::Unavailable,
            _ => return None,
        })
    }

    /// What the answer of a failed call means: by the name of its exception, if that is known, else by its HTTP status.
    pub fn of_answer(name: Option<&str>, status: u16) -> Option<Self> {
        match (name, status) {
            // So LocalStack answers what it has not built.
            (Some("InternalFailure"), NOT_IMPLEMENTED) => Some(Self::Unsupported),
            _ => name.and_then(Self::of_exception).or_else(|| Self::of_status(status)),
        }
    }

    /// Whether the same call may succeed later without anybody's help.
    pub fn is_retryable(self) -> bool {
        !matches!(
            self,
            Self::ResourceNotFound
                | Self::InvalidArgument
                | Self::ExpiredNextToken
                | Self::ExpiredIterator
                | Self::AccessDenied
                | Self::Credentials
                | Self::KmsUnavailable
                | Self::Unsupported
        )
    }
}

/// A classified failure with what the service said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What it means.
    pub class: FailureClass,
    /// What the service or the client said.
    pub message: String,
}

impl Failure {
    /// A failure of this class.
    pub fn new(class: FailureClass, message: impl Into<String>) -> Self {
        Self { class, message: message.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.class, self.message)
    }
}

const NOT_IMPLEMENTED: u16 = 501;
