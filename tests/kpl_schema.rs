//! `src/kpl/schema.rs` is generated from `proto/aggregated_record.proto` and checked in, so that users build neither a compiler
//! for it nor a build script. This test fails when the two part. To write the file anew:
//!
//! ```text
//! KPL_SCHEMA_REGENERATE=1 cargo test --test kpl_schema
//! ```

use std::path::Path;
use std::{env, fs};

#[test]
fn the_checked_in_schema_is_what_the_proto_file_gives() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let checked_in = root.join("src/kpl/schema.rs");
    let generated = generate(root);
    if env::var_os("KPL_SCHEMA_REGENERATE").is_some() {
        fs::write(&checked_in, &generated).unwrap();
    }
    assert!(
        fs::read_to_string(&checked_in).unwrap() == generated,
        "src/kpl/schema.rs differs from proto/aggregated_record.proto; see the head of tests/kpl_schema.rs"
    );
}

#[allow(clippy::unwrap_used, reason = "a failure to generate is the failure of the test")]
fn generate(root: &Path) -> String {
    let proto = root.join("proto");
    let files = protox::compile([proto.join("aggregated_record.proto")], [proto]).unwrap();
    let out = Path::new(env!("CARGO_TARGET_TMPDIR"));
    prost_build::Config::new().bytes(["."]).out_dir(out).compile_fds(files).unwrap();
    fs::read_to_string(out.join("aws.kinesis.protobuf.rs")).unwrap()
}
