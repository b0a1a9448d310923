//! The shell of the registration: which registered consumer there is to subscribe with.

use std::time::Duration;

use kinesis_fanout::emulator::ConsumerSummary;
use kinesis_fanout::engine::registration::{Command, Event, Input, Registration, RegistrationFallback};
use kinesis_fanout::engine::{CallId, Output};
use kinesis_fanout::kinesis::RegisteredConsumer;
use kinesis_fanout::model::{ConsumerDescription, ConsumerReference, Failure, StreamReference};

use super::plan::Trouble;
use super::service::{Service, failed};

pub(crate) struct Registering {
    machine: Registration,
    due: Option<Duration>,
    call: Option<(Duration, Command)>,
    /// What the shards are to subscribe with.
    pub(crate) consumer_arn: Option<String>,
}

impl Registering {
    pub(crate) fn new(stream_arn: &str, fallback: Option<RegistrationFallback>, seed: u64) -> Self {
        let machine = Registration::new(stream_arn, ConsumerReference::Name(NAME.into()), seed);
        let machine = match fallback {
            Some(fallback) => machine.with_fallback(fallback),
            None => machine,
        };
        Self { machine, due: None, call: None, consumer_arn: None }
    }

    pub(crate) fn next(&self) -> Option<Duration> {
        self.due.into_iter().chain(self.call.as_ref().map(|(at, _)| *at)).min()
    }

    pub(crate) fn step(&mut self, service: &mut Service) -> Vec<Event> {
        let input = match self.call.take_if(|(at, _)| *at <= service.now) {
            Some((_, command)) => answer(service, command),
            None => Input::Timeout,
        };
        self.tell(input, service)
    }

    pub(crate) fn tell(&mut self, input: Input, service: &mut Service) -> Vec<Event> {
        let mut events = Vec::new();
        self.machine.handle(input, service.instant());
        loop {
            match self.machine.poll_output() {
                Output::Command(command) => self.call = Some((service.after(5, 500), command)),
                Output::Event(event) => {
                    service.trace(|| format!("registration {event:?}"));
                    match &event {
                        Event::Active { consumer_arn } | Event::Confirmed { consumer_arn } => {
                            self.consumer_arn = Some(consumer_arn.clone());
                        }
                        Event::Unavailable(_) => self.consumer_arn = None,
                        _ => {}
                    }
                    events.push(event);
                }
                Output::Timeout(due) => {
                    self.due = due.map(|(at, _)| service.since_begin(at));
                    return events;
                }
            }
        }
    }
}

fn answer(service: &mut Service, command: Command) -> Input {
    match command {
        Command::DescribeByName { call, stream_arn, consumer_name } => {
            let consumer = RegisteredConsumer::Name { stream_arn, consumer_name };
            Input::Described { call, result: describe(service, &consumer) }
        }
        Command::DescribeByArn { call, consumer_arn } => {
            Input::Described { call, result: describe(service, &RegisteredConsumer::Arn(consumer_arn)) }
        }
        Command::Register { call, stream_arn, consumer_name } => {
            Input::Registered { call, result: register(service, stream_arn, &consumer_name) }
        }
        Command::Deregister { call, .. } => deregistered(call),
    }
}

fn describe(service: &mut Service, consumer: &RegisteredConsumer) -> Result<ConsumerDescription, Failure> {
    refused(service)?;
    let now = service.timestamp();
    let found = service.model.describe_stream_consumer(consumer, now);
    found.map(described).map_err(|error| failed(&error))
}

fn register(service: &mut Service, stream_arn: String, name: &str) -> Result<ConsumerDescription, Failure> {
    refused(service)?;
    let now = service.timestamp();
    let registered = service.model.register_stream_consumer(&StreamReference::Arn(stream_arn), name, now);
    registered.map(described).map_err(|error| failed(&error))
}

fn refused(service: &Service) -> Result<(), Failure> {
    match service.trouble(0, |trouble| matches!(trouble, Trouble::RegistrationRefused(_))) {
        Some(Trouble::RegistrationRefused(class)) => Err(Failure::new(class, "injected")),
        _ => Ok(()),
    }
}

fn described(consumer: ConsumerSummary) -> ConsumerDescription {
    ConsumerDescription { consumer_arn: consumer.arn, status: consumer.status }
}

fn deregistered(call: CallId) -> Input {
    Input::Deregistered { call, result: Ok(()) }
}

pub(crate) const NAME: &str = "billing";
