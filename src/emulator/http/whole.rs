//! Whole answers: the room that they may take together, and their way out in pieces.
//!
//! It knows no operation. The largest by far are those of GetRecords, of up to 10 MiB in base64.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes};
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::progress::UnderWay;
use crate::emulator::codec::Document;
use crate::emulator::model::{Answer, ServiceError};

/// What whole answers under way may hold, in bytes. Those of up to [`SMALL`] take no room; another waits for it before it is
/// encoded, while its records are still those of the log.
#[derive(Debug, Clone)]
pub(super) struct AnswerRoom {
    room: Arc<Semaphore>,
    /// What an answer may wait, and what its client may take to make room for the next of its pieces.
    timeout: Duration,
}

/// The room of one answer, until this is dropped.
pub(super) struct Admitted {
    _room: Option<OwnedSemaphorePermit>,
    timeout: Duration,
}

/// The body of a whole answer. It goes out in copies of a piece each: what HTTP/2 holds unsent holds no more than itself.
pub(super) struct WholeBody {
    rest: Bytes,
    under_way: UnderWay,
    admitted: Admitted,
}

impl AnswerRoom {
    pub(super) fn new(timeout: Duration) -> Self {
        Self { room: Arc::new(Semaphore::new(ROOM)), timeout }
    }

    /// Waits until there is room for this answer.
    ///
    /// # Errors
    /// ServiceUnavailable (503), if there is none in time.
    pub(super) async fn admit(&self, document: Option<&Document>) -> Answer<Admitted> {
        let size = document.map_or(0, Document::size).min(ROOM);
        if size <= SMALL {
            return Ok(self.small());
        }
        let room = Arc::clone(&self.room).acquire_many_owned(u32::try_from(size).unwrap_or(u32::MAX));
        match tokio::time::timeout(self.timeout, room).await {
            Ok(Ok(room)) => Ok(Admitted { _room: Some(room), timeout: self.timeout }),
            _ => {
                let message = "The answers under way to clients that read slowly leave no room for this one.";
                Err(ServiceError::new("ServiceUnavailable", message, 503))
            }
        }
    }

    /// An answer that is known to take no room: an error.
    pub(super) fn small(&self) -> Admitted {
        Admitted { _room: None, timeout: self.timeout }
    }
}

impl WholeBody {
    pub(super) fn new(bytes: Bytes, admitted: Admitted) -> Self {
        let body = Self { rest: bytes, under_way: UnderWay::here(), admitted };
        body.goes_on();
        body
    }

    fn goes_on(&self) {
        self.under_way.due(Instant::now() + self.admitted.timeout);
    }
}

impl Body for WholeBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.goes_on();
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.rest.len().min(PIECE);
        let piece = Bytes::copy_from_slice(&self.rest[..length]);
        self.rest.advance(length);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

/// The largest frame of HTTP/2 that every client takes (RFC 9113, 4.2).
const PIECE: usize = 16 << 10;
/// What an answer may hold without room: more than those of most operations.
const SMALL: usize = 64 << 10;
/// Nineteen of the largest at a time.
const ROOM: usize = 256 << 20;

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    const LARGEST: usize = 10 << 20;

    fn largest() -> Document {
        Document::Blob(vec![0; LARGEST].into())
    }

    #[tokio::test(start_paused = true)]
    async fn large_answers_wait_for_the_room_that_others_hold_and_no_longer_than_the_time() {
        let room = AnswerRoom::new(Duration::from_secs(120));
        let (mut held, largest) = (Vec::new(), largest());
        for _ in 0..ROOM / largest.size() {
            held.push(room.admit(Some(&largest)).await.unwrap());
        }
        let refused = room.admit(Some(&largest)).await.map(|_| ()).unwrap_err();
        assert_eq!((refused.code.as_ref(), refused.status), ("ServiceUnavailable", 503));
        room.admit(Some(&Document::Text("a".repeat(SMALL - 3)))).await.unwrap();
        room.admit(None).await.unwrap();
        let (waiting, ()) = tokio::join!(room.admit(Some(&largest)), async { drop(held.pop()) });
        waiting.unwrap();
    }

    #[tokio::test]
    async fn a_body_gives_its_room_back_when_it_is_dropped_and_its_pieces_hold_none_of_it() {
        let room = AnswerRoom::new(Duration::from_secs(120));
        let bytes = Bytes::from((0..3 * PIECE / 2).map(|n| n as u8).collect::<Vec<_>>());
        let text = Document::Text("a".repeat(2 * SMALL));
        let admitted = room.admit(Some(&text)).await.unwrap();
        assert_eq!(room.room.available_permits(), ROOM - text.size());
        let mut body = WholeBody::new(bytes.clone(), admitted);
        assert_eq!(body.size_hint().exact(), Some(bytes.len() as u64));
        let mut pieces = Vec::new();
        while let Some(piece) = body.frame().await {
            pieces.push(piece.unwrap().into_data().unwrap());
        }
        drop(body);
        assert_eq!(room.room.available_permits(), ROOM);
        assert!(bytes.is_unique(), "the pieces are copies");
        assert_eq!((pieces.len(), pieces.concat()), (2, bytes.to_vec()));
    }
}
