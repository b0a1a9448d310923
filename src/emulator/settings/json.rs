//! Settings as a JSON file: one member for each field, by its name.
//!
//! It knows no files and no meaning: only how each kind of value is written.
//!
//! | a field that is | has the key | and the value |
//! |---|---|---|
//! | a duration | its name and `_ms` | whole milliseconds; what is shorter is dropped |
//! | a time | its name and `_ms` | milliseconds since 1970 |
//! | a choice | its name | the choice's name in snake_case |
//! | the access key | its name | an object of `id`, `secret` and, for a session, `session_token`, or `null` |
//! | optional | its name | its value or `null` |
//! | anything else | its name | a number, a string, `true` or `false` |
//!
//! A key that is absent keeps its default; one that is unknown, or given twice, is refused.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::{AccessKey, Continuation, RefusalForm, SequenceNumberForm, Settings, ShardEnd, SlotAfterHangUp};
use crate::model::{EncryptionType, Timestamp};

/// Why a text is no [`Settings`]. Its message names the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError(String);

/// Makes a table of the named fields. A field is added to [`Settings`] and here; its type says how it is written, and a test
/// says so if it is forgotten.
macro_rules! settings_keys {
    ($($field:ident,)*) => {
        fn settings_keys() -> Vec<Key> {
            vec![$(Key {
                name: key_name(stringify!($field), |settings| &settings.$field),
                is_secret: is_secret(|settings| &settings.$field),
                write: |settings| settings.$field.write(),
                read: |settings, value| {
                    settings.$field = Form::read(value)?;
                    Ok(())
                },
            }),*]
        }
    };
}

settings_keys! {
    region,
    account,
    start_time,
    subscription_time,
    idle_event_interval,
    first_idle_event_at_once,
    event_max_records,
    event_max_bytes,
    pace,
    continuation,
    shard_end,
    shard_end_with_records,
    refusal,
    take_over_after,
    slot_after_hang_up,
    refuse_future_timestamp,
    refuse_trimmed_sequence_number,
    refuse_foreign_sequence_number,
    consumer_creation_time,
    consumer_deletion_time,
    max_consumers,
    stream_creation_time,
    stream_deletion_time,
    reshard_time,
    stream_update_time,
    shard_limit,
    on_demand_stream_limit,
    list_shards_lag,
    list_shards_page,
    next_token_time,
    shard_iterator_time,
    retention,
    retention_records,
    retention_bytes,
    total_retention_records,
    total_retention_bytes,
    max_record_size,
    sequence_numbers,
    encryption,
    verify_signatures,
    limit_calls,
    limit_writes,
    limit_reads,
    tell_event_size,
    encoded_cache_bytes,
    call_log_size,
    max_concurrent_streams,
    max_connections,
    tls_handshake_timeout,
    header_timeout,
    body_timeout,
    answer_timeout,
    keep_alive_interval,
    keep_alive_timeout,
    shutdown_time,
}

/// Makes the words of a choice.
macro_rules! words {
    ($($choice:ident { $($variant:ident = $word:literal),* })*) => {
        $(impl Form for $choice {
            fn write(&self) -> Value {
                match self {
                    $(Self::$variant => $word.into(),)*
                }
            }

            fn read(value: &Value) -> Result<Self, String> {
                match value.as_str() {
                    $(Some($word) => Ok(Self::$variant),)*
                    _ => Err(one_of(&[$($word),*])),
                }
            }
        })*
    };
}

words! {
    Continuation { EqualToLastRecord = "equal_to_last_record", NeverARecord = "never_a_record" }
    ShardEnd { NullContinuation = "null_continuation", KeptContinuation = "kept_continuation" }
    RefusalForm { Http400 = "http400", Http500 = "http500", InStream = "in_stream" }
    SlotAfterHangUp { AtOnce = "at_once", AfterThreeSeconds = "after_three_seconds", Not = "not" }
    SequenceNumberForm { Digits56 = "digits56", Padded30 = "padded30" }
    EncryptionType { None = "none", Kms = "kms" }
}

impl Settings {
    /// Reads settings from a JSON object. A key that is absent keeps its default.
    ///
    /// The file that the example `probe_aws` writes is read too: of its two members, `measured` and `settings`, the latter
    /// counts.
    ///
    /// ```
    /// use std::time::Duration;
    /// use kinesis_fanout::emulator::Settings;
    ///
    /// let settings = Settings::from_json(r#"{"subscription_time_ms": 5000, "shard_end": "kept_continuation"}"#)?;
    /// assert_eq!(settings.subscription_time, Duration::from_secs(5));
    ///
    /// let refused = Settings::from_json(r#"{"subscription_time": 5}"#).unwrap_err();
    /// assert!(refused.to_string().contains("did you mean `subscription_time_ms`"));
    /// # Ok::<(), kinesis_fanout::emulator::SettingsError>(())
    /// ```
    ///
    /// # Errors
    /// When the text is no JSON object, a key is unknown or given twice, or a value is not what its key takes.
    pub fn from_json(text: &str) -> Result<Self, SettingsError> {
        let members: Members = parse(text)?;
        let members = match members.0.iter().any(|(name, _)| name == "settings") {
            true => parse::<ProbeFile>(text)?.settings,
            false => members,
        };
        let keys = settings_keys();
        let mut settings = Self::default();
        for (at, (name, value)) in members.0.iter().enumerate() {
            let Some(key) = keys.iter().find(|key| key.name == *name) else {
                return Err(unknown(name, &keys));
            };
            if members.0[..at].iter().any(|(before, _)| before == name) {
                return Err(SettingsError(format!("the key `{name}` is given twice")));
            }
            (key.read)(&mut settings, value).map_err(|expected| {
                let given = if key.is_secret { "something else".to_owned() } else { value.to_string() };
                SettingsError(format!("`{name}` takes {expected}, and was given {given}"))
            })?;
        }
        Ok(settings)
    }

