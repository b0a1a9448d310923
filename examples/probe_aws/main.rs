//! Measures what AWS does not document about Kinesis, on the real one, and writes it into a file that the local Kinesis takes as
//! its settings.
//!
//! `cargo run --example probe_aws -- --stream NAME` tells what it would make and cost; with `--yes` it does it, and removes it.
//! Then `cargo run --release --example local_kinesis -- --settings probe.json` behaves as what was measured.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it tells what it does")]

mod options;
mod probe;

use std::process::ExitCode;

use aws_config::Region;
use aws_config::retry::RetryConfig;
use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::Credentials;

use options::{Command, HELP, Options, PLAN};
use probe::{Failure, Probe};

#[tokio::main]
async fn main() -> ExitCode {
    let options = match Command::parse(std::env::args().skip(1)) {
        Ok(Command::Probe(options)) => options,
        Ok(Command::Help) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("probe_aws: {error}\nprobe_aws: --help tells the options");
            return ExitCode::from(2);
        }
    };
    print!("{PLAN}");
    if !options.is_agreed {
        println!("Nothing was done. Give --yes to do it.");
        return ExitCode::SUCCESS;
    }
    match run(&options).await {
        Ok(status) => status,
        Err(failure) => {
            eprintln!("probe_aws: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> Result<ExitCode, Failure> {
    let client = client(options.endpoint_url.as_deref()).await;
    let mut probe =
        Probe::new(client, options.endpoint_url.clone(), &options.stream, |line| println!("{line}"));
    // From here on signals are waited for and end nothing by themselves.
    let stopped = stopped()?;
    // Not interrupted: whether there is something to remove has to be known.
    let created = probe.create().await;
    let measured = match created {
        Ok(()) => tokio::select! {
            measured = probe.measure() => measured,
            () = stopped => Err(Failure("interrupted".into())),
        },
        Err(failure) => Err(failure),
    };
    if let Err(failure) = probe.clean_up().await {
        eprintln!(
            "probe_aws: THE STREAM {0:?} IS LEFT AND COSTS MONEY: {failure}\nRemove it: aws kinesis delete-stream --stream-name \
             {0} --enforce-consumer-deletion",
            options.stream
        );
        return Ok(ExitCode::FAILURE);
    }
    measured?;
    std::fs::write(&options.output, probe.report().to_json())?;
    println!("written to {}", options.output.display());
    let failed = probe.report().failed();
    if failed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    Err(Failure(format!("not measured: {}", failed.join(", "))))
}

/// The client of the environment, which tries nothing twice. A Kinesis on loopback takes any credentials.
async fn client(endpoint_url: Option<&str>) -> Client {
    let mut config = aws_config::from_env().retry_config(RetryConfig::disabled());
    if let Some(url) = endpoint_url {
        config = config.endpoint_url(url);
        if ["127.0.0.1", "localhost", "[::1]"].iter().any(|host| url.contains(&format!("://{host}"))) {
            let credentials = Credentials::new("local", "local", None, None, "probe_aws");
            config = config.credentials_provider(credentials).region(Region::new("us-east-1"));
        }
    }
    Client::new(&config.load().await)
}

/// Comes back at the first signal to stop; later ones do nothing.
#[cfg(unix)]
fn stopped() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Comes back at the first signal to stop.
#[cfg(not(unix))]
fn stopped() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
