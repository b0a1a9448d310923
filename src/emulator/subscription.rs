//! An open subscription as both doors serve it: it waits, pulls from the model, and does what the fault script says.

use std::sync::Arc;

use tokio::sync::Notify;

use super::faults::StreamFault;
use super::model::{LoggedEvent, Next, ServiceError, SubscriptionId};
use super::service::Service;
use crate::model::Timestamp;

/// Dropped, it hangs up.
pub(super) struct Subscription {
    service: Arc<Service>,
    source: Source,
    events: u64,
    /// What goes wrong, and behind how many events.
    fault: Option<(u64, StreamFault)>,
    silent_until: Option<Timestamp>,
}

/// What a subscription brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Delivery {
    Event(LoggedEvent),
    /// An event, broken in the way that the fault says.
    Broken(LoggedEvent, StreamFault),
    /// The last thing: an exception.
    Failed(ServiceError),
    /// The last thing: an error that is no exception.
    ErrorMessage(ServiceError),
    /// The last thing: the end.
    Ended,
}

enum Source {
    Open(SubscriptionId, Arc<Notify>),
    Refused(ServiceError),
    Over,
}

enum Step {
    Deliver(Delivery),
    Wait(Arc<Notify>, Option<Timestamp>),
}

impl Subscription {
    pub(super) fn open(
        service: Arc<Service>,
        id: SubscriptionId,
        woken: Arc<Notify>,
        fault: Option<(u64, StreamFault)>,
    ) -> Self {
        Self { service, source: Source::Open(id, woken), events: 0, fault, silent_until: None }
    }

    /// A subscription that brings this error and no more.
    pub(super) fn refused(service: Arc<Service>, error: ServiceError) -> Self {
        Self { service, source: Source::Refused(error), events: 0, fault: None, silent_until: None }
    }

    /// What comes next. Cancel-safe: what was taken from the model is returned in the same poll.
    pub(super) async fn next(&mut self) -> Delivery {
        loop {
            match self.step() {
                Step::Deliver(delivery) => return delivery,
                Step::Wait(woken, Some(time)) => tokio::select! {
                    () = woken.notified() => {}
                    () = self.service.clock.sleep_until(time) => {}
                },
                Step::Wait(woken, None) => woken.notified().await,
            }
        }
    }

    fn step(&mut self) -> Step {
        let (id, woken) = match std::mem::replace(&mut self.source, Source::Over) {
            Source::Over => return Step::Deliver(Delivery::Ended),
            Source::Refused(error) => return Step::Deliver(Delivery::Failed(error)),
            Source::Open(id, woken) => (id, woken),
        };
        self.source = Source::Open(id, Arc::clone(&woken));
        if let Some(fault) = self.service.take_interrupt(id) {
            self.fault = Some((self.events, fault));
        }
        if let Some(step) = self.suffer(&woken) {
            return step;
        }
        match self.service.with(|model, now| model.subscription_next(id, now)) {
            Next::WaitUntil(time) => Step::Wait(woken, Some(time)),
            Next::Event(event) => Step::Deliver(self.event(event)),
            Next::Failed(error) => self.over(Delivery::Failed(error)),
            Next::Ended => self.over(Delivery::Ended),
        }
    }

    /// What a fault that is due does instead of the next event, if it is of that kind.
    fn suffer(&mut self, woken: &Arc<Notify>) -> Option<Step> {
        let now = self.service.clock.now();
        if let Some(until) = self.silent_until.filter(|until| now < *until) {
            return Some(Step::Wait(Arc::clone(woken), Some(until)));
        }
        let (_, fault) = self.fault.as_ref().filter(|(after, _)| *after <= self.events)?;
        match fault.clone() {
            StreamFault::Silence(None) => Some(Step::Wait(Arc::clone(woken), None)),
            StreamFault::Silence(Some(silence)) => {
                self.fault = None;
                let until = now.saturating_add(silence);
                self.silent_until = Some(until);
                Some(Step::Wait(Arc::clone(woken), Some(until)))
            }
            StreamFault::Exception(error) => Some(self.over(Delivery::Failed(error))),
            StreamFault::ErrorMessage(error) => Some(self.over(Delivery::ErrorMessage(error))),
            StreamFault::End => Some(self.over(Delivery::Ended)),
            _ => None,
        }
    }

    fn event(&mut self, event: LoggedEvent) -> Delivery {
        let due = self.fault.as_ref().is_some_and(|(after, _)| *after <= self.events);
        self.events += 1;
        match self.fault.take_if(|_| due) {
            Some((_, fault)) => Delivery::Broken(event, fault),
            None => Delivery::Event(event),
        }
    }

    fn over(&mut self, last: Delivery) -> Step {
        self.hang_up();
        Step::Deliver(last)
    }

    fn hang_up(&mut self) {
        if let Source::Open(id, _) = std::mem::replace(&mut self.source, Source::Over) {
            self.service.hang_up(id);
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.hang_up();
    }
}
