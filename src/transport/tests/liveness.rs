//! Peers that are dead without a word, and processes that only slept.

use tokio::time::{Instant, advance, sleep_until};

use super::server::Service;
use super::tap::PING;
use super::*;

const INTERVAL: Duration = Duration::from_secs(30);
const TIMEOUT: Duration = Duration::from_secs(10);

#[tokio::test(start_paused = true)]
async fn a_black_hole_is_noticed_within_interval_and_time_out() {
    let network = Service::new(10).network();
    let client = client(&network);
    let mut bodies = streams(&client, "/hold", 10).await;
    network.tap(0).die();
    let start = Instant::now();
    for body in &mut bodies {
        assert_eq!(read_all(body).await, (vec![], Some(TransportErrorKind::PingTimeout)));
    }
    let noticed = start.elapsed();
    assert!(noticed <= INTERVAL + TIMEOUT + Duration::from_millis(10), "{noticed:?}");
    settle().await;
    assert_eq!(client.stats(), Default::default());
    call(&client, "/once").await.unwrap();
    assert_eq!(network.dials(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_black_hole_is_noticed_on_a_busy_connection_too() {
    let network = Service::new(10).network();
    let mut ticking = call(&client(&network), "/tick").await.unwrap().take_body();
    for _ in 0..10 {
        assert!(next_chunk(&mut ticking).await.unwrap().is_ok());
    }
    network.tap(0).die();
    let start = Instant::now();
    assert_eq!(read_all(&mut ticking).await.1, Some(TransportErrorKind::PingTimeout));
    assert!(start.elapsed() <= INTERVAL + TIMEOUT + Duration::from_millis(10));
}

#[tokio::test(start_paused = true)]
async fn a_connection_in_doubt_gets_no_new_streams_until_it_answers() {
    let network = Service::new(10).network();
    let client = client(&network);
    let _body = streams(&client, "/hold", 1).await;
    let tap = network.tap(0);
    tap.hold();
    sleep_until(Instant::now() + INTERVAL + Duration::from_secs(1)).await;
    assert_eq!(tap.sent(PING), 2);
    let start = Instant::now();
    let other = call(&client, "/hold").await.unwrap();
    assert_eq!((start.elapsed(), network.dials()), (Duration::ZERO, 2));
    drop(other);

    tap.let_go(0);
    tap.wake();
    settle().await;
    let answered = tap.sent(super::tap::HEADERS);
    call(&client, "/once").await.unwrap();
    assert_eq!(tap.sent(super::tap::HEADERS), answered + 1, "the oldest is filled first");
}

#[tokio::test(start_paused = true)]
async fn a_quiet_peer_that_answers_is_alive() {
    let service = Service::new(10);
    let network = service.network();
    let client = client(&network);
    let body = streams(&client, "/hold", 1).await;
    let hour = Instant::now() + Duration::from_secs(3_600);
    sleep_until(hour).await;
    assert_eq!(client.stats().connections, 1);
    // The first one is that of the handshake.
    let pings = network.tap(0).sent(PING) - 1;
    assert!((110..=120).contains(&pings), "{pings} PINGs in an hour");
    drop(body);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_sends_is_not_asked() {
    let network = Service::new(10).network();
    let mut ticking = call(&client(&network), "/tick").await.unwrap().take_body();
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(300) {
        assert!(next_chunk(&mut ticking).await.unwrap().is_ok());
    }
    assert_eq!(network.tap(0).sent(PING), 1, "only that of the handshake");
}

#[tokio::test(start_paused = true)]
async fn a_process_that_slept_reads_before_it_judges() {
    // With its sockets readable at once, and only found readable some turns after the timers.
    for late in [0, 1, 20] {
        let network = Service::new(10).network();
        let client = client(&network);
        let mut bodies = streams(&client, "/tick", 10).await;
        let tap = network.tap(0);
        tap.hold();
        // The PING goes out and is answered, but the process is stopped before it reads.
        sleep_until(Instant::now() + INTERVAL + Duration::from_secs(1)).await;
        assert_eq!(tap.sent(PING), 2);
        // The driver is woken by its timer only, as all timers and sockets are due at once.
        tap.let_go(late);
        advance(Duration::from_secs(600)).await;
        for body in &mut bodies {
            for _ in 0..20 {
                assert!(next_chunk(body).await.unwrap().is_ok(), "late {late}");
            }
        }
        assert_eq!((network.dials(), client.stats().connections), (1, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_process_that_slept_finds_a_dead_peer_dead() {
    let network = Service::new(10).network();
    let client = client(&network);
    let mut bodies = streams(&client, "/hold", 2).await;
    network.tap(0).die();
    sleep_until(Instant::now() + INTERVAL + Duration::from_secs(1)).await;
    advance(Duration::from_secs(600)).await;
    for body in &mut bodies {
        assert_eq!(read_all(body).await.1, Some(TransportErrorKind::PingTimeout));
    }
}

#[tokio::test(start_paused = true)]
async fn headers_that_lay_in_the_socket_while_the_process_slept_are_no_time_out() {
    let network = Service::new(10).network();
    let client = client(&network);
    let warm = call(&client, "/hold").await.unwrap();
    let tap = network.tap(0);
    tap.hold();
    let mut waiting = Box::pin(call(&client, "/once"));
    assert!(futures::poll!(waiting.as_mut()).is_pending());
    settle().await;
    tap.let_go(1);
    tap.wake();
    advance(Duration::from_secs(15)).await;
    waiting.await.unwrap();
    drop(warm);
}
