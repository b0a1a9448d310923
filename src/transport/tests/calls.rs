//! What a call sends and what it makes of the answer.

use aws_smithy_runtime_api::client::connection::CaptureSmithyConnection;
use tokio::time::Instant;

use super::network::Outcome;
use super::server::Service;
use super::*;

fn post(path: &str, body: SdkBody) -> HttpRequest {
    let mut request = request(path);
    request.set_method("POST").unwrap();
    *request.body_mut() = body;
    request
}

#[tokio::test(start_paused = true)]
async fn bodies_of_any_kind_and_size_arrive_whole() {
    let network = Service::new(10).network();
    let client = client(&network);
    let large: Vec<u8> = (0..3_000_000_u32).map(|at| at as u8).collect();
    let pieces = futures::stream::iter(
        large
            .chunks(10_000)
            .map(|piece| Ok::<_, std::io::Error>(http_body::Frame::data(Bytes::copy_from_slice(piece))))
            .collect::<Vec<_>>(),
    );
    let streamed = SdkBody::from_body_1_x(http_body_util::StreamBody::new(pieces));
    for (body, expected) in [
        (SdkBody::empty(), vec![]),
        (SdkBody::from("small"), b"small".to_vec()),
        (SdkBody::from(large.clone()), large.clone()),
        (streamed, large.clone()),
    ] {
        let mut response = send(&client, post("/echo", body)).await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        let (echoed, error) = read_all(response.body_mut()).await;
        assert_eq!(error, None);
        assert!(echoed == expected, "{} bytes of {}", echoed.len(), expected.len());
    }
    assert_eq!(network.dials(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_fails_is_the_users_error_and_cancels_the_stream() {
    let service = Service::new(10);
    let network = service.network();
    let client = client(&network);
    let pieces = futures::stream::iter([
        Ok(http_body::Frame::data(Bytes::from_static(b"first"))),
        Err(std::io::Error::other("disk")),
    ]);
    let body = SdkBody::from_body_1_x(http_body_util::StreamBody::new(pieces));
    let error = send(&client, post("/silent", body)).await.unwrap_err();
    assert!(error.is_user());
    assert_eq!(kind(&error), TransportErrorKind::RequestBody);
    settle().await;
    assert_eq!((client.stats().streams, service.cancelled()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_body_goes_on_while_its_response_is_read_and_its_failure_ends_both() {
    let service = Service::new(10);
    let network = service.network();
    let client = client(&network);
    let (pieces, sent) = futures::channel::mpsc::unbounded();
    let data = |text: &'static str| Ok(http_body::Frame::data(Bytes::from_static(text.as_bytes())));
    pieces.unbounded_send(data("first")).unwrap();
    let body = SdkBody::from_body_1_x(http_body_util::StreamBody::new(sent));
    let mut echo = send(&client, post("/echo", body)).await.unwrap().take_body();
    assert_eq!(next_chunk(&mut echo).await, Some(Ok(Bytes::from_static(b"first"))));
    pieces.unbounded_send(data("second")).unwrap();
    assert_eq!(next_chunk(&mut echo).await, Some(Ok(Bytes::from_static(b"second"))));
    pieces.unbounded_send(Err(std::io::Error::other("disk"))).unwrap();
    assert_eq!(read_all(&mut echo).await, (vec![], Some(TransportErrorKind::RequestBody)));
    assert_eq!(client.stats().streams, 0);
}

#[tokio::test(start_paused = true)]
async fn a_body_is_given_up_with_its_response() {
    let network = Service::new(10).network();
    let client = client(&network);
    let (pieces, sent) = futures::channel::mpsc::unbounded::<std::io::Result<http_body::Frame<Bytes>>>();
    let body = SdkBody::from_body_1_x(http_body_util::StreamBody::new(sent));
    let response = send(&client, post("/hold", body)).await.unwrap();
    assert!(!pieces.is_closed());
    drop(response);
    settle().await;
    assert!(pieces.is_closed());
}

#[tokio::test(start_paused = true)]
async fn headers_that_do_not_come_are_a_time_out() {
    let service = Service::new(10);
    let network = service.network();
    let client = client(&network);
    let start = Instant::now();
    let error = call(&client, "/silent").await.unwrap_err();
    assert_eq!(start.elapsed().as_secs(), 10);
    assert!(error.is_timeout());
    assert_eq!(kind(&error), TransportErrorKind::HeadersTimeout);

    let settings = HttpConnectorSettings::builder().read_timeout(Duration::from_secs(3)).build();
    let start = Instant::now();
    let error = client.connector(&settings).call(request("/silent")).await.unwrap_err();
    assert_eq!(start.elapsed().as_secs(), 3, "the SDK's own setting");
    assert_eq!(kind(&error), TransportErrorKind::HeadersTimeout);
    settle().await;
    assert_eq!((service.requests(), service.cancelled(), network.dials()), (2, 2, 2));
    assert_eq!(client.stats().streams, 0);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_does_not_answer_gets_no_more_calls_and_its_streams_go_on() {
    let service = Service::new(10);
    let network = service.network();
    let client = client(&network);
    let mut ticking = call(&client, "/tick").await.unwrap().take_body();
    assert_eq!(failure(call(&client, "/silent").await), TransportErrorKind::HeadersTimeout);
    assert_eq!(network.dials(), 1);
    call(&client, "/once").await.unwrap();
    assert_eq!(network.dials(), 2);
    for _ in 0..1_000 {
        assert!(next_chunk(&mut ticking).await.unwrap().is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn a_slot_comes_back_after_the_upload_that_goes_on() {
    let service = Service::new(1);
    let peer = service.clone();
    let outcome = |number| if number == 0 { Outcome::Connects } else { Outcome::Hangs };
    let network = Network::with_outcome(outcome, move |_, io| peer.serve(io));
    let client = client(&network);
    let (_pieces, sent) = futures::channel::mpsc::unbounded::<std::io::Result<http_body::Frame<Bytes>>>();
    let body = SdkBody::from_body_1_x(http_body_util::StreamBody::new(sent));
    let response = send(&client, post("/hold", body)).await.unwrap();
    let mut next = Box::pin(call(&client, "/once"));
    assert!(futures::poll!(next.as_mut()).is_pending());
    drop(response);
    assert_eq!(client.stats().waiting, 1, "the upload still holds the stream");
    next.await.unwrap();
    assert_eq!(network.received(super::tap::RST_STREAM), 0, "refused");
    assert_eq!((service.requests(), service.cancelled()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_stream_may_last_longer_than_any_time_out_of_its_call() {
    let network = Service::new(10).network();
    let client = client(&network);
    let mut ticking = call(&client, "/tick").await.unwrap().take_body();
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(300) {
        assert!(next_chunk(&mut ticking).await.unwrap().is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn a_poisoned_connection_takes_no_new_streams_and_its_own_go_on() {
    let service = Service::new(10);
    let network = service.network();
    let client = client(&network);
    let capture = CaptureSmithyConnection::new();
    let mut captured = request("/tick");
    captured.add_extension(capture.clone());
    let mut ticking = send(&client, captured).await.unwrap().take_body();

    capture.get().unwrap().poison();
    capture.get().unwrap().poison();
    call(&client, "/once").await.unwrap();
    assert_eq!(network.dials(), 2);
    for _ in 0..50 {
        assert!(next_chunk(&mut ticking).await.unwrap().is_ok());
    }
    drop(ticking);
    settle().await;
    assert_eq!(client.stats().connections, 1, "it closes after its last stream");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_found_no_connection_can_be_poisoned_without_harm() {
    let network = Network::new(|_, io| drop(io));
    let capture = CaptureSmithyConnection::new();
    let mut captured = request("/");
    captured.add_extension(capture.clone());
    send(&client(&network), captured).await.unwrap_err();
    capture.get().expect("the SDK logs an error without one").poison();
}

#[tokio::test(start_paused = true)]
async fn an_address_that_cannot_be_called_is_the_users_error() {
    let network = Service::new(10).network();
    let client = client(&network);
    for uri in ["ftp://peer.example/", "/path"] {
        let error = send(&client, HttpRequest::get(uri).unwrap()).await.unwrap_err();
        assert!(error.is_user());
        assert_eq!(kind(&error), TransportErrorKind::InvalidAddress);
    }
    assert_eq!(network.dials(), 0);
}

#[tokio::test(start_paused = true)]
async fn headers_of_an_http1_connection_are_left_out() {
    let network = Service::new(10).network();
    let client = client(&network);
    let mut request = request("/once");
    for (name, value) in [("connection", "keep-alive"), ("keep-alive", "5"), ("transfer-encoding", "chunked")]
    {
        request.headers_mut().insert(name, value);
    }
    send(&client, request).await.unwrap();
}
