//! What was measured, as JSON without account, ARN or the stream's name.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::Failure;
use super::bracket::{Bracket, rounded};

/// Raw figures, and the settings of the emulator that follow from them.
#[derive(Debug)]
pub(crate) struct Report {
    stream: String,
    measured: Map<String, Value>,
    /// The bounds of each setting that is a time.
    times: Map<String, Value>,
    settings: Map<String, Value>,
}

impl Report {
    pub(crate) fn new(stream: &str) -> Self {
        Self { stream: stream.to_owned(), measured: Map::new(), times: Map::new(), settings: Map::new() }
    }

    pub(crate) fn measured(&mut self, name: &str, figures: Result<Value, Failure>) {
        let figures = figures.unwrap_or_else(|failure| json!({"failed": failure.to_string()}));
        self.measured.insert(name.into(), figures);
    }

    /// A setting, if it could be told.
    pub(crate) fn setting(&mut self, key: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.settings.insert(key.into(), value.into());
        }
    }

    /// A setting that is a time: its bounds, and the middle of them as the setting.
    pub(crate) fn time(&mut self, key: &str, bounds: Bracket) {
        if let Some(middle) = bounds.middle() {
            self.time_within(key, middle, bounds);
        }
    }

    /// A setting that is a time, and its bounds.
    pub(crate) fn time_within(&mut self, key: &str, time: Duration, bounds: Bracket) {
        self.times.insert(key.into(), bounds.to_json());
        self.setting(key, Some(rounded(time)));
    }

    /// What could not be measured.
    pub(crate) fn failed(&self) -> Vec<&str> {
        let failed = self.measured.iter().filter(|(_, figures)| figures.get("failed").is_some());
        failed.map(|(name, _)| name.as_str()).collect()
    }

    /// The file: `{"measured": {…}, "settings": {…}}`, the former redacted; the latter has only words and numbers of our own.
    pub(crate) fn to_json(&self) -> String {
        let mut measured = Value::Object(self.measured.clone());
        measured["times"] = self.times.clone().into();
        redact(&mut measured, &self.stream);
        format!("{:#}\n", json!({"measured": measured, "settings": self.settings}))
    }
}

fn redact(value: &mut Value, stream: &str) {
    match value {
        Value::String(text) => *text = redacted(text, stream),
        Value::Array(values) => values.iter_mut().for_each(|value| redact(value, stream)),
        Value::Object(members) => members.values_mut().for_each(|value| redact(value, stream)),
        _ => {}
    }
}

/// The text without ARNs, numbers of accounts and the stream's name, each where it stands as a word of its own.
fn redacted(text: &str, stream: &str) -> String {
    let mut redacted = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
        let word = &rest[..length];
        if rest.starts_with("arn:") {
            redacted.push_str("<arn>");
            rest = rest.trim_start_matches(is_of_arn);
        } else if length == 0 {
            redacted.push(c);
            rest = &rest[c.len_utf8()..];
        } else {
            redacted.push_str(match word.trim_end_matches('.') {
                name if name == stream => "<stream>",
                number if number.len() == 12 && number.bytes().all(|b| b.is_ascii_digit()) => "<account>",
                _ => word,
            });
            rest = &rest[length..];
        }
    }
    redacted
}

/// What a stream's name may hold (CreateStream). A full stop ends sentences as well, but then no more word follows at once.
fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_.-".contains(c)
}

fn is_of_arn(c: char) -> bool {
    is_of_word(c) || ":/".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_arns_and_the_stream_are_left_out() {
        let stream = "orders.v-2";
        for (text, expected) in [
            (
                "123456789012:orders.v-2:shardId-000000000000:probe",
                "<account>:<stream>:shardId-000000000000:probe",
            ),
            (
                "under arn:aws:kinesis:eu-1:123456789012:stream/orders.v-2/consumer/probe:17, no",
                "under <arn>, no",
            ),
            (
                "stream orders.v-2 of orders.v-20 é 1234567890123",
                "stream <stream> of orders.v-20 é 1234567890123",
            ),
            ("Stream orders.v-2.", "Stream <stream>"),
            ("under account 123456789012.", "under account <account>"),
        ] {
            assert_eq!(redacted(text, stream), expected);
        }
    }

    #[test]
    fn settings_are_not_redacted_and_failures_are() {
        let mut report = Report::new("not");
        report.setting("slot_after_hang_up", Some("not"));
        report.setting("unknown", None::<bool>);
        report.measured("a", Err(Failure("stream not is gone".into())));
        let file: Value = serde_json::from_str(&report.to_json()).unwrap();
        let expected = json!({
            "measured": {"a": {"failed": "stream <stream> is gone"}, "times": {}},
            "settings": {"slot_after_hang_up": "not"},
        });
        assert_eq!((file, report.failed()), (expected, vec!["a"]));
    }
}
