//! Names of files, places of `#[cfg(feature)]`, lints of the pure rooms.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

use super::sources::{Source, Sources};

/// `#[cfg(feature = …)]` and `cfg!(feature = …)` anywhere but on a `mod` line. On the front page also on `pub use`: what a
/// feature brings could not be re-exported otherwise.
pub(crate) fn stray_features(sources: &Sources) -> Vec<String> {
    let mut found = Vec::new();
    for source in &sources.0 {
        let mut features = Features { front: source.module.is_empty(), count: 0 };
        features.visit_file(&source.file);
        if features.count > 0 {
            let count = features.count;
            found.push(format!("{}: {count} features away from a mod line", source.path));
        }
    }
    found
}

/// Files named for nothing, and `foo/foo.rs`.
pub(crate) fn misnamed(sources: &Sources) -> Vec<String> {
    let mut found = Vec::new();
    for Source { path, module, .. } in &sources.0 {
        if module.iter().any(|name| NAMED_FOR_NOTHING.contains(&name.as_str())) {
            found.push(format!("{path}: named for nothing"));
        }
        if matches!(module.as_slice(), [.., folder, file] if folder == file) {
            found.push(format!("{path}: named like its folder; that is mod.rs"));
        }
    }
    found
}

/// Pure rooms whose root is not where it is looked for.
pub(crate) fn missing_pure_rooms(sources: &Sources) -> Vec<String> {
    let is_missing = |root: &&&str| !sources.0.iter().any(|source| source.path == **root);
    PURE_ROOTS.iter().filter(is_missing).map(|root| format!("{root}: not found")).collect()
}

/// Pure rooms whose root does not deny what clippy.toml disallows.
pub(crate) fn pure_rooms_without_lints(sources: &Sources) -> Vec<String> {
    let roots = sources.0.iter().filter(|source| PURE_ROOTS.contains(&source.path.as_str()));
    roots
        .filter(|source| !denies_all(&source.file))
        .map(|source| {
            format!("{}: lacks #![deny(clippy::disallowed_methods, clippy::disallowed_types)]", source.path)
        })
        .collect()
}

fn denies_all(file: &syn::File) -> bool {
    let denied: Vec<String> = file
        .attrs
        .iter()
        .filter(|attribute| attribute.path().is_ident("deny") || attribute.path().is_ident("forbid"))
        .filter_map(|attribute| attribute.meta.require_list().ok())
        .map(|list| list.tokens.to_string())
        .collect();
    ["disallowed_methods", "disallowed_types"]
        .iter()
        .all(|lint| denied.iter().any(|tokens| tokens.contains(lint)))
}

struct Features {
    front: bool,
    count: usize,
}

impl<'ast> Visit<'ast> for Features {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        for item in item.content.iter().flat_map(|(_, items)| items) {
            self.visit_item(item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !self.front {
            visit::visit_item_use(self, item);
        }
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        let asks = attribute.path().is_ident("cfg") || attribute.path().is_ident("cfg_attr");
        if let (true, Ok(list)) = (asks, attribute.meta.require_list()) {
            self.count += usize::from(names_a_feature(list.tokens.clone()));
        }
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        let asks = item.path.is_ident("cfg") && names_a_feature(item.tokens.clone());
        self.count += usize::from(asks);
    }
}

/// Whether there is a `feature = …` among the tokens. `feature(doc_cfg)` is another thing.
fn names_a_feature(tokens: TokenStream) -> bool {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    tokens.iter().enumerate().any(|(at, token)| match token {
        TokenTree::Ident(ident) if ident == "feature" => {
            matches!(tokens.get(at + 1), Some(TokenTree::Punct(punct)) if punct.as_char() == '=')
        }
        TokenTree::Group(group) => names_a_feature(group.stream()),
        _ => false,
    })
}

const NAMED_FOR_NOTHING: [&str; 7] = ["util", "utils", "common", "helper", "helpers", "misc", "other"];
const PURE_ROOTS: [&str; 5] =
    ["model/mod.rs", "kpl/mod.rs", "wire/mod.rs", "engine/mod.rs", "emulator/model/mod.rs"];

#[cfg(test)]
mod tests {
    use super::*;

    fn stray(path: &str, text: &str) -> usize {
        stray_features(&Sources::of(&[(path, text)])).len()
    }

    #[test]
    fn features_on_mod_lines_pass() {
        for (path, text) in [
            ("kinesis/mod.rs", "#[cfg(feature = \"consumer\")] mod aws;"),
            ("kinesis/mod.rs", "#![cfg_attr(docsrs, feature(doc_cfg))] #[cfg(test)] fn f() {}"),
            ("lib.rs", "#[cfg(feature = \"consumer\")] pub use consumer::Consumer;"),
        ] {
            assert_eq!(stray(path, text), 0, "{text}");
        }
    }

    #[test]
    fn features_elsewhere_are_found() {
        for (path, text) in [
            ("kinesis/mod.rs", "#[cfg(feature = \"x\")] use a::B;"),
            ("kinesis/mod.rs", "#[cfg(all(test, feature = \"x\"))] fn f() {}"),
            ("kinesis/mod.rs", "mod a { #[cfg(not(feature = \"x\"))] struct S; }"),
            ("kinesis/mod.rs", "#[cfg_attr(feature = \"x\", derive(Debug))] struct S;"),
            ("lib.rs", "fn f() { if cfg!(feature = \"x\") {} }"),
        ] {
            assert_eq!(stray(path, text), 1, "{text}");
        }
    }

    #[test]
    fn names_for_nothing_are_found() {
        for path in ["util.rs", "engine/helpers/mod.rs", "kpl/kpl.rs", "a/common.rs"] {
            assert_eq!(misnamed(&Sources::of(&[(path, "")])).len(), 1, "{path}");
        }
        assert_eq!(misnamed(&Sources::of(&[("kpl/digest.rs", ""), ("kpl/mod.rs", "")])).len(), 0);
    }

    #[test]
    fn a_pure_root_without_its_lints_is_found() {
        let lacking = |path: &str, text: &str| pure_rooms_without_lints(&Sources::of(&[(path, text)])).len();
        let deny = "#![deny(clippy::disallowed_methods, clippy::disallowed_types)]";
        assert_eq!(lacking("wire/mod.rs", ""), 1);
        assert_eq!(lacking("wire/mod.rs", "#![deny(clippy::disallowed_types)]"), 1);
        assert_eq!(
            lacking("wire/mod.rs", "#![warn(clippy::disallowed_methods, clippy::disallowed_types)]"),
            1
        );
        assert_eq!(lacking("wire/mod.rs", deny), 0);
        assert_eq!(lacking("consumer/mod.rs", ""), 0);
    }
}
