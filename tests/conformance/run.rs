//! Tries rules: on the emulator one by one, each on its own with its own clock; on a server that takes real time many at once.

use std::panic::AssertUnwindSafe;

use futures::{FutureExt, StreamExt, stream};

use crate::rules::{self, Rule};
use crate::verdict::{Stop, Verdict};
use crate::world::{Door, Subject, World};

pub(crate) type Found = Vec<(&'static Rule, Verdict)>;

pub(crate) fn one_by_one(door: Door) -> Found {
    let rules = chosen().into_iter().filter(|rule| rule.doors.contain(door));
    rules.map(|rule| (rule, alone(&Subject::Ours(door), rule))).collect()
}

/// So many at once; those that others would disturb come first, one by one.
pub(crate) fn at_once(subject: &Subject, most: usize) -> Found {
    let (one_by_one, together): (Vec<_>, Vec<_>) = chosen().into_iter().partition(|rule| rule.alone);
    let runtime = runtime();
    let tried = |rule| async move { (rule, tried(subject, rule).await) };
    let mut found: Found = runtime.block_on(async {
        let alone: Vec<_> = stream::iter(one_by_one).then(tried).collect().await;
        let others = stream::iter(together).map(tried).buffer_unordered(most);
        alone.into_iter().chain(others.collect::<Vec<_>>().await).collect()
    });
    let order: Vec<_> = rules::all().map(|rule| rule.id).collect();
    found.sort_by_key(|(rule, _)| order.iter().position(|id| *id == rule.id));
    found
}

/// Whether something still listens there: a server that is gone breaks every rule.
pub(crate) fn is_alive(authority: &str) -> bool {
    std::net::TcpStream::connect(authority).is_ok()
}

fn alone(subject: &Subject, rule: &'static Rule) -> Verdict {
    runtime().block_on(tried(subject, rule))
}

async fn tried(subject: &Subject, rule: &'static Rule) -> Verdict {
    let world = World::new(subject, rule);
    let checked = AssertUnwindSafe((rule.check)(world.clone())).catch_unwind().await;
    world.leave().await;
    checked.unwrap_or_else(|_| Err(Stop::Broken("the check panics".into())))
}

/// All rules, or those that `CONFORMANCE_RULES` names.
fn chosen() -> Vec<&'static Rule> {
    let named = std::env::var("CONFORMANCE_RULES").unwrap_or_default();
    rules::all().filter(|rule| named.is_empty() || named.split(',').any(|id| id == rule.id)).collect()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made")
}
