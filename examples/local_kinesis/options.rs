//! The options of the command line. It knows no files and no sockets.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use kinesis_fanout::emulator::Settings;

pub(crate) const HELP: &str = "\
A local Kinesis, for tests in any language.

usage: local_kinesis [OPTION]...

  --port PORT                  where HTTP is served; 0: any free port (default: 4567)
  --host ADDRESS               the address to listen on (default: 127.0.0.1)
  --tls-port PORT              where HTTPS is served as well (default: nowhere); with one of:
    --ca-file FILE             a certificate for localhost and 127.0.0.1 is made; FILE gets the authority to
                               trust, anew at each start
    --certificate FILE --key FILE
                               the chain and its private key, both in PEM
  --limits on|off              hold calls, reads and writes to the documented rates, or none of them
                               (default: calls and reads are held, writes are not)
  --subscription-time TIME     how long a subscription lives (default: 5m)
  --idle-event-interval TIME   how often an idle subscription gets an event (default: 5s)
  --stream NAME:SHARDS         create this stream at the start; may be given several times
  --settings FILE              settings in JSON, or what the example probe_aws wrote; the options above count
                               before it
  --help                       this

TIME is a whole number with its unit: 300ms, 5s, 5m, 24h.

Both ports speak HTTP/1.1 and HTTP/2. For each one a line comes on standard output once it is open and the streams are made:
  local Kinesis ready at http://127.0.0.1:4567
It stops at SIGINT or SIGTERM with status 0. Status 2: the options are wrong; 1: it cannot serve.
";

/// What the command line asks for.
#[derive(Debug, PartialEq)]
pub(crate) enum Command {
    Help,
    Serve(Options),
}

/// How to serve.
#[derive(Debug, PartialEq)]
pub(crate) struct Options {
    pub(crate) address: SocketAddr,
    pub(crate) tls: Option<TlsOptions>,
    pub(crate) settings_file: Option<PathBuf>,
    pub(crate) streams: Vec<(String, usize)>,
    limits: Option<bool>,
    subscription_time: Option<Duration>,
    idle_event_interval: Option<Duration>,
}

/// How to serve under TLS.
#[derive(Debug, PartialEq)]
pub(crate) struct TlsOptions {
    pub(crate) address: SocketAddr,
    pub(crate) certificate: Certificate,
}

/// Where the certificate comes from.
#[derive(Debug, PartialEq)]
pub(crate) enum Certificate {
    /// It is made, and its authority is written here.
    Made { ca_file: PathBuf },
    /// It is given, in PEM.
    Given { certificate: PathBuf, key: PathBuf },
}

/// What is wrong with the command line.
#[derive(Debug, PartialEq)]
pub(crate) struct UsageError(String);

impl Command {
    /// Reads the arguments, the program's name left out. An option's value is the next argument or stands behind `=`.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, UsageError> {
        let (mut options, mut tls) = (Options::default(), TlsArguments::default());
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let (name, attached) = match argument.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (argument.as_str(), None),
            };
            if ["--help", "-h"].contains(&name) {
                return Ok(Self::Help);
            }
            if !NAMES.contains(&name) {
                return Err(UsageError(format!("there is no option {name}")));
            }
            let value = attached.or_else(|| arguments.next());
            let value = value.ok_or_else(|| UsageError(format!("{name} needs a value")))?;
            let taken = tls.take(name, &value).unwrap_or_else(|| options.take(name, &value));
            taken.map_err(|expected| {
                UsageError(format!("{name} takes {expected}, and was given {value:?}"))
            })?;
        }
        options.tls = tls.options(options.address.ip())?;
        Ok(Self::Serve(options))
    }
}

impl Options {
    /// These settings as the options change them.
    pub(crate) fn applied_to(&self, mut settings: Settings) -> Settings {
        if let Some(limits) = self.limits {
            settings.limit_calls = limits;
            settings.limit_writes = limits;
            settings.limit_reads = limits;
        }
        settings.subscription_time = self.subscription_time.unwrap_or(settings.subscription_time);
        settings.idle_event_interval = self.idle_event_interval.unwrap_or(settings.idle_event_interval);
        settings
    }

