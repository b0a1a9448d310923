//! Reading a request's body: whole, in time, and within what all requests may hold together.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::emulator::model::{Answer, ServiceError};

/// What bodies that are being read or answered may hold, in KiB.
#[derive(Debug, Clone)]
pub(super) struct BodyRoom(Arc<Semaphore>);

impl BodyRoom {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(ROOM_KIB as usize)))
    }

    /// Reads a body. Its room is held until the permit is dropped.
    pub(super) async fn read(&self, body: Incoming) -> Answer<(Bytes, OwnedSemaphorePermit)> {
        let room = room(body.size_hint().upper());
        let reading = async {
            let room = Arc::clone(&self.0).acquire_many_owned(room).await.map_err(|_| too_slow())?;
            let body = Limited::new(body, MAX_BODY).collect().await;
            Ok((body.map_err(|error| unreadable(&*error))?.to_bytes(), room))
        };
        tokio::time::timeout(TIMEOUT, reading).await.map_err(|_| too_slow())?
    }
}

/// The KiB that a body of this length takes: one that does not tell its length, or too large a one, what the largest takes.
fn room(length: Option<u64>) -> u32 {
    let length = length.unwrap_or(u64::MAX).min(MAX_BODY as u64);
    u32::try_from(length.div_ceil(1 << 10)).unwrap_or(ROOM_KIB)
}

fn unreadable(error: &(dyn std::error::Error + 'static)) -> ServiceError {
    if error.is::<LengthLimitError>() {
        let message = format!("The request is larger than {MAX_BODY} bytes.");
        return ServiceError::new("RequestEntityTooLargeException", message, 413);
    }
    ServiceError::new("SerializationException", error.to_string(), 400)
}

fn too_slow() -> ServiceError {
    let message = format!("The body did not come within {} s.", TIMEOUT.as_secs());
    ServiceError::new("RequestTimeoutException", message, 408)
}

/// PutRecords' 10 MiB in base64, with room for 500 partition keys and hash keys.
const MAX_BODY: usize = 16 << 20;
/// 512 MiB: thirty-two of the largest at a time.
const ROOM_KIB: u32 = 512 << 10;
/// 16 MiB at 1 Mbit/s.
const TIMEOUT: Duration = Duration::from_secs(120);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_two_of_the_largest_have_room_and_no_length_is_the_largest() {
        let largest = room(Some(MAX_BODY as u64));
        assert_eq!(ROOM_KIB / largest, 32);
        assert_eq!((room(None), room(Some(u64::MAX))), (largest, largest));
        assert_eq!([0, 1, 1 << 10, (1 << 10) + 1].map(|length| room(Some(length))), [0, 1, 1, 2]);
    }
}
