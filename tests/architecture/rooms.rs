//! Who may import whom: the table of the design, and what the pure rooms do without.
//!
//! Unit tests inside a room are held to the same table: what needs more of the crate belongs into `tests/`.

use syn::visit::{self, Visit};

use super::imports::{CratePath, imports};
use super::sources::Sources;

/// The rooms, as far apart as the table needs them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    /// `lib.rs`.
    Front,
    Error,
    Model,
    Kpl,
    Wire,
    /// What the machines share.
    Engine,
    /// One machine of the engine.
    Machine(&'static str),
    /// The port.
    Kinesis,
    KinesisAws,
    Transport,
    Consumer,
    Emulator,
    EmulatorModel,
}

/// Imports that the table forbids.
pub(crate) fn violations(sources: &Sources) -> Vec<String> {
    let mut violations = Vec::new();
    for source in &sources.0 {
        for (from, to) in imports(source) {
            if let Err(rule) = check(&from, &to) {
                violations.push(format!("{}: crate::{}: {rule}", source.path, to.join("::")));
            }
        }
    }
    violations
}

/// What makes a pure room impure: async, or a crate that does I/O. Unit tests may hold a room against such a crate.
pub(crate) fn impurities(sources: &Sources) -> Vec<String> {
    let mut found = Vec::new();
    for source in &sources.0 {
        let is_test = source.module.iter().any(|name| name == "tests");
        if !is_test && room(&source.module).is_ok_and(Room::is_pure) {
            let mut impurities = Impurities(Vec::new());
            impurities.visit_file(&source.file);
            found.extend(impurities.0.iter().map(|what| format!("{}: {what}", source.path)));
        }
    }
    found
}

impl Room {
    fn is_pure(self) -> bool {
        use Room::{EmulatorModel, Engine, Kpl, Machine, Model, Wire};
        matches!(self, Model | Kpl | Wire | Engine | Machine(_) | EmulatorModel)
    }

    /// The table. `item` is what is imported, from its room on.
    fn may_import(self, to: Self, item: &[String]) -> bool {
        use Room::*;
        match (self, to) {
            (Front, _) => true,
            (from, to) if from == to => true,
            (Kpl, Model) => {
                item.first().is_some_and(|name| ["HashKeyRange", "SequenceNumber"].contains(&name.as_str()))
            }
            (
                Wire | Engine | Machine(_) | Kinesis | KinesisAws | Consumer | Emulator | EmulatorModel
                | Error,
                Model,
            ) => true,
            (Machine(_), Engine) => true,
            (Machine("reader"), Machine("subscription" | "polling")) => true,
            (Machine("lease"), Machine("checkpoint" | "lineage")) => true,
            (KinesisAws, Kinesis | Wire | Transport) => true,
            // The user's choice, which the builder hands to the adapter.
            (Consumer, Transport) => item.first().is_some_and(|name| name == "Transport"),
            (Consumer, Kpl | Engine | Machine(_) | Kinesis | Error) => true,
            (Emulator, EmulatorModel) => true,
            // Its settings, which the front of the emulator re-exports. They are held to be pure as well.
            (EmulatorModel, Emulator) => {
                item.first().is_some_and(|name| name.starts_with(|c: char| c.is_ascii_uppercase()))
            }
            (Emulator | EmulatorModel, Kpl | Wire | Kinesis) => true,
            (Error, Engine | Machine(_) | Kinesis) => true,
            _ => false,
        }
    }
}

fn check(from: &CratePath, to: &CratePath) -> Result<(), String> {
    let (from_room, to_room) = (room(from)?, room(to)?);
    if from_room != Room::Front && to_room == Room::Front {
        return Err("imports through the front page; name the room".into());
    }
    let item = &to[depth(to_room).min(to.len())..];
    if !from_room.may_import(to_room, item) {
        return Err(format!("{from_room:?} may not import {to_room:?}"));
    }
    if from_room != to_room && item.first().is_some_and(|name| name == "*") {
        return Err("a glob across rooms hides what is imported".into());
    }
    Ok(())
}

