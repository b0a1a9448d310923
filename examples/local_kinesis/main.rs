//! A local Kinesis as a server of its own, for tests in any language.
//!
//! `cargo run --release --example local_kinesis -- --port 4567 --stream orders:4`
//!
//! It prints one line for each door once it is ready, and stops at SIGINT or SIGTERM: all doors together, each when it has finished
//! the answers in flight. A second signal cuts these. `--help` tells the options.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "its first lines on standard output are its interface, and errors go to standard error"
)]

mod options;

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;

use futures::future::join_all;
use kinesis_fanout::emulator::{LocalKinesis, Server, Settings, Tls};

use options::{Certificate, Command, HELP, Options, TlsOptions};

#[tokio::main]
async fn main() -> ExitCode {
    let options = match Command::parse(std::env::args().skip(1)) {
        Ok(Command::Serve(options)) => options,
        Ok(Command::Help) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(error) => return refused(&error.to_string()),
    };
    let settings = match settings(&options) {
        Ok(settings) => settings,
        Err(error) => return refused(&error),
    };
    let local = LocalKinesis::new(settings);
    for (name, shards) in &options.streams {
        if let Err(error) = local.create_stream(name, *shards) {
            return refused(&format!("--stream {name}:{shards}: {error}"));
        }
    }
    match serve(&local, &options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("local_kinesis: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(local: &LocalKinesis, options: &Options) -> Result<(), String> {
    // Listened for before the ready line: whoever waits for that line may stop us right after it.
    let mut signals = Signals::listen().map_err(|error| format!("cannot listen for signals: {error}"))?;
    let mut servers = vec![listening(local.serve_on(options.address).await, options.address)?];
    if let Some(TlsOptions { address, certificate }) = &options.tls {
        let server = local.serve_tls_on(*address, tls(certificate)?).await;
        servers.push(listening(server, *address)?);
    }
    for server in &servers {
        println!("local Kinesis ready at {}", server.endpoint_url());
    }
    signals.next().await;
    tokio::select! {
        _ = join_all(servers.into_iter().map(Server::shutdown)) => Ok(()),
        () = signals.next() => Err("stopped again: what was not finished is cut".to_owned()),
    }
}

fn listening(server: io::Result<Server>, address: SocketAddr) -> Result<Server, String> {
    server.map_err(|error| format!("cannot listen on {address}: {error}"))
}

fn tls(certificate: &Certificate) -> Result<Tls, String> {
    match certificate {
        Certificate::Made { ca_file } => {
            let tls = Tls::self_made().map_err(|error| error.to_string())?;
            let authority = tls.certificate_authority().unwrap_or_default();
            std::fs::write(ca_file, authority).map_err(|error| failed("--ca-file", ca_file, &error))?;
            Ok(tls)
        }
        Certificate::Given { certificate, key } => {
            let chain = read("--certificate", certificate)?;
            Tls::from_pem(&chain, &read("--key", key)?).map_err(|error| error.to_string())
        }
    }
}

/// The settings of the file, changed by the options.
fn settings(options: &Options) -> Result<Settings, String> {
    let Some(path) = &options.settings_file else {
        return Ok(options.applied_to(Settings::default()));
    };
    let settings = Settings::from_json(&read("--settings", path)?);
    Ok(options.applied_to(settings.map_err(|error| failed("--settings", path, &error))?))
}

fn read(option: &str, path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| failed(option, path, &error))
}

fn failed(option: &str, path: &Path, error: &dyn std::error::Error) -> String {
    format!("{option} {}: {error}", path.display())
}

/// The signals to stop.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Comes back at the next of them.
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// The signals to stop.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    /// Comes back at the next of them.
    async fn next(&mut self) {
        // Without signals it can only be ended from outside.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

fn refused(message: &str) -> ExitCode {
    eprintln!("local_kinesis: {message}\nlocal_kinesis: --help tells the options");
    ExitCode::from(2)
}
