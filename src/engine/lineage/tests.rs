//! Scenarios against a model of a stream; the state × input table is in `table`, random histories in `random`.

mod children;
mod listings;
mod positions;
mod random;
mod start;
mod stream;
mod table;

use std::time::{Duration, Instant};

use super::*;
use crate::engine::Pin;
use crate::model::{FailureClass, Timestamp};
use stream::{Stream, id};

/// A machine in front of a stream, with its time and what it asked for.
struct Driver {
    machine: Lineage,
    stream: Stream,
    now: Instant,
    origin: Instant,
    /// The call that waits for its answer.
    call: Option<(CallId, PageRequest)>,
    /// Calls so far.
    calls: usize,
    /// When complete listings were started.
    listings: Vec<Duration>,
    page_size: usize,
}

#[expect(
    clippy::disallowed_methods,
    reason = "an Instant has no other origin; only differences to it matter"
)]
fn origin() -> Instant {
    Instant::now()
}

fn failure(class: FailureClass) -> Failure {
    Failure::new(class, "no")
}

impl Driver {
    fn new(start: impl Into<LineageStart>, stream: Stream) -> Self {
        let now = origin();
        Self {
            machine: Lineage::new(start, 1),
            stream,
            now,
            origin: now,
            call: None,
            calls: 0,
            listings: Vec::new(),
            page_size: 1000,
        }
    }

    /// A machine that has started; its first events are dropped.
    fn started(start: impl Into<LineageStart>, stream: Stream) -> Self {
        let mut driver = Self::new(start, stream);
        driver.run(Input::Start);
        driver
    }

    /// Hands an input in; gives the events. A command waits for [`answer`](Self::answer).
    fn handle(&mut self, input: Input) -> Vec<String> {
        self.machine.handle(input, self.now);
        let mut said = Vec::new();
        loop {
            match self.machine.poll_output() {
                Output::Command(Command::ListShards { call, page }) => self.asked(call, page),
                Output::Event(event) => said.push(event_text(&event)),
                Output::Timeout(_) => return said,
            }
        }
    }

    fn asked(&mut self, call: CallId, page: PageRequest) {
        self.calls += 1;
        if page == PageRequest::First(ShardFilter::All) {
            self.listings.push(self.now - self.origin);
        }
        assert_eq!(self.call.replace((call, page)), None, "two calls at once");
    }

    /// Answers the call under way from the stream.
    fn answer(&mut self) -> Vec<String> {
        let (call, page) = self.call.take().expect("a call is under way");
        let page = self.stream.page(&page, self.page_size);
        self.handle(Input::Listed { call, result: Ok(page) })
    }

    fn refuse(&mut self, class: FailureClass) -> Vec<String> {
        let (call, _) = self.call.take().expect("a call is under way");
        let result = Err(failure(class));
        self.handle(Input::Listed { call, result })
    }

    /// Hands an input in and answers every call that follows at once.
    fn run(&mut self, input: Input) -> Vec<String> {
        let mut said = self.handle(input);
        while self.call.is_some() {
            said.extend(self.answer());
        }
        said
    }

    /// The shard ended, and its last event named the children that the stream knows.
    fn end(&mut self, shard: u32) -> Vec<String> {
        let children = self.stream.children(shard);
        self.run(Input::HandedOver { shard: id(shard), children })
    }

    /// The shard ended, and nothing was said of children.
    fn end_bare(&mut self, shard: u32) -> Vec<String> {
        self.handle(Input::HandedOver { shard: id(shard), children: Vec::new() })
    }

    fn check(&mut self, shard: u32) -> Vec<String> {
        self.handle(Input::Check { shard: id(shard) })
    }

    fn due(&mut self) -> Option<(Duration, TimeoutReason)> {
        match self.machine.poll_output() {
            Output::Timeout(due) => due.map(|(at, reason)| (at.duration_since(self.now), reason)),
            other => panic!("not drained: {other:?}"),
        }
    }

    /// Lets the time come that is due; calls wait for their answer.
    fn wait(&mut self) -> Vec<String> {
        let (wait, _) = self.due().expect("something is due");
        self.now += wait;
        self.handle(Input::Timeout)
    }

    /// Lets the next listing come, and answers it.
    fn discover(&mut self) -> Vec<String> {
        let (wait, _) = self.due().expect("something is due");
        self.now += wait;
        self.run(Input::Timeout)
    }
}

fn event_text(event: &Event) -> String {
    match event {
        Event::InitialShards { count } => format!("{count} initial"),
        Event::StartShard { shard, start, .. } => match start {
            ShardStart::TrimHorizon => format!("{shard} from its beginning"),
            ShardStart::Pinned(pin) => format!("{shard} from the pin {}", pin.timestamp().as_millis()),
            ShardStart::Timestamp(time) => format!("{shard} from {}", time.as_millis()),
            ShardStart::After(position) => format!("{shard} after {position}"),
        },
        Event::Checked { shard, status } => match status {
            ShardStatus::Open => format!("{shard} is open"),
            ShardStatus::Unlisted => format!("{shard} is unlisted"),
            ShardStatus::Closed { children, .. } => {
                format!("{shard} is closed, children {:?}", ids(children))
            }
            ShardStatus::Gone { children } => format!("{shard} is gone, children {:?}", ids(children)),
        },
        Event::Failed(failure) => format!("failed: {failure}"),
    }
}

fn ids(children: &[ChildShard]) -> Vec<&ShardId> {
    children.iter().map(|child| &child.shard_id).collect()
}

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}
