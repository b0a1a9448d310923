use crate::model::Failure;

/// Why a shard cannot be read any further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShardFailure {
    /// The service refuses the position and the older one that was tried after it: it was trimmed, or belongs to another stream.
    PositionRefused(Failure),
    /// The service refuses every time from the start to 24 h before it.
    PinRefused(Failure),
    /// The service has denied access for a minute, or could not be spoken to for as long.
    Denied(Failure),
    /// No event for as long as the user wants to wait.
    GaveUp(Failure),
}
