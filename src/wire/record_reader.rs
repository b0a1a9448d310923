//! Reads the records of an event or a page out of their JSON. What stands around the list is not known here.
//!
//! A record is decoded out of its text into a buffer, or in place where the text stands in a buffer already. Neither changes the
//! text before the whole record is there, so one that is cut off can be read again. Base64 that is none is told once everything else
//! of the record is known to be good, so that both ways tell the same of a record that is broken twice.

use std::ops::Range;

use base64_simd::STANDARD;

use super::decode_error::DecodeError;
use super::event_reader::{Member, object};
use super::json::{Json, Text, members, unescaped};
use crate::model::{EncryptionType, RecordSpans, SequenceNumber, Span, Timestamp};

members! {
    RecordMember {
        SequenceNumber = "SequenceNumber",
        ApproximateArrival = "ApproximateArrivalTimestamp",
        Data = "Data",
        PartitionKey = "PartitionKey",
        EncryptionType = "EncryptionType",
    }
}

/// A part of a record that is text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    SequenceNumber,
    Data,
    PartitionKey,
}

/// Reads the record that stands next in a list, at `at`, and puts what it holds into a buffer; `first`: nothing stands before it in
/// the list. `None`: the list ends there. With it the place of what follows. What a record that cannot be read has left in the buffer
/// is taken out again.
#[inline]
pub(super) fn next_apart(
    text: &[u8],
    at: usize,
    first: bool,
    buffer: &mut Vec<u8>,
) -> Result<(Option<RecordSpans>, usize), DecodeError> {
    let before = buffer.len();
    let mut is_base64 = true;
    let next = next(text, at, first, |json, text, part| match part {
        Part::Data => {
            let start = buffer.len();
            is_base64 &= STANDARD.decode_append(json.contents(text), buffer).is_ok();
            Ok(span(start..buffer.len()))
        }
        Part::SequenceNumber | Part::PartitionKey => {
            let start = buffer.len();
            buffer.extend_from_slice(&json.contents(text));
            Ok(span(start..buffer.len()))
        }
    });
    let next = next.and_then(|next| if is_base64 { Ok(next) } else { Err(DATA.invalid()) });
    if next.is_err() {
        buffer.truncate(before);
    }
    next
}

/// The same, decoded where it stands.
pub(super) fn next_in_place(
    text: &mut [u8],
    at: usize,
    first: bool,
) -> Result<(Option<RecordSpans>, usize), DecodeError> {
    let (mut data, mut is_base64, mut has_escapes) = (None, true, false);
    let (mut record, end) = next(text, at, first, |json, text, part| {
        has_escapes |= text.has_escapes;
        // Where it is there twice the first one has to be good too.
        if part == Part::Data
            && let Some(before) = data.replace(text)
        {
            is_base64 &= STANDARD.check(&json.contents(before)).is_ok();
        }
        Ok(span(text.range()))
    })?;
    if !is_base64 {
        return Err(DATA.invalid());
    }
    if let Some(record) = &mut record {
        if has_escapes {
            let spans = [&mut record.sequence_number, &mut record.data];
            spans.into_iter().chain(&mut record.partition_key).for_each(|span| unescape(text, span));
        }
        let data = record.data.start as usize..record.data.end as usize;
        // The alphabet and the padding are the standard ones, with no bit to spare.
        let payload = STANDARD.decode_inplace(&mut text[data]).map_err(|_| DATA.invalid())?;
        record.data.end = record.data.start + payload.len() as u32;
    }
    Ok((record, end))
}

/// Reads the list at `at`, and decodes its records in place. With it the place of what follows.
pub(super) fn list_in_place(text: &mut [u8], at: usize) -> Result<(Vec<RecordSpans>, usize), DecodeError> {
    let mut records = Vec::new();
    let mut json = Json::behind(text, at);
    json.open(b'[')?;
    let mut at = json.position();
    loop {
        let (record, end) = next_in_place(text, at, records.is_empty())?;
        let Some(record) = record else {
            fit(&mut records);
            return Ok((records, end));
        };
        make_room(&mut records, end - at, text.len() - end);
        records.push(record);
        at = end;
    }
}

/// Makes room for all records of a list when the second of them comes, as if all that is left were as long as it.
#[inline]
pub(super) fn make_room(records: &mut Vec<RecordSpans>, len: usize, left: usize) {
    match records.len() {
        0 => records.reserve_exact(1),
        1 => records.reserve_exact((1 + left / len).min(MAX_RESERVED)),
        _ => {}
    }
}

/// Gives back what was too much room, beyond an eighth.
pub(super) fn fit(records: &mut Vec<RecordSpans>) {
    if records.capacity() > records.len() + records.len() / 8 {
        records.shrink_to_fit();
    }
}

