//! What a seed chooses: how the service is set, how the stream is read, and what goes wrong when.

use std::time::Duration;

use kinesis_fanout::emulator::{Continuation, RefusalForm, Settings, ShardEnd, SlotAfterHangUp};
use kinesis_fanout::engine::polling::PollingConfig;
use kinesis_fanout::engine::reader::{Fallback, ReaderConfig};
use kinesis_fanout::engine::subscription::SubscriptionConfig;
use kinesis_fanout::model::FailureClass;

use super::luck::Luck;

#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) settings: Settings,
    pub(crate) reader: ReaderConfig,
    /// No registered consumer at all.
    pub(crate) is_polled_alone: bool,
    pub(crate) shards: usize,
    pub(crate) start: StartChoice,
    /// Nothing goes wrong and no shard is split or merged from here on.
    pub(crate) faults_until: Duration,
    /// The end of the history.
    pub(crate) until: Duration,
    pub(crate) windows: Vec<Window>,
    pub(crate) reshards: Vec<Duration>,
    /// The most bytes of a payload.
    pub(crate) payload: u64,
    /// The most milliseconds between two puts.
    pub(crate) put_every: u64,
    /// Whether the shell knows the size of an event or page before it takes it in.
    pub(crate) is_size_told: bool,
    pub(crate) is_contention_only: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StartChoice {
    TrimHorizon,
    Latest,
    AtTimestamp,
    PerShard,
}

/// A time in which something goes wrong.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) from: Duration,
    pub(crate) to: Duration,
    /// Every third shard, from this one on; `None`: all of them.
    pub(crate) third: Option<usize>,
    pub(crate) trouble: Trouble,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// SubscribeToShard is refused.
    SubscribeRefused(FailureClass),
    /// SubscribeToShard is not answered; `seen`: it arrives.
    SubscribeUnanswered { seen: bool },
    /// Subscriptions bring nothing any more.
    Silent,
    /// Subscriptions break after so many events.
    Breaks(u64, FailureClass),
    /// Subscriptions end after so many events, and nothing says why.
    BareEnds(u64),
    /// Numbers that a reading would go on after are refused.
    NumbersRefused,
    /// Answers and events take their time, but come.
    Slow,
    /// Somebody else subscribes with the same registered consumer.
    Rival,
    /// Times of LATEST that are not this far back are refused.
    PinRefused(Duration),
    /// Somebody else polls.
    RivalPoller,
    /// GetShardIterator and GetRecords are refused.
    PollRefused(FailureClass),
    /// The same, without an answer; `seen`: it arrives.
    PollUnanswered { seen: bool },
    /// Each iterator is too old.
    IteratorsExpired,
    /// There is no room for a page, once its size is known.
    NoRoomForPages,
    /// Scans come back empty.
    EmptyPages,
    /// Pages come without the next iterator.
    NoIterators,
    /// Pages come without child shards.
    NoChildShards,
    /// The user takes nothing.
    Blocked,
    /// ListShards is refused.
    ListingRefused(FailureClass),
    /// The registered consumer is deleted at the beginning.
    ConsumerDeleted,
    /// DescribeStreamConsumer and RegisterStreamConsumer are refused.
    RegistrationRefused(FailureClass),
}

impl Window {
    pub(crate) fn hits(&self, shard: usize) -> bool {
        self.third.is_none_or(|third| shard % 3 == third)
    }
}

