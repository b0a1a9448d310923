//! What can be set on the local Kinesis. Every line of the service's behaviour that AWS does not document is a setting here,
//! so that a consumer can be tried against each reading of it.

mod json;

use std::fmt;
use std::time::{Duration, SystemTime};

use crate::model::EncryptionType;
pub use json::SettingsError;

/// The settings of a [`LocalKinesis`](super::LocalKinesis). The defaults are the documented values where there are any, and
/// what is known or most likely where there are none.
///
/// ```
/// use std::time::Duration;
/// use kinesis_fanout::emulator::Settings;
///
/// let settings = Settings { subscription_time: Duration::from_secs(5), ..Settings::default() };
/// ```
///
/// They can be read from a file: [`from_json`](Self::from_json).
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The region in ARNs. Default: `us-east-1`.
    pub region: String,
    /// The account in ARNs and messages. Default: `000000000000`.
    pub account: String,
    /// What the service's clock shows when it starts; from there it runs with tokio's clock. Default: `None`, the real time.
    pub start_time: Option<SystemTime>,

    /// How long a subscription lives; then its stream ends cleanly. Default: 300 s (SubscribeToShard).
    pub subscription_time: Duration,
    /// A subscription without records gets an empty event this long after the event before it. Default: 5 s (seen, and
    /// LocalStack's validated tests; AWS documents none).
    pub idle_event_interval: Duration,
    /// Whether the first event of a subscription without records comes at once, rather than after a whole interval.
    /// Undocumented. Default: false.
    pub first_idle_event_at_once: bool,
    /// The most records in an event. Undocumented. Default: 500.
    pub event_max_records: usize,
    /// The most bytes, payload and partition key, in an event; a larger record comes alone. Undocumented. Default: 1 MiB.
    pub event_max_bytes: usize,
    /// Bytes per second that a shard gives each consumer. Default: 2,000,000 (enhanced fan-out); `None`: no pacing.
    pub pace: Option<u64>,
    /// What an event's continuation is. Undocumented (opaque). Default: [`Continuation::EqualToLastRecord`].
    pub continuation: Continuation,
    /// What the continuation is in a shard's last event. Default: [`ShardEnd::NullContinuation`] (KCL).
    pub shard_end: ShardEnd,
    /// Whether the last records of a closed shard come in one event with its children. Undocumented. Default: false, the
    /// children come alone.
    pub shard_end_with_records: bool,
    /// How a second subscription within 5 s is refused. Undocumented. Default: [`RefusalForm::Http400`].
    pub refusal: RefusalForm,
    /// A second SubscribeToShard of the same consumer and shard is refused for this long after a successful one. Default: 5 s
    /// (SubscribeToShard).
    pub take_over_after: Duration,
    /// Whether the end of a subscription lets the next one in before `take_over_after`. Undocumented. Default:
    /// [`SlotAfterHangUp::Not`], the letter of SubscribeToShard.
    pub slot_after_hang_up: SlotAfterHangUp,
    /// Whether SubscribeToShard refuses a timestamp in the future, as GetShardIterator does. Undocumented. Default: true.
    pub refuse_future_timestamp: bool,
    /// Whether a sequence number below the trim horizon is refused rather than read as the horizon. Undocumented. Default:
    /// false.
    pub refuse_trimmed_sequence_number: bool,
    /// Whether a sequence number that the shard cannot have given is refused. Undocumented. Default: true.
    pub refuse_foreign_sequence_number: bool,

    /// How long a registered consumer stays CREATING. Undocumented. Default: 500 ms.
    pub consumer_creation_time: Duration,
    /// How long a deregistered consumer stays DELETING. Undocumented. Default: 0.
    pub consumer_deletion_time: Duration,
    /// The most registered consumers of a stream. Default: 20 (RegisterStreamConsumer).
    pub max_consumers: usize,
    /// How long a new stream stays CREATING. Undocumented. Default: 0.
    pub stream_creation_time: Duration,
    /// How long a deleted stream stays DELETING. Undocumented. Default: 0.
    pub stream_deletion_time: Duration,
    /// How long a split or merge keeps its stream UPDATING. The shards change at once. Undocumented. Default: 0.
    pub reshard_time: Duration,
    /// How long another change of a stream (retention, record size, mode, encryption, monitoring) keeps it UPDATING. The change
    /// counts at once. Undocumented. Default: 0.
    pub stream_update_time: Duration,
    /// The most open shards of the account, all streams together. Default: 20,000 (the default quota of the largest regions).
    pub shard_limit: usize,
    /// The most on-demand streams of the account. Default: 50 (the default quota).
    pub on_demand_stream_limit: usize,
    /// ListShards shows a split or merge this long after it happened. Undocumented. Default: 0.
    pub list_shards_lag: Duration,
    /// The most shards in a page of ListShards, whatever the request says. Default: 1,000 (ListShards).
    pub list_shards_page: usize,
    /// How long the NextToken of a listing can be used. Default: 300 s (ListShards).
    pub next_token_time: Duration,
    /// How long a shard iterator can be used. Default: 300 s (GetShardIterator).
    pub shard_iterator_time: Duration,

    /// How long a record of a new stream, and then its closed shard, can be read. Default: 24 h (CreateStream).
    pub retention: Duration,
    /// The most records that a shard keeps; the oldest are trimmed. The service has no such bound. Default: 1,000,000.
    pub retention_records: usize,
    /// The most bytes that a shard keeps; the oldest records are trimmed. The service has no such bound. Default: 256 MiB.
    pub retention_bytes: usize,
    /// The most records that all shards keep together; the oldest of all are trimmed. The service has no such bound. Default:
    /// 4,000,000.
    pub total_retention_records: usize,
    /// The most bytes, payload and partition key, that all shards keep together; the oldest records of all are trimmed. The
    /// service has no such bound. Default: 1 GiB.
    pub total_retention_bytes: usize,
    /// The largest record of a new stream, partition key included, in bytes. Default: 1 MiB; UpdateMaxRecordSize raises it to up to
    /// 10 MiB.
    pub max_record_size: usize,
    /// The form of sequence numbers. Default: [`SequenceNumberForm::Digits56`].
    pub sequence_numbers: SequenceNumberForm,
    /// The encryption type of a new stream's records. Default: `None`, absent, as the service has it on streams without encryption.
    pub encryption: Option<EncryptionType>,

    /// The access key that requests over HTTP have to be signed with (AWS Signature Version 4 in the `Authorization` header, by the
    /// service's clock). The signature has to cover the host and every `x-amz-` header that the request has; it need not
    /// cover the content type, which not all AWS SDKs sign ("Create a signed AWS API request", IAM user guide). Refused, with status 400, are: no signature
    /// (MissingAuthenticationTokenException), half of one or one in the query string (IncompleteSignatureException), another key or
    /// session token (UnrecognizedClientException), and all that is wrong with the signature itself
    /// (InvalidSignatureException). Default: `None`, any credentials and none at all are let in.
    pub verify_signatures: Option<AccessKey>,
    /// Whether calls are held to the documented rates: SubscribeToShard 1/s per consumer and shard, RegisterStreamConsumer 5/s,
    /// and so on. Default: true.
    pub limit_calls: bool,
    /// Whether writes are held to 1,000 records/s and 1 MB/s per shard. Default: false, so that tests write as fast as they can.
    pub limit_writes: bool,
    /// Whether GetRecords is held to 2 MiB/s per shard, and to silence for 5 s after 10 MiB. Its 5 calls/s go by
    /// [`limit_calls`](Self::limit_calls). Default: true.
    pub limit_reads: bool,
    /// Whether the port tells the size of an event, and of a page of GetRecords, before it is read. Default: false: the client of the
    /// AWS SDK cannot.
    pub tell_event_size: bool,
    /// The most bytes of encoded events that are kept for other subscriptions that read the same; the oldest go. 0 has every
    /// subscription's events encoded for it alone. Default: 64 MiB.
    pub encoded_cache_bytes: usize,
    /// The most entries in the log of SubscribeToShard calls; the oldest go. Default: 10,000.
    pub call_log_size: usize,
    /// SETTINGS_MAX_CONCURRENT_STREAMS of HTTP/2 connections. Undocumented; traces of the service show 5 and 100 to 128.
    /// Default: 128.
    pub max_concurrent_streams: u32,
    /// The most connections of a door; one beyond is closed at once. Default: 10,000.
    pub max_connections: usize,
    /// How long the handshake of a connection under TLS may take; then it is closed. Default: 30 s, more than it takes over the
    /// slowest line.
    pub tls_handshake_timeout: Duration,
    /// How long an HTTP/1.1 connection may take to bring the header of its next request, from its start or the end of the answer
    /// before. Then half a header is answered with RequestTimeoutException (408), and the connection is closed. HTTP/2 has it
    /// for its preface only; behind that, [`keep_alive_interval`](Self::keep_alive_interval) counts. Default: 120 s, longer
    /// than the SDKs for Java, Go and Rust keep an idle connection in their pools by default (60 to 90 s), so that it is they who
    /// close it. Clients that keep one for longer find it closed at their next call, and have to connect again.
    pub header_timeout: Duration,
    /// How long the body of a request may take; then it is answered with RequestTimeoutException (408). Default: 120 s, which
    /// is 16 MiB at 1 Mbit/s.
    pub body_timeout: Duration,
    /// How long a client may take nothing of an answer; then its HTTP/1.1 connection is closed, or its stream of HTTP/2 reset. In
    /// HTTP/2 it has to take 16 KiB in this time, in HTTP/1.1 anything at all. A subscription that its client does not read is
    /// kept until its time is over, and this long after that. As long does an answer of more than 64 KiB wait for
    /// room among all answers under way (256 MiB); then it is ServiceUnavailable (503). Default: 120 s, as
    /// [`body_timeout`](Self::body_timeout).
    pub answer_timeout: Duration,
    /// An HTTP/2 connection from which nothing came for this long is sent a PING. Default: 30 s. Shorter finds half-open
    /// connections sooner; each PING costs 17 bytes either way.
    pub keep_alive_interval: Duration,
    /// How long an HTTP/2 client may take to answer that PING; then its connection is closed, subscriptions included. A client
    /// that reads no events answers PINGs nonetheless, so it is not meant. Default: 30 s.
    pub keep_alive_timeout: Duration,
    /// How long answers in flight may take to be finished when a door is shut down; then they are cut. Subscriptions do not
    /// wait for it: they end at once, between two events. Default: 5 s; 0 cuts everything at once.
    pub shutdown_time: Duration,
}

