//! The text of an exception. Its name stands in the frame's headers, so an exception whose payload cannot be read is one still.

use super::decode_error::DecodeError;
use super::json::{Json, members};

/// What the service says of an exception, under `message` or `Message` (services of AWS write both). `None` if it says nothing,
/// or if the payload is not what the API reference says.
pub(super) fn message(payload: &[u8]) -> Option<String> {
    read(&mut Json::new(payload)).ok().flatten()
}

/// The text, or the start of a long one: it ends in logs and errors.
pub(super) fn cut(message: &str) -> String {
    message[..message.floor_char_boundary(MAX_MESSAGE)].to_owned()
}

fn read(json: &mut Json) -> Result<Option<String>, DecodeError> {
    let mut message = None;
    json.open(b'{')?;
    let mut first = true;
    while json.more(&mut first, b'}')? {
        match json.name::<ExceptionMember>()? {
            _ if json.null()? => {}
            Some(_) => {
                let text = json.text()?;
                message = std::str::from_utf8(&json.contents(text)).ok().map(cut);
            }
            None => json.skip()?,
        }
    }
    json.end()?;
    Ok(message)
}

/// The most bytes of a message that are kept. Those of the service are sentences.
const MAX_MESSAGE: usize = 4 << 10;

members! {
    ExceptionMember { Message = "message", MessageToo = "Message" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_found_under_both_names() {
        for (payload, text) in [
            (r#"{"message":"said \"no\""}"#, Some("said \"no\"")),
            (r#"{"__type":"E","Message":"said","more":[{}]}"#, Some("said")),
            (r#"{"message":""}"#, Some("")),
            (r#"{"message":null,"Message":"said"}"#, Some("said")),
            (r#"{"message":null}"#, None),
            ("{}", None),
            ("", None),
            ("no JSON", None),
            (r#"{"message":7}"#, None),
            (r#"{"message":"cut"#, None),
        ] {
            assert_eq!(message(payload.as_bytes()).as_deref(), text, "{payload}");
        }
        let long = format!("{}é{}", "x".repeat(MAX_MESSAGE - 1), "x".repeat(MAX_MESSAGE));
        let payload = format!("{{\"message\":\"{long}\"}}");
        assert_eq!(message(payload.as_bytes()).unwrap(), "x".repeat(MAX_MESSAGE - 1));
        assert_eq!(message(b"{\"message\":\"\xff\"}"), None);
    }
}
