//! The body of an answer, taken before the SDK reads it. Knows no call and no frame.
//!
//! The SDK's `send()` of an event stream waits for the first frame, outside all of its time-outs, and that of any other call for the
//! whole body; without a body it returns at the response headers, and an answer in JSON is read as one without members. An
//! answer that is an error keeps its body, so its typed error is the SDK's.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_kinesis::config::interceptors::BeforeDeserializationInterceptorContextMut;
use aws_sdk_kinesis::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_kinesis::error::BoxError;
use aws_smithy_types::body::SdkBody;

/// An interceptor that takes the body of one call's answer.
#[derive(Debug, Clone, Default)]
pub(super) struct RawBody(Arc<Mutex<Option<SdkBody>>>);

impl RawBody {
    /// The body, once; `None`: there was no good answer.
    pub(super) fn take(&self) -> Option<SdkBody> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Intercept for RawBody {
    fn name(&self) -> &'static str {
        "RawBody"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if context.response().status().is_success() {
            let body = std::mem::replace(context.response_mut().body_mut(), SdkBody::empty());
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
        }
        Ok(())
    }
}
