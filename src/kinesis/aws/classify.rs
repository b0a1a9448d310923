//! What a failure of the SDK means. Knows no call and decides nothing: the machines do.
//!
//! Exceptions are told by their names, wherever they stand: in the answer of a call, in the `:exception-type` of a frame (where
//! the SDK fills in no code), in the `:error-code` of an error frame. So a refusal is the same with HTTP status 400 and 500, and
//! before and after the headers. Only where there is no known name the HTTP status and the kind of the failure count.
//!
//! Names: API reference (errors of each action, Common Errors) and the event stream of SubscribeToShard.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_kinesis::config::http::HttpResponse;
use aws_sdk_kinesis::error::{ConnectorError, ProvideErrorMetadata, SdkError};
use aws_sdk_kinesis::operation::subscribe_to_shard::SubscribeToShardError;
use aws_sdk_kinesis::types::error::SubscribeToShardEventStreamError as StreamError;
use aws_smithy_types::event_stream::{Message, RawMessage};
use aws_smithy_types::retry::ErrorKind;

use crate::kinesis::PortError;
use crate::model::{Failure, FailureClass};

/// The failure of a call.
pub(super) fn call_error<E>(error: SdkError<E, HttpResponse>) -> PortError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    PortError { failure: call_failure(&error), source: Some(Box::new(error)) }
}

/// The failure of SubscribeToShard, which has read as far as the first frame: an error of the event receiver stands wrapped
/// inside an invented answer then (`subscribe_to_shard/builders.rs`).
pub(super) fn subscribe_error(error: SdkError<SubscribeToShardError, HttpResponse>) -> PortError {
    if !matches!(&error, SdkError::ResponseError(_)) {
        return call_error(error);
    }
    let failure = call_failure(&error);
    match error.into_source().map(|source| source.downcast::<ReceiverError>()) {
        Ok(Ok(receiver)) => stream_error(*receiver),
        Ok(Err(source)) => PortError { failure, source: Some(source) },
        Err(error) => PortError { failure, source: Some(Box::new(error)) },
    }
}

/// The failure of an open subscription. Its source leaves out the frame that the SDK's error carries, since that holds payload
/// and `Debug` would print it.
pub(super) fn stream_error(error: ReceiverError) -> PortError {
    let failure = stream_failure(&error);
    PortError { failure, source: error.into_source().ok() }
}

/// What the SDK's event receiver fails with.
pub(super) type ReceiverError = SdkError<StreamError, RawMessage>;

fn call_failure<E>(error: &SdkError<E, HttpResponse>) -> Failure
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match error {
        SdkError::ServiceError(context) => {
            let (error, status) = (context.err(), context.raw().status().as_u16());
            let class = error.code().and_then(FailureClass::of_exception).or_else(|| status_class(status));
            let class = class.unwrap_or(FailureClass::Unclassified);
            let name = error.code().map_or_else(|| format!("HTTP status {status}"), str::to_owned);
            Failure::new(class, with_message(&name, error.message()))
        }
        SdkError::ResponseError(context) => {
            let status = context.raw().status().as_u16();
            let class = status_class(status).unwrap_or(FailureClass::Malformed);
            Failure::new(class, root_cause(error))
        }
        // The request could not even be built from what it was given.
        SdkError::ConstructionFailure(_) => {
            Failure::new(credentials_class(error).unwrap_or(FailureClass::InvalidArgument), root_cause(error))
        }
        other => transport_failure(other),
    }
}

fn stream_failure(error: &ReceiverError) -> Failure {
    match error {
        SdkError::ServiceError(context) => {
            let name = header(context.raw(), ":exception-type").unwrap_or_default();
            let class = FailureClass::of_exception(name).unwrap_or(FailureClass::Unclassified);
            Failure::new(class, exception_message(name, context.err()))
        }
        SdkError::ResponseError(context) => match header(context.raw(), ":error-code") {
            Some(code) => Failure::new(
                FailureClass::of_exception(code).unwrap_or(FailureClass::Unclassified),
                with_message(code, header(context.raw(), ":error-message")),
            ),
            None => Failure::new(FailureClass::Malformed, root_cause(error)),
        },
        other => transport_failure(other),
    }
}

