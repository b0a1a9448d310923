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
        // A body that does not tell its length takes what the largest would.
        let length = body.size_hint().upper().filter(|length| *length <= MAX_BODY as u64);
        let room = u32::try_from(length.unwrap_or(MAX_BODY as u64) >> 10).unwrap_or(ROOM_KIB) + 1;
        let reading = async {
            let room = Arc::clone(&self.0).acquire_many_owned(room).await.map_err(|_| too_slow())?;
            let body = Limited::new(body, MAX_BODY).collect().await;
            Ok((body.map_err(|error| unreadable(&*error))?.to_bytes(), room))
        };
        tokio::time::timeout(TIMEOUT, reading).await.map_err(|_| too_slow())?
    }
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
