//! What the examples are made of. They themselves are run by `.ci/run`.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod local_kinesis;
mod probe_aws;
mod quickstart;
