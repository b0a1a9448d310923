//! HTTP/2 by prior knowledge, with as little work as can be.

use std::sync::Arc;

use bytes::Bytes;
use h2::RecvStream;
use h2::client::SendRequest;
use tokio::net::TcpStream;

use super::Outcome;

/// A connection. Its clones are the same.
#[derive(Clone)]
pub(crate) struct Connection {
    send: SendRequest<Bytes>,
    address: Arc<str>,
}

impl Connection {
    /// Connects; `window` is what the server may send unread, on each stream and on all.
    pub(crate) async fn open(address: &str, window: u32) -> Outcome<Self> {
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        let (send, connection) = h2::client::Builder::new()
            .initial_window_size(window)
            .initial_connection_window_size(window.saturating_mul(16).min(MAX_WINDOW))
            .max_frame_size(1 << 20)
            .handshake(socket)
            .await?;
        tokio::spawn(connection);
        Ok(Self { send, address: address.into() })
    }

    /// Subscribes from the trim horizon; comes back with the answer's headers read.
    pub(crate) async fn subscribe(&self, consumer: &str, shard: usize) -> Outcome<RecvStream> {
        let body = format!(
            r#"{{"ConsumerARN":"{consumer}","ShardId":"shardId-{shard:012}","StartingPosition":{{"Type":"TRIM_HORIZON"}}}}"#
        );
        self.call("SubscribeToShard", body).await
    }

    pub(crate) async fn call(&self, operation: &str, body: String) -> Outcome<RecvStream> {
        let request = http::Request::post(format!("http://{}/", self.address))
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("Kinesis_20131202.{operation}"))
            .body(())?;
        let mut send = self.send.clone().ready().await?;
        let (answer, mut sending) = send.send_request(request, false)?;
        sending.send_data(body.into(), true)?;
        let answer = answer.await?;
        if !answer.status().is_success() {
            return Err(format!("{operation}: {}", answer.status()).into());
        }
        Ok(answer.into_body())
    }
}

/// The next bytes of a body, given back to the window at once; `None`: its end.
pub(crate) async fn next(body: &mut RecvStream) -> Outcome<Option<Bytes>> {
    let Some(data) = body.data().await else {
        return Ok(None);
    };
    let data = data?;
    body.flow_control().release_capacity(data.len())?;
    Ok(Some(data))
}

/// RFC 9113, 6.9.1.
const MAX_WINDOW: u32 = (1 << 31) - 1;
