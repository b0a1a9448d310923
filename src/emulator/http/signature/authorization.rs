//! What the `Authorization` header says.

use super::{ALGORITHM, incomplete};
use crate::emulator::model::Answer;

/// `AWS4-HMAC-SHA256 Credential=<id>/<scope>, SignedHeaders=<names>, Signature=<hex>`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Authorization<'a> {
    pub(super) key_id: &'a str,
    pub(super) scope: Scope<'a>,
    pub(super) signed_headers: Vec<&'a str>,
    pub(super) signature: &'a str,
}

/// What the signing key is made for: `<day>/<region>/<service>/aws4_request`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Scope<'a> {
    pub(super) text: &'a str,
    pub(super) day: &'a str,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
    pub(super) terminator: &'a str,
}

impl<'a> Authorization<'a> {
    /// `dated`: whether the request says when it was signed.
    pub(super) fn parse(header: &'a str, dated: bool) -> Answer<Self> {
        let (algorithm, parameters) = header.split_once(' ').unwrap_or((header, ""));
        if algorithm != ALGORITHM {
            return Err(incomplete(format!("Unsupported AWS 'algorithm': '{algorithm}'. ")));
        }
        let mut missing = String::new();
        let mut parameter = |name: &str| {
            let found = parameters.split(',').filter_map(|part| part.trim().split_once('='));
            let value = found.into_iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value);
            if value.is_empty() {
                missing += &format!("Authorization header requires '{name}' parameter. ");
            }
            value
        };
        let (credential, signature) = (parameter("Credential"), parameter("Signature"));
        let signed_headers = parameter("SignedHeaders").split(';').collect();
        if !dated {
            missing +=
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
        }
        if !missing.is_empty() {
            return Err(incomplete(format!("{missing}Authorization={header}")));
        }
        let (key_id, scope) = credential_parts(credential)?;
        Ok(Self { key_id, scope, signed_headers, signature })
    }
}

fn credential_parts(credential: &str) -> Answer<(&str, Scope<'_>)> {
    let parts: Vec<&str> = credential.split('/').collect();
    let [key_id, day, region, service, terminator] = parts[..] else {
        return Err(incomplete(format!(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got \
             '{credential}'"
        )));
    };
    let text = &credential[key_id.len() + 1..];
    Ok((key_id, Scope { text, day, region, service, terminator }))
}
