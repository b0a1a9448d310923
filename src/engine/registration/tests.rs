//! Scenarios; the state × input table is in `table`.

mod table;

use std::time::{Duration, Instant};

use super::*;
use crate::model::FailureClass::*;
use crate::model::{ConsumerDescription, ConsumerStatus, FailureClass};

const STREAM: &str = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders";
/// The first registration of the consumer and the second.
const FIRST: &str = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders/consumer/billing:1";
const SECOND: &str = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders/consumer/billing:2";

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
    Ok(ConsumerDescription {
        consumer_arn: arn.into(),
        status,
    })
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
        Self::over(Registration::new(
            STREAM,
            ConsumerReference::Name("billing".into()),
            1,
        ))
    }

    fn by_arn() -> Self {
        Self::over(Registration::new(STREAM, ConsumerReference::Arn(FIRST.into()), 1))
    }

    fn over(machine: Registration) -> Self {
        Self {
            machine,
            now: origin(),
            call: CallId(0),
            commands: Vec::new(),
        }
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
            Command::DescribeByName {
                call, consumer_name, ..
            } => (call, "DescribeByName", consumer_name),
            Command::DescribeByArn { call, consumer_arn } => (call, "DescribeByArn", consumer_arn),
            Command::Register {
                call, consumer_name, ..
            } => (call, "Register", consumer_name),
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
        Event::Failed(failure) => format!("-> Failed({failure})"),
        Event::Deregistered { consumer_arn } => format!("-> Deregistered({})", short(consumer_arn)),
        Event::NotDeregistered { failure, .. } => format!("-> NotDeregistered({failure})"),
        Event::ShutDown => "-> ShutDown".into(),
    }
}

#[test]
fn an_arn_is_used_at_once_without_a_call() {
    let mut driver = Driver::by_arn();
    assert_eq!(driver.handle(Input::Start), ["-> Active(billing:1)"]);
    assert_eq!(driver.due(), None);
}

#[test]
fn a_name_that_is_registered_is_only_described() {
    let mut driver = Driver::by_name();
    assert_eq!(driver.handle(Input::Start), ["DescribeByName(billing)"]);
    assert_eq!(driver.describe(active(FIRST)), ["-> Active(billing:1)"]);
    assert_eq!(driver.due(), None);
}

#[test]
fn a_name_that_is_not_registered_is_registered_and_awaited() {
    let mut driver = Driver::by_name();
    driver.handle(Input::Start);
    assert_eq!(driver.describe(refused(ResourceNotFound)), ["Register(billing)"]);
    assert_eq!(driver.register(creating(FIRST)), ["-> Registered(billing:1)"]);
    assert_eq!(driver.wait(), ["DescribeByArn(billing:1)"]);
    assert!(driver.describe(creating(FIRST)).is_empty());
    assert_eq!(driver.wait(), ["DescribeByArn(billing:1)"]);
    assert_eq!(driver.describe(active(FIRST)), ["-> Active(billing:1)"]);
}

#[test]
fn active_is_looked_for_every_half_second_then_up_to_five_seconds_apart() {
    let mut driver = Driver::by_name();
    driver.handle(Input::Start);
    driver.describe(creating(FIRST));
    let mut waits = Vec::new();
    while waits.iter().sum::<Duration>() < Duration::from_secs(60) {
        waits.push(driver.due().unwrap().0);
        driver.wait();
        driver.describe(creating(FIRST));
    }
    let (eager, later) = waits.split_at(20);
    assert!(
        eager.iter().all(|wait| *wait == Duration::from_millis(500)),
        "{eager:?}"
    );
    assert!(later[0] >= Duration::from_millis(600) && later[0] < Duration::from_millis(750));
    assert!(later.last().unwrap() >= &Duration::from_secs(4));
    assert!(
        later.iter().all(|wait| *wait < Duration::from_secs(5)),
        "{later:?}"
    );
}

#[test]
fn what_never_becomes_active_fails_after_the_bound() {
    let bound = Duration::from_secs(90);
    let mut driver = Driver::by_name();
    driver.machine = driver.machine.with_wait_for_active(bound);
    let start = driver.now;
    driver.handle(Input::Start);
    driver.describe(creating(FIRST));
    let said = loop {
        match driver.wait() {
            said if said.iter().any(|text| text.starts_with("->")) => break said,
            _ => driver.describe(creating(FIRST)),
        };
    };
    assert_eq!(
        said,
        ["-> Failed(the registered consumer was not ACTIVE after 90s)"]
    );
    assert_eq!(driver.now - start, bound);
    assert!(driver.commands.len() < 50, "{}", driver.commands.len());
}

#[test]
fn a_call_that_is_never_answered_does_not_outlast_the_bound() {
    let mut driver = Driver::by_name();
    driver.handle(Input::Start);
    assert_eq!(
        driver.due(),
        Some((WAIT_FOR_ACTIVE, TimeoutReason::WaitForActive))
    );
    assert_eq!(
        driver.wait(),
        ["-> Failed(the registered consumer was not ACTIVE after 600s)"]
    );
    assert!(driver.describe(active(FIRST)).is_empty(), "too late");
}

