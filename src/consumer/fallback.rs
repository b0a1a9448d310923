use std::time::Duration;

/// What becomes of the shards of a consumer by fan-out when fan-out is not to be had.
///
/// Polling reads the same records at a higher latency, and shares the 5 calls and 2 MiB a second of a shard with everybody who
/// polls it. It takes over where fan-out left off, to the record, and hands back the same way.
///
/// | what happens | polling serves |
/// |---|---|
/// | no permission to register or to subscribe, the limit of registered consumers reached, no such operation | at once |
/// | subscriptions of a shard fail, or bring nothing | after `after` without an event |
/// | somebody else uses the registered consumer | never: it would only hide that |
///
/// While polling serves, each shard tries to subscribe every `probe_every`, at the position it has reached; with the first event that
/// brings, fan-out serves again. If there is no registered consumer, it is sought that often instead (after LimitExceeded by a
/// back-off of up to 30 s), and all shards go back when there is one. What happens shows in
/// [`events`](super::ConsumerHandle::events) and [`lag`](super::ConsumerHandle::lag).
///
/// It takes the permissions of both: `kinesis:GetShardIterator` and `kinesis:GetRecords` beside those of fan-out. Where polling is denied, fan-out is
/// tried on as if this were [`Off`](Self::Off); where it is denied and there is no registered consumer either, both are tried on, and
/// events tell of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fallback {
    /// Nothing is polled: what can be tried again is tried again, for ever or for
    /// [`give_up_after`](super::ConsumerBuilder::give_up_after); what no waiting mends ends the stream with an error, a denial after a
    /// minute.
    Off,
    /// Polling serves.
    Polling {
        /// How long a shard may be without an event because its subscriptions fail. Default: 60 s. Shorter falls back for what passes by itself,
        /// longer lets records wait.
        after: Duration,
        /// How often fan-out is tried again. Default: 5 min. Each attempt is a SubscribeToShard call.
        probe_every: Duration,
    },
}

impl Default for Fallback {
    fn default() -> Self {
        Self::Polling { after: Duration::from_secs(60), probe_every: Duration::from_secs(300) }
    }
}
