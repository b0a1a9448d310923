use std::time::Duration;

use kinesis_fanout::emulator::model::{GetRecordsRequest, PolledRecords};
use kinesis_fanout::engine::CallId;
use kinesis_fanout::engine::polling::{Command, Input as Told};
use kinesis_fanout::engine::reader::{DeliveryMode, Input};
use kinesis_fanout::model::{Failure, FailureClass, RecordsPage, StartingPosition};

use super::Shard;
use super::room::Room;
use crate::plan::Trouble;
use crate::service::{Service, failed, stream};

/// A call of GetShardIterator or GetRecords.
#[derive(Debug)]
pub(super) struct PollCall {
    call: CallId,
    request: Request,
    sent_at: Duration,
    /// When it arrives, and then when its answer does.
    pub(super) at: Duration,
    answer: Option<Answered>,
}

#[derive(Debug)]
enum Request {
    Iterator(StartingPosition),
    Records { iterator: String, limit: u16 },
}

#[derive(Debug)]
enum Answered {
    Iterator(Result<String, Failure>),
    Page(Result<RecordsPage, Failure>),
}

impl Shard {
    pub(super) fn obey_polling(&mut self, command: Command, service: &mut Service) {
        assert!(self.is_polling_alive, "commanded after its end: {command:?}");
        let (call, request) = match command {
            Command::GetShardIterator { call, starting_position } => {
                self.assert_position(DeliveryMode::Polling, &starting_position, service);
                self.assert_is_of_a_record(&starting_position, service);
                (call, Request::Iterator(starting_position))
            }
            Command::GetRecords { call, iterator, limit } => {
                assert_eq!(Some(&iterator), self.iterator.as_ref(), "not the iterator that came last");
                assert_eq!(limit, service.plan.reader.polling.limit);
                (call, Request::Records { iterator, limit })
            }
            Command::Close { .. } | Command::Check(_) => panic!("nothing of this is alive: {command:?}"),
        };
        assert!(self.poll.is_none(), "a second call");
        assert!(self.polling_room.is_none(), "called without room");
        let queued = if service.luck.one_in(20) { 1_000 } else { 0 };
        let sent_at = service.after(0, queued);
        let at = sent_at + service.luck.millis(3, 20);
        self.poll = Some(PollCall { call, request, sent_at, at, answer: None });
    }

    /// Decision 1: a continuation is never given to GetShardIterator.
    fn assert_is_of_a_record(&self, position: &StartingPosition, service: &mut Service) {
        let (StartingPosition::AfterSequenceNumber(number) | StartingPosition::AtSequenceNumber(number)) =
            position
        else {
            return;
        };
        assert!(service.ledger.book(&self.id).is_record(number), "{number} is no record's number");
    }

    /// The call arrives at the service, or its answer arrives here.
    pub(super) fn poll_goes_on(&mut self, service: &mut Service) {
        let Some(mut poll) = self.poll.take() else { return };
        let Some(answer) = poll.answer.take() else {
            let answer = self.arrives(&poll, service);
            let is_lost = matches!(&answer, Answered::Iterator(Err(failure)) | Answered::Page(Err(failure))
                if failure.class == FailureClass::TimedOut);
            poll.at = if is_lost { poll.sent_at + ANSWER_TIMEOUT } else { service.trip() };
            poll.answer = Some(answer);
            self.poll = Some(poll);
            return;
        };
        let (call, sent_at) = (poll.call, service.instant_at(poll.sent_at));
        let told = match answer {
            Answered::Iterator(result) => {
                self.iterator = result.clone().ok();
                if let Err(failure) = &result {
                    self.has_fallen_back |= failure.class == FailureClass::InvalidArgument;
                    self.note_denial(failure.class, service);
                }
                Told::Iterator { call, sent_at, result }
            }
            Answered::Page(Ok(page)) if self.is_without_room(service) => {
                service.counts.add("pages without room");
                self.polling_room = Some(Room::wanted(service));
                Told::NoRoom { call, bytes: page.payload_bytes() }
            }
            Answered::Page(result) => {
                match &result {
                    Ok(page) => self.iterator = page.next_iterator.clone(),
                    Err(failure) => {
                        self.iterator.take_if(|_| failure.class == FailureClass::ExpiredIterator);
                        self.note_denial(failure.class, service);
                    }
                }
                Told::Page { call, sent_at, result }
            }
        };
        self.tell(Input::Polling(told), service);
    }

