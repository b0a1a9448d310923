//! The service's clock, read from the `Date` header of an answer. Knows no call.
//!
//! The SDK's outputs carry no headers, so an interceptor takes this one; the position of a start at LATEST rests on it
//! (decision 3). The form of the header: RFC 9110, section 5.6.7.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_kinesis::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_kinesis::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_kinesis::error::BoxError;
use aws_sdk_kinesis::primitives::{DateTime, DateTimeFormat};

use crate::model::Timestamp;

/// An interceptor that keeps the time of the last answer that one call got, its retries included.
#[derive(Debug, Clone, Default)]
pub(super) struct ServerTime(Arc<Mutex<Option<Timestamp>>>);

impl ServerTime {
    /// The time that was taken, if there was a readable one.
    pub(super) fn taken(&self) -> Option<Timestamp> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intercept for ServerTime {
    fn name(&self) -> &'static str {
        "ServerTime"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let time = context.response().headers().get("date").and_then(parse);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = time;
        Ok(())
    }
}

fn parse(header: &str) -> Option<Timestamp> {
    let time = DateTime::from_str(header.trim(), DateTimeFormat::HttpDate).ok()?;
    let seconds = u64::try_from(time.secs()).ok()?;
    Some(Timestamp::from_millis(seconds.saturating_mul(1000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_an_imf_fixdate() {
        assert_eq!(parse("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Timestamp::from_millis(784_111_777_000)));
    }

    #[test]
    fn anything_else_is_no_time() {
        for bad in ["", "now", "1994-11-06T08:49:37Z", "Sun, 06 Nov 1994", "Wed, 31 Dec 1969 23:59:59 GMT"] {
            assert_eq!(parse(bad), None, "{bad:?}");
        }
    }
}
