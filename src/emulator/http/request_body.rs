//! Reading a request's body: whole, in time, and within what all requests may hold together.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::emulator::model::{Answer, ServiceError};

/// What bodies that are being read or answered may hold, in bytes. A body takes room as it comes, so one that is only announced
/// keeps nobody out.
#[derive(Debug, Clone)]
pub(super) struct BodyRoom {
    room: Arc<Semaphore>,
    /// What a body may take.
    timeout: Duration,
}

/// A body, and the room that it takes until this is dropped.
pub(super) struct RequestBody {
    pub(super) bytes: Bytes,
    _room: Option<OwnedSemaphorePermit>,
}

impl BodyRoom {
    pub(super) fn new(timeout: Duration) -> Self {
        Self { room: Arc::new(Semaphore::new(ROOM)), timeout }
    }

    /// Reads a body.
    pub(super) async fn read<B>(&self, body: B) -> Answer<RequestBody>
    where
        B: Body<Data = Bytes> + Unpin,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let reading = async {
            let mut body = Limited::new(body, MAX_BODY);
            let (mut bytes, mut room) = (BytesMut::new(), None::<OwnedSemaphorePermit>);
            while let Some(frame) = body.frame().await {
                let data = frame.map_err(|error| unreadable(&*error))?.into_data().unwrap_or_default();
                // `Limited` lets no frame through that is larger.
                let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
                let more = Arc::clone(&self.room).acquire_many_owned(length).await;
                let more = more.map_err(|_| self.too_slow())?;
                match &mut room {
                    Some(room) => room.merge(more),
                    None => room = Some(more),
                }
                bytes.extend_from_slice(&data);
            }
            Ok(RequestBody { bytes: bytes.freeze(), _room: room })
        };
        tokio::time::timeout(self.timeout, reading).await.map_err(|_| self.too_slow())?
    }

    fn too_slow(&self) -> ServiceError {
        let message = format!("The body did not come within {} ms.", self.timeout.as_millis());
        ServiceError::new("RequestTimeoutException", message, 408)
    }
}

fn unreadable(error: &(dyn Error + 'static)) -> ServiceError {
    if error.is::<LengthLimitError>() {
        let message = format!("The request is larger than {MAX_BODY} bytes.");
        return ServiceError::new("RequestEntityTooLargeException", message, 413);
    }
    ServiceError::new("SerializationException", error.to_string(), 400)
}

/// PutRecords' 10 MiB in base64, with room for 500 partition keys and hash keys.
const MAX_BODY: usize = 16 << 20;
/// Sixteen of the largest at a time.
const ROOM: usize = 256 << 20;

#[cfg(test)]
mod tests {
    use http_body_util::Full;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn bodies_wait_for_the_room_that_others_hold_and_no_longer_than_the_time() {
        let room = BodyRoom::new(Duration::from_secs(120));
        let largest = Bytes::from(vec![0; MAX_BODY]);
        let mut held = Vec::new();
        for _ in 0..ROOM / MAX_BODY {
            held.push(room.read(Full::new(largest.clone())).await.unwrap());
        }
        let refused = room.read(Full::new(Bytes::from_static(b"{}"))).await.map(|_| ());
        assert_eq!(refused.unwrap_err().status, 408);
        held.pop();
        assert_eq!(room.read(Full::new(largest)).await.unwrap().bytes.len(), MAX_BODY);
        let too_large = room.read(Full::new(Bytes::from(vec![0; MAX_BODY + 1]))).await.map(|_| ());
        assert_eq!(too_large.unwrap_err().status, 413);
    }
}
