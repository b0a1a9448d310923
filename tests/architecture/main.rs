//! The rules of the house that the compiler does not hold: who may import whom, what a file may be called, where a feature may
//! be asked for, and which crates a public signature may name.
//!
//! Everything is read from the sources with `syn`. Each check has tests of its own, which feed it sources that break the rule.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy's own exception covers test functions, not what they share"
)]

mod imports;
mod layout;
mod public_api;
mod rooms;
mod sources;

use sources::Sources;

/// One line for each broken rule; none is the pass.
fn assert_none(violations: &[String]) {
    assert!(violations.is_empty(), "\n{}", violations.join("\n"));
}

#[test]
fn every_room_imports_only_what_the_table_allows() {
    assert_none(&rooms::violations(&Sources::read()));
}

#[test]
fn pure_rooms_are_neither_async_nor_over_a_runtime() {
    assert_none(&rooms::impurities(&Sources::read()));
}

#[test]
fn pure_rooms_deny_clocks_locks_and_io() {
    assert_none(&layout::missing_pure_rooms(&Sources::read()));
    assert_none(&layout::pure_rooms_without_lints(&Sources::read()));
}

#[test]
fn features_are_asked_for_on_mod_lines_only() {
    assert_none(&layout::stray_features(&Sources::read()));
}

#[test]
fn files_are_named_for_what_they_hold() {
    assert_none(&layout::misnamed(&Sources::read()));
}

#[test]
fn public_signatures_name_few_foreign_crates() {
    assert_none(&public_api::violations(&Sources::read()));
}
