//! The client that all servers are measured with: `hyper`, HTTP/1.1 and HTTP/2 by prior knowledge, JSON. It knows no server.

use std::fmt;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Outcome;

/// What is spoken on a connection.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

/// A connection.
pub(crate) struct Connection {
    sender: Sender,
    address: String,
}

enum Sender {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

impl Connection {
    pub(crate) async fn open(address: &str, protocol: Protocol) -> Outcome<Self> {
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        let socket = TokioIo::new(socket);
        let sender = match protocol {
            Protocol::Http1 => {
                let (sender, connection) = http1::handshake(socket).await?;
                tokio::spawn(connection);
                Sender::Http1(sender)
            }
            Protocol::Http2 => {
                let (sender, connection) = http2::Builder::new(TokioExecutor::new())
                    .initial_stream_window_size(WINDOW)
                    .initial_connection_window_size(16 * WINDOW)
                    .max_frame_size(1 << 20)
                    .handshake(socket)
                    .await?;
                tokio::spawn(connection);
                Sender::Http2(sender)
            }
        };
        Ok(Self { sender, address: address.to_owned() })
    }

    /// The whole answer of a success; otherwise an error that quotes it.
    pub(crate) async fn call(&mut self, operation: &str, body: Bytes) -> Outcome<Bytes> {
        Ok(self.send(operation, body).await?.into_body().collect().await?.to_bytes())
    }

    /// A call whose answer is looked at.
    pub(crate) async fn ask(&mut self, operation: &str, request: &Value) -> Outcome<Value> {
        let answer = self.call(operation, request.to_string().into()).await?;
        Ok(if answer.is_empty() { Value::Null } else { serde_json::from_slice(&answer)? })
    }

    /// The stream of a shard's events from the trim horizon.
    pub(crate) async fn subscribe(&mut self, consumer: &str, shard: &str) -> Outcome<Incoming> {
        let start = serde_json::json!({"Type": "TRIM_HORIZON"});
        let request =
            serde_json::json!({"ConsumerARN": consumer, "ShardId": shard, "StartingPosition": start});
        Ok(self.send("SubscribeToShard", request.to_string().into()).await?.into_body())
    }

    async fn send(&mut self, operation: &str, body: Bytes) -> Outcome<Response<Incoming>> {
        let uri = match self.sender {
            Sender::Http1(_) => "/".to_owned(),
            Sender::Http2(_) => format!("http://{}/", self.address),
        };
        let request = Request::post(uri)
            .header("host", &self.address)
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("Kinesis_20131202.{operation}"))
            .header("x-amz-date", "20260101T000000Z")
            .header("authorization", AUTHORIZATION)
            .body(Full::new(body))?;
        let answer = match &mut self.sender {
            Sender::Http1(sender) => sender.send_request(request).await,
            Sender::Http2(sender) => sender.send_request(request).await,
        }?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status();
        let text = answer.into_body().collect().await?.to_bytes();
        let told = format!("{operation}: {status} {}", String::from_utf8_lossy(&text));
        Err(if told.contains(UNKNOWN) { NotSupported(told).into() } else { told.into() })
    }
}

/// Whether the server answers the preface of HTTP/2 with a frame of SETTINGS (RFC 9113, 3.4); [`NotSupported`] if it answers
/// otherwise or hangs up.
pub(crate) async fn speaks_http2(address: &str) -> Outcome<()> {
    let mut socket = TcpStream::connect(address).await?;
    socket.write_all(PREFACE).await?;
    let mut frame = [0; FRAME_HEADER];
    let answered = socket.read_exact(&mut frame).await;
    if answered.is_ok() && frame[FRAME_TYPE] == SETTINGS {
        return Ok(());
    }
    Err(NotSupported("the preface of HTTP/2 is not answered with SETTINGS".into()).into())
}

/// The server says that it does not have what was asked for. No other failure says that.
#[derive(Debug)]
pub(crate) struct NotSupported(String);

impl fmt::Display for NotSupported {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for NotSupported {}

/// What a server may send unread on a stream of HTTP/2: the same as in the other figures here.
const WINDOW: u32 = 8 << 20;
/// Not a signature: one of the servers wants to see this header, and none looks into it.
const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/kinesis/aws4_request, \
                             SignedHeaders=host;x-amz-date;x-amz-target, Signature=00";
/// In the error of an operation that a server does not have: UnknownOperationException (AWS JSON 1.1).
const UNKNOWN: &str = "UnknownOperation";
/// The preface, with a frame of SETTINGS that sets nothing.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// Of a frame (RFC 9113, 4.1 and 6.5): the length of its header, where its type stands there, and the type of SETTINGS.
const FRAME_HEADER: usize = 9;
const FRAME_TYPE: usize = 3;
const SETTINGS: u8 = 4;
