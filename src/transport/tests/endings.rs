//! How streams end, each with its cause.

use h2::Reason;

use super::raw::{INTERNAL_ERROR, NO_ERROR, Raw};
use super::server::{Order, Service};
use super::*;

#[tokio::test(start_paused = true)]
async fn every_reset_is_an_error_after_what_came_before_it() {
    let service = Service::new(100);
    let network = service.network();
    let client = client(&network);
    for code in 0..=14 {
        let mut body = call(&client, &format!("/reset/{code}")).await.unwrap().take_body();
        let expected = if code == 7 { TransportErrorKind::Refused } else { TransportErrorKind::Reset };
        assert_eq!(read_all(&mut body).await, (b"before".to_vec(), Some(expected)), "code {code}");
    }
    assert_eq!((network.dials(), service.requests()), (1, 15));
}

#[tokio::test(start_paused = true)]
async fn a_reset_is_named_by_its_code() {
    for (code, name) in [(0, "NO_ERROR"), (2, "INTERNAL_ERROR"), (11, "ENHANCE_YOUR_CALM"), (99, "0x63")] {
        let network = Service::new(100).network();
        let mut body = call(&client(&network), &format!("/reset/{code}")).await.unwrap().take_body();
        assert!(next_chunk(&mut body).await.unwrap().is_ok());
        let frame = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await.unwrap();
        let error = frame.unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_reset_instead_of_headers_is_the_calls_error() {
    let (raw, network) = Raw::new(&[10]);
    let client = client(&network);
    let reset = async {
        settle().await;
        let (connection, stream) = raw.next_opened().unwrap();
        raw.reset(connection, stream, INTERNAL_ERROR);
    };
    let (result, ()) = tokio::join!(call(&client, "/"), reset);
    let error = result.unwrap_err();
    assert!(error.is_io());
    assert_eq!(kind(&error), TransportErrorKind::Reset);
    settle().await;
    assert_eq!(raw.opened(), 0, "tried again");
    assert_eq!(client.stats().streams, 0);
}

#[tokio::test(start_paused = true)]
async fn a_drained_connection_takes_no_new_streams_and_its_own_go_on() {
    let service = Service::new(100);
    let network = service.network();
    let client = client(&network);
    let mut ticking = call(&client, "/tick").await.unwrap().take_body();
    service.order(0, Order::Drain);
    settle().await;
    for _ in 0..50 {
        assert!(next_chunk(&mut ticking).await.unwrap().is_ok());
    }
    let _other = call(&client, "/hold").await.unwrap();
    assert_eq!((network.dials(), client.stats().connections), (2, 2));
    drop(ticking);
    settle().await;
    assert_eq!(client.stats().connections, 1, "it closes after its last stream");
}

#[tokio::test(start_paused = true)]
async fn a_drained_connection_is_not_tried_again() {
    let (raw, network) = Raw::new(&[10]);
    let client = client(&network);
    let respond = async {
        settle().await;
        let (connection, stream) = raw.next_opened().unwrap();
        raw.respond(connection, stream);
    };
    let (response, ()) = tokio::join!(call(&client, "/"), respond);
    let _body = response.unwrap().take_body();
    raw.go_away(0, 1, NO_ERROR);
    settle().await;
    // It is not even asked for a stream, so that a body that can be had only once needs no second try.
    let once = SdkBody::from_body_1_x(http_body_util::Full::new(Bytes::from_static(b"once")));
    let mut request = request("/");
    *request.body_mut() = once;
    let respond = async {
        settle().await;
        let (connection, stream) = raw.next_opened().unwrap();
        assert_eq!(connection, 1);
        raw.respond(connection, stream);
    };
    let (response, ()) = tokio::join!(send(&client, request), respond);
    response.unwrap();
    assert_eq!(network.dials(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_connection_given_up_with_an_error_names_it_on_every_stream() {
    let service = Service::new(100);
    let network = service.network();
    let client = client(&network);
    let mut bodies = streams(&client, "/hold", 10).await;
    service.order(0, Order::GiveUp(Reason::ENHANCE_YOUR_CALM));
    for body in &mut bodies {
        let frame = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await.unwrap();
        let error = frame.unwrap_err();
        assert_eq!(kind(error.as_ref()), TransportErrorKind::GoAway);
        assert!(error.to_string().contains("ENHANCE_YOUR_CALM"), "{error}");
        assert!(next_chunk(body).await.is_none());
    }
    settle().await;
    assert_eq!(client.stats(), Default::default());
    call(&client, "/once").await.unwrap();
    assert_eq!(network.dials(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_cause_that_a_go_away_names_outlives_a_connection_that_is_cut_off_behind_it() {
    let (raw, network) = Raw::new(&[10]);
    let client = client(&network);
    let respond = async {
        settle().await;
        let (connection, stream) = raw.next_opened().unwrap();
        raw.respond(connection, stream);
        stream
    };
    let (response, stream) = tokio::join!(call(&client, "/"), respond);
    let mut body = response.unwrap().take_body();
    // All of it lies in the socket when it is read next.
    let tap = network.tap(0);
    tap.hold();
    tap.is_rude();
    raw.go_away(0, stream, INTERNAL_ERROR);
    raw.close(0);
    settle().await;
    tap.let_go(0);
    tap.wake();
    let frame = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await.unwrap();
    let error = frame.unwrap_err();
    assert_eq!(kind(error.as_ref()), TransportErrorKind::GoAway);
    assert!(error.to_string().contains("INTERNAL_ERROR"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_closed_is_an_error_on_every_stream() {
    let service = Service::new(100);
    let network = service.network();
    let client = client(&network);
    let mut bodies = streams(&client, "/hold", 10).await;
    service.order(0, Order::Close);
    for body in &mut bodies {
        assert_eq!(read_all(body).await, (vec![], Some(TransportErrorKind::Closed)));
    }
    settle().await;
    assert_eq!(client.stats(), Default::default());
}

#[tokio::test(start_paused = true)]
async fn a_connection_closed_before_the_headers_is_the_calls_error() {
    let service = Service::new(100);
    let network = service.network();
    let client = client(&network);
    let close = async {
        while service.requests() == 0 {
            tokio::task::yield_now().await;
        }
        service.order(0, Order::Close);
    };
    let (result, ()) = tokio::join!(call(&client, "/silent"), close);
    let error = result.unwrap_err();
    assert!(error.is_io());
    assert_eq!(kind(&error), TransportErrorKind::Closed);
    assert_eq!(network.dials(), 1, "what the peer may have seen is not sent again");
}

#[tokio::test(start_paused = true)]
async fn a_client_dropped_lets_its_streams_go_on() {
    let service = Service::new(100);
    let network = service.network();
    let mut ticking = call(&client(&network), "/tick").await.unwrap().take_body();
    settle().await;
    for _ in 0..50 {
        assert!(next_chunk(&mut ticking).await.unwrap().is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn a_go_away_without_error_before_the_end_is_no_clean_end() {
    let (raw, network) = Raw::new(&[10]);
    let client = client(&network);
    let respond = async {
        settle().await;
        let (connection, stream) = raw.next_opened().unwrap();
        raw.respond(connection, stream);
        stream
    };
    let (response, stream) = tokio::join!(call(&client, "/"), respond);
    let mut body = response.unwrap().take_body();
    raw.frame(0, super::tap::DATA, 0, stream, b"data");
    raw.go_away(0, stream, NO_ERROR);
    raw.close(0);
    assert_eq!(read_all(&mut body).await, (b"data".to_vec(), Some(TransportErrorKind::Closed)));
}
