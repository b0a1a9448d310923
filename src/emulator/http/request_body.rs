//! Reading a request's body: whole, in time, and within what all requests may hold together.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::emulator::model::{Answer, ServiceError};

/// What bodies that are being read or answered may hold, in bytes.
///
/// The first [`SMALL`] bytes of a body take no room. With the next one it takes room for all that may come, once: as much as it
/// announced, or [`MAX_BODY`]. So no body waits for room while it holds some, and bodies that come interleaved do not hold each
/// other up for ever. What it did not need it gives back when it is whole. Large bodies that come slowly do keep other large ones
/// waiting, for as long as a body may take; and every stream of every connection may hold [`SMALL`] bytes for as long.
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
            // `Limited` announces no more than it lets through.
            let announced = body.size_hint().upper().map_or(MAX_BODY, |most| most as usize);
            let (mut bytes, mut room) = (BytesMut::new(), None);
            while let Some(frame) = body.frame().await {
                let data = frame.map_err(|error| unreadable(&*error))?.into_data().unwrap_or_default();
                if room.is_none() && bytes.len() + data.len() > SMALL {
                    room = Some(self.room_for(announced).await?);
                }
                bytes.extend_from_slice(&data);
            }
            let spare =
                room.as_mut().and_then(|room| room.split(room.num_permits().saturating_sub(bytes.len())));
            drop(spare);
            Ok(RequestBody { bytes: bytes.freeze(), _room: room })
        };
        tokio::time::timeout(self.timeout, reading).await.map_err(|_| self.too_slow())?
    }

    async fn room_for(&self, bytes: usize) -> Answer<OwnedSemaphorePermit> {
        let permits = u32::try_from(bytes.min(MAX_BODY)).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).acquire_many_owned(permits).await;
        room.map_err(|_| self.too_slow())
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
/// What a body may hold without room: more than most requests have, and little beside the buffers of its connection.
const SMALL: usize = 64 << 10;
/// Sixteen of the largest at a time.
const ROOM: usize = 256 << 20;

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::future::join_all;
    use futures_util::stream;
    use http_body_util::{Full, StreamBody};
    use hyper::body::Frame;

    use super::*;

    const MIB: usize = 1 << 20;

    /// So many MiB that come one at a time and let others come in between; how many is not announced.
    fn interleaved(mebibytes: usize) -> impl Body<Data = Bytes, Error = Infallible> + Unpin {
        let piece = Bytes::from(vec![0; MIB]);
        let frames = stream::unfold(mebibytes, move |left| {
            let piece = piece.clone();
            async move {
                tokio::task::yield_now().await;
                (left > 0).then(|| (Ok(Frame::data(piece)), left - 1))
            }
        });
        StreamBody::new(Box::pin(frames))
    }

    #[tokio::test(start_paused = true)]
    async fn bodies_that_come_interleaved_and_need_more_room_than_there_is_all_come_through() {
        const EACH: usize = 13;
        let room = BodyRoom::new(Duration::from_secs(120));
        let read = async || room.read(interleaved(EACH)).await.map(|body| body.bytes.len());
        let bodies = 2 * ROOM / MAX_BODY;
        assert!(bodies * EACH * MIB > ROOM);
        for length in join_all((0..bodies).map(|_| read())).await {
            assert_eq!(length.unwrap(), EACH * MIB);
        }
        assert_eq!(room.room.available_permits(), ROOM);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_holds_no_more_room_than_it_needs() {
        let room = BodyRoom::new(Duration::from_secs(120));
        let unannounced = room.read(interleaved(1)).await.unwrap();
        assert_eq!(room.room.available_permits(), ROOM - MIB);
        let announced = room.read(Full::new(Bytes::from(vec![0; SMALL + 1]))).await.unwrap();
        assert_eq!(room.room.available_permits(), ROOM - MIB - SMALL - 1);
        drop((unannounced, announced));
        assert_eq!(room.room.available_permits(), ROOM);
    }

    #[tokio::test(start_paused = true)]
    async fn bodies_wait_for_the_room_that_others_hold_and_no_longer_than_the_time() {
        let room = BodyRoom::new(Duration::from_secs(120));
        let largest = Bytes::from(vec![0; MAX_BODY]);
        let mut held = Vec::new();
        for _ in 0..ROOM / MAX_BODY {
            held.push(room.read(Full::new(largest.clone())).await.unwrap());
        }
        let larger = Bytes::from(vec![0; SMALL + 1]);
        let refused = room.read(Full::new(larger)).await.map(|_| ());
        assert_eq!(refused.unwrap_err().status, 408);
        let small = room.read(Full::new(Bytes::from(vec![0; SMALL]))).await.unwrap();
        assert_eq!(small.bytes.len(), SMALL, "it needs no room");
        held.pop();
        assert_eq!(room.read(Full::new(largest)).await.unwrap().bytes.len(), MAX_BODY);
        let too_large = room.read(Full::new(Bytes::from(vec![0; MAX_BODY + 1]))).await.map(|_| ());
        assert_eq!(too_large.unwrap_err().status, 413);
    }
}
