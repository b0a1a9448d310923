//! Requests that the peer did not look at go once more, over another connection.

use super::raw::{INTERNAL_ERROR, NO_ERROR, REFUSED_STREAM, Raw};
use super::tap::HEADERS;
use super::*;

/// Refuses what is opened on connections that `refused` names, answers the rest.
async fn refuse(raw: &Raw, refused: impl Fn(usize) -> bool) {
    loop {
        tokio::task::yield_now().await;
        if let Some((connection, stream)) = raw.next_opened() {
            if refused(connection) {
                raw.reset(connection, stream, REFUSED_STREAM);
            } else {
                raw.respond(connection, stream);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_request_goes_over_another_connection() {
    let (raw, network) = Raw::new(&[10]);
    let client = client(&network);
    tokio::select! {
        result = call(&client, "/") => assert!(result.is_ok()),
        () = refuse(&raw, |connection| connection == 0) => {}
    }
    assert_eq!((network.dials(), network.sent(HEADERS)), (2, 2));
    assert_eq!(client.stats().streams, 0);
}

#[tokio::test(start_paused = true)]
async fn a_request_refused_twice_is_an_error() {
    let (raw, network) = Raw::new(&[10]);
    let client = client(&network);
    tokio::select! {
        result = call(&client, "/") => assert_eq!(failure(result), TransportErrorKind::Refused),
        () = refuse(&raw, |_| true) => {}
    }
    assert_eq!((network.dials(), network.sent(HEADERS)), (2, 2));
    assert_eq!(client.stats().streams, 0);
}

#[tokio::test(start_paused = true)]
async fn a_refused_request_is_sent_whole_again() {
    let (raw, network) = Raw::new(&[10]);
    let client = client(&network);
    let request = |body: SdkBody| {
        let mut request = request("/");
        request.set_method("POST").unwrap();
        *request.body_mut() = body;
        request
    };
    tokio::select! {
        result = send(&client, request(SdkBody::from("body"))) => assert!(result.is_ok()),
        () = refuse(&raw, |connection| connection == 0) => {}
    }
    assert_eq!((network.tap(0).data_sent(), network.tap(1).data_sent()), (4, 4));

    // A body that can be had only once cannot go again.
    let once = SdkBody::from_body_1_x(http_body_util::Full::new(Bytes::from_static(b"once")));
    tokio::select! {
        result = send(&client, request(once)) => assert_eq!(failure(result), TransportErrorKind::Refused),
        () = refuse(&raw, |_| true) => {}
    }
    assert_eq!(network.sent(HEADERS), 3);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_a_go_away_leaves_out_goes_over_another_connection() {
    for code in [NO_ERROR, INTERNAL_ERROR] {
        let (raw, network) = Raw::new(&[10]);
        let client = client(&network);
        let go = async {
            settle().await;
            let (connection, _) = raw.next_opened().unwrap();
            raw.go_away(connection, 0, code);
            refuse(&raw, |_| false).await;
        };
        tokio::select! {
            result = call(&client, "/") => assert!(result.is_ok(), "{result:?}"),
            () = go => {}
        }
        assert_eq!(network.dials(), 2);
    }
}
