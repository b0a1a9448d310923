use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::num::{NonZeroU16, NonZeroUsize};
use std::time::Duration;

use super::Consumer;
use super::coordinator::Coordinator;
use super::fallback::Fallback;
use super::rate::SubscribeRate;
use super::unpack::OnMalformed;
use crate::engine::polling::PollingConfig;
use crate::engine::reader::{self, ReaderConfig};
use crate::engine::subscription::SubscriptionConfig;
use crate::error::{Error, ErrorKind};
use crate::kinesis::KinesisPort;
use crate::model::{ConsumerReference, StartPosition, StreamReference};
use crate::transport::Transport;

/// Configures a [`Consumer`]; only [`build`](Self::build) can fail.
///
/// Each setter says its unit, its default and what it costs to go either way.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct ConsumerBuilder {
    port: KinesisPort,
    stream: String,
    delivery: Option<Delivery>,
    start: StartPosition,
    transport: Option<Transport>,
    settings: Settings,
}

/// How the records are to be delivered.
#[derive(Debug, Clone)]
enum Delivery {
    FanOut(String),
    Polling,
}

/// What can be set, with its default.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) memory_budget: NonZeroUsize,
    pub(super) subscription: SubscriptionConfig,
    pub(super) polling: PollingConfig,
    pub(super) fallback: Fallback,
    pub(super) registration_timeout: Duration,
    pub(super) discovery_interval: Duration,
    pub(super) rate: SubscribeRate,
    pub(super) on_malformed: OnMalformed,
    pub(super) deregister: bool,
    pub(super) seed: u64,
}

/// A configuration that can work.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) port: KinesisPort,
    pub(super) stream: StreamReference,
    /// `None`: the shards are polled, and nothing else.
    pub(super) consumer: Option<ConsumerReference>,
    pub(super) start: StartPosition,
    pub(super) settings: Settings,
}

impl ConsumerBuilder {
    pub(super) fn new(port: KinesisPort, stream: String) -> Self {
        Self {
            port,
            stream,
            delivery: None,
            start: StartPosition::default(),
            transport: None,
            settings: Settings::default(),
        }
    }

    /// Delivery by enhanced fan-out, with this registered consumer, by name or ARN. This or [`polling`](Self::polling) is required; the
    /// later of the two counts.
    ///
    /// By name: it is registered if it does not exist, which takes some seconds up to a minute, and registered anew if somebody
    /// deletes it (three times an hour at most). By ARN: it must exist; it is neither looked up nor registered.
    ///
    /// Use one for each application and stream: two that share one take each other's shards over. A stream can have 20 (50
    /// with On-demand Advantage), and each costs by shard and hour.
    pub fn fan_out(mut self, consumer: impl Into<String>) -> Self {
        self.delivery = Some(Delivery::FanOut(consumer.into()));
        self
    }

    /// Delivery by polling alone: no consumer is registered and none is needed. All who poll a shard share its 5 calls and 2 MiB a
    /// second, and a record waits for the next poll: half a [`poll_interval`](Self::poll_interval) on average.
    pub fn polling(mut self) -> Self {
        self.delivery = Some(Delivery::Polling);
        self
    }

    /// What becomes of shards that fan-out does not serve. Default: they are polled, see [`Fallback`]. Without
    /// [`fan_out`](Self::fan_out) there is nothing to fall back from.
    pub fn fallback(mut self, fallback: Fallback) -> Self {
        self.settings.fallback = fallback;
        self
    }

    /// How long a polled shard that is caught up waits for its next poll. Default: 1 s, as in the KCL. Shorter lowers the latency and
    /// takes more of the 5 calls a second that all who poll the shard share; they are never exceeded, so that less than 205 ms is
    /// 205 ms.
    pub fn poll_interval(mut self, every: Duration) -> Self {
        self.settings.polling.idle_interval = every;
        self
    }

    /// The most records of a polled page: 1 to 10,000. Default: 10,000, the most the service gives; 10 MiB end a page all the same.
    /// Fewer make smaller pages, and at 5 pages a second a lower rate.
    pub fn poll_limit(mut self, records: NonZeroU16) -> Self {
        self.settings.polling.limit = records.get();
        self
    }

    /// Whether a polled shard that is behind is polled again at once, as fast as its limits allow, even after an empty page. Default: yes.
    /// Otherwise each page is followed by the [`poll_interval`](Self::poll_interval): that leaves more to others who poll the
    /// shard, and bounds what this consumer reads to a page for each interval.
    pub fn rescan_while_behind(mut self, rescan: bool) -> Self {
        self.settings.polling.rescan_while_behind = rescan;
        self
    }

    /// Where to start. Default: [`StartPosition::TrimHorizon`], which cannot miss a record.
    pub fn start(mut self, start: StartPosition) -> Self {
        self.start = start;
        self
    }

