//! The form of a request that is signed: whatever a proxy may have changed is left out or made one.

use std::borrow::Cow;

use hyper::header::{HOST, HeaderName};
use hyper::http::request::Parts;
use sha2::{Digest, Sha256};

use super::authorization::Authorization;
use super::{hex, invalid};
use crate::emulator::model::Answer;

pub(super) fn request(request: &Parts, authorization: &Authorization<'_>, body: &[u8]) -> Answer<String> {
    let names = &authorization.signed_headers;
    if !names.iter().any(|name| name.eq_ignore_ascii_case(HOST.as_str()) || *name == AUTHORITY) {
        return Err(invalid("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."));
    }
    if let Some(name) = unsigned(request, names) {
        return Err(invalid(format!("'{name}' must be a 'SignedHeader' in the AWS Authorization.")));
    }
    let mut canonical = format!(
        "{}\n{}\n{}\n",
        request.method,
        path(request.uri.path()),
        query(request.uri.query().unwrap_or_default())
    );
    for name in names {
        canonical += &format!("{name}:{}\n", header(request, name));
    }
    canonical += &format!("\n{}\n{}", names.join(";"), hex(&Sha256::digest(body)));
    Ok(canonical)
}

/// A header of the request that has to be signed and is not.
fn unsigned<'a>(request: &'a Parts, names: &[&str]) -> Option<&'a str> {
    let mut required =
        request.headers.keys().map(HeaderName::as_str).filter(|name| name.starts_with("x-amz-"));
    required.find(|required| !names.iter().any(|name| name.eq_ignore_ascii_case(required)))
}

/// The values of a header, trimmed, each run of spaces as one. In HTTP/2 the host is the authority of the URI.
fn header(request: &Parts, name: &str) -> String {
    let values: Vec<String> =
        request.headers.get_all(name).iter().map(|value| tidy(value.as_bytes())).collect();
    let names_host = name.eq_ignore_ascii_case(HOST.as_str()) || name == AUTHORITY;
    match request.uri.authority() {
        Some(authority) if values.is_empty() && names_host => authority.to_string(),
        _ => values.join(","),
    }
}

fn tidy(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Dot segments and double slashes resolved, and what is encoded already encoded once more, as every service but S3 has it.
fn path(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            _ => segments.push(segment),
        }
    }
    let mut canonical: String = segments.iter().map(|segment| format!("/{}", encode(segment))).collect();
    if canonical.is_empty() || path.ends_with('/') {
        canonical.push('/');
    }
    canonical
}

/// Sorted by name and value. They are encoded as they came.
fn query(query: &str) -> String {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let mut pairs: Vec<(&str, &str)> = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).collect();
    pairs.sort_unstable();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// Percent-encoded but for the unreserved characters of RFC 3986.
fn encode(segment: &str) -> String {
    let encoded = segment.bytes().map(|byte| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            Cow::Owned(char::from(byte).to_string())
        }
        b'/' => Cow::Borrowed("/"),
        _ => Cow::Owned(format!("%{byte:02X}")),
    });
    encoded.collect()
}

/// The host's name in HTTP/2, as some clients sign it.
const AUTHORITY: &str = ":authority";
