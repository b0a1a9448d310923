use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::time::Instant;

use aws_smithy_types::body::SdkBody;
use http_body::Body;

use super::classify::{body_error, decode_error, frame_error, in_stream_error, unknown_message};
use super::spare::{LARGE_FRAME, SpareMemory};
use crate::kinesis::{EventSource, PortError, PortFuture};
use crate::model::SubscriptionEvent;
use crate::wire::{FrameReader, Message};

/// A subscription read from the body of its answer.
///
/// Only as much is taken from the body as the frame at hand needs, so a frame's length is known while most of it is still the
/// peer's to send: what is not taken holds back the window of its stream.
pub(super) struct BodySource {
    /// Gone after the end or an error, and with it the connection's stream.
    body: Option<SdkBody>,
    frames: FrameReader,
    spares: SpareMemory,
    /// A small frame's event and length: it was read before its room was asked for.
    ready: Option<(SubscriptionEvent, usize)>,
    /// What ended the body, told when all frames before it have been read.
    failure: Option<PortError>,
    last_received: Option<Instant>,
}

/// What a frame holds.
enum Read {
    Event(SubscriptionEvent),
    /// The first message of a subscription, or one of a kind that says nothing to us; the API reference has none so far.
    Nothing,
    /// There are no more frames.
    End,
}

impl BodySource {
    pub(super) fn new(body: SdkBody, spares: SpareMemory) -> Self {
        Self {
            body: Some(body),
            frames: FrameReader::new(),
            spares,
            ready: None,
            failure: None,
            last_received: None,
        }
    }

    /// Cancel-safe like [`next`](Self::next). A failure that it meets is told by `next`.
    async fn size(&mut self) -> Option<usize> {
        loop {
            if let Some((_, size)) = &self.ready {
                return Some(*size);
            }
            match self.frames.frame_len() {
                // What is no event has to be out of the way: the event behind it would find no room made for it.
                Ok(Some(size)) if size <= SMALL_FRAME => match self.read().await {
                    Ok(Read::Event(event)) => self.ready = Some((event, size)),
                    Ok(Read::Nothing) => {}
                    Ok(Read::End) => return None,
                    Err(error) => {
                        self.fail(error);
                        return None;
                    }
                },
                Ok(Some(size)) => return Some(size),
                Ok(None) if self.fill().await => {}
                Ok(None) | Err(_) => return None,
            }
        }
    }

    /// Cancel-safe: the one await is for bytes, and all else lies in the source itself.
    ///
    /// A message that is no event and larger than [`SMALL_FRAME`], which the service does not send, is passed over here, and the
    /// event behind it read with its room.
    async fn next(&mut self) -> Result<Option<SubscriptionEvent>, PortError> {
        if let Some((event, _)) = self.ready.take() {
            return Ok(Some(event));
        }
        let end = loop {
            match self.read().await {
                Ok(Read::Event(event)) => return Ok(Some(event)),
                Ok(Read::Nothing) => {}
                Ok(Read::End) => break Ok(None),
                Err(error) => break Err(error),
            }
        };
        self.body = None;
        self.frames = FrameReader::new();
        end
    }

    async fn read(&mut self) -> Result<Read, PortError> {
        let frame = loop {
            self.lend();
            match self.frames.next_frame() {
                Ok(Some(frame)) => break frame,
                Ok(None) if self.fill().await => {}
                // Cut off inside a frame, a body has no proper end.
                Ok(None) => match self.failure.take() {
                    Some(error) => return Err(error),
                    None => return self.frames.finish().map(|()| Read::End).map_err(frame_error),
                },
                Err(error) => return Err(frame_error(error)),
            }
        };
        if let Some((buffer, capacity)) = self.frames.memory()
            && capacity >= LARGE_FRAME
        {
            self.spares.put(buffer, capacity);
        }
        match frame.decode().map_err(decode_error)? {
            Message::Event(event) => Ok(Read::Event(event)),
            Message::InitialResponse => Ok(Read::Nothing),
            Message::Unknown { message_type, .. } if message_type == "event" => Ok(Read::Nothing),
            Message::Unknown { message_type, .. } => Err(unknown_message(&message_type)),
            Message::Exception { exception_type, message } => {
                Err(in_stream_error(&exception_type, message.as_deref()))
            }
            Message::Error { code, message } => Err(in_stream_error(&code, message.as_deref())),
        }
    }

    /// Finds memory for a large frame that is about to be read.
    fn lend(&mut self) {
        if self.frames.is_before_frame()
            && let Ok(Some(size)) = self.frames.frame_len()
            && size >= LARGE_FRAME
            && let Some(memory) = self.spares.take(size)
        {
            self.frames.lend(memory);
        }
    }

    /// Takes in one more piece of the body; false: there is none.
    async fn fill(&mut self) -> bool {
        let Some(body) = &mut self.body else {
            return false;
        };
        match poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await {
            Some(Ok(piece)) => {
                if let Ok(data) = piece.into_data()
                    && !data.is_empty()
                {
                    self.last_received = Some(tokio::time::Instant::now().into_std());
                    self.frames.push(data);
                }
                return true;
            }
            Some(Err(error)) => self.failure = Some(body_error(error)),
            None => {}
        }
        self.body = None;
        false
    }

    /// Nothing behind this error is read any more.
    fn fail(&mut self, error: PortError) {
        self.body = None;
        self.frames = FrameReader::new();
        self.failure = Some(error);
    }
}

impl EventSource for BodySource {
    fn next_size(&mut self) -> Pin<Box<dyn Future<Output = Option<usize>> + Send + '_>> {
        Box::pin(self.size())
    }

    fn last_received(&self) -> Option<Instant> {
        self.last_received
    }

    fn next_event(&mut self) -> PortFuture<'_, Option<SubscriptionEvent>> {
        Box::pin(self.next())
    }
}

/// Frames up to here are read before their room is asked for. An event of an idle shard has some 240 bytes.
const SMALL_FRAME: usize = 4096;
