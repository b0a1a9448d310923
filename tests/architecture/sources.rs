//! The sources of the crate, parsed.

use std::fs;
use std::path::Path;

/// All files of `src`.
pub(crate) struct Sources(pub(crate) Vec<Source>);

/// One file.
pub(crate) struct Source {
    /// Its path below `src`, with slashes.
    pub(crate) path: String,
    /// The module that it is: `a/b.rs` and `a/b/mod.rs` are `[a, b]`, `lib.rs` is `[]`.
    pub(crate) module: Vec<String>,
    /// Its syntax tree.
    pub(crate) file: syn::File,
}

impl Sources {
    /// Reads the crate that this test belongs to. Binaries are left out: they are crates of their own and see the public API.
    pub(crate) fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut sources = Vec::new();
        collect(&root, &root, &mut sources);
        assert!(sources.len() > 10, "the sources were not found");
        Self(sources)
    }

    /// Sources from the text of a test.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        Self(files.iter().map(|(path, text)| Source::new(path, text)).collect())
    }
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        let mut module: Vec<String> = path.trim_end_matches(".rs").split('/').map(String::from).collect();
        if module.last().is_some_and(|last| last == "mod") || module == ["lib"] {
            module.pop();
        }
        Self {
            path: path.to_owned(),
            module,
            file: syn::parse_file(text).unwrap_or_else(|error| panic!("{path}: {error}")),
        }
    }
}

fn collect(root: &Path, folder: &Path, sources: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let below = path.strip_prefix(root).unwrap();
        if path.is_dir() && below != Path::new("bin") {
            collect(root, &path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = below.to_str().unwrap().replace('\\', "/");
            sources.push(Source::new(&name, &fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn a_file_is_the_module_that_its_path_says() {
    let sources = Sources::of(&[("lib.rs", ""), ("a/mod.rs", ""), ("a/b.rs", "")]);
    let modules: Vec<_> = sources.0.iter().map(|source| source.module.join("::")).collect();
    assert_eq!(modules, ["", "a", "a::b"]);
}
