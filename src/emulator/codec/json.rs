//! JSON 1.1. A blob is base64, a time is seconds with a fraction; which string and which number is one, it does not know.

use std::fmt;

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{Budget, Document, Malformed};

pub(super) fn decode(bytes: &[u8]) -> Result<Document, Malformed> {
    let budget = Budget::new();
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let document = Value { depth: 0, budget: &budget }.deserialize(&mut deserializer);
    let ended = document.and_then(|document| deserializer.end().map(|()| document));
    ended.map_err(|error| Malformed(format!("The body is no JSON that can be read: {error}")))
}

pub(super) fn encode(document: &Document) -> Vec<u8> {
    // Keys are strings and a vector takes everything, so that there is nothing to fail.
    serde_json::to_vec(&Written(document)).unwrap_or_default()
}

/// A value to be read, inside `depth` others.
#[derive(Clone, Copy)]
struct Value<'a> {
    depth: usize,
    budget: &'a Budget,
}

impl Value<'_> {
    fn inner(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = Document;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Document, D::Error> {
        self.budget.pay(self.depth).map_err(D::Error::custom)?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = Document;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Document, E> {
        Ok(Document::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Document, E> {
        Ok(flag.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Document, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Document, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Document, E> {
        Ok(Document::Float(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Document, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<Document, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Document, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self.inner())? {
            list.push(item);
        }
        Ok(Document::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Document, A::Error> {
        let mut members = Vec::new();
        while let Some(name) = entries.next_key::<String>()? {
            members.push((name.into(), entries.next_value_seed(self.inner())?));
        }
        Ok(Document::Map(members))
    }
}

/// A value to be written.
struct Written<'a>(&'a Document);

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Document::Null => serializer.serialize_unit(),
            Document::Bool(flag) => serializer.serialize_bool(*flag),
            Document::Integer(number) => serializer.serialize_i64(*number),
            Document::Float(number) => serializer.serialize_f64(*number),
            Document::Text(text) => serializer.serialize_str(text),
            Document::Blob(blob) => serializer.collect_str(&Base64Display::new(blob, &STANDARD)),
            // A double holds the milliseconds of our time exactly enough to read them back.
            Document::Timestamp(time) => serializer.serialize_f64(time.as_millis() as f64 / 1_000.0),
            Document::List(list) => serializer.collect_seq(list.iter().map(Written)),
            Document::Map(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    map.serialize_entry(name, &Written(value))?;
                }
                map.end()
            }
        }
    }
}
