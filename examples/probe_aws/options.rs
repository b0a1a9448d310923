//! The options of the command line.

use std::path::PathBuf;

pub(crate) const HELP: &str = "\
Measures what AWS does not document about Kinesis and writes it into a file that the local Kinesis takes as its settings.

usage: probe_aws --stream NAME [OPTION]...

  --stream NAME         the stream to make, measure and delete; there must be none of that name
  --yes                 do it; without it nothing is done but told
  --output FILE         where to write the figures (default: probe.json)
  --endpoint-url URL    another Kinesis than that of AWS
  --help                this

Region and credentials are those of the environment, as for the AWS CLI. Status 0: all was measured; 1: not all was,
or something is left to be removed; 2: the options are wrong.
";

/// What will be done, before it is done.
pub(crate) const PLAN: &str = "\
This makes, uses and deletes
  - a provisioned stream of 3 shards, one of which is split in two,
  - a registered consumer of it, \"probe\", with one or two subscriptions at a time,
  - about 3,400 records with 4 MB in all.
It takes 3 to 10 minutes. AWS bills each started hour of each shard, and of each shard for the consumer: at the list
prices of us-east-1 of 2025, 5 shards at 0.015 USD and 5 at 0.015 USD, records and retrieval below 0.01 USD: about
0.16 USD. Your region may cost more.
It calls: CreateStream, DeleteStream, DescribeStreamSummary, ListShards, PutRecords, SplitShard,
RegisterStreamConsumer, DescribeStreamConsumer, DeregisterStreamConsumer, SubscribeToShard, GetShardIterator, GetRecords.
A stream of that name that exists already is not touched.
Errors and Ctrl-C remove what was made as well.
";

/// What the command line asks for.
#[derive(Debug, PartialEq)]
pub(crate) enum Command {
    Help,
    Probe(Options),
}

/// What to probe.
#[derive(Debug, PartialEq)]
pub(crate) struct Options {
    pub(crate) stream: String,
    pub(crate) is_agreed: bool,
    pub(crate) output: PathBuf,
    pub(crate) endpoint_url: Option<String>,
}

impl Command {
    /// Reads the arguments, the program's name left out.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let (mut stream, mut endpoint_url) = (None, None);
        let (mut is_agreed, mut output) = (false, PathBuf::from("probe.json"));
        let mut arguments = arguments.into_iter();
        while let Some(name) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{name} needs a value"));
            match name.as_str() {
                "--help" | "-h" => return Ok(Self::Help),
                "--yes" => is_agreed = true,
                "--stream" => stream = Some(value()?),
                "--output" => output = value()?.into(),
                "--endpoint-url" => endpoint_url = Some(value()?),
                _ => return Err(format!("there is no option {name}")),
            }
        }
        let stream = stream.ok_or("--stream NAME is missing")?;
        Ok(Self::Probe(Options { stream, is_agreed, output, endpoint_url }))
    }
}
