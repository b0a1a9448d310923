//! The conformance suite: every rule of the service, tried on the emulator through all of its doors, and on servers that
//! nobody here wrote. The same list of rules makes the table in `docs/conformance.md`.
//!
//! - `cargo test --test conformance`: the emulator has to keep every rule, on every door that the rule is about.
//! - `.ci/conformance` starts ministack and kinesis-local. What they break, or what cannot be seen there, is checked in under
//!   `deviations/`; anything else than that is an error, a rule that they keep all at once included. They run in real time, so a
//!   rule that is not as listed is tried again, alone, up to two more times; only what differs each time is an error.
//! - `KINESIS_FANOUT_CONFORMANCE_ENDPOINT=URL cargo test --test conformance -- --ignored --nocapture any_endpoint` tries them on
//!   any server, and prints what it finds; `any_endpoint.rs` tells its other variables.
//!
//! `CONFORMANCE_RULES=R01,S04` tries only these. `CONFORMANCE_REGENERATE=1` writes the table, and where a server runs, its list.
//!
//! Nothing here sleeps on the emulator: its clock stands still until a rule lets time pass.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy's own exception covers test functions, not what they share"
)]

mod any_endpoint;
mod clock;
mod deviations;
mod document;
mod endpoint;
mod others;
mod rules;
mod run;
mod streams;
mod verdict;
mod world;

use world::Door;

/// Rules at a time on a server in real time: each waits for most of it.
const AT_ONCE: usize = 12;

/// Tries all rules that are about this door.
fn ours(door: Door) {
    let broken: Vec<String> = run::one_by_one(door)
        .into_iter()
        .filter_map(|tried| Some(format!("{}: {:?}", tried.rule.id, tried.verdict.err()?)))
        .collect();
    assert!(broken.is_empty(), "{door:?} breaks\n{}", broken.join("\n"));
}

#[test]
fn the_port_keeps_every_rule() {
    ours(Door::Port);
}

#[test]
fn http1_keeps_every_rule() {
    ours(Door::Http1);
}

#[test]
fn http2_keeps_every_rule() {
    ours(Door::Http2);
}

#[test]
fn http2_under_tls_keeps_every_rule() {
    ours(Door::TlsHttp2);
}

#[test]
#[ignore = "needs a ministack: .ci/conformance"]
fn ministack_deviates_as_listed() {
    others::deviates_as_listed("ministack", "KINESIS_FANOUT_CONFORMANCE_MINISTACK", AT_ONCE);
}

#[test]
#[ignore = "needs a kinesis-local: .ci/conformance"]
fn kinesis_local_deviates_as_listed() {
    // One by one on each server: one loses records and consumers while other calls come.
    others::deviates_as_listed("kinesis-local", "KINESIS_FANOUT_CONFORMANCE_KINESIS_LOCAL", 1);
}

#[test]
#[ignore = "needs a server that is named"]
fn any_endpoint_keeps_every_rule() {
    any_endpoint::keeps_every_rule(AT_ONCE);
}

#[test]
fn every_rule_has_an_id_of_its_own() {
    let mut ids: Vec<_> = rules::all().map(|rule| rule.id).collect();
    ids.sort_unstable();
    let count = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), count);
}

#[test]
fn the_table_in_the_docs_is_that_of_the_rules() {
    document::check();
}
