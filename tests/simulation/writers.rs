//! Everybody else at the stream: who writes, who splits and merges, who subscribes or polls beside us.

use std::time::Duration;

use kinesis_fanout::emulator::NewRecord;
use kinesis_fanout::emulator::Start;
use kinesis_fanout::emulator::model::GetRecordsRequest;
use kinesis_fanout::model::{Shard, ShardId};

use super::ledger::{NEVER, Put};
use super::plan::Trouble;
use super::service::{Service, stream};

/// Somebody who comes back to one shard again and again.
#[derive(Debug)]
pub(crate) struct Visitor {
    pub(crate) at: Duration,
    until: Duration,
    shard: usize,
    iterator: Option<String>,
    is_poller: bool,
}

/// A few records into whatever shards.
pub(crate) fn put(service: &mut Service) -> Duration {
    let count = 1 + service.luck.below(6);
    let records: Vec<NewRecord> = (0..count).map(|_| new_record(service)).collect();
    let now = service.timestamp();
    let users: Vec<Option<u64>> =
        records.iter().map(|_| service.luck.one_in(3).then(|| 1 + service.luck.below(4))).collect();
    let answers = service.model.put_records(&stream(), records, now).expect("the stream is there");
    for (answer, users) in answers.into_iter().zip(users) {
        let put = answer.expect("writes are not limited");
        service.counts.add("records put");
        service.ledger.put(&put.shard_id, Put { number: put.sequence_number, arrival: now, users });
    }
    let quiet = service.luck.one_in(20);
    let longest = if quiet { 120_000 } else { service.plan.put_every };
    service.after(1, longest)
}

fn new_record(service: &mut Service) -> NewRecord {
    let len = service.luck.below(service.plan.payload + 1) as usize;
    let hash_key = u128::from(service.luck.below(u64::MAX)) << 64;
    NewRecord {
        partition_key: Some("key".into()),
        explicit_hash_key: Some(hash_key.to_string()),
        data: bytes::Bytes::from_static(&ZEROS[..len.min(ZEROS.len())]),
    }
}

/// Splits a shard, or merges two.
pub(crate) fn reshard(service: &mut Service) {
    let now = service.timestamp();
    let shards = service.model.all_shards(&stream(), now).expect("the stream is there");
    let open: Vec<Shard> = shards.into_iter().filter(|shard| !shard.is_closed()).collect();
    let shard = &open[service.luck.below(open.len() as u64) as usize];
    let behind = shard.hash_key_range.end().checked_add(1);
    let next = open.iter().find(|other| Some(other.hash_key_range.start()) == behind);
    let id = shard.shard_id.as_str();
    match next {
        Some(next) if open.len() > 3 || service.luck.one_in(2) => {
            let next = next.shard_id.as_str();
            service.model.merge_shards(&stream(), id, next, now).expect("they lie side by side");
            service.counts.add("merges");
        }
        Some(_) | None if open.len() > 4 => return,
        Some(_) | None => {
            service.model.split_shard_in_half(&stream(), id, now).expect("it is open");
            service.counts.add("splits");
        }
    }
    service.trace(|| format!("reshard at {id}"));
}

impl Visitor {
    /// Those whose time begins with this trouble.
    pub(crate) fn of(window: &super::plan::Window, shards: usize) -> Vec<Self> {
        let is_poller = match window.trouble {
            Trouble::Rival => false,
            Trouble::RivalPoller => true,
            _ => return Vec::new(),
        };
        let hit = (0..shards).filter(|shard| window.hits(*shard));
        hit.map(|shard| Self { at: window.from, until: window.to, shard, iterator: None, is_poller })
            .collect()
    }

    pub(crate) fn visit(&mut self, consumer_arn: Option<&str>, service: &mut Service) {
        if service.now >= self.until {
            self.at = NEVER;
            return;
        }
        let shard: ShardId = format!("shardId-{:012}", self.shard).into();
        let now = service.timestamp();
        if self.is_poller {
            self.poll(&shard, service);
            self.at = service.after(20, 300);
            return;
        }
        if let Some(arn) = consumer_arn {
            let answer = service.model.subscribe_to_shard(arn, &shard, &Start::Latest, now);
            if answer.is_ok() {
                service.counts.add("take-overs tried by a rival");
            }
        }
        self.at = service.after(1_000, 40_000);
    }

    fn poll(&mut self, shard: &ShardId, service: &mut Service) {
        let now = service.timestamp();
        self.iterator = match self.iterator.take() {
            Some(shard_iterator) => {
                let request = GetRecordsRequest { shard_iterator, limit: None, stream: None };
                let answer = service.model.get_records(&request, now);
                answer.map_or(Some(request.shard_iterator), |page| page.next_shard_iterator)
            }
            None => service.model.get_shard_iterator(&stream(), shard, &Start::TrimHorizon, now).ok(),
        };
    }
}

static ZEROS: [u8; 100_000] = [0; 100_000];
