//! One call: a stream is taken, the request sent, its response's headers awaited. Knows nothing of what is called.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use aws_smithy_runtime_api::client::connection::{CaptureSmithyConnection, ConnectionMetadata};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use h2::RecvStream;
use http::{HeaderName, Request, Response, Version, header};
use tokio::task;

use super::body::ResponseBody;
use super::cause;
use super::connection::ConnectionId;
use super::deadline::within;
use super::error::{TransportError, TransportErrorKind};
use super::pool::{Pool, Slot};
use super::upload::{self, Remainder};

/// How long the steps of a call may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timeouts {
    /// From the start of a dial to the peer's SETTINGS.
    pub(super) connect: Duration,
    /// From the request's headers to the response's.
    pub(super) headers: Duration,
}

/// A failed try.
struct Failure {
    error: TransportError,
    reached: Reached,
}

/// How far a request got.
enum Reached {
    /// Nothing of it was sent; here is its body.
    Nothing(SdkBody),
    /// A connection on which the peer did not look at it: it may go once more over another (RFC 9113, 8.7).
    Connection(ConnectionId),
    /// It may have been seen.
    Peer,
}

/// Calls, and once more over another connection if the peer has refused the stream.
pub(super) async fn call(
    pool: &Arc<Pool>,
    request: Request<SdkBody>,
    timeouts: Timeouts,
) -> Result<Response<SdkBody>, TransportError> {
    let capture = request.extensions().get::<CaptureSmithyConnection>().cloned();
    if let Some(capture) = &capture {
        // Until there is a connection there is none to be kept off; without this the SDK logs an error.
        expose(capture, || {});
    }
    let (head, body) = request.into_parts();
    let head = Request::from_parts(head, ());
    let mut body = Some(body);
    let mut avoid = None;
    let mut unsent = 0;
    loop {
        let Some(this) = body.take() else { return Err(spent()) };
        body = this.try_clone();
        let failure = match attempt(pool, head.clone(), this, timeouts, capture.as_ref(), avoid).await {
            Ok(response) => return Ok(response),
            Err(failure) => failure,
        };
        match failure.reached {
            Reached::Nothing(unused) if unsent < MAX_UNSENT => {
                unsent += 1;
                body = Some(unused);
                // Its connection has broken; so may have others, whose drivers say so when they run.
                task::yield_now().await;
            }
            Reached::Connection(refused) if avoid.is_none() && body.is_some() => avoid = Some(refused),
            _ => return Err(failure.error),
        }
    }
}

async fn attempt(
    pool: &Arc<Pool>,
    head: Request<()>,
    body: SdkBody,
    timeouts: Timeouts,
    capture: Option<&CaptureSmithyConnection>,
    avoid: Option<ConnectionId>,
) -> Result<Response<SdkBody>, Failure> {
    let slot = Arc::new(pool.acquire(timeouts.connect, avoid).await?);
    if let Some(capture) = capture {
        expose(capture, slot.poison());
    }
    let (response, remainder) = exchange(&slot, head, body, timeouts.headers).await?;
    Ok(response.map(|received| SdkBody::from_body_1_x(ResponseBody::new(received, remainder, slot))))
}

/// Sends a request and waits for the headers of its response.
async fn exchange(
    slot: &Arc<Slot>,
    head: Request<()>,
    body: SdkBody,
    limit: Duration,
) -> Result<(Response<RecvStream>, Option<Remainder>), Failure> {
    let small = upload::small(&body);
    let bodiless = small.as_ref().is_some_and(Bytes::is_empty);
    let mut requests = slot.connection().requests();
    // A connection that has broken, or has no stream numbers left, says so before it takes anything.
    if let Poll::Ready(Err(error)) = requests.poll_ready(&mut Context::from_waker(Waker::noop())) {
        slot.poison()();
        let error = cause::of_stream(error, slot.connection());
        return Err(Failure { error, reached: Reached::Nothing(body) });
    }
    let opened = requests.send_request(sendable(head), bodiless);
    let (mut response, mut stream) = opened.map_err(|error| Failure::of(error, slot))?;
    if let Some(body) = small {
        if !bodiless {
            // It fails only for a stream that has ended otherwise, which its response tells.
            let _ = stream.send_data(body, true);
        }
        let response = within(limit, response).await.ok_or_else(|| timed_out(limit, slot))?;
        return Ok((response.map_err(|error| Failure::of(error, slot))?, None));
    }
    let mut upload = Box::pin(upload::send(stream, body));
    let answered = within(limit, async {
        tokio::select! {
            biased;
            response = &mut response => Ok((response, false)),
            sent = &mut upload => match sent {
                Ok(()) => Ok(((&mut response).await, true)),
                Err(error) => Err(error),
            },
        }
    });
    let (response, sent) = answered.await.ok_or_else(|| timed_out(limit, slot))??;
    let response = response.map_err(|error| Failure::of(error, slot))?;
    Ok((response, (!sent).then(|| Remainder::spawn(upload, Arc::clone(slot)))))
}

/// The request as HTTP/2 takes it: without the headers of an HTTP/1.1 connection (RFC 9113, 8.2.2).
fn sendable(mut head: Request<()>) -> Request<()> {
    *head.version_mut() = Version::HTTP_2;
    for name in CONNECTION_HEADERS {
        head.headers_mut().remove(name);
    }
    head
}

/// Lets the SDK keep new streams off a connection that it has found bad.
fn expose(capture: &CaptureSmithyConnection, poison: impl Fn() + Send + Sync + 'static) {
    let metadata = ConnectionMetadata::builder().proxied(false).poison_fn(poison).build();
    capture.set_connection_retriever(move || Some(metadata.clone()));
}

impl Failure {
    /// The stream ended before its response began.
    fn of(error: h2::Error, slot: &Slot) -> Self {
        let connection = slot.connection();
        // The only GOAWAY that ends a stream by itself names it as one that was not, and will not be, looked at.
        let unprocessed = error.is_go_away() && error.is_remote();
        let error = cause::of_stream(error, connection);
        let unseen = error.kind() == TransportErrorKind::Refused || unprocessed;
        let reached = if unseen { Reached::Connection(connection.id()) } else { Reached::Peer };
        Self { error, reached }
    }
}

impl From<TransportError> for Failure {
    fn from(error: TransportError) -> Self {
        Self { error, reached: Reached::Peer }
    }
}

/// A connection on which answers do not come, though its PINGs may be answered, is not given other calls; its streams go on.
fn timed_out(limit: Duration, slot: &Slot) -> TransportError {
    slot.poison()();
    TransportError::new(TransportErrorKind::HeadersTimeout, format!("no response headers within {limit:?}"))
}

fn spent() -> TransportError {
    TransportError::new(TransportErrorKind::RequestBody, "the request's body can be had only once")
}

/// Connections in a row that a call may find broken before it has sent anything. Each is found so once and by one call.
const MAX_UNSENT: usize = 16;

const CONNECTION_HEADERS: [HeaderName; 5] = [
    header::CONNECTION,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];
