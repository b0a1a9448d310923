//! Signatures against the AWS Signature Version 4 test suite, and what the service says of wrong ones.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use hyper::Request;

use super::*;

/// The key, scope and time of the AWS Signature Version 4 test suite.
fn key() -> AccessKey {
    AccessKey {
        id: "AKIDEXAMPLE".into(),
        secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into(),
        session_token: None,
    }
}

const SIGNED_AT: &str = "20150830T123600Z";

/// A request of the suite: its line, its other headers, and what its signature covers.
struct Signed<'a> {
    method: &'a str,
    uri: &'a str,
    headers: &'a [(&'a str, &'a str)],
    credential: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

const VANILLA: Signed<'static> = Signed {
    method: "GET",
    uri: "/",
    headers: &[],
    credential: "AKIDEXAMPLE/20150830/us-east-1/service/aws4_request",
    signed_headers: "host;x-amz-date",
    signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
};

impl Signed<'_> {
    fn check(&self, body: &[u8], now: &str) -> Answer<()> {
        self.check_with(&key(), body, now)
    }

    fn check_with(&self, key: &AccessKey, body: &[u8], now: &str) -> Answer<()> {
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}, SignedHeaders={}, Signature={}",
            self.credential, self.signed_headers, self.signature
        );
        let mut request = Request::builder().method(self.method).uri(self.uri);
        let fixed =
            [("host", "example.amazonaws.com"), ("x-amz-date", SIGNED_AT), ("authorization", &authorization)];
        for (name, value) in fixed.iter().chain(self.headers) {
            request = request.header(*name, *value);
        }
        check_with(key, &request.body(()).unwrap().into_parts().0, body, now)
    }
}

fn check(request: &Parts, body: &[u8], now: &str) -> Answer<()> {
    check_with(&key(), request, body, now)
}

fn check_with(key: &AccessKey, request: &Parts, body: &[u8], now: &str) -> Answer<()> {
    let signer = Signer { key, region: "us-east-1", service: "service" };
    signer.check(request, body, date::parse(now).unwrap())
}

fn refusal(signed: &Signed<'_>) -> (String, String) {
    let error = signed.check(b"", SIGNED_AT).unwrap_err();
    assert_eq!(error.status, 400);
    (error.code.into_owned(), error.message)
}

#[test]
fn requests_of_the_test_suite_pass() {
    VANILLA.check(b"", SIGNED_AT).unwrap();
    let form = Signed {
        method: "POST",
        headers: &[
            ("content-type", "application/x-www-form-urlencoded"),
            ("content-length", "13"),
            ("x-amz-content-sha256", "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"),
        ],
        signed_headers: "content-length;content-type;host;x-amz-content-sha256;x-amz-date",
        signature: "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b",
        ..VANILLA
    };
    form.check(b"Param1=value1", SIGNED_AT).unwrap();
    assert_eq!(form.check(b"Param1=value2", SIGNED_AT).unwrap_err().code, "InvalidSignatureException");
    for signed in [
        // get-header-value-trim
        Signed {
            headers: &[("my-header1", " value1"), ("my-header2", " \"a   b   c\"")],
            signed_headers: "host;my-header1;my-header2;x-amz-date",
            signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
            ..VANILLA
        },
        // get-header-key-duplicate
        Signed {
            headers: &[("my-header1", "value2"), ("my-header1", "value2"), ("my-header1", "value1")],
            signed_headers: "host;my-header1;x-amz-date",
            signature: "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
            ..VANILLA
        },
        // get-vanilla-query-order-encoded
        Signed {
            uri: "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
            signature: "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
            ..VANILLA
        },
        // get-slashes-normalized
        Signed {
            uri: "//example//",
            signature: "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84",
            ..VANILLA
        },
    ] {
        signed.check(b"", SIGNED_AT).unwrap();
    }
}

/// The token of the suite.
const TOKEN: &str = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";

