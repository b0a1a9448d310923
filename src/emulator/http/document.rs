//! A value of the API, whatever codec it came in or goes out by: what JSON 1.1 and CBOR 1.1 both can say.

use bytes::Bytes;

use crate::model::Timestamp;

/// A structure is a map whose keys are the members' names, in the order in which they are written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Document {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    /// A blob: base64 in JSON, a byte string in CBOR.
    Blob(Bytes),
    /// Seconds with a fraction in JSON, tag 1 of milliseconds in CBOR.
    Timestamp(Timestamp),
    List(Vec<Document>),
    Map(Vec<(String, Document)>),
}