/// The room of a module or of an item in it.
fn room(path: &[String]) -> Result<Room, String> {
    let name = |at: usize| path.get(at).map_or("", String::as_str);
    Ok(match (name(0), name(1)) {
        ("error", _) => Room::Error,
        ("model", _) => Room::Model,
        ("kpl", _) => Room::Kpl,
        ("wire", _) => Room::Wire,
        ("engine", inner) => match MACHINES.iter().find(|machine| **machine == inner) {
            Some(machine) => Room::Machine(machine),
            None => Room::Engine,
        },
        ("kinesis", "aws") => Room::KinesisAws,
        ("kinesis", _) => Room::Kinesis,
        ("transport", _) => Room::Transport,
        ("consumer", _) => Room::Consumer,
        ("emulator", "model" | "settings") => Room::EmulatorModel,
        ("emulator", _) => Room::Emulator,
        ("", _) | ("*", _) => Room::Front,
        // An item of the front page, or a macro of it.
        (other, _) if path.len() == 1 && !other.starts_with(|c: char| c.is_ascii_lowercase()) => Room::Front,
        (other, _) => return Err(format!("the table has no row for {other:?}")),
    })
}

/// How many segments name the room.
fn depth(room: Room) -> usize {
    match room {
        Room::Front => 0,
        Room::Machine(_) | Room::KinesisAws | Room::EmulatorModel => 2,
        _ => 1,
    }
}

struct Impurities(Vec<String>);

impl Impurities {
    fn check(&mut self, krate: &str) {
        if IMPURE_CRATES.contains(&krate) || krate.starts_with("aws_") {
            self.0.push(format!("names {krate}"));
        }
    }

    /// Clippy denies the types and functions that are known; these modules are refused whole.
    fn check_std(&mut self, first: Option<&str>, second: Option<&str>) {
        if first == Some("std")
            && let Some(module) = second.filter(|module| IMPURE_STD.contains(module))
        {
            self.0.push(format!("names std::{module}"));
        }
    }
}

impl<'ast> Visit<'ast> for Impurities {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if item.ident != "tests" {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        if signature.asyncness.is_some() {
            self.0.push(format!("async fn {}", signature.ident));
        }
        visit::visit_signature(self, signature);
    }

    fn visit_expr_async(&mut self, _: &'ast syn::ExprAsync) {
        self.0.push("an async block".into());
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if let Some(first) = path.segments.first() {
            self.check(&first.ident.to_string());
        }
        let mut names = path.segments.iter().map(|segment| segment.ident.to_string());
        self.check_std(names.next().as_deref(), names.next().as_deref());
        visit::visit_path(self, path);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        for leaf in super::imports::leaves(&item.tree) {
            self.check(leaf.first().map_or("", String::as_str));
            self.check_std(leaf.first().map(String::as_str), leaf.get(1).map(String::as_str));
        }
    }
}

const MACHINES: [&str; 7] =
    ["registration", "subscription", "lineage", "polling", "reader", "checkpoint", "lease"];
const IMPURE_CRATES: [&str; 6] =
    ["tokio", "hyper", "hyper_util", "http_body_util", "futures_util", "tracing"];