impl Plan {
    pub(crate) fn of(luck: &mut Luck) -> Self {
        let is_contention_only = luck.one_in(12);
        let is_polled_alone = !is_contention_only && luck.one_in(8);
        let has_fallback = is_contention_only || !luck.one_in(6);
        let fallback = has_fallback.then(|| Fallback {
            after: luck.seconds(3, 90),
            probe_every: match luck.below(20) {
                0 => Duration::MAX,
                1..=6 => luck.seconds(60, 300),
                _ => luck.seconds(5, 60),
            },
        });
        let put_every = luck.pick(&[500, 2_000, 10_000, 60_000]);
        let is_busy = put_every < 10_000;
        let reader = reader_config(luck, fallback, is_busy);
        let faults_until = luck.seconds(120, 540);
        // Where no probe follows, the registration makes another attempt all the same.
        let probe_every = fallback.map_or(Duration::ZERO, |it| it.probe_every);
        let probe_every = probe_every.min(Duration::from_secs(300));
        let calm = probe_every.mul_f64(1.1) + Duration::from_secs(120);
        // Where the registration rests as well, a probe is due only after its next attempt.
        let until = faults_until + calm.max(RECOVERY) + probe_every.mul_f64(1.1) + LAST_ATTEMPT;
        let mut windows = Vec::new();
        for _ in 0..luck.below(7) {
            windows.push(window(luck, faults_until, is_contention_only, has_fallback));
        }
        let start = luck.pick(&[
            StartChoice::TrimHorizon,
            StartChoice::Latest,
            StartChoice::AtTimestamp,
            StartChoice::PerShard,
        ]);
        if start == StartChoice::Latest && !is_contention_only && luck.one_in(2) {
            let trouble = Trouble::PinRefused(pin_distance(luck));
            windows.push(Window { from: Duration::ZERO, to: luck.seconds(1, 60), third: None, trouble });
        }
        let is_long_outage = has_fallback && !is_contention_only && luck.one_in(2);
        if is_long_outage {
            windows.push(outage(luck, faults_until));
        }
        let settings = settings(luck, is_busy);
        if settings.retention < A_DAY {
            // Generations of shards would come and go that no listing has shown.
            windows.retain(|window| !matches!(window.trouble, Trouble::ListingRefused(_)));
        }
        if is_long_outage && luck.one_in(2) {
            windows.extend(denials(luck, faults_until));
        }
        // More would be the end of it for an hour.
        let mut deletions = 0;
        windows.retain(|window| {
            deletions += u64::from(window.trouble == Trouble::ConsumerDeleted);
            window.trouble != Trouble::ConsumerDeleted || deletions <= 2
        });
        if !is_contention_only && luck.one_in(8) {
            // From the very start: nothing is registered, or nothing can be had of it.
            let class = luck.pick(&[FailureClass::AccessDenied, FailureClass::Throttled]);
            let to = luck.seconds(5, 120);
            let trouble = match has_fallback {
                true => Trouble::RegistrationRefused(class),
                false => Trouble::Silent,
            };
            windows.push(Window { from: Duration::ZERO, to, third: None, trouble });
        }
        let reshards = (0..luck.below(5)).map(|_| reshard(luck, &windows, faults_until)).collect();
        Self {
            settings,
            reader,
            is_polled_alone,
            shards: 1 + luck.below(3) as usize,
            start,
            faults_until,
            until,
            windows,
            reshards,
            payload: if luck.one_in(16) { 100_000 } else { 200 },
            put_every,
            is_size_told: luck.one_in(2),
            is_contention_only,
        }
    }

    /// Then there is no fallback for a while.
    pub(crate) fn polling_may_be_denied(&self) -> bool {
        self.windows.iter().any(|window| match window.trouble {
            Trouble::PollRefused(_) => window.trouble.denies(),
            _ => false,
        })
    }

    pub(crate) fn fallback(&self) -> Option<Fallback> {
        self.reader.fallback.filter(|_| !self.is_polled_alone)
    }
}

fn reader_config(luck: &mut Luck, fallback: Option<Fallback>, is_busy: bool) -> ReaderConfig {
    // Small pages, and none but the idle ones, keep up with little only.
    let rescan_while_behind = !luck.one_in(4);
    let limits: &[u16] = match (rescan_while_behind, is_busy) {
        (false, _) => &[10_000],
        (true, true) => &[50, 10_000],
        (true, false) => &[1, 3, 50, 10_000],
    };
    ReaderConfig {
        subscription: SubscriptionConfig {
            silence: Duration::from_secs(35),
            blocked: Duration::from_secs(60),
            give_up_after: None,
        },
        polling: PollingConfig {
            idle_interval: Duration::from_millis(luck.pick(&[200, 1_000, 1_000, 5_000, 20_000])),
            limit: luck.pick(limits),
            rescan_while_behind,
            give_up_after: None,
        },
        fallback,
    }
}

