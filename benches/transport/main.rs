//! What `transport` does where the stock HTTP client of the AWS SDK fails: `cargo bench --bench transport [-- stalled | drop | delay |
//! idle]`.
//!
//! Each line is `figure 5.<item> <what> <value> <unit>`. Server, proxy and, where its memory is measured, the client are this same
//! program in processes of their own, on the same machine: they share its processors. Memory and processor time are read from `/proc`:
//! elsewhere than on Linux this fails.

#![allow(clippy::print_stdout, reason = "that is what it is for")]

mod delay;
mod idle;
mod mass_drop;
#[path = "../rig/mod.rs"]
mod rig;
mod stalled;

use rig::Outcome;

fn main() -> Outcome<()> {
    let arguments = rig::arguments();
    if let Some(outcome) = rig::part(&arguments) {
        return outcome;
    }
    match arguments.split_first() {
        Some((role, rest)) if role == stalled::CLIENT => return stalled::client(rest),
        Some((role, rest)) if role == idle::CLIENT => return idle::client(rest),
        _ => {}
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let wanted = |what: &str| arguments.is_empty() || arguments.iter().any(|argument| argument == what);
    if wanted("stalled") {
        stalled::run()?;
    }
    if wanted("drop") {
        runtime.block_on(mass_drop::run())?;
    }
    if wanted("delay") {
        runtime.block_on(delay::run())?;
    }
    if wanted("idle") {
        idle::run()?;
    }
    Ok(())
}