    /// What SubscribeToShard goes over. Default: an [`Http2Client`](crate::transport::Http2Client) of this consumer's own, with its
    /// defaults. Every other call goes over the AWS client's own HTTP client.
    ///
    /// One `Http2Client` can serve many consumers, which then share its connections. With [`Transport::UserClient`] everything
    /// goes over the AWS client: for test doubles, and for endpoints that speak only HTTP/1.1. The stock client of the AWS SDK has
    /// one connection to a host, and three subscriptions that are not read for a while stop all calls on it.
    pub fn transport(mut self, transport: impl Into<Transport>) -> Self {
        self.transport = Some(transport.into());
        self
    }

    /// Memory for events and pages that have been received and not handed over, in bytes, over all shards. Default: 64 MiB.
    ///
    /// An event counts as long as its frame is, and is taken from the connection when there is room for all of it. The true bound is
    /// this budget, plus for each subscription that waits for room what the peer may send ahead (512 KiB, see
    /// [`stream_window`](crate::transport::Http2ClientBuilder::stream_window), and 68 KiB that show how long the event is), plus about
    /// 54 bytes for each record in hand, plus 16 MiB at most that frames leave to those behind them. With
    /// [`Transport::UserClient`] the windows are that client's: for the SDK's stock client 2 MiB a subscription, and 5 MiB for all
    /// of a host.
    ///
    /// A polled page counts as long as its answer's body is, where that has a Content-Length, as in the API reference: then
    /// it is read when there is room for all of it, into the memory that its records are handed over in, and the bound is this budget,
    /// plus 54 bytes for each record in hand, plus what the AWS client's HTTP reads ahead of the 64 answers at most that are under way.
    /// Where no length is told, a page is read first and waits for its room outside the budget: plus 64 pages, of 24 MiB at most each.
    /// A page that finds no room is given up and asked for again, which costs the shard its share of 2 MiB a second.
    ///
    /// A smaller budget makes shards wait for each other sooner; a larger one rides out longer pauses of the user without a new
    /// subscription. An event or page larger than the budget is let in alone. At most 4 GiB.
    pub fn memory_budget(mut self, bytes: NonZeroUsize) -> Self {
        self.settings.memory_budget = bytes;
        self
    }

    /// How long not a byte may come of a subscription, while it is being read, until it is given up and taken anew.
    /// Default: 35 s, since an idle shard sends an empty event about every 5 s. Shorter finds a dead connection sooner and
    /// mistakes a slow one for it. Whatever bytes come, a whole event may take 5 minutes, or this time if it is longer.
    pub fn silence_timeout(mut self, after: Duration) -> Self {
        self.settings.subscription.silence = after;
        self
    }

    /// How long a subscription is kept while there is no room for its events. Default: 60 s. After that it is given up, and
    /// taken anew when there is room: longer holds more of the service's and the client's buffers, shorter subscribes anew
    /// after shorter pauses.
    pub fn blocked_timeout(mut self, after: Duration) -> Self {
        self.settings.subscription.blocked = after;
        self
    }

    /// How long a shard is tried without a single event or page before the stream ends with an error; where it is polled for want of
    /// fan-out, the time counts anew for the polling. Throttled polls do not count. The service itself refuses a
    /// subscription for up to 5 s after the one before, so that less than some 10 s is too short. Default: for ever; what goes
    /// wrong is seen in [`events`](super::ConsumerHandle::events).
    pub fn give_up_after(mut self, after: Duration) -> Self {
        self.settings.subscription.give_up_after = Some(after);
        self.settings.polling.give_up_after = Some(after);
        self
    }

    /// How long a consumer that is registered is waited for to become ACTIVE. Default: 10 min; usually it takes seconds. With a
    /// [`Fallback`], shards are polled meanwhile from its `after` on, and `build` is ready then.
    pub fn registration_timeout(mut self, after: Duration) -> Self {
        self.settings.registration_timeout = after;
        self
    }

    /// How often the list of shards is read. Default: 30 s. Children are found without it, by the last event of their parents;
    /// it finds what those events do not tell. One call for each 1,000 shards.
    pub fn discovery_interval(mut self, every: Duration) -> Self {
        self.settings.discovery_interval = every;
        self
    }

    /// How many SubscribeToShard calls are sent per second. Default: 200, for this consumer alone; see [`SubscribeRate`].
    pub fn subscribe_rate(mut self, rate: SubscribeRate) -> Self {
        self.settings.rate = rate;
        self
    }

    /// What becomes of an aggregated record with the right checksum that cannot be read. Default: [`OnMalformed::PassRaw`].
    pub fn on_malformed(mut self, on_malformed: OnMalformed) -> Self {
        self.settings.on_malformed = on_malformed;
        self
    }

    /// Whether the registered consumer is deleted at the shutdown. Default: no, since it holds no position, costs by the hour
    /// and takes seconds to register; yes for consumers of one run.
    pub fn deregister_on_shutdown(mut self, deregister: bool) -> Self {
        self.settings.deregister = deregister;
        self
    }

