//! Dials that fail, hang, or never come to HTTP/2.

use tokio::time::Instant;

use super::network::Outcome;
use super::raw::Raw;
use super::server::{Service, mute};
use super::*;

fn serving(service: &Service, outcome: impl Fn(usize) -> Outcome + Send + Sync + 'static) -> Arc<Network> {
    let service = service.clone();
    Network::with_outcome(outcome, move |_, io| service.serve(io))
}

#[tokio::test(start_paused = true)]
async fn a_dead_host_fails_every_call_after_a_handful_of_dials() {
    let network = Network::with_outcome(|_| Outcome::Fails, |_, _| ());
    let client = client(&network);
    let results = calls(&client, "/", 1_000).await;
    assert!(results.into_iter().all(|result| failure(result) == TransportErrorKind::Connect));
    assert!(network.dials() <= 16, "{} dials", network.dials());
    assert_eq!(client.stats(), Default::default());
}

#[tokio::test(start_paused = true)]
async fn a_host_of_few_streams_that_dies_fails_every_call_within_two_time_outs() {
    let service = Service::new(5);
    let network = serving(&service, |number| if number == 0 { Outcome::Connects } else { Outcome::Hangs });
    let client = client(&network);
    let _held = streams(&client, "/hold", 5).await;
    let start = Instant::now();
    let results = calls(&client, "/", 1_000).await;
    assert!(results.into_iter().all(|result| failure(result) == TransportErrorKind::ConnectTimeout));
    assert!(network.dials() <= 25, "{} dials", network.dials());
    assert!(start.elapsed().as_secs() <= 10, "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_dial_that_hangs_fails_its_calls_at_the_connect_time_out() {
    let network = Network::with_outcome(|_| Outcome::Hangs, |_, _| ());
    let client = client(&network);
    let start = Instant::now();
    let error = call(&client, "/").await.unwrap_err();
    assert_eq!(start.elapsed().as_secs(), 5);
    assert!(error.is_timeout());
    assert_eq!(kind(&error), TransportErrorKind::ConnectTimeout);
    assert_eq!(network.dials(), 1);
    assert_eq!(client.stats(), Default::default());
}

#[tokio::test(start_paused = true)]
async fn nothing_more_is_dialled_for_calls_that_are_gone() {
    let network = Network::with_outcome(|_| Outcome::Hangs, |_, _| ());
    let client = client(&network);
    let mut gone: Vec<_> = (0..2_000).map(|_| Box::pin(call(&client, "/"))).collect();
    for call in &mut gone {
        assert!(futures::poll!(call.as_mut()).is_pending());
    }
    settle().await;
    assert_eq!((network.dials(), client.stats().dials, client.stats().waiting), (8, 8, 2_000));
    drop(gone);
    assert_eq!(client.stats().waiting, 0);
    tokio::time::sleep_until(Instant::now() + Duration::from_secs(60)).await;
    assert_eq!((network.dials(), client.stats().dials), (8, 0));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_the_connection_and_says_nothing_is_a_connect_time_out() {
    let network = Network::new(|_, io| mute(io));
    let settings = HttpConnectorSettings::builder().connect_timeout(Duration::from_secs(2)).build();
    let client = client(&network);
    let start = Instant::now();
    let error = client.connector(&settings).call(request("/")).await.unwrap_err();
    assert_eq!(start.elapsed().as_secs(), 2, "the SDK's own setting");
    assert_eq!(kind(&error), TransportErrorKind::ConnectTimeout);
}

#[tokio::test(start_paused = true)]
async fn a_failed_dial_costs_only_calls_that_waited_when_it_began() {
    let service = Service::new(10);
    let network = serving(&service, |number| if number == 1 { Outcome::Fails } else { Outcome::Connects });
    let client = client(&network);
    // What a peer allows is known from here on.
    let _first = streams(&client, "/hold", 10).await;
    let results = calls(&client, "/hold", 30).await;
    let failed = results.iter().filter(|result| result.is_err()).count();
    // The first of the 30 had it begun; those that came after it are served by others.
    assert_eq!(failed, 1);
    assert_eq!(network.dials(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_call_far_back_in_the_line_waits_on_while_others_are_served() {
    let service = Service::new(5);
    let network = serving(&service, |_| Outcome::Late(Duration::from_secs(1)));
    let start = Instant::now();
    let bodies = streams(&client(&network), "/hold", 400).await;
    assert_eq!((bodies.len(), network.dials()), (400, 80));
    assert!(start.elapsed().as_secs() >= 10, "longer than the connect time-out");
}

#[tokio::test(start_paused = true)]
async fn each_call_gives_up_by_its_own_connect_time_out() {
    let service = Service::new(10);
    let network = serving(&service, |number| match number {
        0 => Outcome::Fails,
        _ => Outcome::Late(Duration::from_secs(3)),
    });
    let client = client(&network);
    let timed = |seconds| {
        let settings = HttpConnectorSettings::builder().connect_timeout(Duration::from_secs(seconds)).build();
        let (client, start) = (client.clone(), Instant::now());
        async move {
            let result = client.connector(&settings).call(request("/once")).await;
            (result.map(drop).map_err(|error| kind(&error)), start.elapsed().as_secs())
        }
    };
    // The first has the dial begun that fails; the others are waiting together when the next one begins.
    let (first, short, long) = tokio::join!(timed(5), timed(1), timed(30));
    assert_eq!(first, (Err(TransportErrorKind::Connect), 0));
    assert_eq!(short, (Err(TransportErrorKind::ConnectTimeout), 1));
    assert_eq!(long, (Ok(()), 3));
    assert_eq!(network.dials(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_host_that_comes_back_is_called_again() {
    let service = Service::new(10);
    let network = serving(&service, |number| if number == 0 { Outcome::Fails } else { Outcome::Connects });
    let client = client(&network);
    assert_eq!(failure(call(&client, "/once").await), TransportErrorKind::Connect);
    call(&client, "/once").await.unwrap();
    assert_eq!(network.dials(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_dead_origin_keeps_no_other_one_waiting() {
    let service = Service::new(10);
    let network = serving(&service, |number| if number == 0 { Outcome::Hangs } else { Outcome::Connects });
    let client = client(&network);
    let mut dead = Box::pin(call(&client, "/once"));
    assert!(futures::poll!(dead.as_mut()).is_pending());
    let start = Instant::now();
    send(&client, HttpRequest::get("http://other.example/once").unwrap()).await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(failure(dead.await), TransportErrorKind::ConnectTimeout);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_allows_no_streams_is_an_error_and_no_loop() {
    let (_, network) = Raw::new(&[0]);
    let client = client(&network);
    assert_eq!(failure(call(&client, "/").await), TransportErrorKind::Protocol);
    assert_eq!(network.dials(), 1);
    settle().await;
    assert_eq!(client.stats(), Default::default());
}

#[tokio::test(start_paused = true)]
async fn a_peer_without_http2_is_named() {
    let network = Network::new(|_, mut io| {
        tokio::spawn(async move {
            use tokio::io::AsyncWriteExt;
            let _ = io.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").await;
            std::future::pending::<()>().await;
        });
    });
    let client = client(&network);
    assert_eq!(failure(call(&client, "/").await), TransportErrorKind::NotHttp2);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_closes_during_the_handshake_is_an_error() {
    let network = Network::new(|_, io| drop(io));
    let client = client(&network);
    assert_eq!(failure(call(&client, "/").await), TransportErrorKind::Closed);
    assert_eq!(network.dials(), 1);
}

#[test]
fn a_runtime_that_ends_takes_no_other_ones_calls_with_it() {
    let service = Service::new(10);
    let network = serving(&service, |number| if number == 0 { Outcome::Hangs } else { Outcome::Connects });
    let client = client(&network);
    let runtime =
        || tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let first = runtime();
    first.block_on(async {
        let mut hanging = Box::pin(call(&client, "/once"));
        assert!(futures::poll!(hanging.as_mut()).is_pending());
        settle().await;
    });
    assert_eq!((network.dials(), client.stats().dials), (1, 1));
    drop(first);
    assert_eq!(client.stats(), Default::default());
    // A connection that was driven there is dialled anew here.
    for dials in 2..4 {
        runtime().block_on(async { call(&client, "/once").await.unwrap() });
        assert_eq!(network.dials(), dials);
    }
}

#[test]
fn a_call_that_waits_for_a_dial_of_a_runtime_that_ends_has_it_made_again_in_its_own() {
    let service = Service::new(10);
    let network = serving(&service, |number| if number == 0 { Outcome::Hangs } else { Outcome::Connects });
    let client = client(&network);
    let runtime =
        || tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let (first, second) = (runtime(), runtime());
    let mut hanging = Box::pin(call(&client, "/once"));
    let mut waiting = Box::pin(call(&client, "/once"));
    first.block_on(async {
        assert!(futures::poll!(hanging.as_mut()).is_pending());
        settle().await;
    });
    second.block_on(async { assert!(futures::poll!(waiting.as_mut()).is_pending()) });
    assert_eq!(network.dials(), 1);
    drop(first);
    second.block_on(waiting).unwrap();
    assert_eq!(network.dials(), 2);
    assert_eq!(failure(second.block_on(hanging)), TransportErrorKind::Closed);
}

#[test]
fn a_dial_of_a_runtime_that_nobody_runs_is_given_up() {
    let service = Service::new(10);
    let network = serving(&service, |number| if number == 0 { Outcome::Hangs } else { Outcome::Connects });
    let client = client(&network);
    let runtime =
        || tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let (stopped, running) = (runtime(), runtime());
    let mut hanging = Box::pin(call(&client, "/once"));
    stopped.block_on(async {
        assert!(futures::poll!(hanging.as_mut()).is_pending());
        settle().await;
    });
    running.block_on(async {
        assert_eq!(failure(call(&client, "/once").await), TransportErrorKind::ConnectTimeout);
        assert_eq!(network.dials(), 1);
    });
    running.block_on(async { call(&client, "/once").await.map(drop).unwrap() });
    assert_eq!(network.dials(), 2);
    drop(hanging);
}

#[test]
fn a_call_outside_of_a_runtime_is_an_error() {
    let network = Network::new(|_, io| mute(io));
    let client = client(&network);
    let result = futures::executor::block_on(call(&client, "/"));
    assert_eq!(failure(result), TransportErrorKind::Connect);
    assert_eq!(network.dials(), 0);
}