#[test]
fn a_session_token_has_to_be_the_keys_own_and_signed() {
    let session = AccessKey { session_token: Some(TOKEN.into()), ..key() };
    // post-sts-header-before
    let before = Signed {
        method: "POST",
        headers: &[(SECURITY_TOKEN, TOKEN)],
        signed_headers: "host;x-amz-date;x-amz-security-token",
        signature: "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
        ..VANILLA
    };
    before.check_with(&session, b"", SIGNED_AT).unwrap();
    // post-sts-header-after: the token is not signed, which some services let pass.
    let after = Signed {
        signed_headers: "host;x-amz-date",
        signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
        ..before
    };
    let refused = after.check_with(&session, b"", SIGNED_AT).unwrap_err();
    assert_eq!(
        (refused.code.as_ref(), refused.message.as_str()),
        (
            "InvalidSignatureException",
            "'x-amz-security-token' must be a 'SignedHeader' in the AWS Authorization."
        )
    );
    // Its signature is good: without the token that nobody signed it passes.
    Signed { headers: &[], ..after }.check(b"", SIGNED_AT).unwrap();
    let other = AccessKey { session_token: Some("another".into()), ..key() };
    for (signed, key) in
        [(&before, key()), (&before, other), (&Signed { headers: &[], ..after }, session.clone())]
    {
        let refused = signed.check_with(&key, b"", SIGNED_AT).unwrap_err();
        assert_eq!(
            (refused.code.as_ref(), refused.message.as_str()),
            ("UnrecognizedClientException", "The security token included in the request is invalid.")
        );
    }
}

#[test]
fn what_the_service_goes_by_has_to_be_signed() {
    let message = |name: &str| format!("'{name}' must be a 'SignedHeader' in the AWS Authorization.");
    for (headers, signed_headers, name) in [
        (&[][..], "host", "x-amz-date"),
        (&[("x-amz-target", "Kinesis_20131202.ListShards")], "host;x-amz-date", "x-amz-target"),
        (&[("content-type", "text/plain")], "content-type;x-amz-date", "Host' or ':authority"),
    ] {
        let (code, refused) = refusal(&Signed { headers, signed_headers, ..VANILLA });
        assert_eq!((code.as_str(), refused), ("InvalidSignatureException", message(name)));
    }
    // Some SDKs of AWS do not sign it.
    let headers = &[("content-type", "application/x-amz-json-1.1")];
    Signed { headers, ..VANILLA }.check(b"", SIGNED_AT).unwrap();
    // What proxies add and change may go unsigned.
    let headers = &[("user-agent", "a"), ("x-amzn-trace-id", "Root=1"), ("x-forwarded-for", "127.0.0.1")];
    Signed { headers, ..VANILLA }.check(b"", SIGNED_AT).unwrap();
}

#[test]
fn a_signature_in_the_query_string_is_refused_and_not_taken_for_none() {
    let query = "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a&X-Amz-Date=20150830T123600Z&X-Amz-Signature=00";
    let bare = Request::get(query).body(()).unwrap().into_parts().0;
    for refused in [
        check(&bare, b"", SIGNED_AT),
        Signed { uri: query, ..VANILLA }.check(b"", SIGNED_AT),
        Signed { uri: "/?a=b&x-amz-signature", ..VANILLA }.check(b"", SIGNED_AT),
    ] {
        let refused = refused.unwrap_err();
        assert_eq!((refused.code.as_ref(), refused.status), ("IncompleteSignatureException", 400));
        assert!(refused.message.contains("in the query string"), "{}", refused.message);
    }
}

#[test]
fn what_was_changed_after_signing_is_refused() {
    for signed in [
        Signed { method: "POST", ..VANILLA },
        Signed { uri: "/other", ..VANILLA },
        Signed { uri: "/?a=b", ..VANILLA },
        Signed { signature: "00", ..VANILLA },
        Signed { signature: "no hexadecimal", ..VANILLA },
        Signed { signature: &VANILLA.signature[..62], ..VANILLA },
    ] {
        let (code, message) = refusal(&signed);
        assert_eq!(code, "InvalidSignatureException");
        assert!(message.starts_with("The request signature we calculated does not match"), "{message}");
        assert!(message.contains("String-to-Sign") && !message.contains("wJalr"), "{message}");
    }
    assert!(VANILLA.check(b"x", SIGNED_AT).is_err());
}