    /// Takes an option's value; otherwise says what was expected.
    fn take(&mut self, name: &str, value: &str) -> Result<(), &'static str> {
        match name {
            "--port" => self.address.set_port(port(value)?),
            "--host" => {
                let host: IpAddr = value.parse().map_err(|_| "an IP address")?;
                self.address.set_ip(host);
            }
            "--limits" => self.limits = Some(switch(value)?),
            "--subscription-time" => self.subscription_time = Some(time(value)?),
            "--idle-event-interval" => self.idle_event_interval = Some(time(value)?),
            "--stream" => self.streams.push(stream(value)?),
            _ => self.settings_file = Some(value.into()),
        }
        Ok(())
    }
}

/// The options for TLS as they come; only together do they say something.
#[derive(Default)]
struct TlsArguments {
    port: Option<u16>,
    ca_file: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
}

impl TlsArguments {
    /// Takes an option's value; otherwise says what was expected. `None`: the option is another.
    fn take(&mut self, name: &str, value: &str) -> Option<Result<(), &'static str>> {
        match name {
            "--tls-port" => match port(value) {
                Ok(port) => self.port = Some(port),
                Err(expected) => return Some(Err(expected)),
            },
            "--ca-file" => self.ca_file = Some(value.into()),
            "--certificate" => self.certificate = Some(value.into()),
            "--key" => self.key = Some(value.into()),
            _ => return None,
        }
        Some(Ok(()))
    }

    fn options(self, host: IpAddr) -> Result<Option<TlsOptions>, UsageError> {
        let Self { port, ca_file, certificate, key } = self;
        let certificate = match (ca_file, certificate, key) {
            (Some(ca_file), None, None) => Some(Certificate::Made { ca_file }),
            (None, Some(certificate), Some(key)) => Some(Certificate::Given { certificate, key }),
            (None, None, None) => None,
            _ => {
                let message = "a certificate comes from --ca-file, or from --certificate and --key";
                return Err(UsageError(message.into()));
            }
        };
        match (port, certificate) {
            (None, None) => Ok(None),
            (Some(port), Some(certificate)) => {
                Ok(Some(TlsOptions { address: SocketAddr::new(host, port), certificate }))
            }
            (Some(_), None) => {
                Err(UsageError("--tls-port needs --ca-file, or --certificate and --key".into()))
            }
            (None, Some(_)) => Err(UsageError("a certificate needs --tls-port".into())),
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 4567)),
            tls: None,
            settings_file: None,
            streams: Vec::new(),
            limits: None,
            subscription_time: None,
            idle_event_interval: None,
        }
    }
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn port(value: &str) -> Result<u16, &'static str> {
    value.parse().map_err(|_| "a port from 0 to 65535")
}

fn switch(value: &str) -> Result<bool, &'static str> {
    match value {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("on or off"),
    }
}

fn time(value: &str) -> Result<Duration, &'static str> {
    let expected = "a whole number with its unit (300ms, 5s, 5m, 24h)";
    let digits = value.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let millis = match &value[digits.len()..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(expected),
    };
    let count: u64 = digits.parse().map_err(|_| expected)?;
    count.checked_mul(millis).map(Duration::from_millis).ok_or("a shorter time")
}

fn stream(value: &str) -> Result<(String, usize), &'static str> {
    let expected = "NAME:SHARDS (orders:4)";
    let (name, shards) = value.split_once(':').ok_or(expected)?;
    Ok((name.to_owned(), shards.parse().map_err(|_| expected)?))
}

pub(crate) const NAMES: [&str; 11] = [
    "--port",
    "--host",
    "--tls-port",
    "--ca-file",
    "--certificate",
    "--key",
    "--limits",
    "--subscription-time",
    "--idle-event-interval",
    "--stream",
    "--settings",
];
