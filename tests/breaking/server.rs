//! A server of HTTP/2 that passes the subscriptions of a local Kinesis on and breaks them on order. What is no subscription it lets
//! the local Kinesis answer.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use h2::server::{Connection, SendResponse};
use h2::{Reason, RecvStream, SendStream};
use http::{Request, Response};
use kinesis_fanout::emulator::{LocalKinesis, ServiceError};
use kinesis_fanout::kinesis::{EventSource, SubscribeToShard};
use kinesis_fanout::model::StartingPosition;
use kinesis_fanout::wire::{event_message, initial_response};
use serde_json::{Value, json};
use tokio::io::DuplexStream;
use tokio::sync::broadcast;

/// How to break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Break {
    /// RST_STREAM between two events.
    Reset(Reason),
    /// So many bytes of the next event's frame, then RST_STREAM.
    ResetInFrame(Reason, usize),
    /// So many bytes of the next event's frame, then END_STREAM.
    EndInFrame(usize),
    /// The next event's frame with the byte at this place changed, counted from its end if negative and anew behind its end; the
    /// stream goes on.
    Flip(isize),
    /// END_STREAM between two events.
    End,
    /// GOAWAY with this reason, streams and all.
    GoAway(Reason),
    /// GOAWAY(NO_ERROR): the streams that are open go on.
    Drain,
    /// The connection is closed without a word.
    Close,
    /// So many bytes of the next event's frame, then the connection is closed.
    CloseInFrame(usize),
    /// The next event's frame in ten pieces, a piece every 10 s.
    Trickle,
    /// From now on nothing comes on this connection and nothing is read from it.
    BlackHole,
}

/// The server's side of all connections.
#[derive(Clone)]
pub(crate) struct Server(Arc<Shared>);

struct Shared {
    kinesis: LocalKinesis,
    breaks: broadcast::Sender<Break>,
    /// What meets every subscription when it is opened.
    always: Mutex<Option<Break>>,
    connections: Mutex<usize>,
}

impl Server {
    pub(crate) fn new(kinesis: LocalKinesis) -> Self {
        let breaks = broadcast::channel(64).0;
        Self(Arc::new(Shared { kinesis, breaks, always: Mutex::new(None), connections: Mutex::new(0) }))
    }

    /// Breaks what is open now, and what is opened from now on.
    pub(crate) fn break_always(&self, how: Break) {
        *self.0.always.lock().unwrap() = Some(how);
        self.break_all(how);
    }

    /// Breaks nothing more.
    pub(crate) fn mend(&self) {
        *self.0.always.lock().unwrap() = None;
    }

    /// Breaks what is open now.
    pub(crate) fn break_all(&self, how: Break) {
        // Nobody is there when no connection is open.
        let _ = self.0.breaks.send(how);
    }

    /// How many connections have been made.
    pub(crate) fn connections(&self) -> usize {
        *self.0.connections.lock().unwrap()
    }

    /// The client's end of a new connection.
    pub(crate) fn connect(&self) -> DuplexStream {
        let (client, server) = tokio::io::duplex(PIPE);
        *self.0.connections.lock().unwrap() += 1;
        tokio::spawn(serve(Arc::clone(&self.0), server));
        client
    }
}

async fn serve(shared: Arc<Shared>, io: DuplexStream) {
    let mut breaks = shared.breaks.subscribe();
    let Ok(mut connection) = h2::server::handshake(io).await else { return };
    // A stream that is to take its connection along asks for it here.
    let (close, mut closed) = tokio::sync::mpsc::unbounded_channel();
    loop {
        tokio::select! {
            call = connection.accept() => match call {
                Some(Ok((request, answer))) => {
                    match operation(&request) {
                        operation if operation == "SubscribeToShard" => {
                            tokio::spawn(subscription(Arc::clone(&shared), request, answer, close.clone()));
                        }
                        operation => {
                            tokio::spawn(answer_call(Arc::clone(&shared), operation, request, answer));
                        }
                    }
                }
                Some(Err(_)) | None => return,
            },
            Some(()) = closed.recv() => return,
            Ok(how) = breaks.recv() => match how {
                Break::GoAway(reason) => return abrupt(connection, reason).await,
                Break::Drain => connection.graceful_shutdown(),
                Break::Close => return,
                Break::BlackHole => std::future::pending().await,
                _ => {}
            },
        }
    }
}

async fn abrupt(mut connection: Connection<DuplexStream, Bytes>, reason: Reason) {
    connection.abrupt_shutdown(reason);
    let _ = std::future::poll_fn(|context| connection.poll_closed(context)).await;
}

fn operation(request: &Request<RecvStream>) -> String {
    let target = request.headers()["x-amz-target"].to_str().unwrap();
    target.rsplit('.').next().unwrap().to_owned()
}

/// Any other call, answered by the local Kinesis.
async fn answer_call(
    shared: Arc<Shared>,
    operation: String,
    request: Request<RecvStream>,
    mut answer: SendResponse<Bytes>,
) {
    let request = read(request.into_body()).await;
    match shared.kinesis.call(&operation, &request).await {
        Ok(body) => send(&mut answer, 200, body),
        Err(error) => send(&mut answer, error.status, error_body(&error)),
    }
}