#[test]
fn another_process_that_registers_first_is_joined() {
    let mut driver = Driver::by_name();
    driver.handle(Input::Start);
    driver.describe(refused(ResourceNotFound));
    assert_eq!(
        driver.register(refused(ResourceInUse)),
        ["DescribeByName(billing)"]
    );
    driver.describe(creating(FIRST));
    driver.wait();
    assert_eq!(driver.describe(active(FIRST)), ["-> Active(billing:1)"]);
}

#[test]
fn in_use_and_not_there_at_once_does_not_spin() {
    let mut driver = Driver::by_name();
    let start = driver.now;
    driver.handle(Input::Start);
    driver.describe(refused(ResourceNotFound));
    while driver.now - start < Duration::from_secs(300) && driver.commands.len() < 1000 {
        let said = driver.register(refused(ResourceInUse));
        let said = [said, driver.describe(refused(ResourceNotFound))].concat();
        if said != ["DescribeByName(billing)", "Register(billing)"] {
            driver.wait();
        }
    }
    assert!(driver.commands.len() < 100, "{} calls", driver.commands.len());
}

#[test]
fn one_that_is_being_deleted_is_waited_out_and_registered() {
    let mut driver = Driver::by_name();
    driver.handle(Input::Start);
    assert!(driver.describe(deleting(FIRST)).is_empty());
    assert_eq!(
        driver.due(),
        Some((Duration::from_millis(500), TimeoutReason::Poll))
    );
    assert_eq!(driver.wait(), ["DescribeByName(billing)"]);
    assert_eq!(driver.describe(refused(ResourceNotFound)), ["Register(billing)"]);
}

#[test]
fn one_that_vanishes_while_it_is_awaited_is_registered_again() {
    for gone in [refused(ResourceNotFound), deleting(FIRST)] {
        let mut driver = Driver::by_name();
        driver.handle(Input::Start);
        driver.describe(creating(FIRST));
        driver.wait();
        assert!(driver.describe(gone).is_empty());
        assert_eq!(driver.wait(), ["DescribeByName(billing)"]);
        assert_eq!(driver.describe(refused(ResourceNotFound)), ["Register(billing)"]);
    }
}

#[test]
fn limits_and_outages_are_waited_out_within_the_bound() {
    let mut driver = Driver::by_name();
    let start = driver.now;
    driver.handle(Input::Start);
    driver.describe(refused(ResourceNotFound));
    let said = loop {
        assert!(driver.register(refused(Throttled)).is_empty());
        assert!(driver.due().unwrap().0 <= Duration::from_secs(30));
        match driver.wait() {
            said if said == ["Register(billing)"] => {}
            said => break said,
        }
    };
    assert_eq!(
        said,
        ["-> Failed(the registered consumer was not ACTIVE after 600s; last failure: Throttled: no)"]
    );
    assert_eq!(driver.now - start, WAIT_FOR_ACTIVE);
    assert!((20..100).contains(&driver.commands.len()));
}

#[test]
fn what_no_retry_mends_fails_at_once() {
    for class in [AccessDenied, Credentials, InvalidArgument] {
        let mut driver = Driver::by_name();
        driver.handle(Input::Start);
        let failure = Failure::new(class, "no");
        let call = driver.call;
        driver.machine.handle(
            Input::Described {
                call,
                result: Err(failure.clone()),
            },
            driver.now,
        );
        let failed = RegistrationFailure::Call {
            operation: Operation::Describe,
            failure,
        };
        assert_eq!(driver.machine.poll_output(), Output::Event(Event::Failed(failed)));
        assert_eq!(driver.due(), None);
    }
}

#[test]
fn a_stream_that_is_not_there_fails_at_once() {
    let mut driver = Driver::by_name();
    driver.handle(Input::Start);
    driver.describe(refused(ResourceNotFound));
    assert_eq!(
        driver.register(refused(ResourceNotFound)),
        ["-> Failed(RegisterStreamConsumer failed: ResourceNotFound: no)"]
    );
}

#[test]
fn decision_06_suspicions_share_one_describe() {
    let mut driver = Driver::active();
    assert_eq!(driver.handle(Input::Suspected), ["DescribeByArn(billing:1)"]);
    for _ in 0..64 {
        assert!(driver.handle(Input::Suspected).is_empty());
    }
    assert_eq!(driver.describe(active(FIRST)), ["-> Confirmed(billing:1)"]);
    assert_eq!(driver.handle(Input::Suspected), ["DescribeByArn(billing:1)"]);
}

#[test]
fn decision_05_a_deleted_consumer_is_registered_again_by_name() {
    for gone in [refused(ResourceNotFound), deleting(FIRST)] {
        let mut driver = Driver::active();
        driver.handle(Input::Suspected);
        assert_eq!(driver.describe(gone), ["DescribeByName(billing)"]);
        assert_eq!(driver.describe(refused(ResourceNotFound)), ["Register(billing)"]);
        assert!(driver.handle(Input::Suspected).is_empty());
        assert_eq!(driver.register(creating(SECOND)), ["-> Registered(billing:2)"]);
        driver.wait();
        assert_eq!(driver.describe(active(SECOND)), ["-> Active(billing:2)"]);
    }
}

