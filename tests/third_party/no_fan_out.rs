//! A server before the one that is tried, which passes every call on but SubscribeToShard.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderValue, TRANSFER_ENCODING,
};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};

/// Such a server, over HTTP/1.1 and HTTP/2 with prior knowledge. It serves until the runtime ends.
pub(crate) struct NoFanOut {
    pub(crate) url: String,
    shared: Arc<Shared>,
}

/// What it answers to SubscribeToShard.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Refusal {
    /// What the server that is tried says to an operation that nobody knows.
    OfTheServer,
    /// What AWS says to one: UnknownOperationException.
    OfAws,
}

struct Shared {
    server: String,
    refusal: Refusal,
    attempts: AtomicUsize,
}

impl NoFanOut {
    /// Starts one before the server at this URL, which has to be plain HTTP.
    pub(crate) async fn before(url: &str, refusal: Refusal) -> Self {
        let server = url.strip_prefix("http://").expect("it speaks no TLS").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared { server, refusal, attempts: AtomicUsize::new(0) });
        tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self { url, shared }
    }

    /// How often somebody tried to subscribe.
    pub(crate) fn attempts(&self) -> usize {
        self.shared.attempts.load(Ordering::Relaxed)
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let (socket, _) = listener.accept().await.unwrap();
        let shared = Arc::clone(&shared);
        let service = service_fn(move |request| Arc::clone(&shared).answer(request));
        tokio::spawn(async move {
            auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(socket), service).await
        });
    }
}

impl Shared {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Answer {
        let (mut head, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        if head.headers.get(TARGET).is_some_and(|target| *target == SUBSCRIBE) {
            self.attempts.fetch_add(1, Ordering::Relaxed);
            match self.refusal {
                Refusal::OfTheServer => head.headers.insert(TARGET, NOBODY_S),
                Refusal::OfAws => return unknown_operation(),
            };
        }
        self.pass_on(head.headers, body).await
    }

    async fn pass_on(&self, mut headers: HeaderMap, body: Bytes) -> Answer {
        drop_hop_headers(&mut headers);
        headers.insert(HOST, self.server.parse()?);
        let mut request = Request::post("/").body(Full::new(body))?;
        *request.headers_mut() = headers;
        let socket = TcpStream::connect(&self.server).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(socket)).await?;
        tokio::spawn(connection);
        let (head, body) = sender.send_request(request).await?.into_parts();
        let mut answer =
            Response::builder().status(head.status).body(body.collect().await?.to_bytes().into())?;
        *answer.headers_mut() = head.headers;
        drop_hop_headers(answer.headers_mut());
        Ok(answer)
    }
}

fn unknown_operation() -> Answer {
    let answer = Response::builder().status(400).header(CONTENT_TYPE, "application/x-amz-json-1.1");
    Ok(answer.body(Bytes::from_static(br#"{"__type":"UnknownOperationException"}"#).into())?)
}

/// Those that are for one connection, or follow from the body as it is passed on.
fn drop_hop_headers(headers: &mut HeaderMap) {
    for name in [CONNECTION, TRANSFER_ENCODING, CONTENT_LENGTH] {
        headers.remove(name);
    }
    headers.remove("keep-alive");
}

type Answer = Result<Response<Full<Bytes>>, Box<dyn std::error::Error + Send + Sync>>;

const TARGET: &str = "x-amz-target";
const SUBSCRIBE: &str = "Kinesis_20131202.SubscribeToShard";
const NOBODY_S: HeaderValue = HeaderValue::from_static("Kinesis_20131202.SubscribeToNothing");