/// What ContinuationSequenceNumber is in an event with records. It is opaque to clients. In empty events it moves on with
/// time in either mode, and never reaches the next record's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Continuation {
    /// The number of the event's last record.
    EqualToLastRecord,
    /// Above the event's last record and below the next one: no record's number, ever.
    NeverARecord,
}

/// What ContinuationSequenceNumber is in the event that brings a shard's children.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShardEnd {
    /// `null`, as the KCL expects it.
    NullContinuation,
    /// The shard's ending number, as some local servers keep it.
    KeptContinuation,
}

/// How a second subscription within [`Settings::take_over_after`] is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalForm {
    /// ResourceInUseException with status 400.
    Http400,
    /// ResourceInUseException with status 500.
    Http500,
    /// The call succeeds, and its stream's first event is a ResourceInUseException.
    InStream,
}

/// When the end of a subscription, by either side, makes room for the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotAfterHangUp {
    /// At once.
    AtOnce,
    /// Three seconds after the end.
    AfterThreeSeconds,
    /// It does not: only [`Settings::take_over_after`] counts.
    Not,
}

/// How sequence numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SequenceNumberForm {
    /// 56 digits, as the service writes them.
    Digits56,
    /// 30 digits with leading zeros, as one local server does.
    Padded30,
}

