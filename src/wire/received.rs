//! What a frame says. What follows from it is the business of whoever reads.
//!
//! | `:message-type` | named by | becomes |
//! |---|---|---|
//! | `event` | `:event-type` | `InitialResponse`, `Event`, `Unknown` |
//! | `exception` | `:exception-type` | `Exception` |
//! | `error` | `:error-code` | `Error` |
//! | anything else | | `Unknown` |
//!
//! Source: Smithy, "Amazon Event Stream Specification", and what the AWS SDK for Rust does (`event_stream_serde.rs`).

use std::fmt;

use super::decode_error::DecodeError;
use super::exception_reader;
use super::headers::{Header, Headers};
use crate::model::SubscriptionEvent;

/// A whole frame with its checksums checked.
pub struct Frame {
    /// Prelude and headers, and the payload if it is not that of an event.
    pub(super) bytes: Vec<u8>,
    pub(super) headers: Headers,
    pub(super) payload_start: usize,
    pub(super) payload_len: usize,
    /// The event, which has been read as it came.
    pub(super) event: Option<Result<SubscriptionEvent, DecodeError>>,
}

/// What a frame of a subscription says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// The first message of a subscription, which says only that there is one.
    InitialResponse,
    /// Records, or the word that there are none.
    Event(SubscriptionEvent),
    /// An exception of the service's model. The subscription ends.
    Exception {
        /// Its name, like `ResourceInUseException`.
        exception_type: String,
        /// What the service says of it, 4 KiB at most.
        message: Option<String>,
    },
    /// An error outside the service's model. The subscription ends.
    Error {
        /// Its code, like `InternalError`.
        code: String,
        /// What the service says of it, 4 KiB at most.
        message: Option<String>,
    },
    /// A message that is not known. An event of an unknown type (`message_type` is "event") can be passed over; the AWS SDK
    /// takes any other message for a broken subscription.
    Unknown {
        /// The value of `:message-type`.
        message_type: String,
        /// The value of `:event-type`, if there is one.
        event_type: Option<String>,
    },
}

impl Frame {
    /// Gives the message. An event has been read while it came, and shares no memory with the frame.
    ///
    /// # Errors
    /// When a header that names the message is missing, or an event is none.
    pub fn decode(self) -> Result<Message, DecodeError> {
        if let Some(event) = self.event {
            return event.map(Message::Event);
        }
        match self.header(Header::MessageType)? {
            "event" => match self.header(Header::EventType)? {
                "initial-response" => Ok(Message::InitialResponse),
                _ => Ok(self.unknown("event")),
            },
            "exception" => Ok(Message::Exception {
                exception_type: self.header(Header::ExceptionType)?.to_owned(),
                message: exception_reader::message(&self.bytes[self.payload_start..]),
            }),
            "error" => Ok(Message::Error {
                code: self.header(Header::ErrorCode)?.to_owned(),
                message: self.headers.value(&self.bytes, Header::ErrorMessage).map(exception_reader::cut),
            }),
            other => Ok(self.unknown(other)),
        }
    }

    fn header(&self, header: Header) -> Result<&str, DecodeError> {
        self.headers.value(&self.bytes, header).ok_or(DecodeError::MissingHeader(header.name()))
    }

    fn optional_header(&self, header: Header) -> Option<String> {
        self.headers.value(&self.bytes, header).map(str::to_owned)
    }

    fn unknown(&self, message_type: &str) -> Message {
        Message::Unknown {
            message_type: message_type.to_owned(),
            event_type: self.optional_header(Header::EventType),
        }
    }
}

/// Whether these headers are those of an event, whose payload is read as it comes.
pub(super) fn is_event(headers: &Headers, bytes: &[u8]) -> bool {
    headers.value(bytes, Header::MessageType) == Some("event")
        && headers.value(bytes, Header::EventType) == Some("SubscribeToShardEvent")
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame")
            .field("message_type", &self.optional_header(Header::MessageType))
            .field("payload_len", &self.payload_len)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{
        FrameReader, encode_frame, error_message, event_message, exception_message, initial_response,
        raw_event_message,
    };
    use bytes::Bytes;

    fn frame(bytes: Bytes) -> Frame {
        let mut reader = FrameReader::new();
        reader.push(bytes);
        reader.next_frame().unwrap().unwrap()
    }

    fn unknown(message_type: &str, event_type: Option<&str>) -> Message {
        Message::Unknown { message_type: message_type.into(), event_type: event_type.map(Into::into) }
    }

    #[test]
    fn every_message_of_the_service_is_told_from_the_others() {
        let event = SubscriptionEvent {
            records: vec![].into(),
            continuation: Some(8.into()),
            millis_behind_latest: 3,
            child_shards: vec![],
        };
        let exception = Message::Exception {
            exception_type: "ResourceInUseException".into(),
            message: Some("taken".into()),
        };
        let error = Message::Error { code: "InternalError".into(), message: Some("oh".into()) };
        for (bytes, message) in [
            (initial_response(), Message::InitialResponse),
            (event_message(&event), Message::Event(event)),
            (exception_message("ResourceInUseException", "taken"), exception),
            (error_message("InternalError", "oh"), error),
        ] {
            assert_eq!(frame(bytes).decode(), Ok(message));
        }
    }

    #[test]
    fn what_is_not_known_is_told_by_its_names() {
        for (headers, message) in [
            (vec![(":message-type", "event"), (":event-type", "New")], unknown("event", Some("New"))),
            (vec![(":message-type", "ping")], unknown("ping", None)),
            (vec![(":message-type", "EVENT"), (":event-type", "x")], unknown("EVENT", Some("x"))),
            (vec![(":message-type", "")], unknown("", None)),
        ] {
            assert_eq!(frame(encode_frame(&headers, b"{}")).decode(), Ok(message));
        }
    }

    #[test]
    fn a_message_without_its_name_is_refused() {
        for (headers, missing) in [
            (vec![], ":message-type"),
            (vec![(":event-type", "SubscribeToShardEvent")], ":message-type"),
            (vec![(":message-type", "event")], ":event-type"),
            (vec![(":message-type", "exception"), (":event-type", "x")], ":exception-type"),
            (vec![(":message-type", "error"), (":error-message", "x")], ":error-code"),
        ] {
            let decoded = frame(encode_frame(&headers, b"{}")).decode();
            assert_eq!(decoded, Err(DecodeError::MissingHeader(missing)));
        }
    }

    #[test]
    fn an_exception_and_an_error_may_say_nothing() {
        let headers = [(":message-type", "exception"), (":exception-type", "E")];
        let exception = Message::Exception { exception_type: "E".into(), message: None };
        for payload in ["", "{}", "no JSON"] {
            assert_eq!(frame(encode_frame(&headers, payload.as_bytes())).decode(), Ok(exception.clone()));
        }
        let headers = [(":message-type", "error"), (":error-code", "E")];
        let error = Message::Error { code: "E".into(), message: None };
        assert_eq!(frame(encode_frame(&headers, b"")).decode(), Ok(error));
    }

    #[test]
    fn the_last_of_two_headers_counts() {
        let headers =
            [(":message-type", "x"), (":message-type", "event"), (":event-type", "initial-response")];
        assert_eq!(frame(encode_frame(&headers, b"")).decode(), Ok(Message::InitialResponse));
    }

    #[test]
    fn debug_never_prints_the_payload() {
        let frame = frame(raw_event_message(b"{\"secret\":1}"));
        let printed = format!("{frame:?}");
        assert!(printed.contains("payload_len: 12") && !printed.contains("secret"), "{printed}");
    }
}
