//! The vectors of `tests/vectors/kpl`; its README says where they come from.

use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::Value;

/// The cases of a file.
pub(crate) fn cases(json: &str) -> Vec<Value> {
    serde_json::from_str(json).expect("a vector file is a JSON array")
}

/// The data of the Kinesis record.
pub(crate) fn blob(case: &Value) -> Bytes {
    match case["blob_gzip_base64"].as_str() {
        Some(text) => gunzip(text).into(),
        None => base64(&case["blob_base64"]).into(),
    }
}

pub(crate) fn base64(text: &Value) -> Vec<u8> {
    let text = text.as_str().expect("base64 is text");
    STANDARD.decode(text).expect("base64")
}

pub(crate) fn gunzip(text: &str) -> Vec<u8> {
    let compressed = STANDARD.decode(text).expect("base64");
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(&compressed[..]).read_to_end(&mut bytes).expect("gzip");
    bytes
}

/// Aggregates of the Python package aws_kinesis_agg 1.2.3.
pub(crate) const AGGREGATES: &str = include_str!("../vectors/kpl/aggregates.json");
/// Hand-built edge cases.
pub(crate) const EDGE_CASES: &str = include_str!("../vectors/kpl/edge-cases.json");
/// Records written by the KPL 1.1.1.
pub(crate) const KPL: &str = include_str!("../vectors/kpl/kpl.json");