    /// Determines all jitter. Default: random.
    #[doc(hidden)]
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }

    /// Finds the stream, registers the consumer if need be, waits until it is ACTIVE, finds the shards and starts to read them. Where no
    /// consumer can be had and there is a [`Fallback`], the shards are polled until there is one.
    /// Dropped before it is ready, it leaves nothing behind but perhaps a registered consumer.
    ///
    /// Runs on a tokio runtime with time and I/O enabled.
    ///
    /// # Errors
    /// - `InvalidConfiguration`: neither `fan_out` nor `polling`, a `poll_limit` above 10,000, a `transport` for a port without an AWS client, or something that is neither name nor ARN, or a start that the service refuses.
    /// - `StreamNotFound`, `AccessDenied`, `Credentials`: at once. For want of a registered consumer only without a [`Fallback`].
    /// - `Unavailable`: the service did not answer for 60 s, or, without a [`Fallback`], the consumer was not ACTIVE in time.
    pub async fn build(self) -> Result<Consumer, Error> {
        let plan = self.plan()?;
        Coordinator::start(plan).await
    }

    fn plan(self) -> Result<Plan, Error> {
        let invalid =
            |what: &dyn std::fmt::Display| Error::new(ErrorKind::InvalidConfiguration, what.to_string());
        let stream = StreamReference::parse(&self.stream).map_err(|error| invalid(&error))?;
        let consumer = match self.delivery {
            Some(Delivery::FanOut(consumer)) => {
                Some(ConsumerReference::parse(&consumer).map_err(|error| invalid(&error))?)
            }
            Some(Delivery::Polling) => None,
            None => {
                return Err(invalid(&"no way of delivery: call `.fan_out(consumer_name)` or `.polling()`"));
            }
        };
        if consumer.as_ref().is_some_and(|consumer| !may_belong_to(consumer, &stream)) {
            return Err(invalid(&"the registered consumer belongs to another stream"));
        }
        if self.settings.polling.limit > LARGEST_PAGE {
            return Err(invalid(&format!("poll_limit is above {LARGEST_PAGE}")));
        }
        let (after, probe_every) = match self.settings.fallback {
            Fallback::Off => (Duration::MAX, Duration::MAX),
            Fallback::Polling { after, probe_every } => (after, probe_every),
        };
        let durations = [
            ("silence_timeout", self.settings.subscription.silence),
            ("blocked_timeout", self.settings.subscription.blocked),
            ("discovery_interval", self.settings.discovery_interval),
            ("registration_timeout", self.settings.registration_timeout),
            ("poll_interval", self.settings.polling.idle_interval),
            ("the fallback's after", after),
            ("the fallback's probe_every", probe_every),
            ("give_up_after", self.settings.subscription.give_up_after.unwrap_or(Duration::MAX)),
        ];
        if let Some((name, _)) = durations.iter().find(|(_, duration)| duration.is_zero()) {
            return Err(invalid(&format!("{name} is zero")));
        }
        let port = match self.transport {
            None => self.port,
            Some(transport) => self
                .port
                .over(transport)
                .ok_or_else(|| invalid(&"a transport is for an AWS client, and this port has none"))?,
        };
        Ok(Plan { port, stream, consumer, start: self.start, settings: self.settings })
    }
}

/// What can be told before the stream's own ARN is known: a name may still stand for a stream of another account or region.
fn may_belong_to(consumer: &ConsumerReference, stream: &StreamReference) -> bool {
    match (consumer.stream_arn(), stream) {
        (None, _) => true,
        (Some(of_consumer), StreamReference::Arn(arn)) => of_consumer == arn,
        (Some(of_consumer), StreamReference::Name(name)) => of_consumer.rsplit('/').next() == Some(name),
    }
}

impl Settings {
    /// What a shard is read by.
    pub(super) fn reader(&self) -> ReaderConfig {
        let fallback = match self.fallback {
            Fallback::Off => None,
            Fallback::Polling { after, probe_every } => Some(reader::Fallback { after, probe_every }),
        };
        ReaderConfig { subscription: self.subscription.clone(), polling: self.polling.clone(), fallback }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            memory_budget: MEMORY_BUDGET,
            subscription: SubscriptionConfig {
                // KCL and Redpanda Connect take an idle shard's cadence of 5 s seven times.
                silence: Duration::from_secs(35),
                blocked: Duration::from_secs(60),
                give_up_after: None,
            },
            polling: PollingConfig {
                // KCL: idleTimeBetweenReadsInMillis, maxRecords.
                idle_interval: Duration::from_secs(1),
                limit: LARGEST_PAGE,
                rescan_while_behind: true,
                give_up_after: None,
            },
            fallback: Fallback::default(),
            registration_timeout: Duration::from_secs(600),
            discovery_interval: Duration::from_secs(30),
            rate: SubscribeRate::default(),
            on_malformed: OnMalformed::default(),
            deregister: false,
            seed: RandomState::new().hash_one("jitter"),
        }
    }
}

/// The most records that GetRecords gives (API reference).
const LARGEST_PAGE: u16 = 10_000;
const MEMORY_BUDGET: NonZeroUsize = NonZeroUsize::new(64 << 20).unwrap();
