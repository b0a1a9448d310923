//! The stream of a subscription, frame by frame.

use std::collections::BTreeMap;
use std::pin::Pin;

use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder};
use aws_smithy_types::event_stream::{HeaderValue, Message};
use bytes::{Buf, Bytes, BytesMut};
use futures::{Stream, StreamExt};
use serde_json::Value;

/// Something that came in a subscription's stream.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Item {
    /// The frame before all events.
    InitialResponse(BTreeMap<String, String>),
    /// A SubscribeToShardEvent, with the frame's headers.
    Event(Value, BTreeMap<String, String>),
    /// The stream ends with this exception.
    Exception { code: String, message: String },
    /// The stream ends between two frames.
    End,
    /// What no client should be sent.
    Broken(String),
}

type Items = Pin<Box<dyn Stream<Item = Item>>>;

/// An open subscription. Dropped, it hangs up.
pub(crate) struct Events(Items);

impl Events {
    pub(crate) fn new(items: impl Stream<Item = Item> + 'static) -> Self {
        Self(Box::pin(items))
    }

    /// The events in a body's chunks.
    pub(crate) fn decode(chunks: impl Stream<Item = Result<Bytes, String>> + 'static) -> Self {
        let state = (Box::pin(chunks), MessageFrameDecoder::new(), BytesMut::new());
        Self::new(futures::stream::unfold(state, |(mut chunks, mut decoder, mut buffer)| async move {
            loop {
                match decoder.decode_frame(&mut buffer) {
                    Ok(DecodedFrame::Complete(message)) => {
                        return Some((item(&message), (chunks, decoder, buffer)));
                    }
                    Ok(DecodedFrame::Incomplete) => {}
                    Err(error) => return Some((Item::Broken(error.to_string()), (chunks, decoder, buffer))),
                }
                match chunks.next().await {
                    Some(Ok(chunk)) => buffer.extend_from_slice(&chunk),
                    Some(Err(error)) => return Some((Item::Broken(error), (chunks, decoder, buffer))),
                    None if buffer.has_remaining() => {
                        let cut = Item::Broken("ends inside a frame".into());
                        return Some((cut, (chunks, decoder, BytesMut::new())));
                    }
                    None => return Some((Item::End, (chunks, decoder, buffer))),
                }
            }
        }))
    }

    /// What comes next. After an end or exception it is not asked again.
    pub(crate) async fn next(&mut self) -> Item {
        self.0.next().await.unwrap_or(Item::End)
    }
}

fn item(message: &Message) -> Item {
    let headers: BTreeMap<String, String> = message
        .headers()
        .iter()
        .filter_map(|header| match header.value() {
            HeaderValue::String(text) => Some((header.name().as_str().to_owned(), text.as_str().to_owned())),
            _ => None,
        })
        .collect();
    let header = |name: &str| headers.get(name).map(String::as_str);
    let payload = || serde_json::from_slice::<Value>(message.payload());
    match (header(":message-type"), header(":event-type")) {
        (Some("event"), Some("initial-response")) => Item::InitialResponse(headers),
        (Some("event"), Some("SubscribeToShardEvent")) => match payload() {
            Ok(event) => Item::Event(event, headers),
            Err(error) => Item::Broken(format!("an event that is no JSON: {error}")),
        },
        (Some("exception"), _) => Item::Exception {
            code: header(":exception-type").unwrap_or_default().to_owned(),
            message: payload()
                .ok()
                .and_then(|payload| Some(payload.get("message")?.as_str()?.to_owned()))
                .unwrap_or_default(),
        },
        other => Item::Broken(format!("a frame of type {other:?}")),
    }
}