#[test]
fn the_secret_decides() {
    let signer_of = |secret: &str| AccessKey { secret: secret.into(), ..key() };
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}, SignedHeaders={}, Signature={}",
        VANILLA.credential, VANILLA.signed_headers, VANILLA.signature
    );
    let request = Request::get("/")
        .header("host", "example.amazonaws.com")
        .header("x-amz-date", SIGNED_AT)
        .header("authorization", authorization)
        .body(())
        .unwrap();
    let (parts, ()) = request.into_parts();
    let now = date::parse(SIGNED_AT).unwrap();
    for (secret, passes) in [(key().secret.as_str(), true), ("another", false), ("", false)] {
        let key = signer_of(secret);
        let signer = Signer { key: &key, region: "us-east-1", service: "service" };
        assert_eq!(signer.check(&parts, b"", now).is_ok(), passes, "{secret}");
    }
}

#[test]
fn the_claims_are_checked_and_named() {
    let credential = |credential| Signed { credential, ..VANILLA };
    for (signed, code, message) in [
        (
            credential("SOMEONE/20150830/us-east-1/service/aws4_request"),
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ),
        (
            credential("AKIDEXAMPLE/20150830/eu-west-1/service/aws4_request"),
            "InvalidSignatureException",
            "Credential should be scoped to a valid region, not 'eu-west-1'. ",
        ),
        (
            credential("AKIDEXAMPLE/20150830/us-east-1/dynamodb/aws4_request"),
            "InvalidSignatureException",
            "Credential should be scoped to correct service: 'service'. ",
        ),
        (
            credential("AKIDEXAMPLE/20150830/us-east-1/service/x"),
            "InvalidSignatureException",
            "Credential should be scoped with a valid terminator: 'aws4_request', not 'x'. ",
        ),
        (
            credential("AKIDEXAMPLE/20150831/us-east-1/service/aws4_request"),
            "InvalidSignatureException",
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20150831' != \
             '20150830', from '20150830T123600Z'. ",
        ),
        (
            credential("AKIDEXAMPLE/20150830/us-east-1/service"),
            "IncompleteSignatureException",
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got \
             'AKIDEXAMPLE/20150830/us-east-1/service'",
        ),
        (
            Signed { signed_headers: "x-amz-date", ..VANILLA },
            "InvalidSignatureException",
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
        ),
    ] {
        assert_eq!(refusal(&signed), (code.to_owned(), message.to_owned()));
    }
}

#[test]
fn a_signature_that_is_not_whole_is_told_what_it_lacks() {
    for (headers, code, part) in [
        (vec![], "MissingAuthenticationTokenException", "Missing Authentication Token"),
        (
            vec![("authorization", "Bearer x")],
            "IncompleteSignatureException",
            "Unsupported AWS 'algorithm': 'Bearer'",
        ),
        (
            vec![("authorization", "AWS4-HMAC-SHA256 Credential=a, SignedHeaders=host")],
            "IncompleteSignatureException",
            "Authorization header requires 'Signature' parameter. Authorization header requires existence of either a \
             'X-Amz-Date' or a 'Date' header. Authorization=AWS4-HMAC-SHA256 Credential=a, SignedHeaders=host",
        ),
        (
            vec![
                ("authorization", "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host, Signature=00"),
                ("x-amz-date", "2015-08-30"),
            ],
            "IncompleteSignatureException",
            "Date must be in ISO-8601 'basic format'. Got '2015-08-30'.",
        ),
    ] {
        let mut request = Request::get("/");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let error = check(&request.body(()).unwrap().into_parts().0, b"", SIGNED_AT).unwrap_err();
        assert_eq!((error.code.as_ref(), error.status), (code, 400));
        assert!(error.message.contains(part), "{}", error.message);
    }
}

