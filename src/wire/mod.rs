//! The bytes of a subscription: event-stream frames and the SubscribeToShard messages inside them; and the answer of GetRecords.
//! One half decodes, for the consumer; the other encodes, for the emulator.
//!
//! This room knows no connection and no clock: bytes in and values out, and back.
//!
//! ```text
//! chunks of a body ──> FrameReader ──> Frame ──decode()──> Message
//! a whole body     ──> read_page() ──> RecordsPage
//! ```
//!
//! The framing is that of `application/vnd.amazon.eventstream` (the event stream specification of Smithy); the members of
//! an event are those of the API reference, SubscribeToShardEvent, as JSON 1.1 writes them.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod decimal;
mod decode_error;
mod event;
mod event_reader;
mod exception_reader;
mod frame;
mod frame_error;
mod frame_reader;
mod headers;
mod json;
mod message;
mod page_reader;
mod received;
mod record_reader;

pub use decode_error::{DecodeError, JsonProblem};
pub use event::{EncodedRecords, event_payload};
pub use frame::encode_frame;
pub use frame_error::FrameError;
pub use frame_reader::FrameReader;
pub use message::{
    error_message, event_message, event_parts, exception_message, initial_response, raw_event_message,
};
pub use page_reader::read_page;
pub use received::{Frame, Message};