fn settings(luck: &mut Luck, is_busy: bool) -> Settings {
    let one_in = |luck: &mut Luck, n| luck.one_in(n);
    Settings {
        continuation: luck.pick(&[Continuation::EqualToLastRecord, Continuation::NeverARecord]),
        shard_end: luck.pick(&[ShardEnd::NullContinuation, ShardEnd::KeptContinuation]),
        shard_end_with_records: one_in(luck, 2),
        refusal: luck.pick(&[RefusalForm::Http400, RefusalForm::Http500, RefusalForm::InStream]),
        slot_after_hang_up: luck.pick(&[
            SlotAfterHangUp::AtOnce,
            SlotAfterHangUp::AfterThreeSeconds,
            SlotAfterHangUp::Not,
        ]),
        first_idle_event_at_once: one_in(luck, 2),
        event_max_records: luck.pick(if is_busy { &[20, 500] } else { &[1, 3, 500] }),
        subscription_time: Duration::from_secs(luck.pick(&[30, 300, 300])),
        refuse_trimmed_sequence_number: one_in(luck, 2),
        retention: Duration::from_secs(luck.pick(&[60, 90, 150, 86_400, 86_400, 86_400])),
        shard_iterator_time: Duration::from_secs(luck.pick(&[5, 300, 300])),
        list_shards_lag: Duration::from_millis(luck.pick(&[0, 0, 3_000])),
        list_shards_page: luck.pick(&[1, 2, 1_000]),
        consumer_creation_time: luck.millis(0, 20_000),
        consumer_deletion_time: luck.millis(0, 10_000),
        ..Settings::default()
    }
}

fn window(luck: &mut Luck, faults_until: Duration, is_contention_only: bool, has_fallback: bool) -> Window {
    let end = faults_until.as_millis() as u64;
    let from = luck.millis(0, end);
    let longest = if luck.one_in(4) { 240_000 } else { 60_000 };
    let mut to = (from + luck.millis(1_000, longest)).min(faults_until);
    let third = luck.one_in(2).then(|| luck.below(3) as usize);
    let trouble = if is_contention_only { Trouble::Rival } else { trouble(luck) };
    if !has_fallback && trouble.denies() {
        // For longer it would be final.
        to = to.min(from + Duration::from_secs(40));
    }
    Window { from, to, third, trouble }
}

/// How far the clock of a service is behind ours, or worse.
fn pin_distance(luck: &mut Luck) -> Duration {
    if luck.one_in(3) { luck.seconds(600, 20_000) } else { luck.seconds(1, 600) }
}

/// Fan-out is not to be had for most of the time.
fn outage(luck: &mut Luck, faults_until: Duration) -> Window {
    let trouble = match luck.below(5) {
        0 => Trouble::SubscribeRefused(FailureClass::AccessDenied),
        1 => Trouble::SubscribeRefused(FailureClass::Unavailable),
        2 => Trouble::SubscribeUnanswered { seen: luck.one_in(2) },
        3 => Trouble::Breaks(1, FailureClass::AccessDenied),
        _ => Trouble::Silent,
    };
    let third = luck.one_in(3).then(|| luck.below(3) as usize);
    Window { from: luck.seconds(0, 60), to: faults_until, third, trouble }
}

/// Polling is denied now and then, mostly for a moment, and fan-out at other times; or the registered consumer goes and comes.
fn denials(luck: &mut Luck, faults_until: Duration) -> Vec<Window> {
    let end = faults_until.as_millis() as u64;
    let of_consumer = luck.one_in(3);
    let mut windows = Vec::new();
    for _ in 0..2 + luck.below(6) {
        let from = luck.millis(0, end);
        let longest = if luck.one_in(5) { 90_000 } else { 3_000 };
        let to = (from + luck.millis(200, longest)).min(faults_until);
        let class = luck.pick(&[FailureClass::AccessDenied, FailureClass::Unsupported]);
        let trouble = match luck.below(3) {
            _ if of_consumer => Trouble::RegistrationRefused(FailureClass::AccessDenied),
            0 => Trouble::SubscribeRefused(class),
            _ => Trouble::PollRefused(class),
        };
        windows.push(Window { from, to, third: None, trouble });
    }
    if of_consumer {
        windows.push(Window { trouble: Trouble::ConsumerDeleted, ..windows[0] });
    }
    windows
}

