//! The command line of `quickstart`.

#[path = "../../examples/quickstart/options.rs"]
mod options;

use options::{Delivery, HELP, Options};

fn parse(line: &str) -> Result<Option<Options>, String> {
    Options::parse(line.split_whitespace().map(str::to_owned))
}

#[test]
fn without_options_nothing_is_polled_and_nothing_lost() {
    assert_eq!(parse(""), Ok(Some(Options { delivery: Delivery::FanOut, drop_one: false })));
}

#[test]
fn each_way_of_delivery_can_lose_a_record() {
    for (line, delivery) in [("--polling", Delivery::Polling), ("--flaky", Delivery::Flaky)] {
        assert_eq!(parse(line), Ok(Some(Options { delivery, drop_one: false })));
        let line = format!("--drop-one {line}");
        assert_eq!(parse(&line), Ok(Some(Options { delivery, drop_one: true })));
    }
}

#[test]
fn what_is_wrong_is_named() {
    assert_eq!(parse("--poling"), Err("there is no option --poling".to_owned()));
    for line in ["--polling --flaky", "--flaky --polling"] {
        assert!(parse(line).is_err_and(|error| error.contains("--polling or --flaky")), "{line}");
    }
}

#[test]
fn the_help_tells_every_option() {
    assert_eq!(parse("--polling --help"), Ok(None));
    for name in ["--polling", "--flaky", "--drop-one", "--help"] {
        assert!(HELP.contains(&format!("\n  {name} ")), "{name}");
    }
}