#[test]
fn a_signature_lives_five_minutes_either_way() {
    for now in ["20150830T123100Z", "20150830T124100Z"] {
        VANILLA.check(b"", now).unwrap();
    }
    for (now, message) in [
        (
            "20150830T124101Z",
            "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T124101Z - 5 min.)",
        ),
        (
            "20150830T123059Z",
            "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T123059Z + 5 min.)",
        ),
    ] {
        let error = VANILLA.check(b"", now).unwrap_err();
        assert_eq!((error.code.as_ref(), error.message.as_str()), ("InvalidSignatureException", message));
    }
}

#[test]
fn in_http_2_the_host_is_the_authority() {
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}, SignedHeaders={}, Signature={}",
        VANILLA.credential, VANILLA.signed_headers, VANILLA.signature
    );
    let request = Request::get("http://example.amazonaws.com/")
        .header("x-amz-date", SIGNED_AT)
        .header("authorization", authorization);
    check(&request.body(()).unwrap().into_parts().0, b"", SIGNED_AT).unwrap();
}

#[test]
fn the_date_of_http_will_do() {
    let signed = |date: &str| {
        let request = Request::get("/").header("host", "example.amazonaws.com").header("date", date);
        let authorization =
            format!("AWS4-HMAC-SHA256 Credential={}, SignedHeaders=host, Signature=00", VANILLA.credential);
        let request = request.header("authorization", authorization).body(()).unwrap();
        check(&request.into_parts().0, b"", SIGNED_AT).unwrap_err().message
    };
    // It comes as far as the signature, or not.
    assert!(
        signed("Sun, 30 Aug 2015 12:40:59 GMT")
            .contains("String-to-Sign should have been\n'AWS4-HMAC-SHA256\n20150830T124059Z")
    );
    assert!(signed("Sun, 30 Aug 2015 12:41:01 GMT").starts_with("Signature not yet current"));
    assert!(signed("today").starts_with("Date must be in"));
}

#[test]
fn dates_are_written_and_read() {
    for (seconds, text) in [
        (0, "19700101T000000Z"),
        (951_782_399, "20000228T235959Z"),
        (951_782_400, "20000229T000000Z"),
        (951_868_800, "20000301T000000Z"),
        (1_440_938_160, "20150830T123600Z"),
        (4_107_542_400, "21000301T000000Z"),
        (253_402_300_799, "99991231T235959Z"),
    ] {
        let time = Timestamp::from_millis(seconds * 1_000);
        assert_eq!(date::write(time), text);
        assert_eq!(date::parse(text).unwrap(), time);
    }
    for text in
        ["", "20150830", "20150830T123600", "19691231T235959Z", "20151330T123600Z", "2015083éT123600Z"]
    {
        assert!(date::parse(text).is_err(), "{text}");
    }
    for text in ["20150830T1236000Z", "+0150830T123600Z", "20150830T243600Z", "00000101T000000Z"] {
        assert!(date::parse(text).is_err(), "{text}");
    }
}

#[test]
fn nothing_that_is_claimed_makes_it_panic() {
    const PIECES: [&str; 16] = [
        "AWS4-HMAC-SHA256",
        " ",
        "Credential=",
        "AKIDEXAMPLE",
        "/",
        "20150830",
        "us-east-1",
        "service",
        "aws4_request",
        ", ",
        "SignedHeaders=",
        "host",
        ";",
        "Signature=",
        "5f",
        "=",
    ];
    let mut state = 1_u64;
    let mut draw = |limit: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % limit
    };
    for _ in 0..20_000 {
        let length = draw(24);
        let text: String = (0..length).map(|_| PIECES[draw(PIECES.len())]).collect();
        let started = format!("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{text}");
        for header in [text.as_str(), started.as_str()] {
            let request = Request::get("/").header("authorization", header).header("x-amz-date", SIGNED_AT);
            let refused = check(&request.body(()).unwrap().into_parts().0, b"", SIGNED_AT).unwrap_err();
            assert_eq!(refused.status, 400, "{header}");
        }
    }
}
