//! The whole path, from a server that writes prepared events to `stream.next()`: `cargo bench --bench path [-- throughput | kcl |
//! latency]`.
//!
//! `-- cost WAY RECORDSxUSER_RECORDSxSIZE SHARDS SECONDS` measures one way alone, for a profiler.
//!
//! Each line is `figure 5.8 <what> <value> <unit>`. The server is this same program in a process of its own on the same machine, and
//! shares its processors; the client has one thread, and what is stated is by its own processor time, read from `/proc`: elsewhere
//! than on Linux this fails. Rounds are interleaved, and the best of each counts.

#![allow(clippy::print_stdout, reason = "that is what it is for")]

mod kcl;
mod latency;
#[path = "../rig/mod.rs"]
mod rig;
mod throughput;
mod way;

use rig::Outcome;

fn main() -> Outcome<()> {
    let arguments = rig::arguments();
    if let Some(outcome) = rig::part(&arguments) {
        return outcome;
    }
    if let [what, way, shape, shards, seconds] = &arguments[..]
        && what == "cost"
    {
        return throughput::one(way, shape, shards.parse()?, seconds.parse()?);
    }
    let wanted = |what: &str| arguments.is_empty() || arguments.iter().any(|argument| argument == what);
    if wanted("throughput") {
        throughput::run()?;
    }
    if wanted("kcl") {
        kcl::run()?;
    }
    if wanted("latency") {
        latency::run()?;
    }
    Ok(())
}
