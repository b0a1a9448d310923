//! What a failure of the SDK means. Knows no call and decides nothing: the machines do.
//!
//! Exceptions are told by their names, wherever they stand: in the answer of a call, in the `:exception-type` of a frame, in the
//! `:error-code` of an error frame. So a refusal is the same with HTTP status 400 and 500, and
//! before and after the headers. Only where there is no known name the HTTP status and the kind of the failure count, but for one
//! status that says more than its name ([`FailureClass::of_answer`]).
//!
//! Names: API reference (errors of each action, Common Errors) and the event stream of SubscribeToShard.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_kinesis::config::http::HttpResponse;
use aws_sdk_kinesis::error::{BoxError, ConnectorError, ProvideErrorMetadata, SdkError};
use aws_smithy_types::retry::ErrorKind;

use crate::kinesis::PortError;
use crate::model::{Failure, FailureClass};
use crate::transport::{TransportError, TransportErrorKind};
use crate::wire::{DecodeError, FrameError};

/// The failure of a call.
pub(super) fn call_error<E>(error: SdkError<E, HttpResponse>) -> PortError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    PortError { failure: call_failure(&error), source: Some(Box::new(error)) }
}

/// The failure of a body, of an open subscription or of a page.
pub(super) fn body_error(error: BoxError) -> PortError {
    let class = transport_class(&*error).unwrap_or(FailureClass::Unavailable);
    PortError { failure: Failure::new(class, root_cause(&*error)), source: Some(error) }
}

/// The failure of a body that is no sequence of frames.
pub(super) fn frame_error(error: FrameError) -> PortError {
    PortError {
        failure: Failure::new(FailureClass::Malformed, error.to_string()),
        source: Some(error.into()),
    }
}

/// The failure of a frame that holds no message, or of a body that is no page.
pub(super) fn decode_error(error: DecodeError) -> PortError {
    PortError {
        failure: Failure::new(FailureClass::Malformed, error.to_string()),
        source: Some(error.into()),
    }
}

/// The failure of a message that is neither an event nor an error.
pub(super) fn unknown_message(message_type: &str) -> PortError {
    Failure::new(FailureClass::Malformed, format!("a message of the type {message_type:?}")).into()
}

/// An exception or error inside the subscription.
pub(super) fn in_stream_error(name: &str, message: Option<&str>) -> PortError {
    let class = FailureClass::of_exception(name).unwrap_or(FailureClass::Unclassified);
    Failure::new(class, with_message(name, message)).into()
}

fn call_failure<E>(error: &SdkError<E, HttpResponse>) -> Failure
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match error {
        SdkError::ServiceError(context) => {
            let (error, status) = (context.err(), context.raw().status().as_u16());
            let class = FailureClass::of_answer(error.code(), status).unwrap_or(FailureClass::Unclassified);
            let name = error.code().map_or_else(|| format!("HTTP status {status}"), str::to_owned);
            Failure::new(class, with_message(&name, error.message()))
        }
        SdkError::ResponseError(context) => {
            let status = context.raw().status().as_u16();
            let class = FailureClass::of_status(status).unwrap_or(FailureClass::Malformed);
            Failure::new(class, root_cause(error))
        }
        // The request could not even be built from what it was given.
        SdkError::ConstructionFailure(_) => {
            Failure::new(credentials_class(error).unwrap_or(FailureClass::InvalidArgument), root_cause(error))
        }
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

/// What kept a request from being sent or an answer from being read. Credentials are fetched and the endpoint is chosen on
/// this way too.
fn connector_class(error: &ConnectorError) -> FailureClass {
    if let Some(class) = credentials_class(error).or_else(|| transport_class(error)) {
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

/// The class of a failure of our own transport, if it was one.
fn transport_class(error: &(dyn Error + 'static)) -> Option<FailureClass> {
    let error = causes(error).find_map(|cause| cause.downcast_ref::<TransportError>())?;
    Some(match error.kind() {
        TransportErrorKind::InvalidAddress
        | TransportErrorKind::InvalidRequest
        | TransportErrorKind::NotHttp2
        | TransportErrorKind::NoTls => FailureClass::Unsupported,
        TransportErrorKind::ConnectTimeout
        | TransportErrorKind::HeadersTimeout
        | TransportErrorKind::PingTimeout => FailureClass::TimedOut,
        _ => FailureClass::Unavailable,
    })
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

fn with_message(name: &str, message: Option<&str>) -> String {
    match message {
        Some(message) => format!("{name}: {message}"),
        None => name.to_owned(),
    }
}

/// The words of our own transport, if the error is one of its; else the innermost error's, since the outer ones only say in which
/// step it came up.
fn root_cause(error: &(dyn Error + 'static)) -> String {
    let ours = causes(error).find(|cause| cause.is::<TransportError>());
    ours.or_else(|| causes(error).last()).unwrap_or(error).to_string()
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

#[cfg(test)]
mod tests;