/// A split or merge while something goes wrong, or anywhere.
fn reshard(luck: &mut Luck, windows: &[Window], faults_until: Duration) -> Duration {
    let (from, to) = match windows {
        [] => (Duration::ZERO, faults_until),
        [..] if luck.one_in(3) => (Duration::ZERO, faults_until),
        [..] => {
            let window = windows[luck.below(windows.len() as u64) as usize];
            (window.from, window.to + Duration::from_secs(5))
        }
    };
    luck.millis(from.as_millis() as u64, to.min(faults_until).max(from).as_millis() as u64)
}

fn trouble(luck: &mut Luck) -> Trouble {
    use FailureClass as Class;
    let seen = luck.one_in(2);
    match luck.below(29) {
        0 | 1 => Trouble::SubscribeRefused(luck.pick(&[Class::AccessDenied, Class::Unsupported])),
        2 | 3 => Trouble::SubscribeRefused(luck.pick(&[
            Class::Throttled,
            Class::Unavailable,
            Class::Credentials,
            Class::KmsUnavailable,
            Class::ResourceInUse,
        ])),
        4 => Trouble::SubscribeUnanswered { seen },
        5 | 6 => Trouble::Silent,
        7 => Trouble::Breaks(
            luck.below(3),
            luck.pick(&[Class::Unavailable, Class::Malformed, Class::AccessDenied]),
        ),
        8 => Trouble::BareEnds(luck.below(2)),
        9 | 10 => Trouble::Rival,
        11 => Trouble::PinRefused(pin_distance(luck)),
        12 => Trouble::RivalPoller,
        13 => Trouble::PollRefused(luck.pick(&[Class::AccessDenied, Class::Unsupported])),
        14 => Trouble::PollRefused(luck.pick(&[
            Class::Throttled,
            Class::Unavailable,
            Class::Credentials,
            Class::KmsUnavailable,
        ])),
        15 => Trouble::PollUnanswered { seen },
        16 => Trouble::IteratorsExpired,
        17 => Trouble::NoRoomForPages,
        18 => luck.pick(&[Trouble::EmptyPages, Trouble::NoIterators, Trouble::NoChildShards]),
        19 | 20 => Trouble::Blocked,
        21 => Trouble::ListingRefused(luck.pick(&[Class::Throttled, Class::Unavailable])),
        22 | 23 => Trouble::ConsumerDeleted,
        24 | 25 => Trouble::Slow,
        26 | 27 => Trouble::NumbersRefused,
        _ => Trouble::RegistrationRefused(luck.pick(&[
            Class::AccessDenied,
            Class::Throttled,
            Class::Unavailable,
        ])),
    }
}

impl Trouble {
    /// Whether it ends a reading that has nothing else after a minute.
    fn denies(self) -> bool {
        let denies = |class| {
            matches!(
                class,
                FailureClass::AccessDenied | FailureClass::Unsupported | FailureClass::KmsUnavailable
            )
        };
        match self {
            Self::SubscribeRefused(class)
            | Self::Breaks(_, class)
            | Self::PollRefused(class)
            | Self::RegistrationRefused(class) => denies(class),
            _ => false,
        }
    }
}

/// The longest waits that a fault can leave behind: the loser's 75 s, a silence of 35 s behind a call without an answer of 15 s, a
/// back-off of 30 s, a denial of polling until the next probe, and what must be read again; rounded up.
const RECOVERY: Duration = Duration::from_secs(240);
const A_DAY: Duration = Duration::from_secs(86_400);
/// What a registered consumer takes to be found, registered and ACTIVE.
const LAST_ATTEMPT: Duration = Duration::from_secs(60);
