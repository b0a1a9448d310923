//! Every path of a file that leads into the crate: in `use` lines, in code and inside macros.
//!
//! Limits: a name that a glob import of the same room brings in, and child modules named without `self::` inside macros, are not
//! followed. Visibilities (`pub(super)`) are no imports.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Item, UseTree};

use super::sources::Source;

/// A path from the root of the crate, `*` last for a glob.
pub(crate) type CratePath = Vec<String>;

/// The paths of a file, each with the module that it stands in.
pub(crate) fn imports(source: &Source) -> Vec<(CratePath, CratePath)> {
    let mut collector = Collector {
        module: source.module.clone(),
        children: child_modules(&source.file.items),
        found: Vec::new(),
    };
    collector.visit_file(&source.file);
    collector.found
}

/// The leaves of a `use` tree, as they are written.
pub(crate) fn leaves(tree: &UseTree) -> Vec<Vec<String>> {
    match tree {
        UseTree::Path(path) => {
            let mut below = leaves(&path.tree);
            for leaf in &mut below {
                leaf.insert(0, path.ident.to_string());
            }
            below
        }
        UseTree::Name(name) if name.ident == "self" => vec![vec![]],
        UseTree::Name(name) => vec![vec![name.ident.to_string()]],
        UseTree::Rename(rename) if rename.ident == "self" => vec![vec![]],
        UseTree::Rename(rename) => vec![vec![rename.ident.to_string()]],
        UseTree::Glob(_) => vec![vec!["*".to_owned()]],
        UseTree::Group(group) => group.items.iter().flat_map(leaves).collect(),
    }
}

struct Collector {
    module: CratePath,
    children: Vec<String>,
    found: Vec<(CratePath, CratePath)>,
}

impl Collector {
    fn add(&mut self, segments: &[String]) {
        if let Some(path) = self.resolve(segments) {
            self.found.push((self.module.clone(), path));
        }
    }

    /// The path from the root of the crate; `None` for what leads elsewhere.
    fn resolve(&self, segments: &[String]) -> Option<CratePath> {
        let (first, mut rest) = segments.split_first()?;
        let mut base = match first.as_str() {
            "crate" => Vec::new(),
            // On its own it is the receiver of a method.
            "self" if rest.is_empty() => return None,
            "self" => self.module.clone(),
            "super" => self.module[..self.module.len().saturating_sub(1)].to_vec(),
            child if self.children.iter().any(|name| name == child) => {
                [self.module.clone(), vec![first.clone()]].concat()
            }
            _ => return None,
        };
        while rest.first().is_some_and(|segment| segment == "super") {
            base.pop();
            rest = &rest[1..];
        }
        base.extend_from_slice(rest);
        Some(base)
    }

    /// Inside macros there are only tokens: a path there starts with `crate`, `super` or `self` and goes on over `::`.
    fn add_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    let name = ident.to_string();
                    if colons != 2 {
                        self.add(&path);
                        path.clear();
                    }
                    let starts = ["crate", "super", "self"].contains(&name.as_str());
                    if starts || !path.is_empty() {
                        path.push(name);
                    }
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => {
                    self.add(&path);
                    (path, colons) = (Vec::new(), 0);
                    self.add_tokens(group.stream());
                }
                _ => {
                    self.add(&path);
                    (path, colons) = (Vec::new(), 0);
                }
            }
        }
        self.add(&path);
    }
}

impl<'ast> Visit<'ast> for Collector {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let Some((_, items)) = &item.content else {
            return;
        };
        self.module.push(item.ident.to_string());
        let outer = std::mem::replace(&mut self.children, child_modules(items));
        items.iter().for_each(|item| self.visit_item(item));
        self.children = outer;
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if item.leading_colon.is_none() {
            leaves(&item.tree).iter().for_each(|leaf| self.add(leaf));
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() {
            let segments: Vec<String> = path.segments.iter().map(|part| part.ident.to_string()).collect();
            self.add(&segments);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        self.add_tokens(item.tokens.clone());
        visit::visit_macro(self, item);
    }

    fn visit_meta_list(&mut self, list: &'ast syn::MetaList) {
        self.add_tokens(list.tokens.clone());
    }

    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}
}

fn child_modules(items: &[Item]) -> Vec<String> {
    items
        .iter()
        .filter_map(|item| match item {
            Item::Mod(module) => Some(module.ident.to_string()),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::Sources;

    fn found(path: &str, text: &str) -> Vec<String> {
        let sources = Sources::of(&[(path, text)]);
        let imports = imports(&sources.0[0]);
        imports.iter().map(|(_, path)| path.join("::")).collect()
    }

    #[test]
    fn use_lines_are_taken_apart() {
        let text = "use crate::model::{self, Shard, event::*}; use super::kpl as k; use ::std::fmt; use bytes::Bytes;";
        assert_eq!(found("wire/mod.rs", text), ["model", "model::Shard", "model::event::*", "kpl"]);
    }

    #[test]
    fn paths_in_code_are_found() {
        let text = "fn f(x: crate::model::Shard) { super::super::consumer::run::<crate::kpl::X>(self.y) }";
        assert_eq!(
            found("engine/lineage/graph.rs", text),
            ["model::Shard", "engine::consumer::run", "kpl::X"]
        );
    }

    #[test]
    fn paths_inside_macros_are_found() {
        let text = r#"fn f() { assert!(x, "{}", vec![crate::consumer::run(), super::wire::y()]); }
            #[derive(crate::emulator::Z)] struct S;"#;
        assert_eq!(found("model/shard.rs", text), ["consumer::run", "model::wire::y", "emulator::Z"]);
        let text = "macro_rules! m { () => { $crate::consumer::run() } }";
        assert_eq!(found("model/shard.rs", text), ["consumer::run"]);
    }

    #[test]
    fn modules_inside_a_file_are_followed() {
        let text = "mod tests { use super::*; use super::super::wire::X; }";
        assert_eq!(found("model/mod.rs", text), ["model::*", "wire::X"]);
    }

    #[test]
    fn child_modules_are_named_without_self() {
        let text = "mod aws; pub use aws::Adapter; fn f() -> aws::Adapter {}";
        assert_eq!(found("kinesis/mod.rs", text), ["kinesis::aws::Adapter", "kinesis::aws::Adapter"]);
    }

    #[test]
    fn visibilities_and_receivers_are_no_imports() {
        let text = "pub(super) struct A; pub(in crate::engine) fn f(&self) { self.x; }";
        assert_eq!(found("engine/pin.rs", text), [""; 0]);
    }
}
