use std::collections::HashMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use aws_sdk_kinesis::types::Shard;
use kinesis_fanout::{Record, SequenceNumber};

/// What was sent, as the producer and the server know it, against what was received. The consumer is not asked: shards and
/// sequence numbers are those that the server gave the producer.
#[derive(Default)]
pub(crate) struct Ledger {
    sent: HashMap<Identity, Seen>,
    /// May hold a record before `sent` does: the consumer can be faster than the answer to the producer.
    received: HashMap<Identity, Seen>,
    records_received: u64,
    duplicated: u64,
    unreadable: u64,
    out_of_order: u64,
    /// The last place received in each shard.
    last: HashMap<String, Place>,
    /// Which records, counted from 1, were the first and the last of each shard.
    spans: HashMap<String, (u64, u64)>,
}

/// What must be the same at both ends.
#[derive(PartialEq)]
struct Seen {
    digest: u64,
    shard_id: String,
    sequence_number: SequenceNumber,
    /// The index in its aggregate.
    sub_sequence_number: Option<u64>,
}

/// Who wrote a user record, and as its how manieth.
pub(crate) type Identity = (u32, u64);

type Place = (SequenceNumber, Option<u64>);

/// The columns of the table that decide.
pub(crate) struct Verdict {
    sent: usize,
    received: u64,
    lost: usize,
    duplicated: u64,
    altered: u64,
    out_of_order: u64,
    child_before_parent: usize,
}

impl Ledger {
    pub(crate) fn sent(
        &mut self,
        identity: Identity,
        digest: u64,
        shard_id: &str,
        sequence_number: &SequenceNumber,
        sub_sequence_number: Option<u64>,
    ) {
        let sent = Seen {
            digest,
            shard_id: shard_id.into(),
            sequence_number: sequence_number.clone(),
            sub_sequence_number,
        };
        self.sent.insert(identity, sent);
    }

    pub(crate) fn received(&mut self, record: &Record) {
        self.records_received += 1;
        self.note_order(record);
        let Some(identity) = record.partition_key().and_then(|key| identity_of(key.as_str()?)) else {
            self.unreadable += 1;
            return;
        };
        let seen = Seen {
            digest: digest(record.explicit_hash_key(), record.data()),
            shard_id: record.shard_id().to_string(),
            sequence_number: record.sequence_number(),
            sub_sequence_number: record.sub_sequence_number(),
        };
        self.duplicated += u64::from(self.received.insert(identity, seen).is_some());
    }

    fn note_order(&mut self, record: &Record) {
        let shard = record.shard_id().to_string();
        let place = (record.sequence_number(), record.sub_sequence_number());
        let at = self.records_received;
        self.spans.entry(shard.clone()).or_insert((at, at)).1 = at;
        let before = self.last.insert(shard, place.clone());
        self.out_of_order += u64::from(before.is_some_and(|before| before >= place));
    }

    /// Whether all that was sent has come.
    pub(crate) fn is_complete(&self) -> bool {
        self.received.len() >= self.sent.len()
    }

    /// The verdict, with the lineage as the server lists it.
    pub(crate) fn verdict(&self, shards: &[Shard]) -> Verdict {
        let child_before_parent = shards
            .iter()
            .flat_map(|shard| {
                let parents = shard.parent_shard_id().into_iter().chain(shard.adjacent_parent_shard_id());
                parents.map(|parent| (parent, shard.shard_id()))
            })
            .filter(|(parent, child)| match (self.spans.get(*parent), self.spans.get(*child)) {
                (Some((_, parent_last)), Some((child_first, _))) => child_first < parent_last,
                _ => false,
            })
            .count();
        let lost = self.sent.keys().filter(|identity| !self.received.contains_key(identity)).count();
        // What nobody sent has been altered beyond recognition.
        let altered =
            self.received.iter().filter(|(identity, seen)| self.sent.get(identity) != Some(seen)).count();
        Verdict {
            sent: self.sent.len(),
            received: self.records_received,
            lost,
            duplicated: self.duplicated,
            altered: altered as u64 + self.unreadable,
            out_of_order: self.out_of_order,
            child_before_parent,
        }
    }
}

impl Verdict {
    pub(crate) fn is_clean(&self) -> bool {
        self.sent > 0
            && self.lost == 0
            && self.duplicated == 0
            && self.altered == 0
            && self.out_of_order == 0
            && self.child_before_parent == 0
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "user records sent                {:>10}", self.sent)?;
        writeln!(f, "user records received            {:>10}", self.received)?;
        writeln!(f, "  lost                           {:>10}", self.lost)?;
        writeln!(f, "  duplicated                     {:>10}", self.duplicated)?;
        writeln!(f, "  altered                        {:>10}", self.altered)?;
        writeln!(f, "  out of order in their shard    {:>10}", self.out_of_order)?;
        writeln!(f, "  child delivered before parent  {:>10}", self.child_before_parent)
    }
}

/// The partition key that carries a user record's identity, since an empty payload cannot.
pub(crate) fn partition_key((producer, counter): Identity) -> String {
    format!("заказ-{producer}-{counter}-✓")
}

fn identity_of(partition_key: &str) -> Option<Identity> {
    let mut parts = partition_key.split('-').skip(1);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// What must arrive unaltered besides the key.
pub(crate) fn digest(explicit_hash_key: Option<&[u8]>, data: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    explicit_hash_key.hash(&mut hasher);
    data.hash(&mut hasher);
    hasher.finish()
}
