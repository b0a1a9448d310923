//! Which foreign crates public signatures name: those whose versions the users of this crate have to share.
//!
//! Public is what is `pub` in a `pub mod`, and what is `pub` in a private module and carried out of it by a `pub use`;
//! apart from modules that `lib.rs` hides from the docs, and from hidden methods, which tests call. A name is followed through the
//! `use` lines of its file. A method whose name carries a crate's version (`tls_rustls_0_23`) may name that crate: with another
//! version it would have another name.
//!
//! Limits: a private alias of a foreign type, glob imports and glob exports, and what a macro generates are not seen; of the
//! traits that a type has, only those that its file implements or derives.

use std::collections::{HashMap, HashSet};

use syn::visit::{self, Visit};
use syn::{Attribute, ImplItem, Item, Type, UseTree, Visibility};

use super::sources::{Source, Sources};

/// Foreign names in public signatures.
pub(crate) fn violations(sources: &Sources) -> Vec<String> {
    let hidden = hidden_modules(sources);
    let files: Vec<&Source> = sources
        .0
        .iter()
        .filter(|source| source.module.first().is_none_or(|room| !hidden.contains(room)))
        .collect();
    let exported = exported_paths(sources);
    let public_items = |source: &Source| -> Vec<Item> {
        let private = is_private(sources, &source.module);
        let shown = |name| exported.contains(&[source.module.as_slice(), &[name]].concat());
        let mut items = source.file.items.clone();
        items.retain(|item| !private || name_of(item).is_none_or(shown));
        items
    };
    let public_types: HashSet<String> =
        files.iter().flat_map(|source| type_names(&public_items(source), true)).collect();
    let mut found = Vec::new();
    for source in files {
        let items = public_items(source);
        // A name that the file gives to a type of its own hides the same name elsewhere.
        let mut types = public_types.clone();
        for own in type_names(&source.file.items, false) {
            types.remove(&own);
        }
        types.extend(type_names(&items, true));
        let mut names = Names { aliases: aliases(&source.file.items), found: Vec::new() };
        items.iter().for_each(|item| names.item(item, &types));
        found.extend(names.found.iter().map(|name| format!("{}: {name} in a public signature", source.path)));
    }
    found
}

/// Collects the foreign crates that signatures name. `visit` is called on signatures only, never on bodies.
struct Names {
    aliases: HashMap<String, String>,
    found: Vec<String>,
}

impl Names {
    fn item(&mut self, item: &Item, public_types: &HashSet<String>) {
        match item {
            Item::Fn(item) if is_public(&item.vis) => self.visit_signature(&item.sig),
            Item::Struct(item) if is_public(&item.vis) => {
                self.derives(&item.attrs);
                self.visit_generics(&item.generics);
                let fields = item.fields.iter().filter(|field| is_public(&field.vis));
                fields.for_each(|field| self.visit_type(&field.ty));
            }
            Item::Enum(item) if is_public(&item.vis) => {
                self.derives(&item.attrs);
                self.visit_generics(&item.generics);
                let fields = item.variants.iter().flat_map(|variant| &variant.fields);
                fields.for_each(|field| self.visit_type(&field.ty));
            }
            Item::Type(item) if is_public(&item.vis) => self.visit_type(&item.ty),
            Item::Const(item) if is_public(&item.vis) => self.visit_type(&item.ty),
            Item::Static(item) if is_public(&item.vis) => self.visit_type(&item.ty),
            Item::Use(item) if is_public(&item.vis) => {
                super::imports::leaves(&item.tree).iter().for_each(|leaf| self.name(&leaf[0]));
            }
            Item::Trait(item) if is_public(&item.vis) => self.public_trait(item),
            Item::Impl(item) if type_name(&item.self_ty).is_some_and(|name| public_types.contains(&name)) => {
                self.public_impl(item);
            }
            _ => {}
        }
    }

    fn public_trait(&mut self, item: &syn::ItemTrait) {
        self.visit_generics(&item.generics);
        item.supertraits.iter().for_each(|bound| self.visit_type_param_bound(bound));
        for item in &item.items {
            match item {
                syn::TraitItem::Fn(item) => self.visit_signature(&item.sig),
                syn::TraitItem::Type(item) => {
                    item.bounds.iter().for_each(|bound| self.visit_type_param_bound(bound))
                }
                _ => {}
            }
        }
    }

    fn public_impl(&mut self, item: &syn::ItemImpl) {
        self.visit_generics(&item.generics);
        if let Some((path, _)) = &item.trait_ {
            self.visit_path(path);
        }
        for part in &item.items {
            match part {
                ImplItem::Fn(method) if is_public(&method.vis) => self.public_method(method),
                ImplItem::Type(part) if item.trait_.is_some() => self.visit_type(&part.ty),
                _ => {}
            }
        }
    }

    /// One that is called for a crate and its version may name that crate and no other.
    fn public_method(&mut self, method: &syn::ImplItemFn) {
        if method.attrs.iter().any(is_doc_hidden) {
            return;
        }
        let mut names = Self { aliases: self.aliases.clone(), found: Vec::new() };
        names.visit_signature(&method.sig);
        let name = method.sig.ident.to_string();
        self.found.extend(names.found.into_iter().filter(|krate| !carries_version(&name, krate)));
    }

    fn derives(&mut self, attributes: &[Attribute]) {
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("derive")) {
            let _ = attribute.parse_nested_meta(|derived| {
                self.visit_path(&derived.path);
                Ok(())
            });
        }
    }

    fn name(&mut self, first: &str) {
        let krate = self.aliases.get(first).map_or(first, String::as_str);
        if foreign(krate) {
            self.found.push(krate.to_owned());
        }
    }
}

