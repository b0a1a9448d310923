//! The shell of the lineage: which shards are read, when, and what becomes of them.

use std::time::Duration;

use kinesis_fanout::emulator::model::{ListShardsRequest, ShardSelection};
use kinesis_fanout::engine::lineage::{Command, Event, Input, Lineage, LineageStart, Page, PageRequest};
use kinesis_fanout::engine::{CallId, Output};
use kinesis_fanout::model::Failure;

use super::plan::Trouble;
use super::service::{Service, failed, stream};

pub(crate) struct Listing {
    machine: Lineage,
    due: Option<Duration>,
    call: Option<(Duration, CallId, PageRequest)>,
}

impl Listing {
    pub(crate) fn new(start: LineageStart, seed: u64) -> Self {
        Self { machine: Lineage::new(start, seed), due: None, call: None }
    }

    pub(crate) fn next(&self) -> Option<Duration> {
        self.due.into_iter().chain(self.call.as_ref().map(|(at, ..)| *at)).min()
    }

    pub(crate) fn waiting(&self) -> usize {
        self.machine.waiting()
    }

    /// What is due now happens.
    pub(crate) fn step(&mut self, service: &mut Service) -> Vec<Event> {
        let input = match self.call.take_if(|(at, ..)| *at <= service.now) {
            Some((_, call, page)) => Input::Listed { call, result: list(service, &page) },
            None => Input::Timeout,
        };
        self.tell(input, service)
    }

    pub(crate) fn tell(&mut self, input: Input, service: &mut Service) -> Vec<Event> {
        let mut events = Vec::new();
        self.machine.handle(input, service.instant());
        loop {
            match self.machine.poll_output() {
                Output::Command(Command::ListShards { call, page }) => {
                    self.call = Some((service.after(5, 300), call, page));
                }
                Output::Event(event) => events.push(event),
                Output::Timeout(due) => {
                    self.due = due.map(|(at, _)| service.since_begin(at));
                    return events;
                }
            }
        }
    }
}

fn list(service: &mut Service, page: &PageRequest) -> Result<Page, Failure> {
    if let Some(Trouble::ListingRefused(class)) =
        service.trouble(0, |trouble| matches!(trouble, Trouble::ListingRefused(_)))
    {
        return Err(Failure::new(class, "injected"));
    }
    let request = match page {
        PageRequest::First(filter) => ListShardsRequest::First {
            stream: stream(),
            selection: ShardSelection::from(filter.clone()),
            after: None,
            max_results: None,
            created: None,
        },
        PageRequest::Next(token) => ListShardsRequest::Next { token: token.clone(), max_results: None },
    };
    let now = service.timestamp();
    let page = service.model.list_shards(&request, now).map_err(|error| failed(&error))?;
    Ok(Page { shards: page.shards, next_token: page.next_token })
}
