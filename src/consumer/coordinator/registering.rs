//! What the coordinator does about the registered consumer.

use super::{ASKS_FOR_CONSUMER, Coordinator};
use crate::consumer::builder::Settings;
use crate::consumer::failure::{failure_error, registration_error};
use crate::consumer::fallback::Fallback;
use crate::consumer::shard_task::Order;
use crate::consumer::{ConsumerEvent, now};
use crate::engine::registration::{self, Registration, RegistrationFailure, RegistrationFallback};
use crate::error::ErrorKind;
use crate::model::ConsumerReference;

/// Whether there is something to subscribe with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FanOutState {
    /// It is being found out.
    Unknown,
    /// This registered consumer is ACTIVE.
    Active(String),
    /// There is no registered consumer, for now.
    Unavailable,
}

impl Coordinator {
    pub(super) fn registration_event(&mut self, event: registration::Event) {
        use registration::Event;
        match event {
            Event::Active { consumer_arn } => self.consumer_active(consumer_arn),
            Event::Unavailable(failure) => self.consumer_unavailable(&failure),
            // It was unavailable, and is back under the ARN it had.
            Event::Confirmed { consumer_arn } if self.fan_out == FanOutState::Unavailable => {
                self.consumer_active(consumer_arn);
            }
            Event::Confirmed { .. } => {
                for (shard_id, status) in std::mem::take(&mut self.suspecting) {
                    self.order(&shard_id, Order::Checked(status));
                }
            }
            Event::Failed(failure) => {
                self.shared.fail(registration_error(failure, self.last_error.take()));
            }
            Event::NotDeregistered { failure, .. } => {
                let error = failure_error("DeregisterStreamConsumer", ErrorKind::ConsumerNotFound, &failure);
                self.shared.leave(error.kind(), error.to_string());
            }
            Event::ShutDown => self.is_registration_over = true,
            Event::Registered { .. } | Event::Deregistered { .. } => {}
        }
    }

    fn consumer_active(&mut self, consumer_arn: String) {
        self.suspecting.clear();
        for link in self.shards.values_mut() {
            // A shard that asked whether the consumer is there has its answer.
            link.checks.retain(|check| *check != ASKS_FOR_CONSUMER);
            link.order(Order::ConsumerActive(consumer_arn.clone()));
        }
        self.shared.log.push(ConsumerEvent::Registered { consumer_arn: consumer_arn.clone() });
        self.fan_out = FanOutState::Active(consumer_arn);
    }

    fn consumer_unavailable(&mut self, failure: &RegistrationFailure) {
        self.suspecting.clear();
        for link in self.shards.values_mut() {
            link.checks.retain(|check| *check != ASKS_FOR_CONSUMER);
            link.order(Order::ConsumerUnavailable);
        }
        self.shared.log.push(ConsumerEvent::FanOutUnavailable { reason: failure.to_string() });
        self.fan_out = FanOutState::Unavailable;
    }

    pub(super) fn tell_registration(&mut self, input: registration::Input) {
        if let Some(registration) = &mut self.registration {
            registration.handle(input, now());
        }
    }
}

/// The machine for this consumer.
pub(super) fn registration(
    stream_arn: &str,
    consumer: ConsumerReference,
    settings: &Settings,
) -> Registration {
    let registration = Registration::new(stream_arn, consumer, settings.seed)
        .with_wait_for_active(settings.registration_timeout);
    match settings.fallback {
        Fallback::Off => registration,
        Fallback::Polling { after, probe_every } => {
            registration.with_fallback(RegistrationFallback { after, retry_every: probe_every })
        }
    }
}
