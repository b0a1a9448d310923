//! Frames as the service sends them, written with the SDK's own encoder.

use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use serde_json::{Value, json};

/// The frame that the service sends first.
pub(crate) fn initial_response() -> Vec<u8> {
    frame(&[(":message-type", "event"), (":event-type", "initial-response")], "{}")
}

/// An event with these records' sequence numbers and this continuation.
pub(crate) fn event(records: &[&str], continuation: Value) -> Vec<u8> {
    let records: Vec<Value> = records.iter().map(|number| record(number)).collect();
    event_of(&json!({
        "Records": records,
        "ContinuationSequenceNumber": continuation,
        "MillisBehindLatest": 1234,
    }))
}

/// A SubscribeToShardEvent with this JSON.
pub(crate) fn event_of(payload: &Value) -> Vec<u8> {
    named_event("SubscribeToShardEvent", &payload.to_string())
}

/// An event of this type with this payload.
pub(crate) fn named_event(name: &'static str, payload: &str) -> Vec<u8> {
    frame(&[(":message-type", "event"), (":event-type", name)], payload)
}

/// An exception inside the stream.
pub(crate) fn exception(name: &'static str, message: &str) -> Vec<u8> {
    frame(
        &[(":message-type", "exception"), (":exception-type", name)],
        &json!({ "message": message }).to_string(),
    )
}

/// An un-modelled error inside the stream.
pub(crate) fn error(code: &'static str) -> Vec<u8> {
    frame(&[(":message-type", "error"), (":error-code", code), (":error-message", "words")], "")
}

/// The same frame with its last payload byte changed, so that the checksum of the message is wrong.
pub(crate) fn corrupted(mut frame: Vec<u8>) -> Vec<u8> {
    let last_of_payload = frame.len() - 5;
    frame[last_of_payload] ^= 1;
    frame
}

fn record(number: &str) -> Value {
    json!({
        "SequenceNumber": number,
        "ApproximateArrivalTimestamp": 1_730_000_000.123,
        "Data": "aGVsbG8=",
        "PartitionKey": "key",
    })
}

fn frame(headers: &[(&'static str, &'static str)], payload: &str) -> Vec<u8> {
    let headers = headers
        .iter()
        .map(|(name, value)| Header::new(*name, HeaderValue::String((*value).into())))
        .collect();
    let message = Message::new_from_parts(headers, payload.as_bytes().to_vec());
    let mut bytes = Vec::new();
    aws_smithy_eventstream::frame::write_message_to(&message, &mut bytes).unwrap();
    bytes
}
