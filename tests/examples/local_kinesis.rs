//! The command line of `local_kinesis`.

#[path = "../../examples/local_kinesis/options.rs"]
mod options;

use std::time::Duration;

use kinesis_fanout::emulator::Settings;

use options::{Certificate, Command, HELP, NAMES, Options, TlsOptions};

fn parse(line: &str) -> Result<Command, String> {
    Command::parse(line.split_whitespace().map(str::to_owned)).map_err(|error| error.to_string())
}

fn options(line: &str) -> Options {
    match parse(line) {
        Ok(Command::Serve(options)) => options,
        other => panic!("{other:?}"),
    }
}

#[test]
fn without_options_it_serves_on_port_4567_of_loopback() {
    let options = options("");
    assert_eq!(options.address.to_string(), "127.0.0.1:4567");
    assert_eq!((options.settings_file.clone(), options.streams.len()), (None, 0));
    assert_eq!(options.applied_to(Settings::default()), Settings::default());
}

#[test]
fn a_value_is_the_next_argument_or_stands_behind_an_equals_sign() {
    let options = options("--port 1 --host=::1 --stream orders:4 --stream=returns:1 --settings a=b.json");
    assert_eq!(options.address.to_string(), "[::1]:1");
    assert_eq!(options.streams, [("orders".to_owned(), 4), ("returns".to_owned(), 1)]);
    assert_eq!(options.settings_file.unwrap().to_str(), Some("a=b.json"));
}

#[test]
fn options_count_before_the_file_of_settings() {
    let file = Settings {
        subscription_time: Duration::from_secs(9),
        idle_event_interval: Duration::from_secs(9),
        limit_writes: true,
        ..Settings::default()
    };
    let settings = options("--subscription-time 5m --idle-event-interval 300ms").applied_to(file.clone());
    let expected = Settings {
        subscription_time: Duration::from_secs(300),
        idle_event_interval: Duration::from_millis(300),
        ..file
    };
    assert_eq!(settings, expected);
}

#[test]
fn limits_go_on_and_off_for_calls_reads_and_writes_together() {
    for (line, expected) in
        [("--limits on", [true; 3]), ("--limits off", [false; 3]), ("", [true, true, false])]
    {
        let settings = options(line).applied_to(Settings::default());
        assert_eq!([settings.limit_calls, settings.limit_reads, settings.limit_writes], expected, "{line}");
    }
}

#[test]
fn tls_has_its_own_port_and_a_certificate_that_is_made_or_given() {
    for (line, certificate) in [
        ("--tls-port 8443 --ca-file ca.pem --host ::1", Certificate::Made { ca_file: "ca.pem".into() }),
        (
            "--certificate chain.pem --key key.pem --host ::1 --tls-port 8443",
            Certificate::Given { certificate: "chain.pem".into(), key: "key.pem".into() },
        ),
    ] {
        let address = "[::1]:8443".parse().unwrap();
        assert_eq!(options(line).tls, Some(TlsOptions { address, certificate }), "{line}");
    }
    assert_eq!(options("").tls, None);
}

#[test]
fn what_is_wrong_is_named() {
    let time = "a whole number with its unit (300ms, 5s, 5m, 24h)";
    for (line, expected) in [
        ("serve", "there is no option serve".to_owned()),
        ("--prot 1", "there is no option --prot".to_owned()),
        ("--port", "--port needs a value".to_owned()),
        ("--port 65536", "--port takes a port from 0 to 65535, and was given \"65536\"".to_owned()),
        ("--tls-port 1", "--tls-port needs --ca-file, or --certificate and --key".to_owned()),
        ("--ca-file a", "a certificate needs --tls-port".to_owned()),
        (
            "--tls-port x --ca-file a",
            "--tls-port takes a port from 0 to 65535, and was given \"x\"".to_owned(),
        ),
        (
            "--tls-port 1 --certificate a",
            "a certificate comes from --ca-file, or from --certificate and --key".to_owned(),
        ),
        ("--host here", "--host takes an IP address, and was given \"here\"".to_owned()),
        ("--limits yes", "--limits takes on or off, and was given \"yes\"".to_owned()),
        ("--stream orders", "--stream takes NAME:SHARDS (orders:4), and was given \"orders\"".to_owned()),
        ("--subscription-time 5", format!("--subscription-time takes {time}, and was given \"5\"")),
        ("--subscription-time 1.5s", format!("--subscription-time takes {time}, and was given \"1.5s\"")),
    ] {
        assert_eq!(parse(line), Err(expected), "{line}");
    }
}

#[test]
fn the_help_tells_every_option() {
    assert_eq!(parse("--port 1 --help"), Ok(Command::Help));
    for name in NAMES {
        assert!(HELP.contains(&format!(" {name} ")), "{name}");
    }
}
