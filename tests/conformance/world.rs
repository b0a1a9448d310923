//! Where a rule is tried: a server, its clock, and what every rule needs of them.

use std::cell::RefCell;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kinesis_fanout::emulator::{LocalKinesis, Server, Settings, Tls};
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::endpoint::{Address, ApiError, Endpoint, Events, HTTP2, Http, Port, Protocol};
use crate::rules::Rule;
use crate::verdict::{Stop, Verdict};

/// The doors of the emulator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    Port,
    Http1,
    Http2,
    TlsHttp2,
}

/// The server that a rule is tried on.
#[derive(Clone)]
pub(crate) enum Subject {
    /// The emulator, made anew for each rule.
    Ours(Door),
    /// One that runs already.
    Theirs(Address),
}

/// What a rule is given.
#[derive(Clone)]
pub(crate) struct World {
    subject: Subject,
    rule: &'static str,
    clock: Rc<Clock>,
    /// Streams made at servers that outlive the rule.
    made: Rc<RefCell<Vec<String>>>,
}

/// A server with settings.
pub(crate) struct Place {
    pub(crate) endpoint: Box<dyn Endpoint>,
    /// The emulator itself.
    pub(crate) local: Option<LocalKinesis>,
    /// Where it is, and what is spoken there; none at the port.
    pub(crate) address: Option<Address>,
    pub(crate) clock: Rc<Clock>,
    rule: &'static str,
    made: Rc<RefCell<Vec<String>>>,
    _server: Option<Server>,
}

impl World {
    /// Inside a runtime of one thread.
    pub(crate) fn new(subject: &Subject, rule: &Rule) -> Self {
        let clock = match subject {
            Subject::Ours(_) => Clock::ours(),
            Subject::Theirs(_) => Clock::Theirs,
        };
        Self { subject: subject.clone(), rule: rule.id, clock: Rc::new(clock), made: Rc::default() }
    }

    /// The server as it is without settings.
    pub(crate) async fn place(&self) -> Verdict<Place> {
        match &self.subject {
            Subject::Ours(door) => self.ours(*door, Settings::default()).await,
            Subject::Theirs(address) => {
                let endpoint = Box::new(Http::new(address.clone()));
                Ok(self.at(endpoint, None, Some(address.clone()), None))
            }
        }
    }

    /// A server that is set to this; `what` says in words what no other server can be set to.
    pub(crate) async fn set(&self, what: &str, settings: Settings) -> Verdict<Place> {
        match &self.subject {
            Subject::Ours(door) => self.ours(*door, settings).await,
            Subject::Theirs(_) => Err(Stop::NotObservable(format!("has no setting for {what}"))),
        }
    }

    async fn ours(&self, door: Door, settings: Settings) -> Verdict<Place> {
        let local = LocalKinesis::new(settings);
        let broken = |error: std::io::Error| Stop::Broken(error.to_string());
        let (server, protocol) = match door {
            Door::Port => {
                let endpoint = Box::new(Port::new(local.clone()));
                return Ok(self.at(endpoint, Some(local), None, None));
            }
            Door::Http1 => (local.serve().await.map_err(broken)?, Protocol::Http1),
            Door::Http2 => (local.serve().await.map_err(broken)?, Protocol::Http2),
            Door::TlsHttp2 => {
                let tls = certificate();
                let trusted = tls.certificate_authority().map(str::to_owned);
                let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
                let server = local.serve_tls_on(any, tls).await.map_err(broken)?;
                (server, Protocol::Tls { trusted, offered: vec![HTTP2.to_owned()] })
            }
        };
        let address = Address::new(server.address().to_string(), protocol);
        let endpoint = Box::new(Http::new(address.clone()));
        Ok(self.at(endpoint, Some(local), Some(address), Some(server)))
    }

    fn at(
        &self,
        endpoint: Box<dyn Endpoint>,
        local: Option<LocalKinesis>,
        address: Option<Address>,
        server: Option<Server>,
    ) -> Place {
        Place {
            endpoint,
            local,
            address,
            clock: Rc::clone(&self.clock),
            rule: self.rule,
            made: Rc::clone(&self.made),
            _server: server,
        }
    }

    /// Deletes what was made at a server that goes on.
    pub(crate) async fn leave(&self) {
        let Subject::Theirs(address) = &self.subject else { return };
        let http = Http::new(address.clone());
        for stream in self.made.take() {
            let request = json!({"StreamName": stream, "EnforceConsumerDeletion": true});
            // What cannot be deleted now is left; the rule has its verdict.
            let _ = self.clock.soon(http.call("DeleteStream", request)).await;
        }
    }
}