    /// Writes all settings as a JSON object, for [`from_json`](Self::from_json). The default settings, written, show every key
    /// that there is.
    pub fn to_json(&self) -> String {
        let members = settings_keys().into_iter().map(|key| (key.name, (key.write)(self)));
        format!("{:#}", Value::Object(members.collect::<Map<_, _>>()))
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SettingsError {}

/// How a setting is written and read.
struct Key {
    name: String,
    is_secret: bool,
    write: fn(&Settings) -> Value,
    read: fn(&mut Settings, &Value) -> Result<(), String>,
}

/// How values of a type are written. What cannot be read says what was expected.
trait Form: Sized {
    /// Stands behind the field's name in its key.
    const UNIT: &'static str = "";
    /// No message quotes it.
    const IS_SECRET: bool = false;

    fn write(&self) -> Value;
    fn read(value: &Value) -> Result<Self, String>;
}

impl Form for String {
    fn write(&self) -> Value {
        self.as_str().into()
    }

    fn read(value: &Value) -> Result<Self, String> {
        value.as_str().map(str::to_owned).ok_or_else(|| "a string".into())
    }
}

impl Form for bool {
    fn write(&self) -> Value {
        (*self).into()
    }

    fn read(value: &Value) -> Result<Self, String> {
        value.as_bool().ok_or_else(|| "true or false".into())
    }
}

/// Makes whole numbers of a type.
macro_rules! numbers {
    ($($number:ty),*) => {
        $(impl Form for $number {
            fn write(&self) -> Value {
                (*self).into()
            }

            fn read(value: &Value) -> Result<Self, String> {
                let number = value.as_u64().and_then(|number| number.try_into().ok());
                number.ok_or_else(|| format!("a whole number from 0 to {}", <$number>::MAX))
            }
        })*
    };
}

numbers!(u16, u32, u64, usize);

impl Form for Duration {
    const UNIT: &'static str = "_ms";

    fn write(&self) -> Value {
        u64::try_from(self.as_millis()).unwrap_or(u64::MAX).into()
    }

    fn read(value: &Value) -> Result<Self, String> {
        let millis = value.as_u64().ok_or("a whole number of milliseconds")?;
        Ok(Self::from_millis(millis))
    }
}

impl Form for SystemTime {
    const UNIT: &'static str = "_ms";

    fn write(&self) -> Value {
        Timestamp::from(*self).as_millis().into()
    }

    fn read(value: &Value) -> Result<Self, String> {
        let millis = value.as_u64().ok_or("a whole number of milliseconds since 1970")?;
        Self::UNIX_EPOCH.checked_add(Duration::from_millis(millis)).ok_or_else(|| "an earlier time".into())
    }
}

impl Form for AccessKey {
    const IS_SECRET: bool = true;

    fn write(&self) -> Value {
        let mut members = serde_json::json!({"id": self.id, "secret": self.secret});
        if let Some(token) = &self.session_token {
            members["session_token"] = token.as_str().into();
        }
        members
    }

    fn read(value: &Value) -> Result<Self, String> {
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let session_token = text("session_token");
        let token = value.get("session_token");
        let given = 2 + usize::from(token.is_some());
        let exact = value.as_object().is_some_and(|members| members.len() == given)
            && token.is_none_or(|token| token.is_null() || token.is_string());
        match (text("id"), text("secret")) {
            (Some(id), Some(secret)) if exact => Ok(Self { id, secret, session_token }),
            _ => Err("an object of the strings `id`, `secret` and, for a session, `session_token`".into()),
        }
    }
}

impl<T: Form> Form for Option<T> {
    const UNIT: &'static str = T::UNIT;
    const IS_SECRET: bool = T::IS_SECRET;

    fn write(&self) -> Value {
        self.as_ref().map_or(Value::Null, Form::write)
    }

    fn read(value: &Value) -> Result<Self, String> {
        match value {
            Value::Null => Ok(None),
            value => T::read(value).map(Some).map_err(|expected| format!("null or {expected}")),
        }
    }
}

/// A JSON object with its members as they came, repeated ones included.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of settings")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// What the example `probe_aws` writes.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct ProbeFile {
    settings: Members,
    #[serde(default, rename = "measured")]
    _measured: IgnoredAny,
}

fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, SettingsError> {
    serde_json::from_str(text).map_err(|error| SettingsError(error.to_string()))
}

/// The field is only looked at for its type.
fn key_name<T: Form>(field: &str, _: fn(&Settings) -> &T) -> String {
    format!("{field}{}", T::UNIT)
}

fn is_secret<T: Form>(_: fn(&Settings) -> &T) -> bool {
    T::IS_SECRET
}

fn one_of(words: &[&str]) -> String {
    let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    format!("one of {}", words.join(", "))
}

fn unknown(name: &str, keys: &[Key]) -> SettingsError {
    let alike = keys.iter().find(|key| {
        key.name.trim_end_matches("_ms") == name.trim_end_matches("_ms").trim_end_matches("_s")
            || key.name.replace('_', "").eq_ignore_ascii_case(&name.replace(['_', '-'], ""))
    });
    SettingsError(match alike {
        Some(key) => format!("there is no setting `{name}`; did you mean `{}`?", key.name),
        None => {
            let names: Vec<_> = keys.iter().map(|key| key.name.as_str()).collect();
            format!("there is no setting `{name}`; there are {}", names.join(", "))
        }
    })
}

#[cfg(test)]
mod tests;
