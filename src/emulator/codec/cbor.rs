//! CBOR 1.1 as the AWS SDK for Java and the service speak it: structures are maps with text keys, a blob is a byte string, a
//! time is tag 1 of **milliseconds**, where RFC 8949 has seconds.
//!
//! Maps, lists and strings are read in definite and indefinite length, numbers in every width. Other tags than 1 are passed
//! over. What is declared is not believed: memory is taken for what is there.

use std::convert::Infallible;

use bytes::Bytes;
use minicbor::data::{IanaTag, Type};
use minicbor::decode::Error;
use minicbor::{Decoder, Encoder};

use super::{Budget, Codec, Document, Malformed, Member};
use crate::model::Timestamp;

pub(super) fn decode(bytes: &[u8]) -> Result<Document, Malformed> {
    let mut reader = Reader { decoder: Decoder::new(bytes), budget: Budget::new() };
    let document = reader.value(0).map_err(|error| malformed(&error))?;
    if reader.decoder.position() < bytes.len() {
        return Err(malformed(&"there are bytes behind the value"));
    }
    Ok(document)
}

pub(super) fn encode(document: &Document) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new());
    let written = write(&mut encoder, document);
    debug_assert!(written.is_ok(), "a vector takes everything");
    encoder.into_writer()
}

struct Reader<'b> {
    decoder: Decoder<'b>,
    budget: Budget,
}

impl Reader<'_> {
    /// The next value, inside `depth` others.
    fn value(&mut self, depth: usize) -> Result<Document, Error> {
        self.budget.pay(depth).map_err(Error::message)?;
        Ok(match self.decoder.datatype()? {
            Type::Null => self.decoder.null().map(|()| Document::Null)?,
            Type::Undefined => self.decoder.undefined().map(|()| Document::Null)?,
            Type::Bool => self.decoder.bool()?.into(),
            Type::String | Type::StringIndef => self.text()?.into(),
            Type::Bytes | Type::BytesIndef => self.blob()?.into(),
            Type::Array | Type::ArrayIndef => Document::List(self.list(depth)?),
            Type::Map | Type::MapIndef => Document::Map(self.map(depth)?),
            Type::Tag => self.tagged(depth)?,
            _ => self.number()?,
        })
    }

    fn number(&mut self) -> Result<Document, Error> {
        Ok(match self.decoder.datatype()? {
            Type::F16 => Document::Float(self.half()?),
            Type::F32 | Type::F64 => Document::Float(self.decoder.f64()?),
            _ => {
                let number = i128::from(self.decoder.int()?);
                i64::try_from(number).map_or(Document::Float(number as f64), Document::Integer)
            }
        })
    }

    /// A float of 16 bits (RFC 8949, appendix D).
    fn half(&mut self) -> Result<f64, Error> {
        let start = self.decoder.position();
        let bits = match self.decoder.input().get(start..start + 3) {
            Some(&[_, high, low]) => u16::from_be_bytes([high, low]),
            _ => return Err(Error::end_of_input()),
        };
        self.decoder.set_position(start + 3);
        let (exponent, fraction) = (i32::from(bits >> 10 & 0x1F), f64::from(bits & 0x3FF));
        let magnitude = match exponent {
            0 => fraction * 2f64.powi(-24),
            31 if fraction == 0.0 => f64::INFINITY,
            31 => f64::NAN,
            _ => (fraction + 1_024.0) * 2f64.powi(exponent - 25),
        };
        Ok(if bits >> 15 == 0 { magnitude } else { -magnitude })
    }

    fn text(&mut self) -> Result<String, Error> {
        let mut text = String::new();
        for chunk in self.decoder.str_iter()? {
            text.push_str(chunk?);
        }
        Ok(text)
    }

    /// A copy: a record must not hold on to the request that it came in.
    fn blob(&mut self) -> Result<Bytes, Error> {
        let mut blob = Vec::new();
        for chunk in self.decoder.bytes_iter()? {
            blob.extend_from_slice(chunk?);
        }
        Ok(blob.into())
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Document>, Error> {
        let mut left = self.decoder.array()?;
        let mut list = Vec::new();
        while self.has_next(&mut left)? {
            list.push(self.value(depth + 1)?);
        }
        Ok(list)
    }

    fn map(&mut self, depth: usize) -> Result<Vec<Member>, Error> {
        let mut left = self.decoder.map()?;
        let mut members = Vec::new();
        while self.has_next(&mut left)? {
            members.push((self.text()?.into(), self.value(depth + 1)?));
        }
        Ok(members)
    }

    /// Whether a list or map goes on: by its declared length, or up to the break that ends it.
    fn has_next(&mut self, left: &mut Option<u64>) -> Result<bool, Error> {
        match left {
            Some(0) => Ok(false),
            Some(left) => {
                *left -= 1;
                Ok(true)
            }
            None if self.decoder.datatype()? == Type::Break => {
                self.decoder.set_position(self.decoder.position() + 1);
                Ok(false)
            }
            None => Ok(true),
        }
    }

    fn tagged(&mut self, depth: usize) -> Result<Document, Error> {
        let tag = self.decoder.tag()?;
        let content = self.value(depth + 1)?;
        if tag != IanaTag::Timestamp {
            return Ok(content);
        }
        match content {
            Document::Integer(millis) => {
                Ok(Timestamp::from_millis(u64::try_from(millis).unwrap_or(0)).into())
            }
            Document::Float(millis) => Ok(Codec::Cbor.timestamp(millis).into()),
            _ => Err(Error::message("a time is no number")),
        }
    }
}

fn write(
    encoder: &mut Encoder<Vec<u8>>,
    document: &Document,
) -> Result<(), minicbor::encode::Error<Infallible>> {
    match document {
        Document::Null => encoder.null()?.ok(),
        Document::Bool(flag) => encoder.bool(*flag)?.ok(),
        Document::Integer(number) => encoder.i64(*number)?.ok(),
        Document::Float(number) => encoder.f64(*number)?.ok(),
        Document::Text(text) => encoder.str(text)?.ok(),
        Document::Blob(blob) => encoder.bytes(blob)?.ok(),
        Document::Timestamp(time) => encoder.tag(IanaTag::Timestamp)?.u64(time.as_millis())?.ok(),
        Document::List(list) => {
            encoder.array(list.len() as u64)?;
            list.iter().try_for_each(|item| write(encoder, item))
        }
        Document::Map(members) => {
            encoder.map(members.len() as u64)?;
            members.iter().try_for_each(|(name, value)| {
                encoder.str(name)?;
                write(encoder, value)
            })
        }
    }
}

fn malformed(reason: &dyn std::fmt::Display) -> Malformed {
    Malformed(format!("The body is no CBOR that can be read: {reason}"))
}
