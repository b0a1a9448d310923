//! What the local Kinesis is measured against: an HTTP/2 server that sends the same number of bytes from memory and knows
//! nothing else.

use bytes::Bytes;
use h2::SendStream;
use tokio::net::{TcpSocket, TcpStream};

use super::Outcome;

/// Serves; gives its address.
pub(crate) async fn serve() -> Outcome<String> {
    let socket = TcpSocket::new_v4()?;
    // As small as the local Kinesis has it: what stays in the processor's cache is sent faster.
    socket.set_send_buffer_size(256 << 10)?;
    socket.bind("127.0.0.1:0".parse()?)?;
    let listener = socket.listen(64)?;
    let address = listener.local_addr()?.to_string();
    let event = Bytes::from(vec![b'x'; EVENT]);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(connection(socket, event.clone()));
        }
    });
    Ok(address)
}

async fn connection(socket: TcpStream, event: Bytes) -> Outcome<()> {
    socket.set_nodelay(true)?;
    let mut connection = h2::server::Builder::new().max_send_buffer_size(64 << 10).handshake(socket).await?;
    while let Some(request) = connection.accept().await {
        let (_, mut respond) = request?;
        let body = respond.send_response(http::Response::new(()), false)?;
        tokio::spawn(send(body, event.clone()));
    }
    Ok(())
}

async fn send(mut body: SendStream<Bytes>, event: Bytes) -> Outcome<()> {
    for _ in 0..EVENTS {
        body.reserve_capacity(1);
        std::future::poll_fn(|context| body.poll_capacity(context)).await.ok_or("reset")??;
        body.send_data(event.clone(), false)?;
    }
    body.send_data(Bytes::new(), true)?;
    Ok(())
}

/// About what an event of 500 records of 2,000 bytes is on the wire, and how many a subscription reads.
const EVENT: usize = 1_420_000;
const EVENTS: usize = 128;
