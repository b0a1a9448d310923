//! Any server that a variable names, the service itself included: the rules are tried there in real time, and what is found is
//! printed. A rule that is broken is tried again, alone, up to two more times.
//!
//! - `KINESIS_FANOUT_CONFORMANCE_ENDPOINT`: `http://host:port` (HTTP/1.1) or `https://host:port`.
//! - `KINESIS_FANOUT_CONFORMANCE_ALPN`: what is offered under TLS, `h2,http/1.1` unless it says otherwise.
//! - `KINESIS_FANOUT_CONFORMANCE_CA_FILE`: certificates in PEM that are trusted, instead of those that the machine trusts.
//! - `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION` (us-east-1): who signs. Without a key requests
//!   carry what is no signature, which does for servers that do not verify any.
//!
//! All its streams have a prefix that no other run has, and are deleted at the end, after a failure too; those that are left are
//! named. It makes some hundred streams, one of 1,001 shards, and puts about 150 MB: the service would charge for that, and
//! refuses what is above the account's quotas, which shows as broken rules.

use std::time::Duration;

use serde_json::{Value, json};

use crate::clock::Clock;
use crate::endpoint::{Address, Endpoint, HTTP1, HTTP2, Http, Signer};
use crate::others::try_again;
use crate::run::{self, Tried};
use crate::verdict::Outcome;
use crate::world::{self, Subject};

#[allow(clippy::print_stdout, reason = "what it finds is the result")]
pub(crate) fn keeps_every_rule(at_once: usize) {
    let address = address();
    let server = Subject::Theirs(address.clone());
    let mut found = run::at_once(std::slice::from_ref(&server), at_once);
    try_again("endpoint", &server, broken, &mut found);
    for tried in &found {
        println!(
            "{} {} {:.1} s {:?}",
            tried.rule.id,
            tried.outcome(),
            tried.took.as_secs_f64(),
            tried.verdict
        );
    }
    let count = |outcome| found.iter().filter(|tried| tried.outcome() == outcome).count();
    let broken = count(Outcome::Fail);
    println!(
        "kept {}, broken {broken}, not observable {}",
        count(Outcome::Pass),
        count(Outcome::NotObservable)
    );
    let left = run::runtime().block_on(delete_streams(&Http::new(address)));
    assert!(left.is_empty(), "these streams are left: {left:?}");
    assert_eq!(broken, 0, "rules are broken");
}

/// What is wrong with it; what cannot be seen is not.
fn broken(tried: &Tried) -> Option<String> {
    (tried.outcome() == Outcome::Fail).then(|| format!("{}: {:?}", tried.rule.id, tried.verdict))
}

fn address() -> Address {
    let text = |name: &str| std::env::var(name).ok();
    let url = text(ENDPOINT).unwrap_or_else(|| panic!("{ENDPOINT} is the URL of a server"));
    let offered = text(ALPN).unwrap_or_else(|| format!("{HTTP2},{HTTP1}"));
    let offered: Vec<_> = offered.split(',').collect();
    let trusted = text(CA_FILE).map(|path| {
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{CA_FILE} {path}: {error}"))
    });
    let address = Address::parse(&url, &offered, trusted);
    let mut address = address.unwrap_or_else(|| panic!("{ENDPOINT} is no http:// or https:// URL: {url}"));
    address.signer = Signer::from_environment().map(Into::into);
    address
}

/// Deletes this run's streams until none is listed, and gives those that stay.
async fn delete_streams(http: &Http) -> Vec<String> {
    let mut left = streams(http).await;
    for _ in 0..MAX_ROUNDS {
        if left.is_empty() {
            break;
        }
        for stream in &left {
            let request = json!({"StreamName": stream, "EnforceConsumerDeletion": true});
            // What is being made, changed or deleted is refused: it is listed again in the next round.
            let _ = Clock::Theirs.soon(http.call("DeleteStream", request)).await;
        }
        a_second().await;
        left = streams(http).await;
    }
    left
}

/// The names of all streams of this run.
async fn streams(http: &Http) -> Vec<String> {
    let (mut names, mut request) = (Vec::new(), json!({}));
    loop {
        let page = list_streams(http, request).await;
        let listed = page["StreamNames"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let listed: Vec<_> = listed.map(str::to_owned).collect();
        let last = listed.last().cloned();
        names.extend(listed.into_iter().filter(|name| name.starts_with(world::run())));
        match (page["HasMoreStreams"] == true, last) {
            (true, Some(last)) => request = json!({"ExclusiveStartStreamName": last}),
            _ => return names,
        }
    }
}

async fn list_streams(http: &Http, request: Value) -> Value {
    for _ in 0..MAX_CALLS {
        if let Some(Ok(page)) = Clock::Theirs.soon(http.call("ListStreams", request.clone())).await {
            return page;
        }
        a_second().await;
    }
    panic!("ListStreams is not answered; streams may be left whose names begin with {}", world::run());
}

/// In which the service takes calls again that were too many for their rate.
async fn a_second() {
    let _ = Clock::Theirs.pass(Duration::from_secs(1)).await;
}

const ENDPOINT: &str = "KINESIS_FANOUT_CONFORMANCE_ENDPOINT";
const ALPN: &str = "KINESIS_FANOUT_CONFORMANCE_ALPN";
const CA_FILE: &str = "KINESIS_FANOUT_CONFORMANCE_CA_FILE";
/// The service deletes a stream in some seconds, and takes five calls a second.
const MAX_ROUNDS: usize = 120;
/// How often a call is made that is refused.
const MAX_CALLS: usize = 10;
