//! Servers that nobody here wrote, in real time: each has to keep and break the rules that its list says, and tells how long
//! they took it.
//!
//! Real time is shared with whatever else the machine does, so a rule whose outcome is not the listed one is tried again, alone,
//! up to two more times. Only what differs from the list each time is unexpected.

use std::time::{Duration, Instant};

use crate::deviations::Deviations;
use crate::document;
use crate::endpoint::{Address, Protocol};
use crate::run::{self, Found, Tried};
use crate::world::Subject;

/// Tries all rules on servers of one kind, whose deviations are known: they are at the addresses that the variable has, with
/// commas between them, and so many rules at once are tried on each.
pub(crate) fn deviates_as_listed(name: &str, variable: &str, at_once: usize) {
    let addresses = std::env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} has each host:port where {name} listens; .ci/conformance starts it and sets it")
    });
    let addresses: Vec<_> =
        addresses.split(',').map(|authority| Address::new(authority, Protocol::Http1)).collect();
    let servers: Vec<_> = addresses.iter().cloned().map(Subject::Theirs).collect();
    let (known, began) = (Deviations::read(name), Instant::now());
    let mut found = run::at_once(&servers, at_once);
    for address in &addresses {
        assert!(run::is_alive(address), "{name} is gone from {}", address.url());
    }
    tell_times(name, began.elapsed(), &found);
    try_again(name, &servers[0], |tried| known.surprise(tried), &mut found);
    if document::regenerates() {
        return Deviations::write(name, &found);
    }
    let surprises: Vec<_> = found.iter().filter_map(|tried| known.surprise(tried)).collect();
    assert!(surprises.is_empty(), "{name} is not as its list has it:\n{}", surprises.join("\n"));
}

/// Tries what is a surprise again, alone.
#[allow(clippy::print_stdout, reason = "who reads the result wants to know what is not steady")]
pub(crate) fn try_again(
    name: &str,
    server: &Subject,
    surprise: impl Fn(&Tried) -> Option<String>,
    found: &mut Found,
) {
    for tried in found {
        for _ in 0..MORE_TRIES {
            let Some(surprise) = surprise(tried) else { break };
            println!("{name}: tried again: {surprise}");
            *tried = run::alone(server, tried.rule);
        }
    }
}

#[allow(clippy::print_stdout, reason = "what a run costs is part of its result")]
fn tell_times(name: &str, whole: Duration, found: &Found) {
    let mut slowest: Vec<_> = found.iter().collect();
    slowest.sort_by_key(|tried| std::cmp::Reverse(tried.took));
    let slowest: Vec<_> = slowest
        .iter()
        .take(SLOWEST)
        .map(|tried| format!("{} {:.1} s", tried.rule.id, tried.took.as_secs_f64()))
        .collect();
    let sum: Duration = found.iter().map(|tried| tried.took).sum();
    let (whole, sum) = (whole.as_secs_f64(), sum.as_secs_f64());
    println!("{name}: {} rules in {whole:.0} s; one after the other {sum:.0} s", found.len());
    println!("{name}: the slowest: {}", slowest.join(", "));
}

/// How often a rule is tried again that is not as listed.
const MORE_TRIES: usize = 2;
/// How many of the slowest rules are named.
const SLOWEST: usize = 10;