    fn is_without_room(&self, service: &mut Service) -> bool {
        let is_full = service.trouble(self.index, |trouble| trouble == Trouble::NoRoomForPages).is_some();
        service.plan.is_size_told && is_full && !service.luck.one_in(3)
    }

    fn arrives(&mut self, poll: &PollCall, service: &mut Service) -> Answered {
        let injected = service.trouble(self.index, |trouble| {
            matches!(trouble, Trouble::PollRefused(_) | Trouble::PollUnanswered { .. })
        });
        let failure = match injected {
            Some(Trouble::PollRefused(class)) => Some(Failure::new(class, "injected")),
            Some(Trouble::PollUnanswered { .. }) => Some(Failure::new(FailureClass::TimedOut, "no answer")),
            _ => None,
        };
        let arrives = failure.is_none() || injected == Some(Trouble::PollUnanswered { seen: true });
        match &poll.request {
            Request::Iterator(position) => {
                self.iterators.sent(poll.sent_at);
                service.counts.add("GetShardIterator");
                let answer = if arrives { self.get_iterator(position, service) } else { Ok(String::new()) };
                Answered::Iterator(failure.map_or(answer, Err))
            }
            Request::Records { iterator, limit } => {
                self.scans.sent(poll.sent_at);
                service.counts.add("GetRecords");
                match failure {
                    Some(failure) => {
                        if arrives {
                            let _ = self.get_records(iterator, *limit, service);
                        }
                        Answered::Page(Err(failure))
                    }
                    None => Answered::Page(self.get_records(iterator, *limit, service)),
                }
            }
        }
    }

    fn get_iterator(
        &mut self,
        position: &StartingPosition,
        service: &mut Service,
    ) -> Result<String, Failure> {
        if self.pin_is_refused(position, service) {
            service.counts.add("pins refused, polling");
            return Err(Failure::new(FailureClass::InvalidArgument, "injected"));
        }
        if self.number_is_refused(position, service) {
            service.counts.add("numbers refused, polling");
            return Err(Failure::new(FailureClass::InvalidArgument, "injected"));
        }
        let now = service.timestamp();
        let answer = service.model.get_shard_iterator(&stream(), &self.id, &position.clone().into(), now);
        answer.map_err(|error| failed(&error))
    }

    fn get_records(
        &mut self,
        iterator: &str,
        limit: u16,
        service: &mut Service,
    ) -> Result<RecordsPage, Failure> {
        let spoiled = service.trouble(self.index, |trouble| {
            matches!(
                trouble,
                Trouble::IteratorsExpired
                    | Trouble::EmptyPages
                    | Trouble::NoIterators
                    | Trouble::NoChildShards
            )
        });
        if spoiled == Some(Trouble::IteratorsExpired) && !service.luck.one_in(3) {
            return Err(Failure::new(FailureClass::ExpiredIterator, "injected"));
        }
        if spoiled == Some(Trouble::EmptyPages) && !service.luck.one_in(3) {
            service.counts.add("empty pages while behind");
            return Ok(RecordsPage {
                records: Vec::new().into(),
                next_iterator: Some(iterator.to_owned()),
                millis_behind_latest: 1_000,
                child_shards: Vec::new(),
            });
        }
        let request = GetRecordsRequest {
            shard_iterator: iterator.to_owned(),
            limit: Some(limit.into()),
            stream: Some(stream()),
        };
        let polled = service.model.get_records(&request, service.timestamp());
        let mut page = polled.map(page).map_err(|error| failed(&error))?;
        if spoiled == Some(Trouble::NoIterators) && service.luck.one_in(2) {
            page.next_iterator = None;
            page.child_shards.clear();
        }
        if spoiled == Some(Trouble::NoChildShards) {
            page.child_shards.clear();
        }
        Ok(page)
    }

    /// The call is given up: what it costs at the service is not known.
    pub(super) fn drop_poll(&mut self, service: &mut Service) {
        let Some(poll) = self.poll.take() else { return };
        self.poll_given_up = Some(service.now);
        if poll.answer.is_none() && poll.sent_at <= service.now {
            self.arrives(&poll, service);
        }
    }
}

fn page(polled: PolledRecords) -> RecordsPage {
    RecordsPage {
        records: polled.records.into(),
        next_iterator: polled.next_shard_iterator,
        millis_behind_latest: polled.millis_behind_latest,
        child_shards: polled.child_shards,
    }
}

/// How long a call may take until it is given up.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
