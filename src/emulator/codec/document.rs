//! A value of the API, whatever codec it came in or goes out by: what JSON 1.1 and CBOR 1.1 both can say.
//!
//! It knows neither codec, and no operation.

use std::borrow::Cow;

use bytes::Bytes;

use crate::model::{SequenceNumber, ShardId, Timestamp};

/// A value. A structure is a [`Map`](Self::Map) whose keys are the members' names.
#[derive(Debug, Clone, PartialEq)]
pub enum Document {
    /// Nothing; as a member of a structure, the same as an absent one.
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction, or a whole one beyond [`Integer`](Self::Integer).
    Float(f64),
    /// A string.
    Text(String),
    /// A blob: base64 in JSON, so that it comes in as [`Text`](Self::Text); a byte string in CBOR.
    Blob(Bytes),
    /// A time: seconds with a fraction in JSON, so that it comes in as a number; tag 1 of milliseconds in CBOR.
    Timestamp(Timestamp),
    /// A list.
    List(Vec<Document>),
    /// Names and values, in the order in which they are written.
    Map(Vec<Member>),
}

/// A name and its value.
pub type Member = (Cow<'static, str>, Document);

impl Document {
    /// A structure of these members. Those that are null are left out.
    pub fn structure<const N: usize>(members: [(&'static str, Self); N]) -> Self {
        let present = members.into_iter().filter(|(_, value)| *value != Self::Null);
        Self::Map(present.map(|(name, value)| (name.into(), value)).collect())
    }

    /// A list of what `write` makes of each item.
    pub fn list<T>(items: impl IntoIterator<Item = T>, write: impl FnMut(T) -> Self) -> Self {
        Self::List(items.into_iter().map(write).collect())
    }

    /// A list of strings.
    pub fn texts<T: Into<Self>>(items: impl IntoIterator<Item = T>) -> Self {
        Self::list(items, T::into)
    }

    /// About how many bytes it takes when it is written: as many as in JSON, without what JSON escapes.
    pub fn size(&self) -> usize {
        match self {
            Self::Null | Self::Bool(_) => 5,
            Self::Integer(_) | Self::Float(_) | Self::Timestamp(_) => 20,
            Self::Text(text) => text.len() + 3,
            Self::Blob(blob) => blob.len().div_ceil(3) * 4 + 3,
            Self::List(items) => 2 + items.iter().map(Self::size).sum::<usize>(),
            Self::Map(members) => {
                2 + members.iter().map(|(name, value)| name.len() + 3 + value.size()).sum::<usize>()
            }
        }
    }

    /// This structure with one more member, unless the value is null. What is no structure stays as it is.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Self>) -> Self {
        let value = value.into();
        if let (Self::Map(members), true) = (&mut self, value != Self::Null) {
            members.push((name.into(), value));
        }
        self
    }
}

impl From<&str> for Document {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Document {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for Document {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<&ShardId> for Document {
    fn from(shard_id: &ShardId) -> Self {
        shard_id.as_str().into()
    }
}

impl From<&SequenceNumber> for Document {
    fn from(number: &SequenceNumber) -> Self {
        number.as_str().into()
    }
}

impl From<bool> for Document {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

impl From<i64> for Document {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<u32> for Document {
    fn from(number: u32) -> Self {
        Self::Integer(number.into())
    }
}

impl From<u64> for Document {
    fn from(number: u64) -> Self {
        i64::try_from(number).map_or(Self::Float(number as f64), Self::Integer)
    }
}

impl From<usize> for Document {
    fn from(number: usize) -> Self {
        (number as u64).into()
    }
}

impl From<Timestamp> for Document {
    fn from(timestamp: Timestamp) -> Self {
        Self::Timestamp(timestamp)
    }
}

impl From<Bytes> for Document {
    fn from(blob: Bytes) -> Self {
        Self::Blob(blob)
    }
}

impl From<Vec<Document>> for Document {
    fn from(list: Vec<Document>) -> Self {
        Self::List(list)
    }
}

impl<T: Into<Document>> From<Option<T>> for Document {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, T::into)
    }
}