fn error_body(error: &ServiceError) -> Vec<u8> {
    json!({ "__type": error.code, "message": error.message }).to_string().into_bytes()
}

fn send(answer: &mut SendResponse<Bytes>, status: u16, body: Vec<u8>) {
    let head = Response::builder().status(status).header("content-length", body.len()).body(()).unwrap();
    // Who has given the call up has no stream any more.
    if let Ok(mut stream) = answer.send_response(head, false) {
        let _ = stream.send_data(body.into(), true);
    }
}

async fn subscription(
    shared: Arc<Shared>,
    request: Request<RecvStream>,
    mut answer: SendResponse<Bytes>,
    close: tokio::sync::mpsc::UnboundedSender<()>,
) {
    let mut breaks = shared.breaks.subscribe();
    let request = subscribe_request(&read(request.into_body()).await);
    let always = *shared.always.lock().unwrap();
    let port = shared.kinesis.port();
    // The call may be given up before it is answered.
    let subscribing = tokio::select! {
        biased;
        subscribing = port.subscribe_to_shard(request) => subscribing,
        _ = std::future::poll_fn(|context| answer.poll_reset(context)) => return,
    };
    let source = match subscribing {
        Ok(source) => source,
        Err(error) => {
            // Without one, no answer came within the port's own bound.
            let refused = error.source.and_then(|source| source.downcast::<ServiceError>().ok());
            return match refused {
                Some(error) => send(&mut answer, error.status, error_body(&error)),
                None => answer.send_reset(Reason::CANCEL),
            };
        }
    };
    let Ok(mut body) = answer.send_response(Response::new(()), false) else { return };
    let _ = body.send_data(initial_response(), false);
    let _ = pass_on(source, &mut body, &mut breaks, &close, always).await;
}

/// Sends events until the subscription ends, is given up, or breaks.
async fn pass_on(
    mut source: Box<dyn EventSource>,
    body: &mut SendStream<Bytes>,
    breaks: &mut broadcast::Receiver<Break>,
    close: &tokio::sync::mpsc::UnboundedSender<()>,
    mut next: Option<Break>,
) -> Result<(), h2::Error> {
    if let Some(Break::Reset(reason)) = next {
        flushed().await;
        body.send_reset(reason);
        return Ok(());
    }
    loop {
        let event = tokio::select! {
            biased;
            _ = std::future::poll_fn(|context| body.poll_reset(context)) => return Ok(()),
            Ok(how) = breaks.recv() => {
                match how {
                    Break::Reset(reason) => {
                        body.send_reset(reason);
                        return Ok(());
                    }
                    Break::End => return body.send_data(Bytes::new(), true),
                    _ => next = Some(how),
                }
                continue;
            }
            event = source.next_event() => event,
        };
        let Ok(Some(event)) = event else {
            return body.send_data(Bytes::new(), true);
        };
        let frame = event_message(&event);
        let part = |bytes: usize| frame.slice(..bytes.min(frame.len() - 1));
        match next.take() {
            Some(Break::ResetInFrame(reason, bytes)) => {
                body.send_data(part(bytes), false)?;
                flushed().await;
                body.send_reset(reason);
                return Ok(());
            }
            Some(Break::Trickle) => {
                for piece in frame.chunks(frame.len().div_ceil(10)) {
                    let _ = tokio::time::timeout(Duration::from_secs(10), std::future::pending::<()>()).await;
                    body.send_data(Bytes::copy_from_slice(piece), false)?;
                }
            }
            Some(Break::EndInFrame(bytes)) => return body.send_data(part(bytes), true),
            Some(Break::CloseInFrame(bytes)) => {
                body.send_data(part(bytes), false)?;
                flushed().await;
                let _ = close.send(());
                // Dropped before the connection is, the stream would be reset.
                std::future::pending::<()>().await;
            }
            Some(Break::Flip(at)) => {
                let mut frame = frame.to_vec();
                let at = at.rem_euclid(frame.len() as isize) as usize;
                frame[at] ^= 0x10;
                body.send_data(frame.into(), false)?;
            }
            _ => body.send_data(frame, false)?,
        }
    }
}

/// Lets the connection write what it has.
async fn flushed() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

async fn read(mut body: RecvStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some(Ok(data)) = body.data().await {
        let _ = body.flow_control().release_capacity(data.len());
        bytes.extend_from_slice(&data);
    }
    bytes
}

fn subscribe_request(bytes: &[u8]) -> SubscribeToShard {
    let request: Value = serde_json::from_slice(bytes).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let position = &request["StartingPosition"];
    let number = || position["SequenceNumber"].as_str().unwrap().parse().unwrap();
    SubscribeToShard {
        consumer_arn: text(&request["ConsumerARN"]),
        shard_id: text(&request["ShardId"]).into(),
        starting_position: match position["Type"].as_str().unwrap() {
            "TRIM_HORIZON" => StartingPosition::TrimHorizon,
            "AT_SEQUENCE_NUMBER" => StartingPosition::AtSequenceNumber(number()),
            "AFTER_SEQUENCE_NUMBER" => StartingPosition::AfterSequenceNumber(number()),
            other => panic!("a start that no test here needs: {other}"),
        },
    }
}

/// What lies between client and server: larger than any window, so that only HTTP/2 holds anybody back.
const PIPE: usize = 64 << 20;