/// Reads the record that stands next in a list; `keep` says where its texts are kept.
#[inline]
fn next<'t>(
    text: &'t [u8],
    at: usize,
    mut first: bool,
    keep: impl FnMut(&Json<'t>, Text, Part) -> Result<Span, DecodeError>,
) -> Result<(Option<RecordSpans>, usize), DecodeError> {
    let mut json = Json::behind(text, at);
    let record = if json.more(&mut first, b']')? { Some(record(&mut json, keep)?) } else { None };
    Ok((record, json.position()))
}

#[inline]
fn record<'t>(
    json: &mut Json<'t>,
    mut keep: impl FnMut(&Json<'t>, Text, Part) -> Result<Span, DecodeError>,
) -> Result<RecordSpans, DecodeError> {
    let mut record = RecordSpans::default();
    let (mut has_number, mut has_data) = (false, false);
    object(json, |json, member| {
        match member {
            RecordMember::SequenceNumber => {
                let number = sequence_number(json)?;
                has_number = !number.range().is_empty();
                record.sequence_number = keep(json, number, Part::SequenceNumber)?;
            }
            RecordMember::ApproximateArrival => record.approximate_arrival = Some(timestamp(json)?),
            RecordMember::Data => {
                let data = json.text()?;
                record.data = keep(json, data, Part::Data)?;
                has_data = true;
            }
            RecordMember::PartitionKey => {
                let key = partition_key(json)?;
                record.partition_key = Some(keep(json, key, Part::PartitionKey)?);
            }
            RecordMember::EncryptionType => record.encryption_type = encryption_type(json)?,
        }
        Ok(())
    })?;
    match (has_number, has_data) {
        (true, true) => Ok(record),
        (false, _) => Err(SEQUENCE_NUMBER.missing()),
        (_, false) => Err(DATA.missing()),
    }
}

/// Where a sequence number lies; "" is none.
#[inline]
fn sequence_number(json: &mut Json) -> Result<Text, DecodeError> {
    // What are all digits holds no quote and no backslash.
    if json.text_of::<USUAL_DIGITS>().is_some_and(|text| SequenceNumber::is_number(text)) {
        return Ok(json.skip_text::<USUAL_DIGITS>());
    }
    let text = json.text()?;
    let digits = json.contents(text);
    if !digits.is_empty() && !SequenceNumber::is_number(&digits) {
        return Err(SEQUENCE_NUMBER.invalid());
    }
    Ok(text)
}

#[inline]
fn partition_key(json: &mut Json) -> Result<Text, DecodeError> {
    let text = json.text()?;
    match std::str::from_utf8(&json.contents(text)) {
        Ok(_) => Ok(text),
        Err(_) => Err(PARTITION_KEY.invalid()),
    }
}

fn encryption_type(json: &mut Json) -> Result<Option<EncryptionType>, DecodeError> {
    let text = json.text()?;
    match &*json.contents(text) {
        b"NONE" => Ok(Some(EncryptionType::None)),
        b"KMS" => Ok(Some(EncryptionType::Kms)),
        other if std::str::from_utf8(other).is_err() => Err(ENCRYPTION_TYPE.invalid()),
        _ => Ok(None),
    }
}

/// Seconds, to the nearest millisecond.
#[inline]
fn timestamp(json: &mut Json) -> Result<Timestamp, DecodeError> {
    let millis = json.number()?.scaled(3).filter(|millis| *millis <= LAST_MILLISECOND);
    millis.map(Timestamp::from_millis).ok_or(ARRIVAL.invalid())
}

/// Replaces the escape sequences of a text where it stands.
fn unescape(json: &mut [u8], span: &mut Span) {
    let range = span.start as usize..span.end as usize;
    let contents = unescaped(&json[range.clone()]);
    json[range][..contents.len()].copy_from_slice(&contents);
    span.end = span.start + contents.len() as u32;
}

/// A place in the buffer of an event, whose size the bounds of frames and pages keep far below 4 GiB.
#[inline]
fn span(range: Range<usize>) -> Span {
    range.start as u32..range.end as u32
}

/// The end of the year 9999, beyond which no date is written in four digits: a time above it is none.
pub(super) const LAST_MILLISECOND: u64 = 253_402_300_799_999;
/// The digits of a sequence number of Kinesis.
const USUAL_DIGITS: usize = 56;
/// The most records that room is made for at once, ahead of reading them: those of a full page of GetRecords, as AWS states no
/// number for an event. More only make the list grow.
pub(super) const MAX_RESERVED: usize = 10_000;

pub(super) const SEQUENCE_NUMBER: Member = Member { of: "Record", name: "SequenceNumber" };
pub(super) const ARRIVAL: Member = Member { of: "Record", name: "ApproximateArrivalTimestamp" };
pub(super) const DATA: Member = Member { of: "Record", name: "Data" };
pub(super) const PARTITION_KEY: Member = Member { of: "Record", name: "PartitionKey" };
pub(super) const ENCRYPTION_TYPE: Member = Member { of: "Record", name: "EncryptionType" };