/// A failure without an answer.
fn transport_failure<E, R>(error: &SdkError<E, R>) -> Failure
where
    E: Error + 'static,
    R: std::fmt::Debug + 'static,
{
    let class = match error {
        SdkError::TimeoutError(_) => FailureClass::TimedOut,
        SdkError::DispatchFailure(context) => {
            context.as_connector_error().map_or(FailureClass::Unavailable, connector_class)
        }
        _ => FailureClass::Unclassified,
    };
    Failure::new(class, root_cause(error))
}

/// The meaning of an HTTP status, where the body says nothing.
fn status_class(status: u16) -> Option<FailureClass> {
    match status {
        408 | 504 => Some(FailureClass::TimedOut),
        429 => Some(FailureClass::Throttled),
        500..=599 => Some(FailureClass::Unavailable),
        _ => None,
    }
}

/// What kept a request from being sent or an answer from being read. Credentials are fetched and the endpoint is chosen on
/// this way too.
fn connector_class(error: &ConnectorError) -> FailureClass {
    if let Some(class) = credentials_class(error) {
        return class;
    }
    if error.is_timeout() {
        FailureClass::TimedOut
    } else if error.is_io() {
        FailureClass::Unavailable
    } else if error.is_user() {
        // The HTTP client's word for a request that it could not send, whoever is to blame; the service has refused nothing.
        FailureClass::Unavailable
    } else {
        // A connection that is closed before the answer is whole comes as such a kind of "other".
        match error.as_other() {
            Some(ErrorKind::TransientError | ErrorKind::ServerError) => FailureClass::Unavailable,
            Some(ErrorKind::ThrottlingError) => FailureClass::Throttled,
            _ => FailureClass::Unclassified,
        }
    }
}

/// The class of a failure to get credentials, if it was one. A client that has no provider at all fails in a type of the SDK's
/// runtime that is not public, so that is told by its words.
fn credentials_class(error: &(dyn Error + 'static)) -> Option<FailureClass> {
    causes(error).find_map(|cause| match cause.downcast_ref::<CredentialsError>() {
        Some(CredentialsError::ProviderTimedOut(_)) => Some(FailureClass::TimedOut),
        Some(_) => Some(FailureClass::Credentials),
        None => {
            let text = cause.to_string();
            let missing = text.contains("auth scheme") || text.contains("identity resolver");
            missing.then_some(FailureClass::Credentials)
        }
    })
}

/// The string value of a header of a frame that was whole.
fn header<'a>(raw: &'a RawMessage, name: &str) -> Option<&'a str> {
    let RawMessage::Decoded(message) = raw else {
        return None;
    };
    let header = Message::headers(message).iter().find(|header| header.name().as_str() == name)?;
    header.value().as_string().ok().map(|text| text.as_str())
}

/// What a modelled exception says. The SDK leaves the metadata of exceptions in a frame empty.
fn exception_message(name: &str, error: &StreamError) -> String {
    let message = match error {
        StreamError::ResourceNotFoundException(error) => error.message(),
        StreamError::ResourceInUseException(error) => error.message(),
        StreamError::KmsDisabledException(error) => error.message(),
        StreamError::KmsInvalidStateException(error) => error.message(),
        StreamError::KmsAccessDeniedException(error) => error.message(),
        StreamError::KmsNotFoundException(error) => error.message(),
        StreamError::KmsOptInRequired(error) => error.message(),
        StreamError::KmsThrottlingException(error) => error.message(),
        StreamError::InternalFailureException(error) => error.message(),
        other => ProvideErrorMetadata::message(other),
    };
    with_message(name, message)
}

fn with_message(name: &str, message: Option<&str>) -> String {
    match message {
        Some(message) => format!("{name}: {message}"),
        None => name.to_owned(),
    }
}

/// The innermost error's words: the outer ones only say in which step it came up.
fn root_cause(error: &(dyn Error + 'static)) -> String {
    causes(error).last().unwrap_or(error).to_string()
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

#[cfg(test)]
mod tests;
