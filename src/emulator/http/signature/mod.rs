//! Whether a request is signed with the access key that is set: AWS Signature Version 4 in the `Authorization` header.
//!
//! It knows no operation, no other keys and no signatures in the query string: who signs otherwise is told so as the service
//! tells it.
//!
//! | what is wrong | the error |
//! |---|---|
//! | no `Authorization` | MissingAuthenticationTokenException |
//! | a parameter or the date is absent or malformed, another algorithm, a signature in the query string | IncompleteSignatureException |
//! | another key; another session token, none, or one for a key without session | UnrecognizedClientException |
//! | the scope, the time, a header that is not signed and has to be, the signature | InvalidSignatureException |
//!
//! Signed have to be the host and every header that starts with `x-amz-`: so the date and the session token, too. Any other
//! header may be signed. The content type often is not: the SDKs for PHP and for JavaScript (version 2) leave it out
//! (aws/aws-sdk-php, src/Signature/SignatureV4.php; aws/aws-sdk-js, lib/signers/v4.js).
//!
//! Where the other rules come from: "Create a signed AWS API request" of the IAM user guide. Errors and their messages are those
//! that users of Kinesis report, all with status 400; so is the window of five minutes (awslabs/amazon-kinesis-producer#222,
//! aws/aws-sdk-go#2194), where other services have fifteen.

mod authorization;
mod canonical;
mod date;

use hmac::{Hmac, KeyInit, Mac};
use hyper::header::HeaderValue;
use hyper::http::request::Parts;
use sha2::{Digest, Sha256};

use super::headers;
use crate::emulator::AccessKey;
use crate::emulator::model::{Answer, ServiceError};
use crate::model::Timestamp;
use authorization::Authorization;

/// What a signature has to be made with.
pub(super) struct Signer<'a> {
    pub(super) key: &'a AccessKey,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
}

impl Signer<'_> {
    /// Whether the request is signed by this signer, now.
    pub(super) fn check(&self, request: &Parts, body: &[u8], now: Timestamp) -> Answer<()> {
        refuse_query(request)?;
        let header = headers::text(&request.headers, "authorization");
        let header = header.ok_or_else(|| {
            ServiceError::new("MissingAuthenticationTokenException", "Missing Authentication Token", 400)
        })?;
        let time = ["x-amz-date", "date"].iter().find_map(|name| headers::text(&request.headers, name));
        let authorization = Authorization::parse(header, time.is_some())?;
        let time = date::parse(time.unwrap_or_default())?;
        let token = request.headers.get(SECURITY_TOKEN).map(HeaderValue::as_bytes);
        let expected = self.key.session_token.as_deref().map(str::as_bytes);
        if authorization.key_id != self.key.id || token != expected {
            let message = "The security token included in the request is invalid.";
            return Err(ServiceError::new("UnrecognizedClientException", message, 400));
        }
        self.check_scope(&authorization, time)?;
        check_time(time, now)?;
        self.check_signature(&authorization, &canonical::request(request, &authorization, body)?, time)
    }

    /// The scope that the signature claims. All that is wrong with it is said at once.
    fn check_scope(&self, authorization: &Authorization<'_>, time: Timestamp) -> Answer<()> {
        let (scope, day) = (&authorization.scope, date::day(time));
        let mut wrong = String::new();
        if scope.region != self.region {
            wrong += &format!("Credential should be scoped to a valid region, not '{}'. ", scope.region);
        }
        if scope.service != self.service {
            wrong += &format!("Credential should be scoped to correct service: '{}'. ", self.service);
        }
        if scope.terminator != TERMINATOR {
            let terminator = scope.terminator;
            wrong += &format!(
                "Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{terminator}'. "
            );
        }
        if scope.day != day {
            let (scoped, time) = (scope.day, date::write(time));
            wrong += &format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{scoped}' != \
                 '{day}', from '{time}'. "
            );
        }
        if wrong.is_empty() { Ok(()) } else { Err(invalid(wrong)) }
    }

    fn check_signature(
        &self,
        authorization: &Authorization<'_>,
        canonical: &str,
        time: Timestamp,
    ) -> Answer<()> {
        let to_sign = format!(
            "{ALGORITHM}\n{}\n{}\n{}",
            date::write(time),
            authorization.scope.text,
            hex(&Sha256::digest(canonical))
        );
        let mac = keyed(&self.signing_key(&authorization.scope), to_sign.as_bytes());
        let signature = unhex(authorization.signature).unwrap_or_default();
        mac.verify_slice(&signature).map_err(|_| {
            invalid(format!(
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access \
                 Key and signing method. Consult the service documentation for details.\n\nThe Canonical String for this \
                 request should have been\n'{canonical}'\n\nThe String-to-Sign should have been\n'{to_sign}'\n"
            ))
        })
    }

    fn signing_key(&self, scope: &authorization::Scope<'_>) -> Vec<u8> {
        let secret = format!("AWS4{}", self.key.secret).into_bytes();
        [scope.day, scope.region, scope.service, scope.terminator]
            .iter()
            .fold(secret, |key, part| keyed(&key, part.as_bytes()).finalize().into_bytes().to_vec())
    }
}

/// A signature in the query string is not looked at, and must not pass for none at all.
fn refuse_query(request: &Parts) -> Answer<()> {
    let pairs = request.uri.query().unwrap_or_default().split('&');
    let mut names = pairs.map(|pair| pair.split('=').next().unwrap_or_default());
    if names.any(|name| QUERY_SIGNATURE.iter().any(|claim| name.eq_ignore_ascii_case(claim))) {
        return Err(incomplete(
            "Signatures in the query string are not supported here: sign in the Authorization header.",
        ));
    }
    Ok(())
}

fn check_time(time: Timestamp, now: Timestamp) -> Answer<()> {
    let write = date::write;
    let (earliest, latest) = (now.saturating_sub(WINDOW), now.saturating_add(WINDOW));
    let (signed, now) = (write(time), write(now));
    let minutes = WINDOW.as_secs() / 60;
    if time < earliest {
        let earliest = write(earliest);
        return Err(invalid(format!(
            "Signature expired: {signed} is now earlier than {earliest} ({now} - {minutes} min.)"
        )));
    }
    if time > latest {
        let latest = write(latest);
        return Err(invalid(format!(
            "Signature not yet current: {signed} is still later than {latest} ({now} + {minutes} min.)"
        )));
    }
    Ok(())
}

fn keyed(key: &[u8], data: &[u8]) -> Hmac<Sha256> {
    // HMAC takes a key of any length: the error that the trait allows for cannot be.
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| Hmac::new(&Default::default()));
    mac.update(data);
    mac
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `None` for what is no hexadecimal number of whole bytes.
fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    Some(digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect())
}

fn incomplete(message: impl Into<String>) -> ServiceError {
    ServiceError::new("IncompleteSignatureException", message, 400)
}

fn invalid(message: impl Into<String>) -> ServiceError {
    ServiceError::new("InvalidSignatureException", message, 400)
}

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const SECURITY_TOKEN: &str = "x-amz-security-token";
/// What a query string has that claims a signature.
const QUERY_SIGNATURE: [&str; 3] = ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature"];
const TERMINATOR: &str = "aws4_request";
/// How far the time of a signature may be from the service's.
const WINDOW: std::time::Duration = std::time::Duration::from_secs(5 * 60);

#[cfg(test)]
mod tests;
