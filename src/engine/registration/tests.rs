//! Scenarios; the state × input table is in `table`.

mod any_answer;
mod deletions;
mod fallback;
mod search;
mod shutdown;
mod suspicion;
mod table;

use std::time::{Duration, Instant};

use super::*;
use crate::model::FailureClass::*;
use crate::model::{ConsumerDescription, ConsumerStatus, FailureClass};

const STREAM: &str = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders";
/// The first registration of the consumer and the second.
const FIRST: &str = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders/consumer/billing:1";
const SECOND: &str = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders/consumer/billing:2";

const AFTER: Duration = Duration::from_secs(60);
const RETRY_EVERY: Duration = Duration::from_secs(300);

type Described = Result<ConsumerDescription, Failure>;

/// A machine with its time, and what it said.
struct Driver {
    machine: Registration,
    now: Instant,
    call: CallId,
    commands: Vec<&'static str>,
}

#[expect(
    clippy::disallowed_methods,
    reason = "an Instant has no other origin; only differences to it matter"
)]
fn origin() -> Instant {
    Instant::now()
}

fn described(arn: &str, status: ConsumerStatus) -> Described {
    Ok(ConsumerDescription { consumer_arn: arn.into(), status })
}

fn active(arn: &str) -> Described {
    described(arn, ConsumerStatus::Active)
}

fn creating(arn: &str) -> Described {
    described(arn, ConsumerStatus::Creating)
}

fn deleting(arn: &str) -> Described {
    described(arn, ConsumerStatus::Deleting)
}

fn refused<T>(class: FailureClass) -> Result<T, Failure> {
    Err(Failure::new(class, "no"))
}

fn short(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap()
}

impl Driver {
    fn by_name() -> Self {
        Self::over(Registration::new(STREAM, ConsumerReference::Name("billing".into()), 1))
    }

    fn by_arn() -> Self {
        Self::over(Registration::new(STREAM, ConsumerReference::Arn(FIRST.into()), 1))
    }

    /// With a fallback after [`AFTER`], and an attempt every [`RETRY_EVERY`].
    fn with_fallback(mut self) -> Self {
        let fallback = RegistrationFallback { after: AFTER, retry_every: RETRY_EVERY };
        self.machine = self.machine.with_fallback(fallback);
        self
    }

    fn over(machine: Registration) -> Self {
        Self { machine, now: origin(), call: CallId(0), commands: Vec::new() }
    }

    /// By name, registered, ACTIVE.
    fn active() -> Self {
        let mut driver = Self::by_name();
        driver.handle(Input::Start);
        driver.describe(active(FIRST));
        driver.commands.clear();
        driver
    }

    fn handle(&mut self, input: Input) -> Vec<String> {
        self.machine.handle(input, self.now);
        let mut said = Vec::new();
        loop {
            match self.machine.poll_output() {
                Output::Command(command) => said.push(self.command(command)),
                Output::Event(event) => said.push(event_text(&event)),
                Output::Timeout(_) => return said,
            }
        }
    }

    fn command(&mut self, command: Command) -> String {
        let (call, name, subject) = match command {
            Command::DescribeByName { call, consumer_name, .. } => (call, "DescribeByName", consumer_name),
            Command::DescribeByArn { call, consumer_arn } => (call, "DescribeByArn", consumer_arn),
            Command::Register { call, consumer_name, .. } => (call, "Register", consumer_name),
            Command::Deregister { call, consumer_arn } => (call, "Deregister", consumer_arn),
        };
        self.call = call;
        self.commands.push(name);
        format!("{name}({})", short(&subject))
    }

    fn describe(&mut self, result: Described) -> Vec<String> {
        let call = self.call;
        self.handle(Input::Described { call, result })
    }

    fn register(&mut self, result: Described) -> Vec<String> {
        let call = self.call;
        self.handle(Input::Registered { call, result })
    }

    fn deregister(&mut self, result: Result<(), Failure>) -> Vec<String> {
        let call = self.call;
        self.handle(Input::Deregistered { call, result })
    }

    fn due(&mut self) -> Option<(Duration, TimeoutReason)> {
        match self.machine.poll_output() {
            Output::Timeout(due) => due.map(|(at, reason)| (at.duration_since(self.now), reason)),
            other => panic!("not drained: {other:?}"),
        }
    }

    /// Lets the time come that is due.
    fn wait(&mut self) -> Vec<String> {
        let (wait, _) = self.due().expect("something is due");
        self.now += wait;
        self.handle(Input::Timeout)
    }
}

fn event_text(event: &Event) -> String {
    match event {
        Event::Registered { consumer_arn } => format!("-> Registered({})", short(consumer_arn)),
        Event::Active { consumer_arn } => format!("-> Active({})", short(consumer_arn)),
        Event::Confirmed { consumer_arn } => format!("-> Confirmed({})", short(consumer_arn)),
        Event::Unavailable(failure) => format!("-> Unavailable({failure})"),
        Event::Failed(failure) => format!("-> Failed({failure})"),
        Event::Deregistered { consumer_arn } => format!("-> Deregistered({})", short(consumer_arn)),
        Event::NotDeregistered { failure, .. } => format!("-> NotDeregistered({failure})"),
        Event::ShutDown => "-> ShutDown".into(),
    }
}
