use super::RegistrationFailure;
use crate::engine::CallId;
use crate::model::{ConsumerDescription, Failure};

/// What happens to the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Find the registered consumer, or register it.
    Start,
    /// The answer to a `DescribeByName` or a `DescribeByArn`.
    Described {
        /// The command's id.
        call: CallId,
        /// What came of it.
        result: Result<ConsumerDescription, Failure>,
    },
    /// The answer to a `Register`.
    Registered {
        /// The command's id.
        call: CallId,
        /// What came of it.
        result: Result<ConsumerDescription, Failure>,
    },
    /// The answer to a `Deregister`.
    Deregistered {
        /// The command's id.
        call: CallId,
        /// What came of it.
        result: Result<(), Failure>,
    },
    /// A subscription was answered ResourceNotFound: is the registered consumer still there? Answered by `Event::Confirmed`,
    /// `Event::Active`, `Event::Unavailable` or `Event::Failed`; those who ask while the answer is sought share it. After `Unavailable`
    /// nothing is asked: the search is under way.
    Suspected,
    /// The instant of the last timeout has come.
    Timeout,
    /// Finish.
    Shutdown {
        /// Whether the registered consumer is deregistered too, given by name or by ARN.
        deregister: bool,
    },
}

/// What the machine wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// DescribeStreamConsumer by stream and name.
    DescribeByName {
        /// Goes into the answer.
        call: CallId,
        /// The stream's ARN.
        stream_arn: String,
        /// The consumer's name.
        consumer_name: String,
    },
    /// DescribeStreamConsumer by ARN.
    DescribeByArn {
        /// Goes into the answer.
        call: CallId,
        /// The registered consumer's ARN.
        consumer_arn: String,
    },
    /// RegisterStreamConsumer.
    Register {
        /// Goes into the answer.
        call: CallId,
        /// The stream's ARN.
        stream_arn: String,
        /// The consumer's name.
        consumer_name: String,
    },
    /// DeregisterStreamConsumer.
    Deregister {
        /// Goes into the answer.
        call: CallId,
        /// The registered consumer's ARN.
        consumer_arn: String,
    },
}

/// What the machine has found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// This machine has registered the consumer, which may not be ACTIVE yet.
    Registered {
        /// The ARN it has got.
        consumer_arn: String,
    },
    /// Subscribe with this ARN from now on. It differs from the one before.
    Active {
        /// The registered consumer.
        consumer_arn: String,
    },
    /// It was suspected to be gone, or unavailable, and is ACTIVE under the ARN of the last `Active`.
    Confirmed {
        /// The registered consumer.
        consumer_arn: String,
    },
    /// With a fallback: there is no registered consumer to read with for now, and the search goes on. Told once; it ends with `Active`, or with
    /// `Confirmed` where the ARN is that of the last `Active`.
    Unavailable(RegistrationFailure),
    /// There is no registered consumer to read with. Nothing follows but the shutdown.
    Failed(RegistrationFailure),
    /// The consumer is registered no more.
    Deregistered {
        /// The ARN it had.
        consumer_arn: String,
    },
    /// The consumer is left registered: deregistering it failed.
    NotDeregistered {
        /// The ARN it still has.
        consumer_arn: String,
        /// Why.
        failure: Failure,
    },
    /// The machine is done: the last event.
    ShutDown,
}

/// What the machine waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeoutReason {
    /// Looking again at a consumer that is CREATING or DELETING.
    Poll,
    /// Trying again what failed.
    Retry,
    /// The end of the wait for ACTIVE.
    WaitForActive,
    /// The end of the patience with a search, with a fallback.
    Unavailable,
    /// The next attempt after a search that came to nothing, with a fallback.
    Attempt,
}
