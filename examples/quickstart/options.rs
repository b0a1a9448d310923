//! The options of the command line.

pub(crate) const HELP: &str = "\
usage: quickstart [--polling | --flaky] [--drop-one]

  --polling    the shards are polled, and no consumer is registered
  --flaky      for a third of the run nobody can subscribe to any shard: each is polled until it works again
  --drop-one   one record is lost on purpose, to show that the table tells
  --help       this
";

/// How to run.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Options {
    pub(crate) delivery: Delivery,
    pub(crate) drop_one: bool,
}

/// How the records come, and what happens to that.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) enum Delivery {
    /// By fan-out, undisturbed.
    #[default]
    FanOut,
    /// By polling alone.
    Polling,
    /// By fan-out, which is not to be had for a third of the run.
    Flaky,
}

impl Options {
    /// Reads the arguments, the program's name left out. `None`: help is asked for.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Option<Self>, String> {
        let mut options = Self::default();
        for argument in arguments {
            match argument.as_str() {
                "--help" => return Ok(None),
                "--drop-one" => options.drop_one = true,
                "--polling" => options.deliver(Delivery::Polling)?,
                "--flaky" => options.deliver(Delivery::Flaky)?,
                unknown => return Err(format!("there is no option {unknown}")),
            }
        }
        Ok(Some(options))
    }

    fn deliver(&mut self, delivery: Delivery) -> Result<(), String> {
        if self.delivery != Delivery::FanOut && self.delivery != delivery {
            return Err("what is polled cannot lose its fan-out: give --polling or --flaky".to_owned());
        }
        self.delivery = delivery;
        Ok(())
    }
}