impl Place {
    /// A name that no other rule uses, nor this one when it is tried again: what it made before may be there still.
    pub(crate) fn name(&self) -> String {
        static NAMED: AtomicU64 = AtomicU64::new(0);
        let name = format!("{}{}-{}", run(), self.rule, NAMED.fetch_add(1, Ordering::Relaxed));
        self.made.borrow_mut().push(name.clone());
        name
    }

    pub(crate) async fn pass(&self, time: Duration) -> Verdict {
        self.clock.pass(time).await
    }

    /// What the service's clock shows.
    pub(crate) fn now(&self) -> SystemTime {
        self.local.as_ref().map_or_else(SystemTime::now, LocalKinesis::now)
    }

    /// The emulator, or why the rule cannot be seen elsewhere.
    pub(crate) fn emulator(&self, what: &str) -> Verdict<&LocalKinesis> {
        self.local.as_ref().ok_or_else(|| Stop::NotObservable(format!("does not tell {what}")))
    }

    /// A call, whatever is answered.
    pub(crate) async fn ask(&self, operation: &str, request: Value) -> Verdict<Result<Value, ApiError>> {
        let answer = self.clock.soon(self.endpoint.call(operation, request)).await;
        answer.ok_or_else(|| Stop::Broken(format!("{operation} is not answered")))
    }

    /// A call that has to succeed; made again when it is one too many for a rate.
    pub(crate) async fn call(&self, operation: &str, request: Value) -> Verdict<Value> {
        for _ in 0..MAX_CALLS {
            match self.ask(operation, request.clone()).await? {
                Ok(answer) => return Ok(answer),
                Err(error) if RATES.contains(&error.code.as_str()) => {
                    self.pass(Duration::from_millis(250)).await?;
                }
                Err(error) => {
                    return Err(Stop::Broken(format!(
                        "{operation} is refused: {} {}",
                        error.status, error.code
                    )));
                }
            }
        }
        Err(Stop::Broken(format!("{operation} is refused {MAX_CALLS} times for its rate")))
    }

    /// A call that has to be refused, with status 400 and one of these codes. Where others call too, it is made again when it
    /// is one too many for a rate.
    pub(crate) async fn refused(&self, operation: &str, request: Value, codes: &[&str]) -> Verdict<ApiError> {
        for _ in 0..MAX_CALLS {
            let is = match self.ask(operation, request.clone()).await? {
                Err(error) if error.status == 400 && codes.contains(&error.code.as_str()) => {
                    return Ok(error);
                }
                Err(error) if self.local.is_none() && RATES.contains(&error.code.as_str()) => {
                    self.pass(Duration::from_millis(250)).await?;
                    continue;
                }
                Err(error) => format!("{} {}", error.status, error.code),
                Ok(_) => "a success".to_owned(),
            };
            return Err(Stop::Broken(format!("{operation} is {is}, not 400 {}", codes.join(" or "))));
        }
        Err(Stop::Broken(format!("{operation} is refused {MAX_CALLS} times for its rate")))
    }

    /// SubscribeToShard, whatever is answered.
    pub(crate) async fn ask_for_events(
        &self,
        consumer: &str,
        shard: &str,
        position: Value,
    ) -> Verdict<Result<Events, ApiError>> {
        let request = json!({"ConsumerARN": consumer, "ShardId": shard, "StartingPosition": position});
        let answer = self.clock.soon(self.endpoint.subscribe(request)).await;
        answer.ok_or_else(|| Stop::Broken("SubscribeToShard is not answered".into()))
    }
}

/// What the names of this run's streams begin with: an endpoint may have seen other runs, from other machines too.
pub(crate) fn run() -> &'static str {
    static RUN: OnceLock<String> = OnceLock::new();
    RUN.get_or_init(|| {
        let began = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        format!("conformance-{began:x}-{:x}-", std::process::id())
    })
}

/// One for all runs: making it takes longer than most rules.
fn certificate() -> Tls {
    static CERTIFICATE: OnceLock<Tls> = OnceLock::new();
    CERTIFICATE.get_or_init(|| Tls::self_made().expect("a certificate can be made")).clone()
}

/// Seconds since the epoch, as JSON has times.
pub(crate) fn seconds(time: SystemTime) -> f64 {
    let millis = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    millis as f64 / 1_000.0
}

const RATES: [&str; 2] = ["LimitExceededException", "ProvisionedThroughputExceededException"];
const MAX_CALLS: u32 = 60;