impl<'ast> Visit<'ast> for Names {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        if let Some(first) = path.segments.first() {
            self.name(&first.ident.to_string());
        }
        visit::visit_path(self, path);
    }

    fn visit_block(&mut self, _: &'ast syn::Block) {}
}

/// Whether a name ends in a crate's and its version, as `tls_rustls_0_23` does.
fn carries_version(name: &str, krate: &str) -> bool {
    let version = name.rsplit_once(&format!("_{krate}_")).map(|(_, version)| version.split('_'));
    version.is_some_and(|mut numbers| numbers.all(|number| number.parse::<u32>().is_ok()))
}

/// Whether the crate is a dependency whose names may not stand in signatures.
fn foreign(krate: &str) -> bool {
    const MANIFEST: &str = include_str!("../../Cargo.toml");
    let dependencies = MANIFEST
        .split("\n[dependencies]\n")
        .nth(1)
        .and_then(|rest| rest.split("\n[").next())
        .expect("the manifest has dependencies");
    let mut names = dependencies.lines().filter_map(|line| line.split_once(" = "));
    let is_dependency = names.any(|(name, _)| name.replace('-', "_") == krate);
    (is_dependency || krate.starts_with("aws_smithy")) && !ALLOWED.contains(&krate)
}

/// Names of a file that come from elsewhere, with the crate they come from.
fn aliases(items: &[Item]) -> HashMap<String, String> {
    let mut aliases = HashMap::new();
    for item in items {
        if let Item::Use(item) = item {
            collect_aliases(&item.tree, None, &mut aliases);
        }
    }
    aliases
}

fn collect_aliases(tree: &UseTree, krate: Option<&str>, aliases: &mut HashMap<String, String>) {
    let mut add = |name: String, own: &syn::Ident| {
        let krate = krate.map_or_else(|| own.to_string(), str::to_owned);
        aliases.insert(name, krate);
    };
    match tree {
        UseTree::Name(name) => add(name.ident.to_string(), &name.ident),
        UseTree::Rename(rename) => add(rename.rename.to_string(), &rename.ident),
        UseTree::Path(path) => {
            let first = path.ident.to_string();
            let krate = krate.unwrap_or(&first);
            // `use a::b::{self}` brings in `b`.
            if let UseTree::Group(_) = &*path.tree {
                aliases.insert(first.clone(), krate.to_owned());
            }
            collect_aliases(&path.tree, Some(krate), aliases);
        }
        UseTree::Group(group) => group.items.iter().for_each(|tree| collect_aliases(tree, krate, aliases)),
        _ => {}
    }
}

/// Whether a module stands behind a `mod` line that is not `pub`.
fn is_private(sources: &Sources, module: &[String]) -> bool {
    (1..=module.len()).any(|depth| {
        let (name, parent) = (&module[depth - 1], &module[..depth - 1]);
        let parents = sources.0.iter().filter(|source| source.module == parent);
        let mut lines = parents.flat_map(|source| &source.file.items);
        lines.any(|item| matches!(item, Item::Mod(item) if item.ident == name && !is_public(&item.vis)))
    })
}

/// The paths that `pub use` lines carry out of their modules.
fn exported_paths(sources: &Sources) -> HashSet<Vec<String>> {
    let mut paths = HashSet::new();
    for source in &sources.0 {
        for item in &source.file.items {
            if let Item::Use(item) = item
                && is_public(&item.vis)
            {
                let leaves = super::imports::leaves(&item.tree);
                paths.extend(leaves.into_iter().map(|leaf| absolute(&source.module, leaf)));
            }
        }
    }
    paths
}

/// The path from the root of the crate of what a `use` line of this module names, if it is of the crate.
fn absolute(module: &[String], mut leaf: Vec<String>) -> Vec<String> {
    let mut base = module.to_vec();
    while let Some(first) = leaf.first() {
        match first.as_str() {
            "crate" => base.clear(),
            "self" => {}
            "super" => drop(base.pop()),
            _ => break,
        }
        leaf.remove(0);
    }
    [base, leaf].concat()
}

/// The name that an item has; impls and `use` lines have none.
fn name_of(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Fn(item) => &item.sig.ident,
        Item::Struct(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Const(item) => &item.ident,
        Item::Static(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        _ => return None,
    };
    Some(ident.to_string())
}

/// The structs and enums among these items, all or only those that are `pub`.
fn type_names(items: &[Item], only_public: bool) -> Vec<String> {
    let names = items.iter().filter_map(|item| match item {
        Item::Struct(item) => Some((&item.vis, &item.ident)),
        Item::Enum(item) => Some((&item.vis, &item.ident)),
        _ => None,
    });
    names
        .filter(|(visibility, _)| !only_public || is_public(visibility))
        .map(|(_, ident)| ident.to_string())
        .collect()
}

fn hidden_modules(sources: &Sources) -> HashSet<String> {
    let front = sources.0.iter().filter(|source| source.module.is_empty());
    front
        .flat_map(|source| &source.file.items)
        .filter_map(|item| match item {
            Item::Mod(module) if module.attrs.iter().any(is_doc_hidden) => Some(module.ident.to_string()),
            _ => None,
        })
        .collect()
}

fn is_doc_hidden(attribute: &Attribute) -> bool {
    let list = attribute.meta.require_list();
    attribute.path().is_ident("doc") && list.is_ok_and(|list| list.tokens.to_string() == "hidden")
}

fn type_name(self_type: &Type) -> Option<String> {
    match self_type {
        Type::Path(path) => path.path.segments.last().map(|segment| segment.ident.to_string()),
        _ => None,
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

const ALLOWED: [&str; 4] = ["aws_sdk_kinesis", "bytes", "futures_core", "http"];

#[cfg(test)]
mod tests;
