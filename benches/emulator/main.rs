//! What the local Kinesis costs: `cargo bench --bench emulator [-- throughput | startup | memory | pressure | others]`.
//!
//! Each line is `figure 4.<item> <what> <value> <unit>`. The server is this same program in a process of its own, so that its
//! memory is its own; the client is the raw `h2` crate on one thread, which counts bytes and decodes nothing, but for
//! `pressure`; `others`, which runs only if it is named, has a client of its own. Memory is read from `/proc`:
//! elsewhere than on Linux it is missing.

#![allow(clippy::print_stdout, reason = "that is what it is for")]

mod client;
mod limit;
mod others;
mod pressure;
mod server;
mod standing;
mod throughput;

use std::error::Error;
use std::fmt::Display;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome<()> {
    // Cargo itself passes `--bench`.
    let arguments: Vec<_> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [serve, work] = &arguments[..]
        && serve == "serve"
    {
        return server::serve(work);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let wanted = |what: &str| arguments.is_empty() || arguments.iter().any(|argument| argument == what);
    if wanted("startup") {
        runtime.block_on(standing::start_up())?;
    }
    if wanted("throughput") {
        runtime.block_on(throughput::run())?;
    }
    if wanted("memory") {
        runtime.block_on(standing::memory())?;
    }
    if wanted("pressure") {
        runtime.block_on(pressure::run())?;
    }
    // Only by its name: it needs servers that nobody here wrote.
    if arguments.iter().any(|argument| argument == "others") {
        runtime.block_on(others::run())?;
    }
    Ok(())
}

fn figure(item: &str, what: &str, value: impl Display, unit: &str) {
    println!("figure {item} {what} {value} {unit}");
}
