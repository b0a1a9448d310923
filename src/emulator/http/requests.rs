//! The members of a request, read as what each operation expects them to be.
//!
//! It knows no codec but this: in JSON a blob is a string and a time is seconds, in CBOR a bare number is milliseconds.

mod listing;
mod properties;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use crate::emulator::codec::{Codec, Document, Member};
use crate::emulator::model::{Answer, NewRecord, ServiceError, Start, hash_key};
use crate::kinesis::RegisteredConsumer;
use crate::model::{SequenceNumber, StreamReference, Timestamp};

/// A structure of the request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Members<'a> {
    members: &'a [Member],
    codec: Codec,
}

/// Reads a request's body. No body is an empty structure.
pub(super) fn parse(codec: Codec, body: &[u8]) -> Answer<Document> {
    codec.decode(body).map_err(|malformed| serialization(malformed.to_string()))
}

/// What is read of a member: absent and null are none, and what is none of its kind an error.
impl<'a> Members<'a> {
    /// The members of a structure that came in this codec.
    pub(super) fn of(document: &'a Document, codec: Codec) -> Answer<Self> {
        match document {
            Document::Map(members) => Ok(Self { members, codec }),
            _ => Err(serialization("A structure was expected")),
        }
    }

    pub(super) fn text(self, name: &str) -> Answer<Option<&'a str>> {
        self.read(name, "a string", |value| match value {
            Document::Text(text) => Some(text.as_str()),
            _ => None,
        })
    }

    pub(super) fn required_text(self, name: &str) -> Answer<&'a str> {
        self.text(name)?.ok_or_else(|| missing(name))
    }

    pub(super) fn integer(self, name: &str) -> Answer<Option<i64>> {
        self.read(name, "an integer", |value| match value {
            Document::Integer(number) => Some(*number),
            _ => None,
        })
    }

    /// A number of things. A negative count is as invalid as 0 is where it matters.
    pub(super) fn count(self, name: &str) -> Answer<Option<usize>> {
        Ok(self.integer(name)?.map(|count| usize::try_from(count).unwrap_or(0)))
    }

    pub(super) fn required_count(self, name: &str) -> Answer<usize> {
        self.count(name)?.ok_or_else(|| missing(name))
    }

    pub(super) fn flag(self, name: &str) -> Answer<bool> {
        let flag = self.read(name, "a boolean", |value| match value {
            Document::Bool(flag) => Some(*flag),
            _ => None,
        });
        Ok(flag?.unwrap_or(false))
    }

    pub(super) fn timestamp(self, name: &str) -> Answer<Option<Timestamp>> {
        self.read(name, "a timestamp", |value| match value {
            Document::Timestamp(time) => Some(*time),
            Document::Integer(number) => Some(self.codec.timestamp(*number as f64)),
            Document::Float(number) => Some(self.codec.timestamp(*number)),
            _ => None,
        })
    }

    pub(super) fn blob(self, name: &str) -> Answer<Option<Bytes>> {
        self.read(name, "a blob", |value| match value {
            Document::Blob(blob) => Some(blob.clone()),
            Document::Text(text) if self.codec == Codec::Json => STANDARD.decode(text).ok().map(Bytes::from),
            _ => None,
        })
    }

    pub(super) fn structure(self, name: &str) -> Answer<Option<Self>> {
        self.read(name, "a structure", |value| Self::of(value, self.codec).ok())
    }

    /// The structures of a list.
    pub(super) fn structures(self, name: &str) -> Answer<Option<Vec<Self>>> {
        self.read(name, "a list of structures", |value| {
            list(value)?.iter().map(|item| Self::of(item, self.codec).ok()).collect()
        })
    }

    /// The strings of a list.
    pub(super) fn texts(self, name: &str) -> Answer<Option<Vec<&'a str>>> {
        self.read(name, "a list of strings", |value| {
            let texts = list(value)?.iter().map(|item| match item {
                Document::Text(text) => Some(text.as_str()),
                _ => None,
            });
            texts.collect()
        })
    }

    /// The names and strings of a map.
    pub(super) fn text_map(self, name: &str) -> Answer<Option<Vec<(&'a str, &'a str)>>> {
        self.read(name, "a map of strings", |value| match value {
            Document::Map(entries) => entries.iter().map(entry).collect(),
            _ => None,
        })
    }

    fn sequence_number(self, name: &str) -> Answer<SequenceNumber> {
        self.optional_sequence_number(name)?.ok_or_else(|| missing(name))
    }

    pub(super) fn optional_sequence_number(self, name: &str) -> Answer<Option<SequenceNumber>> {
        let Some(digits) = self.text(name)? else { return Ok(None) };
        let constraint = "satisfy regular expression pattern: 0|([1-9]\\d{0,128})";
        let invalid = || ServiceError::validation(name, digits, constraint);
        // Leading zeros are let through: a setting has the emulator write them.
        let number = digits.parse().ok().filter(|_| digits.len() <= MAX_SEQUENCE_NUMBER);
        number.map(Some).ok_or_else(invalid)
    }

    /// StreamARN or StreamName.
    pub(super) fn stream(self) -> Answer<StreamReference> {
        if let Some(arn) = self.text("StreamARN")? {
            return self.stream_arn(arn);
        }
        match self.text("StreamName")? {
            Some(name) => Ok(StreamReference::Name(name.to_owned())),
            None => {
                Err(ServiceError::invalid_argument("Either the StreamARN or the StreamName must be given."))
            }
        }
    }

    fn stream_arn(self, arn: &str) -> Answer<StreamReference> {
        match StreamReference::parse(arn) {
            Ok(reference @ StreamReference::Arn(_)) => Ok(reference),
            _ => Err(ServiceError::validation(
                "streamARN",
                arn,
                "satisfy regular expression pattern: arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+",
            )),
        }
    }

    /// ConsumerARN, or StreamARN with ConsumerName; the former decides.
    pub(super) fn consumer(self) -> Answer<RegisteredConsumer> {
        if let Some(arn) = self.text("ConsumerARN")? {
            return Ok(RegisteredConsumer::Arn(arn.to_owned()));
        }
        match (self.text("StreamARN")?, self.text("ConsumerName")?) {
            (Some(stream_arn), Some(consumer_name)) => Ok(RegisteredConsumer::Name {
                stream_arn: stream_arn.to_owned(),
                consumer_name: consumer_name.to_owned(),
            }),
            _ => Err(ServiceError::invalid_argument(
                "Either the ConsumerARN or both the StreamARN and the ConsumerName must be given.",
            )),
        }
    }

    pub(super) fn record(self) -> Answer<NewRecord> {
        Ok(NewRecord {
            partition_key: self.text("PartitionKey")?.map(str::to_owned),
            explicit_hash_key: self.text("ExplicitHashKey")?.map(str::to_owned),
            data: self.blob("Data")?.ok_or_else(|| missing("Data"))?,
        })
    }

    pub(super) fn records(self) -> Answer<Vec<NewRecord>> {
        let records = self.structures("Records")?.ok_or_else(|| missing("Records"))?;
        records.into_iter().map(Self::record).collect()
    }

    pub(super) fn hash_key(self, name: &str) -> Answer<u128> {
        let digits = self.required_text(name)?;
        let constraint = "satisfy regular expression pattern: 0|([1-9]\\d{0,38})";
        hash_key(digits).ok_or_else(|| ServiceError::validation(name, digits, constraint))
    }

    /// SubscribeToShard's StartingPosition.
    pub(super) fn start(self) -> Answer<Start> {
        let position = self.structure("StartingPosition")?.ok_or_else(|| missing("StartingPosition"))?;
        position.start_of("Type", "SequenceNumber")
    }

    /// Where GetShardIterator starts.
    pub(super) fn iterator_start(self) -> Answer<Start> {
        self.start_of("ShardIteratorType", "StartingSequenceNumber")
    }

    /// The two operations name the members differently.
    fn start_of(self, kind: &str, number: &str) -> Answer<Start> {
        Ok(match self.required_text(kind)? {
            "TRIM_HORIZON" => Start::TrimHorizon,
            "LATEST" => Start::Latest,
            "AT_TIMESTAMP" => {
                let time = self.timestamp("Timestamp")?;
                Start::AtTimestamp(time.ok_or_else(|| {
                    ServiceError::invalid_argument("Timestamp must be given for AT_TIMESTAMP.")
                })?)
            }
            "AT_SEQUENCE_NUMBER" => Start::AtSequenceNumber(self.sequence_number(number)?),
            "AFTER_SEQUENCE_NUMBER" => Start::AfterSequenceNumber(self.sequence_number(number)?),
            other => {
                let constraint = "satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, TRIM_HORIZON, \
                                  AT_SEQUENCE_NUMBER]";
                let member = if kind == "Type" { "startingPosition.type" } else { "shardIteratorType" };
                return Err(ServiceError::validation(member, other, constraint));
            }
        })
    }

    /// Of members of the same name the last one counts.
    fn read<T>(
        self,
        name: &str,
        what: &str,
        read: impl FnOnce(&'a Document) -> Option<T>,
    ) -> Answer<Option<T>> {
        match self.members.iter().rev().find(|(member, _)| member == name) {
            None | Some((_, Document::Null)) => Ok(None),
            Some((_, value)) => match read(value) {
                Some(read) => Ok(Some(read)),
                None => Err(serialization(format!("{name} is not {what}"))),
            },
        }
    }
}

fn list(value: &Document) -> Option<&[Document]> {
    match value {
        Document::List(list) => Some(list),
        _ => None,
    }
}

fn entry((name, value): &Member) -> Option<(&str, &str)> {
    match value {
        Document::Text(text) => Some((name, text)),
        _ => None,
    }
}

fn serialization(message: impl Into<String>) -> ServiceError {
    ServiceError::new("SerializationException", message, 400)
}

fn missing(name: &str) -> ServiceError {
    ServiceError::missing(name)
}

/// The most digits of a sequence number.
const MAX_SEQUENCE_NUMBER: usize = 129;

#[cfg(test)]
mod tests;