/// An access key. Its `Debug` keeps the secret and the token.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessKey {
    /// Its id, which requests name.
    pub id: String,
    /// Its secret, which signs them.
    pub secret: String,
    /// The token of the session that it is for, which requests have to bring in `X-Amz-Security-Token`, signed. `None`: a key
    /// for good, with which a request that brings a token is refused, as AWS does.
    pub session_token: Option<String>,
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            region: "us-east-1".into(),
            account: "000000000000".into(),
            start_time: None,
            subscription_time: Duration::from_secs(300),
            idle_event_interval: Duration::from_secs(5),
            first_idle_event_at_once: false,
            event_max_records: 500,
            event_max_bytes: MIB,
            pace: Some(2_000_000),
            continuation: Continuation::EqualToLastRecord,
            shard_end: ShardEnd::NullContinuation,
            shard_end_with_records: false,
            refusal: RefusalForm::Http400,
            take_over_after: Duration::from_secs(5),
            slot_after_hang_up: SlotAfterHangUp::Not,
            refuse_future_timestamp: true,
            refuse_trimmed_sequence_number: false,
            refuse_foreign_sequence_number: true,
            consumer_creation_time: Duration::from_millis(500),
            consumer_deletion_time: Duration::ZERO,
            max_consumers: 20,
            stream_creation_time: Duration::ZERO,
            stream_deletion_time: Duration::ZERO,
            reshard_time: Duration::ZERO,
            stream_update_time: Duration::ZERO,
            shard_limit: 20_000,
            on_demand_stream_limit: 50,
            list_shards_lag: Duration::ZERO,
            list_shards_page: 1_000,
            next_token_time: Duration::from_secs(300),
            shard_iterator_time: Duration::from_secs(300),
            retention: Duration::from_secs(24 * 60 * 60),
            retention_records: 1_000_000,
            retention_bytes: 256 * MIB,
            total_retention_records: 4_000_000,
            total_retention_bytes: 1024 * MIB,
            max_record_size: MIB,
            sequence_numbers: SequenceNumberForm::Digits56,
            encryption: None,
            verify_signatures: None,
            limit_calls: true,
            limit_writes: false,
            limit_reads: true,
            tell_event_size: false,
            encoded_cache_bytes: 64 * MIB,
            call_log_size: 10_000,
            max_concurrent_streams: 128,
            max_connections: 10_000,
            tls_handshake_timeout: Duration::from_secs(30),
            header_timeout: Duration::from_secs(120),
            body_timeout: Duration::from_secs(120),
            answer_timeout: Duration::from_secs(120),
            keep_alive_interval: Duration::from_secs(30),
            keep_alive_timeout: Duration::from_secs(30),
            shutdown_time: Duration::from_secs(5),
        }
    }
}

const MIB: usize = 1 << 20;
