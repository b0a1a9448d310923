//! As many connections as the streams need, each filled to what its peer allows.

use super::network::Outcome;
use super::raw::Raw;
use super::server::Service;
use super::tap::{HEADERS, RST_STREAM};
use super::*;

#[tokio::test(start_paused = true)]
async fn every_connection_is_filled_to_its_peers_limit() {
    for (limit, count, connections) in [(5, 200, 40), (128, 1_000, 10), (1, 20, 20), (100, 100, 1)] {
        let service = Service::new(limit);
        let network = service.network();
        let client = client(&network);
        let streams = streams(&client, "/hold", count).await;
        assert_eq!(streams.len(), count);
        let stats = client.stats();
        assert_eq!((stats.connections, stats.streams), (connections, count), "limit {limit}");
        assert_eq!((stats.dials, stats.waiting), (0, 0));
        assert_eq!(network.dials(), connections, "limit {limit}");
        assert_eq!(service.requests(), count, "limit {limit}");
        assert_eq!(network.received(RST_STREAM), 0, "limit {limit}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_of_its_own_cap_fills_to_that() {
    let service = Service::new(128);
    let network = service.network();
    let client = build(Http2Client::builder().max_streams(7), &network);
    let _streams = streams(&client, "/hold", 21).await;
    assert_eq!(network.dials(), 3);
}

#[tokio::test(start_paused = true)]
async fn few_connections_are_dialled_at_once() {
    let service = Service::new(2);
    let network = service.network();
    let _streams = streams(&client(&network), "/hold", 100).await;
    assert_eq!(network.dials(), 50);
    assert_eq!(network.most_dials_at_once(), 8);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_body_frees_its_slot_and_nothing_is_dialled() {
    let service = Service::new(5);
    let network = service.network();
    let client = client(&network);
    for _ in 0..20 {
        let bodies = streams(&client, "/hold", 10).await;
        drop(bodies);
    }
    settle().await;
    assert_eq!(network.dials(), 2);
    assert_eq!(network.received(RST_STREAM), 0, "refused");
    assert_eq!((service.requests(), service.cancelled()), (200, 200));
    assert_eq!(client.stats().streams, 0);
}

#[tokio::test(start_paused = true)]
async fn a_body_at_its_end_frees_its_slot_before_it_is_dropped() {
    let network = Service::new(1).network();
    let client = client(&network);
    let mut bodies = streams(&client, "/once", 1).await;
    assert_eq!(read_all(&mut bodies[0]).await, (b"/once".to_vec(), None));
    assert_eq!(client.stats().streams, 0);
    call(&client, "/once").await.unwrap();
    assert_eq!(network.dials(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_dropped_while_it_waits_leaves_no_ghost() {
    let service = Service::new(3);
    let network = service.network();
    let client = client(&network);
    let held = streams(&client, "/hold", 3).await;
    // At every point: before the dial, while it is made, with a slot in hand, with the request sent.
    for turns in 0..100 {
        let mut waiting = Box::pin(call(&client, "/silent"));
        for _ in 0..turns {
            if futures::poll!(waiting.as_mut()).is_ready() {
                panic!("answered");
            }
            tokio::task::yield_now().await;
        }
        drop(waiting);
    }
    settle().await;
    assert_eq!(client.stats().waiting, 0);
    assert_eq!(client.stats().streams, 3);
    // What was sent was seen and cancelled; nothing is sent later.
    let sent = network.sent(HEADERS);
    drop(held);
    settle().await;
    assert_eq!(network.sent(HEADERS), sent);
    assert_eq!(client.stats().streams, 0);
    assert_eq!(network.dials(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_slot_given_to_a_call_that_is_gone_goes_to_the_next() {
    let service = Service::new(1);
    let network = service.network();
    let client = build(Http2Client::builder().max_streams(1), &network);
    let held = streams(&client, "/hold", 1).await;
    let mut gone = Box::pin(call(&client, "/hold"));
    let mut next = Box::pin(call(&client, "/hold"));
    assert!(futures::poll!(gone.as_mut()).is_pending());
    assert!(futures::poll!(next.as_mut()).is_pending());
    // The slot is handed to the first in line, which is dropped before it looks.
    drop(held);
    drop(gone);
    next.await.unwrap();
    assert_eq!(service.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn waiting_calls_are_served_in_their_order() {
    let service = Service::new(1);
    let peer = service.clone();
    // One connection, so that all wait for the one slot of it.
    let outcome = |number| if number == 0 { Outcome::Connects } else { Outcome::Hangs };
    let network = Network::with_outcome(outcome, move |_, io| peer.serve(io));
    let client = client(&network);
    let held = streams(&client, "/hold", 1).await;
    let waiting: Vec<_> = (0..20)
        .map(|number| {
            let client = client.clone();
            tokio::spawn(async move { call(&client, &format!("/{number}")).await.map(drop).unwrap() })
        })
        .collect();
    settle().await;
    assert_eq!(client.stats().waiting, 20);
    drop(held);
    futures::future::join_all(waiting).await;
    let order: Vec<String> = (0..20).map(|number| format!("/{number}")).collect();
    assert_eq!(service.paths()[1..], order);
}

#[tokio::test(start_paused = true)]
async fn settings_that_change_later_are_followed() {
    let (raw, network) = Raw::new(&[3]);
    let client = client(&network);
    let first = opened(&raw, &client, 3).await;
    assert_eq!((network.dials(), first.len()), (1, 3));

    // Lowered: the streams go on, freed slots stay empty.
    raw.allow(0, 1);
    settle().await;
    let [_kept, _kept_too, dropped] = first.try_into().unwrap();
    drop(dropped);
    let second = opened(&raw, &client, 1).await;
    assert_eq!(network.dials(), 2, "a connection that is full was given a stream");

    // Raised: it is filled again before another is dialled.
    raw.allow(0, 4);
    settle().await;
    let third = opened(&raw, &client, 2).await;
    assert_eq!((network.dials(), second.len(), third.len()), (2, 1, 2));
    assert_eq!(network.received(RST_STREAM), 0);
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed_after_its_time() {
    let network = Service::new(5).network();
    let client = client(&network);
    let body = streams(&client, "/hold", 1).await;
    tokio::time::advance(super::super::pool::IDLE_TIME * 3).await;
    settle().await;
    assert_eq!(client.stats().connections, 1, "closed under its stream");

    drop(body);
    tokio::time::sleep_until(tokio::time::Instant::now() + super::super::pool::IDLE_TIME * 2).await;
    settle().await;
    assert_eq!(client.stats().connections, 0);
    assert_eq!(network.sent(super::tap::GOAWAY), 1, "it says good-bye");

    call(&client, "/once").await.unwrap();
    assert_eq!(network.dials(), 2);
}

#[tokio::test(start_paused = true)]
async fn origins_share_nothing() {
    let service = Service::new(10);
    let network = service.network();
    let client = client(&network);
    for host in ["a", "b", "a"] {
        let request = HttpRequest::get(format!("http://{host}.example/once")).unwrap();
        send(&client, request).await.unwrap();
    }
    assert_eq!(network.dials(), 2);
    assert_eq!(client.stats().connections, 2);
}

/// Streams of a raw peer: opens as many, answers each.
async fn opened(raw: &Raw, client: &Http2Client, count: usize) -> Vec<SdkBody> {
    let calls = calls(client, "/", count);
    let answers = async {
        for _ in 0..count {
            settle().await;
            let (connection, stream) = raw.next_opened().expect("a call found no stream");
            raw.respond(connection, stream);
        }
    };
    let (responses, ()) = tokio::join!(calls, answers);
    responses.into_iter().map(|response| response.unwrap().take_body()).collect()
}
