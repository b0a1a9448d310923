//! Tries rules: on the emulator one by one, each on its own with its own clock; on servers that take real time many at once.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::join_all;

use crate::endpoint::Address;
use crate::rules::{self, Rule};
use crate::verdict::{Outcome, Stop, Verdict};
use crate::world::{Door, Subject, World};

/// What has become of a rule.
pub(crate) struct Tried {
    pub(crate) rule: &'static Rule,
    pub(crate) verdict: Verdict,
    /// In real time.
    pub(crate) took: Duration,
}

pub(crate) type Found = Vec<Tried>;

impl Tried {
    pub(crate) fn outcome(&self) -> Outcome {
        Outcome::of(&self.verdict)
    }

    /// Why it is not kept or cannot be seen.
    pub(crate) fn why(&self) -> String {
        match &self.verdict {
            Ok(()) => String::new(),
            Err(Stop::Broken(why) | Stop::NotObservable(why)) => why.clone(),
        }
    }
}

pub(crate) fn one_by_one(door: Door) -> Found {
    let rules = chosen().into_iter().filter(|rule| rule.doors.contain(door));
    rules.map(|rule| alone(&Subject::Ours(door), rule)).collect()
}

/// The rules shared out over servers of one kind, so many at once on each; those that others would disturb come first, one by
/// one on each.
pub(crate) fn at_once(subjects: &[Subject], most: usize) -> Found {
    let (one_by_one, together): (Vec<_>, Vec<_>) = chosen().into_iter().partition(|rule| rule.alone);
    let crowded: Vec<_> = subjects.iter().flat_map(|subject| std::iter::repeat_n(subject, most)).collect();
    let mut found: Found = runtime().block_on(async {
        let mut found = shared_out(subjects.iter(), one_by_one).await;
        found.extend(shared_out(crowded.into_iter(), together).await);
        found
    });
    let order: Vec<_> = rules::all().map(|rule| rule.id).collect();
    found.sort_by_key(|tried| order.iter().position(|id| *id == tried.rule.id));
    found
}

/// Each takes the next rule when it is done with the last.
async fn shared_out(subjects: impl Iterator<Item = &Subject>, rules: Vec<&'static Rule>) -> Found {
    let (left, found) = (RefCell::new(VecDeque::from(rules)), RefCell::new(Found::new()));
    join_all(subjects.map(async |subject| {
        loop {
            let next = left.borrow_mut().pop_front();
            let Some(rule) = next else { break };
            let tried = tried(subject, rule).await;
            found.borrow_mut().push(tried);
        }
    }))
    .await;
    found.into_inner()
}

/// Whether something still listens there: a server that is gone breaks every rule.
pub(crate) fn is_alive(address: &Address) -> bool {
    std::net::TcpStream::connect(address.socket()).is_ok()
}

pub(crate) fn alone(subject: &Subject, rule: &'static Rule) -> Tried {
    runtime().block_on(tried(subject, rule))
}

async fn tried(subject: &Subject, rule: &'static Rule) -> Tried {
    let began = Instant::now();
    let world = World::new(subject, rule);
    let checked = AssertUnwindSafe((rule.check)(world.clone())).catch_unwind().await;
    world.leave().await;
    let verdict = checked.unwrap_or_else(|_| Err(Stop::Broken("the check panics".into())));
    Tried { rule, verdict, took: began.elapsed() }
}

/// All rules, or those that `CONFORMANCE_RULES` names.
fn chosen() -> Vec<&'static Rule> {
    let named = std::env::var("CONFORMANCE_RULES").unwrap_or_default();
    rules::all().filter(|rule| named.is_empty() || named.split(',').any(|id| id == rule.id)).collect()
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made")
}
