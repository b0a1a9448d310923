//! Every field has its key, and every key goes to and fro. A new field needs no test of its own: these look for it.

use serde_json::json;

use super::*;

fn written(settings: &Settings) -> Map<String, Value> {
    serde_json::from_str(&settings.to_json()).unwrap()
}

fn refusal(text: &str) -> String {
    Settings::from_json(text).unwrap_err().to_string()
}

/// The fields as `Debug` shows them, four spaces in.
fn fields(settings: &Settings) -> Vec<String> {
    let shown = format!("{settings:#?}");
    let lines = shown.lines().filter_map(|line| line.strip_prefix("    "));
    lines
        .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
        .filter_map(|line| line.split_once(": "))
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// A value that `key` takes and that is not `value`.
fn another(key: &str, value: &Value) -> Value {
    let expected = refusal(&json!({ key: [] }).to_string());
    // The key stands in the message first, and behind it the words of a choice.
    let words: Vec<_> = expected.split('`').skip(3).step_by(2).collect();
    let mut candidates = vec![json!(7), json!(8), json!(!value.as_bool().unwrap_or(true))];
    candidates.push(json!({"id": "a", "secret": "b"}));
    candidates.extend(words.iter().map(|word| json!(word)));
    if words.is_empty() {
        candidates.push(json!(format!("{}-2", value.as_str().unwrap_or_default())));
    }
    let is_taken = |candidate: &Value| Settings::from_json(&json!({ key: candidate }).to_string()).is_ok();
    let mut taken = candidates.into_iter().filter(|candidate| candidate != value && is_taken(candidate));
    taken.next().unwrap_or_else(|| panic!("this test knows no value but {value} for {key}: {expected}"))
}

#[test]
fn every_field_has_a_key() {
    let keys = written(&Settings::default());
    for field in fields(&Settings::default()) {
        assert!(
            keys.contains_key(&field) || keys.contains_key(&format!("{field}_ms")),
            "Settings::{field} has no key: add it to settings_keys! in src/emulator/settings/json.rs"
        );
    }
    assert_eq!(fields(&Settings::default()).len(), keys.len());
}

#[test]
fn every_key_goes_to_and_fro_with_another_value_than_its_default() {
    let default = Settings::default();
    let mut all = Map::new();
    for (key, value) in written(&default) {
        let other = another(&key, &value);
        let changed = Settings::from_json(&json!({ &key: &other }).to_string()).unwrap();
        assert_ne!(changed, default, "{key} changes nothing");
        let mut expected = written(&default);
        expected.insert(key.clone(), other.clone());
        assert_eq!(written(&changed), expected, "{key} changes more than itself");
        all.insert(key, other);
    }
    let changed = Settings::from_json(&Value::Object(all.clone()).to_string()).unwrap();
    assert_eq!(written(&changed), all);
    assert_eq!(Settings::from_json(&changed.to_json()).unwrap(), changed);
}

#[test]
fn absent_keys_keep_their_defaults() {
    assert_eq!(Settings::from_json("{}").unwrap(), Settings::default());
    assert_eq!(Settings::from_json(&Settings::default().to_json()).unwrap(), Settings::default());
    let settings = Settings::from_json(r#"{"pace": null, "start_time_ms": 1000}"#).unwrap();
    let start_time = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1));
    assert_eq!(settings, Settings { pace: None, start_time, ..Settings::default() });
}

#[test]
fn each_choice_is_written_in_snake_case() {
    for (key, words) in [
        ("continuation", ["equal_to_last_record", "never_a_record"].as_slice()),
        ("shard_end", &["null_continuation", "kept_continuation"]),
        ("refusal", &["http400", "http500", "in_stream"]),
        ("slot_after_hang_up", &["at_once", "after_three_seconds", "not"]),
        ("sequence_numbers", &["digits56", "padded30"]),
        ("encryption", &["none", "kms"]),
    ] {
        for word in words {
            let settings = Settings::from_json(&json!({ key: word }).to_string()).unwrap();
            assert_eq!(written(&settings)[key], *word);
        }
    }
}

#[test]
fn what_is_wrong_is_named() {
    for (text, expected) in [
        ("{", "EOF while parsing an object at line 1 column 1"),
        ("[]", "invalid type: sequence, expected an object of settings at line 1 column 0"),
        (r#"{"pace": 1, "pace": 2}"#, "the key `pace` is given twice"),
        (r#"{"retention": 1}"#, "there is no setting `retention`; did you mean `retention_ms`?"),
        (r#"{"retention_s": 1}"#, "there is no setting `retention_s`; did you mean `retention_ms`?"),
        (r#"{"limitCalls": true}"#, "there is no setting `limitCalls`; did you mean `limit_calls`?"),
        (
            r#"{"subscription_time_ms": "5s"}"#,
            r#"`subscription_time_ms` takes a whole number of milliseconds, and was given "5s""#,
        ),
        (r#"{"retention_ms": -1}"#, "`retention_ms` takes a whole number of milliseconds, and was given -1"),
        (
            r#"{"refusal": "http404"}"#,
            r#"`refusal` takes one of `http400`, `http500`, `in_stream`, and was given "http404""#,
        ),
        (
            r#"{"pace": false}"#,
            &format!("`pace` takes null or a whole number from 0 to {}, and was given false", u64::MAX),
        ),
    ] {
        assert_eq!(refusal(text), expected, "{text}");
    }
    assert!(
        refusal(r#"{"speed": 1}"#).starts_with("there is no setting `speed`; there are region, account, ")
    );
}

#[test]
fn the_file_of_the_probe_is_read_for_its_settings() {
    let file = r#"{"measured": {"anything": [1]}, "settings": {"limit_calls": false}}"#;
    assert_eq!(Settings::from_json(file).unwrap(), Settings { limit_calls: false, ..Settings::default() });
    assert!(refusal(r#"{"settings": {}, "pace": 1}"#).starts_with("unknown field `pace`"));
    assert_eq!(refusal(r#"{"settings": {"pace": 1, "pace": 1}}"#), "the key `pace` is given twice");
}

#[test]
fn a_session_token_of_null_is_none() {
    let absent = r#"{"verify_signatures": {"id": "a", "secret": "b"}}"#;
    let null = r#"{"verify_signatures": {"id": "a", "secret": "b", "session_token": null}}"#;
    assert_eq!(Settings::from_json(null).unwrap(), Settings::from_json(absent).unwrap());
}

#[test]
fn an_access_key_may_have_a_session_token() {
    let text = r#"{"verify_signatures": {"id": "a", "secret": "b", "session_token": "c"}}"#;
    let settings = Settings::from_json(text).unwrap();
    let token = settings.verify_signatures.as_ref().and_then(|key| key.session_token.as_deref());
    assert_eq!(token, Some("c"));
    assert_eq!(Settings::from_json(&settings.to_json()).unwrap(), settings);
}

#[test]
fn a_secret_is_in_no_message() {
    for given in [
        r#""hush""#,
        r#"{"id": "a", "secret": "hush", "more": 1}"#,
        r#"{"id": "a", "secret": "b", "session_token": ["hush"]}"#,
        r#"["hush"]"#,
    ] {
        let message = refusal(&format!(r#"{{"verify_signatures": {given}}}"#));
        assert!(message.contains("`verify_signatures`") && !message.contains("hush"), "{message}");
    }
}
