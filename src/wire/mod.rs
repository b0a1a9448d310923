//! The bytes of a subscription: event-stream frames and the SubscribeToShard messages inside them. So far the half that
//! encodes, which the emulator speaks.
//!
//! This room knows no connection and no clock: values in, bytes out.
//!
//! The framing is that of `application/vnd.amazon.eventstream` (the event stream specification of Smithy); the members of
//! an event are those of the API reference, SubscribeToShardEvent, as JSON 1.1 writes them.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod event;
mod frame;
mod message;

pub use event::{EncodedRecords, event_payload};
pub use frame::encode_frame;
pub use message::{
    error_message, event_message, event_parts, exception_message, initial_response, raw_event_message,
};
