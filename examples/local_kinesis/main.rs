//! A local Kinesis as a server of its own, for tests in any language.
//!
//! `cargo run --release --example local_kinesis -- --port 4567 --stream orders:4`
//!
//! It prints one line for each door once it is ready, and stops at SIGINT or SIGTERM. `--help` tells the options.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "its first lines on standard output are its interface, and errors go to standard error"
)]

mod options;

use std::process::ExitCode;

use kinesis_fanout::emulator::{LocalKinesis, Server, Settings};

use options::{Command, HELP, Options};

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
    let stopped = stopped().map_err(|error| format!("cannot listen for signals: {error}"))?;
    let server = open(local, options).await?;
    println!("local Kinesis ready at {}", server.endpoint_url());
    stopped.await;
    server.shutdown().await;
    Ok(())
}

async fn open(local: &LocalKinesis, options: &Options) -> Result<Server, String> {
    let opened = local.serve_on(options.address).await;
    opened.map_err(|error| format!("cannot listen on {}: {error}", options.address))
}

/// The settings of the file, changed by the options.
fn settings(options: &Options) -> Result<Settings, String> {
    let Some(path) = &options.settings_file else {
        return Ok(options.applied_to(Settings::default()));
    };
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| format!("--settings {shown}: {error}"))?;
    let settings = Settings::from_json(&text).map_err(|error| format!("--settings {shown}: {error}"))?;
    Ok(options.applied_to(settings))
}

/// Comes back at the first signal to stop.
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
        // Without signals it can only be ended from outside.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}

fn refused(message: &str) -> ExitCode {
    eprintln!("local_kinesis: {message}\nlocal_kinesis: --help tells the options");
    ExitCode::from(2)
}
