//! Reads the answer of GetRecords out of its JSON, in one pass and where it stands, as an event is read. What the answer's headers
//! say is not known here.
//!
//! | member | missing, null or `""` |
//! |---|---|
//! | `Records`, `ChildShards` | none |
//! | `NextShardIterator` | `None`: the shard has ended |
//! | `MillisBehindLatest` | 0; below 0 as well |
//!
//! Records and child shards are those of an event, and so are the rules for members that are unknown, or there twice.
//!
//! Source: API reference, GetRecords.

use super::decode_error::DecodeError;
use super::event_reader::{Member, child_shard, list, utf8};
use super::json::{Json, members};
use super::record_reader;
use crate::model::{RecordSpans, Records, RecordsPage};

/// Reads a page. The payloads of its records are decoded where they lie, and the text becomes their buffer.
///
/// # Errors
/// When the text is no JSON, or not that of a page.
pub fn read_page(mut text: Vec<u8>) -> Result<RecordsPage, DecodeError> {
    let (page, records) = members(&mut text)?;
    Ok(RecordsPage { records: Records::new(text.into(), records), ..page })
}

/// Reads the members of a page, and the places of its records.
fn members(text: &mut [u8]) -> Result<(RecordsPage, Vec<RecordSpans>), DecodeError> {
    let mut records = Vec::new();
    let mut page = RecordsPage {
        records: Records::default(),
        next_iterator: None,
        millis_behind_latest: 0,
        child_shards: Vec::new(),
    };
    let mut json = Json::new(text);
    json.open(b'{')?;
    let mut first = true;
    while json.more(&mut first, b'}')? {
        match json.name()? {
            _ if json.null()? => {}
            Some(PageMember::Records) => {
                let at = json.position();
                let (read, end) = record_reader::list_in_place(text, at)?;
                records = read;
                json = Json::behind(text, end);
            }
            Some(PageMember::NextIterator) => page.next_iterator = iterator(&mut json)?,
            Some(PageMember::MillisBehindLatest) => {
                page.millis_behind_latest = millis_behind_latest(&mut json)?;
            }
            Some(PageMember::ChildShards) => page.child_shards = list(&mut json, child_shard)?,
            None => json.skip()?,
        }
    }
    json.end()?;
    Ok((page, records))
}

members! {
    PageMember {
        Records = "Records",
        NextIterator = "NextShardIterator",
        MillisBehindLatest = "MillisBehindLatest",
        ChildShards = "ChildShards",
    }
}

fn iterator(json: &mut Json) -> Result<Option<String>, DecodeError> {
    let iterator = utf8(json, NEXT_ITERATOR)?;
    Ok((!iterator.is_empty()).then(|| iterator.into_owned()))
}

fn millis_behind_latest(json: &mut Json) -> Result<u64, DecodeError> {
    let millis = json.number()?.integer().ok_or(BEHIND.invalid())?;
    Ok(u64::try_from(millis).unwrap_or(0))
}

const NEXT_ITERATOR: Member = Member { of: "GetRecords", name: "NextShardIterator" };
const BEHIND: Member = Member { of: "GetRecords", name: "MillisBehindLatest" };

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{HashKeyRange, KinesisRecord, Timestamp};
    use crate::wire::JsonProblem;

    fn page(text: &str) -> Result<RecordsPage, DecodeError> {
        read_page(text.as_bytes().to_vec())
    }

    #[test]
    fn every_member_is_read() {
        let text = r#"{"Records":[{"SequenceNumber":"7","ApproximateArrivalTimestamp":1.5,"Data":"YQ==","PartitionKey":"k"},
            {"Data":"","SequenceNumber":"8"}],"NextShardIterator":"AA\/+=","MillisBehindLatest":42,
            "ChildShards":[{"ShardId":"c","ParentShards":["a","b"],"HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"9"}}],
            "New":[{}]}"#;
        let page = page(text).unwrap();
        let record = KinesisRecord {
            sequence_number: 7.into(),
            partition_key: Some("k".into()),
            data: "a".into(),
            approximate_arrival: Some(Timestamp::from_millis(1_500)),
            encryption_type: None,
        };
        assert_eq!(KinesisRecord::from(page.records.first().unwrap()), record);
        assert_eq!((page.records.len(), page.records.last().unwrap().partition_key()), (2, None));
        assert_eq!((page.next_iterator.as_deref(), page.millis_behind_latest), (Some("AA/+="), 42));
        let child = &page.child_shards[0];
        assert_eq!(
            (child.parent_shards.len(), child.hash_key_range),
            (2, HashKeyRange::parse("0", "9").unwrap())
        );
    }

    #[test]
    fn what_is_not_there_is_none() {
        for text in [
            "{}",
            r#"{"Records":[],"NextShardIterator":"","MillisBehindLatest":-1,"ChildShards":[]}"#,
            r#" {"Records":null,"NextShardIterator":null,"MillisBehindLatest":null,"ChildShards":null} "#,
        ] {
            let page = page(text).unwrap();
            assert_eq!((page.records.len(), page.child_shards.len(), page.weight()), (0, 0, 0), "{text}");
            assert_eq!((page.next_iterator, page.millis_behind_latest), (None, 0), "{text}");
        }
    }

    #[test]
    fn what_is_no_page_is_refused_with_its_place() {
        let json = |problem, at| DecodeError::Json { problem, at };
        for (text, error) in [
            ("", json(JsonProblem::Ended, 0)),
            ("<html>", json(JsonProblem::Unexpected, 0)),
            (r#"{"Records":["#, json(JsonProblem::Ended, 12)),
            ("{} {}", json(JsonProblem::Unexpected, 3)),
            (r#"{"Records":{}}"#, json(JsonProblem::Unexpected, 11)),
            (r#"{"MillisBehindLatest":1.5}"#, BEHIND.invalid()),
            ("{\"NextShardIterator\":\"\u{7}\"}x", json(JsonProblem::Unexpected, 25)),
            (r#"{"Records":[{"Data":""}]}"#, DecodeError::Missing { of: "Record", member: "SequenceNumber" }),
            (r#"{"ChildShards":[{}]}"#, DecodeError::Missing { of: "ChildShard", member: "ShardId" }),
        ] {
            assert_eq!(page(text), Err(error), "{text}");
        }
        let not_utf8 = b"{\"NextShardIterator\":\"\xff\"}".to_vec();
        assert_eq!(read_page(not_utf8), Err(NEXT_ITERATOR.invalid()));
    }
}