const IMPURE_STD: [&str; 5] = ["env", "fs", "net", "process", "thread"];

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(path: &str, text: &str) -> usize {
        violations(&Sources::of(&[(path, text)])).len()
    }

    #[test]
    fn what_the_table_allows_passes() {
        for (path, text) in [
            ("lib.rs", "pub use kinesis::aws::X; use crate::consumer::Y;"),
            ("kpl/walk.rs", "use crate::model::{HashKeyRange, SequenceNumber};"),
            ("engine/lineage/graph.rs", "use crate::{engine::Backoff, model::Shard}; use super::state::X;"),
            ("engine/lease.rs", "use super::checkpoint::Watermark;"),
            ("kinesis/aws/source.rs", "use super::super::EventSource; use crate::{transport::X, wire::Y};"),
            ("consumer/builder.rs", "use crate::transport::Transport;"),
            (
                "consumer/task.rs",
                "use crate::{engine::subscription::Input, kinesis::KinesisPort, error::Error, kpl::X};",
            ),
            ("emulator/door.rs", "use super::model::World; use crate::wire::Frame;"),
            ("emulator/model/mod.rs", "use crate::emulator::{Settings, settings::ShardEnd};"),
            ("error.rs", "use crate::kinesis::PortError;"),
            ("model/shard.rs", "use super::HashKeyRange; mod tests { use super::*; }"),
        ] {
            assert_eq!(broken(path, text), 0, "{path}: {text}");
        }
    }

    #[test]
    fn what_the_table_forbids_is_found() {
        for (path, text) in [
            ("model/shard.rs", "use crate::kpl::X;"),
            ("model/shard.rs", "fn f() { super::super::wire::x() }"),
            ("model/shard.rs", "fn f() { println!(\"{}\", crate::engine::X) }"),
            ("kpl/walk.rs", "use crate::model::Record;"),
            ("kpl/walk.rs", "use crate::model;"),
            ("kpl/walk.rs", "use crate::model::*;"),
            ("wire/frame.rs", "use crate::kinesis::X;"),
            ("engine/lineage/mod.rs", "use super::subscription::X;"),
            ("engine/lineage/mod.rs", "use super::*;"),
            ("engine/mod.rs", "mod lineage; pub use lineage::X;"),
            ("engine/pin.rs", "use crate::kinesis::X;"),
            ("kinesis/mod.rs", "mod aws; fn f(x: aws::X) {}"),
            ("kinesis/mod.rs", "use crate::engine::X;"),
            ("kinesis/aws/mod.rs", "use crate::consumer::X;"),
            ("consumer/mod.rs", "use crate::kinesis::aws::X;"),
            ("consumer/mod.rs", "use crate::kinesis::*;"),
            ("consumer/mod.rs", "use crate::transport::Http2Client;"),
            ("transport/pool.rs", "use crate::model::ShardId;"),
            ("kinesis/mod.rs", "use crate::transport::Transport;"),
            ("consumer/mod.rs", "use crate::emulator::X;"),
            ("consumer/mod.rs", "mod tests { use crate::wire::X; }"),
            ("consumer/mod.rs", "use crate::Record;"),
            ("emulator/model/mod.rs", "use crate::emulator::door::Door;"),
            ("emulator/model/mod.rs", "use super::local::LocalKinesis;"),
            ("emulator/mod.rs", "use crate::engine::X;"),
            ("error.rs", "use crate::consumer::X;"),
            ("novel/mod.rs", "use crate::model::X;"),
        ] {
            assert_eq!(broken(path, text), 1, "{path}: {text}");
        }
    }

    #[test]
    fn a_pure_room_is_neither_async_nor_over_a_runtime() {
        for (path, text, count) in [
            ("emulator/model/mod.rs", "async fn f() {}", 1),
            ("emulator/model/mod.rs", "fn f() { async {} }", 1),
            ("emulator/model/mod.rs", "use tokio::sync::mpsc;", 1),
            ("wire/frame.rs", "fn f(x: hyper::Body) {}", 1),
            ("wire/frame.rs", "use aws_sdk_kinesis::Client;", 1),
            ("emulator/settings.rs", "use tokio::sync::mpsc;", 1),
            ("wire/frame.rs", "use bytes::Bytes; mod tests { use aws_smithy_types::Blob; }", 0),
            ("wire/frame/tests.rs", "use aws_smithy_types::Blob;", 0),
            ("kpl/walk.rs", "fn f() { std::fs::read(\"x\"); }", 1),
            ("engine/pin.rs", "use std::{net::ToSocketAddrs, time::Duration};", 1),
            ("model/shard.rs", "fn f() { std::thread::Builder::new(); std::env::var(\"X\"); }", 2),
            ("engine/pin.rs", "use std::process::Command;", 1),
            ("emulator/door.rs", "use tokio::sync::mpsc; use std::net::TcpListener; async fn f() {}", 0),
        ] {
            assert_eq!(impurities(&Sources::of(&[(path, text)])).len(), count, "{path}: {text}");
        }
    }
}
