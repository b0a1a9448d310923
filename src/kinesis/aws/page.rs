//! A page of GetRecords, read from the body of its answer. Knows no call.
//!
//! The size that is told is what the HTTP client says that the body has: the Content-Length of the answer. A body of another length is
//! no page, whatever stands in it.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body::Body;
use tokio::time::{Instant, timeout_at};

use super::classify::{body_error, decode_error};
use super::spare::{LARGE_FRAME, SpareMemory};
use crate::kinesis::{PageSource, PortError, PortFuture};
use crate::model::{Failure, FailureClass, RecordsPage};
use crate::wire::read_page;

/// An answer whose headers have come. Until it is read, nothing is taken from the connection but what that has read ahead.
pub(super) struct PageBody {
    body: SdkBody,
    size: Option<usize>,
    spares: SpareMemory,
}

impl PageBody {
    /// Fails where the size that is told is none of a page.
    pub(super) fn new(body: SdkBody, spares: SpareMemory) -> Result<Self, Failure> {
        let size = body.content_length().map(|size| usize::try_from(size).unwrap_or(usize::MAX));
        match size {
            Some(size) if size > MAX_PAGE => Err(too_long()),
            size => Ok(Self { body, size, spares }),
        }
    }

    async fn page(mut self) -> Result<RecordsPage, PortError> {
        let text = self.text().await?;
        let capacity = text.capacity();
        let page = read_page(text).map_err(decode_error)?;
        if let Some(buffer) = page.records.buffer()
            && capacity >= LARGE_FRAME
        {
            self.spares.put(buffer.clone(), capacity);
        }
        Ok(page)
    }

    /// The whole body.
    async fn text(&mut self) -> Result<Vec<u8>, PortError> {
        let deadline = Instant::now() + PAGE_TIMEOUT;
        let mut text = self.memory();
        loop {
            let until = deadline.min(Instant::now() + QUIET_TIMEOUT);
            match timeout_at(until, self.piece()).await {
                // A body that always has something, be it nothing, would never be late.
                Ok(Some(_)) if Instant::now() >= deadline => return Err(late(text.len(), true).into()),
                Ok(Some(piece)) => {
                    let piece = piece?;
                    self.expect_no_more_than(text.len() + piece.len())?;
                    text.extend_from_slice(&piece);
                }
                Ok(None) => break,
                Err(_) => return Err(late(text.len(), until == deadline).into()),
            }
        }
        match self.size {
            Some(size) if size != text.len() => Err(other_length(size).into()),
            _ => Ok(text),
        }
    }

    /// The next piece, which may be empty; `None`: the body has ended.
    async fn piece(&mut self) -> Option<Result<Bytes, PortError>> {
        let body = &mut self.body;
        let piece = poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await?;
        Some(piece.map(|piece| piece.into_data().unwrap_or_default()).map_err(body_error))
    }

    fn expect_no_more_than(&self, len: usize) -> Result<(), Failure> {
        match self.size {
            Some(size) if len > size => Err(other_length(size)),
            None if len > MAX_PAGE => Err(too_long()),
            _ => Ok(()),
        }
    }

    /// Memory for what comes.
    fn memory(&self) -> Vec<u8> {
        let capacity = self.size.unwrap_or(UNTOLD);
        let spare = (capacity >= LARGE_FRAME).then(|| self.spares.take(capacity)).flatten();
        spare.unwrap_or_else(|| Vec::with_capacity(capacity))
    }
}

impl PageSource for PageBody {
    fn size(&self) -> Option<usize> {
        self.size
    }

    fn read(self: Box<Self>) -> PortFuture<'static, RecordsPage> {
        Box::pin(self.page())
    }
}

fn too_long() -> Failure {
    malformed(format!("a page of more than {MAX_PAGE} bytes"))
}

fn other_length(size: usize) -> Failure {
    malformed(format!("a page that has not the {size} bytes that its answer told"))
}

fn malformed(message: String) -> Failure {
    Failure::new(FailureClass::Malformed, message)
}

fn late(read: usize, as_a_whole: bool) -> Failure {
    let message = match as_a_whole {
        true => format!("{read} bytes of a page within {} s, and no end", PAGE_TIMEOUT.as_secs()),
        false => format!("no byte for {} s behind {read} bytes of a page", QUIET_TIMEOUT.as_secs()),
    };
    Failure::new(FailureClass::TimedOut, message)
}

/// The longest page. The records of an answer have 10 MiB at most (API reference, GetRecords), which are 13.4 MiB in base64; their
/// other members, for 10,000 of them, some 2 MiB, and more where partition keys are full of escape sequences. As large as the
/// largest frame of a subscription.
const MAX_PAGE: usize = 24 << 20;
/// Memory to begin with where no size is told.
const UNTOLD: usize = 64 << 10;
/// How long no byte may come while a page is read. A connection that is alive brings some within a few seconds, retransmissions
/// included.
const QUIET_TIMEOUT: Duration = Duration::from_secs(30);
/// How long reading a page may take: 14 MB in that time are 2 Mbit/s, an eighth of what a shard gives.
const PAGE_TIMEOUT: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_memory_of_a_page_is_used_again_when_its_records_are_gone() {
        let data = "QUJD".repeat(LARGE_FRAME);
        let text = format!(r#"{{"Records":[{{"SequenceNumber":"1","Data":"{data}"}}]}}"#);
        let spares = SpareMemory::default();
        let page = PageBody::new(SdkBody::from(text.as_str()), spares.clone()).unwrap().page().await.unwrap();
        let record = page.records.first().unwrap();
        assert_eq!(record.data().len(), 3 * LARGE_FRAME);
        assert!(spares.take(text.len()).is_none(), "it is in use");
        let at = record.data().as_ptr();
        drop(page);
        let memory = spares.take(text.len()).unwrap();
        assert!(memory.as_ptr() <= at && at < memory.as_ptr().wrapping_add(memory.capacity()), "the same");
    }
}
