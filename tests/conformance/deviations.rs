//! What a server that nobody here wrote is known to break, and what cannot be seen there: `deviations/<server>.txt`, a line
//! each: the rule's id, `fail` or `hidden`, the reason. Rules that are not listed are kept.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use crate::rules;
use crate::run::{Found, Tried};
use crate::verdict::Outcome;

#[derive(Debug, Default)]
pub(crate) struct Deviations(BTreeMap<String, (Outcome, String)>);

impl Deviations {
    pub(crate) fn read(server: &str) -> Self {
        let text = std::fs::read_to_string(path(server)).unwrap_or_default();
        Self(text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(line).collect())
    }

    /// What is known of a rule there.
    pub(crate) fn of(&self, rule: &str) -> (Outcome, &str) {
        self.0.get(rule).map_or((Outcome::Pass, ""), |(outcome, reason)| (*outcome, reason))
    }

    pub(crate) fn count(&self, outcome: Outcome) -> usize {
        self.0.values().filter(|(known, _)| *known == outcome).count()
    }

    pub(crate) fn rules(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Why this is not what is listed; `None`: it is.
    pub(crate) fn surprise(&self, Tried { rule, verdict, .. }: &Tried) -> Option<String> {
        let (known, is) = (self.of(rule.id).0, Outcome::of(verdict));
        (known != is).then(|| format!("{}: {is}, not {known}: {verdict:?}", rule.id))
    }

    /// Writes what was found. The reasons of deviations that are known already stay.
    pub(crate) fn write(server: &str, found: &Found) {
        let known = Self::read(server);
        let mut text = format!(
            "# What {server} does with the rules: id, fail or hidden, why. Rules that are not here are kept.\n"
        );
        for rule in rules::all() {
            let (before, reason) = known.of(rule.id);
            // What was not tried stays as it is known.
            let (is, why) = match found.iter().find(|tried| tried.rule.id == rule.id) {
                Some(tried) => (tried.outcome(), tried.why()),
                None => (before, reason.to_owned()),
            };
            if is != Outcome::Pass {
                let why = if before == is { reason.to_owned() } else { one_line(&why) };
                writeln!(text, "{} {is} {why}", rule.id).unwrap();
            }
        }
        std::fs::create_dir_all(path(server).parent().unwrap()).unwrap();
        std::fs::write(path(server), text).unwrap();
    }
}

fn line(line: &str) -> (String, (Outcome, String)) {
    let mut words = line.splitn(3, ' ');
    let (id, outcome) = (words.next().unwrap_or_default(), words.next().and_then(Outcome::named));
    let outcome = outcome.unwrap_or_else(|| panic!("neither fail nor hidden: {line}"));
    (id.to_owned(), (outcome, words.next().unwrap_or_default().to_owned()))
}

fn one_line(why: &str) -> String {
    let words: Vec<_> = why.split_whitespace().collect();
    words.join(" ").chars().take(160).collect()
}

fn path(server: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/conformance/deviations/{server}.txt"))
}
