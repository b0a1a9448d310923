//! The transport over pipes and a paused clock, against peers that do what the test says.
//!
//! `server` speaks HTTP/2 through the `h2` crate, as a service does; `raw` writes frames byte by byte, for what that crate would
//! never send. `tap` lies in the client's end of every pipe, counts frames, and can be held.

mod calls;
mod capacity;
mod dials;
mod endings;
mod flow;
mod liveness;
mod network;
mod raw;
mod refusals;
mod server;
mod tap;

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body::Body;
use network::Network;

use super::{Http2Client, Http2ClientBuilder, TransportError, TransportErrorKind};

/// A client whose connections are pipes of `network`.
fn client(network: &Arc<Network>) -> Http2Client {
    build(Http2Client::builder(), network)
}

fn build(builder: Http2ClientBuilder, network: &Arc<Network>) -> Http2Client {
    builder.build_on(Arc::clone(network) as _)
}

fn request(path: &str) -> HttpRequest {
    HttpRequest::get(format!("http://peer.example{path}")).unwrap()
}

async fn call(client: &Http2Client, path: &str) -> Result<HttpResponse, ConnectorError> {
    send(client, request(path)).await
}

async fn send(client: &Http2Client, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    client.connector(&HttpConnectorSettings::builder().build()).call(request).await
}

/// Many calls at once, in the order of their start.
async fn calls(client: &Http2Client, path: &str, count: usize) -> Vec<Result<HttpResponse, ConnectorError>> {
    futures::future::join_all((0..count).map(|_| call(client, path))).await
}

/// The bodies of calls that must all succeed.
async fn streams(client: &Http2Client, path: &str, count: usize) -> Vec<SdkBody> {
    calls(client, path, count).await.into_iter().map(|response| response.unwrap().take_body()).collect()
}

async fn next_chunk(body: &mut SdkBody) -> Option<Result<Bytes, TransportErrorKind>> {
    let frame = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx));
    let frame = tokio::time::timeout(PATIENCE, frame).await.expect("nothing comes any more")?;
    let frame = frame.map_err(|error| kind(error.as_ref()));
    Some(frame.map(|frame| frame.into_data().unwrap_or_default()))
}

/// All that a body gives, and how it ended.
async fn read_all(body: &mut SdkBody) -> (Vec<u8>, Option<TransportErrorKind>) {
    let mut all = Vec::new();
    while let Some(chunk) = next_chunk(body).await {
        match chunk {
            Ok(chunk) => all.extend_from_slice(&chunk),
            Err(kind) => {
                assert!(next_chunk(body).await.is_none(), "read on after its error");
                return (all, Some(kind));
            }
        }
    }
    (all, None)
}

fn kind(error: &(dyn std::error::Error + 'static)) -> TransportErrorKind {
    let mut error = Some(error);
    while let Some(this) = error {
        if let Some(transport) = this.downcast_ref::<TransportError>() {
            return transport.kind();
        }
        error = this.source();
    }
    panic!("no transport error");
}

fn failure(result: Result<HttpResponse, ConnectorError>) -> TransportErrorKind {
    kind(&result.unwrap_err())
}

/// Lets every task that can go on do so.
async fn settle() {
    for _ in 0..SETTLED_AFTER {
        tokio::task::yield_now().await;
    }
}

const SETTLED_AFTER: usize = 200;
/// Of virtual time: what takes longer never comes.
const PATIENCE: Duration = Duration::from_secs(3_600);