#[test]
fn decision_05_a_deleted_consumer_given_by_arn_fails() {
    for gone in [refused(ResourceNotFound), deleting(FIRST)] {
        let mut driver = Driver::by_arn();
        driver.handle(Input::Start);
        driver.handle(Input::Suspected);
        assert_eq!(
            driver.describe(gone),
            ["-> Failed(the registered consumer was deleted)"]
        );
    }
}

/// Deleted, and registered again under another ARN.
fn delete(driver: &mut Driver, number: u32) -> Vec<String> {
    driver.handle(Input::Suspected);
    let said = driver.describe(refused(ResourceNotFound));
    if said == ["DescribeByName(billing)"] {
        return driver.describe(active(&format!("{STREAM}/consumer/billing:{number}")));
    }
    said
}

#[test]
fn decision_05_the_fourth_deletion_within_an_hour_is_an_error() {
    let mut driver = Driver::active();
    for number in 2..5 {
        assert_eq!(
            delete(&mut driver, number),
            [format!("-> Active(billing:{number})")]
        );
        driver.now += Duration::from_secs(600);
    }
    assert_eq!(
        delete(&mut driver, 5),
        ["-> Failed(the registered consumer was deleted 4 times within an hour)"]
    );
}

#[test]
fn decision_05_the_hour_of_deletions_rolls() {
    let mut driver = Driver::active();
    for number in 2..20 {
        assert_eq!(
            delete(&mut driver, number),
            [format!("-> Active(billing:{number})")]
        );
        driver.now += Duration::from_secs(1200);
    }
}

#[test]
fn a_suspected_consumer_that_is_creating_is_awaited_and_confirmed() {
    let mut driver = Driver::by_arn();
    driver.handle(Input::Start);
    driver.handle(Input::Suspected);
    assert!(driver.describe(creating(FIRST)).is_empty());
    assert_eq!(driver.wait(), ["DescribeByArn(billing:1)"]);
    assert_eq!(driver.describe(active(FIRST)), ["-> Confirmed(billing:1)"]);
}

#[test]
fn an_outage_does_not_end_a_consumer_that_was_active() {
    let mut driver = Driver::active();
    let start = driver.now;
    driver.handle(Input::Suspected);
    while driver.now - start < Duration::from_secs(7200) {
        assert!(driver.describe(refused(Unavailable)).is_empty());
        assert_eq!(driver.wait(), ["DescribeByArn(billing:1)"]);
    }
    assert!(driver.commands.len() < 1200, "{} calls", driver.commands.len());
    assert_eq!(driver.describe(active(FIRST)), ["-> Confirmed(billing:1)"]);
}

#[test]
fn a_shutdown_leaves_the_consumer_registered_unless_it_is_asked_to_deregister() {
    assert_eq!(
        Driver::active().handle(Input::Shutdown { deregister: false }),
        ["-> ShutDown"]
    );
    let mut driver = Driver::active();
    let shutdown = Input::Shutdown { deregister: true };
    assert_eq!(driver.handle(shutdown.clone()), ["Deregister(billing:1)"]);
    assert!(driver.handle(shutdown).is_empty());
    assert_eq!(
        driver.deregister(Ok(())),
        ["-> Deregistered(billing:1)", "-> ShutDown"]
    );
}

#[test]
fn a_consumer_that_is_gone_counts_as_deregistered() {
    let mut driver = Driver::active();
    driver.handle(Input::Shutdown { deregister: true });
    assert_eq!(
        driver.deregister(refused(ResourceNotFound)),
        ["-> Deregistered(billing:1)", "-> ShutDown"]
    );
}

#[test]
fn deregistration_is_tried_five_times() {
    let mut driver = Driver::active();
    driver.handle(Input::Shutdown { deregister: true });
    for _ in 1..5 {
        assert!(driver.deregister(refused(Throttled)).is_empty());
        assert_eq!(driver.wait(), ["Deregister(billing:1)"]);
    }
    assert_eq!(
        driver.deregister(refused(Throttled)),
        ["-> NotDeregistered(Throttled: no)", "-> ShutDown"]
    );
}

#[test]
fn a_registration_under_way_at_the_shutdown_is_undone() {
    let mut driver = Driver::by_name();
    driver.handle(Input::Start);
    driver.describe(refused(ResourceNotFound));
    assert!(driver.handle(Input::Shutdown { deregister: true }).is_empty());
    assert_eq!(driver.register(creating(FIRST)), ["Deregister(billing:1)"]);
}

#[test]
fn a_timeout_too_early_changes_nothing() {
    let mut driver = Driver::by_name();
    driver.handle(Input::Start);
    driver.describe(creating(FIRST));
    let due = driver.due();
    assert!(driver.handle(Input::Timeout).is_empty());
    assert_eq!(driver.due(), due);
}

#[test]
fn a_bound_beyond_all_time_is_none() {
    let mut driver = Driver::by_name();
    driver.machine = driver.machine.with_wait_for_active(Duration::MAX);
    driver.handle(Input::Start);
    assert_eq!(driver.due(), None);
}
