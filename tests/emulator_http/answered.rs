//! Calls without an SDK, and their answers taken apart.

use kinesis_fanout::emulator::codec::{Codec, Document};

use super::*;

/// An answer, taken apart.
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Answered {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let headers = self.head.lines().filter_map(|line| line.split_once(": "));
        headers.into_iter().find(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub(super) fn document(&self) -> Document {
        let codec = Codec::of(self.header("content-type"));
        codec.decode(&self.body).unwrap()
    }
}

/// What the server answers to these headers and this body, on a connection of its own.
pub(super) async fn ask(server: &Server, headers: &str, body: &[u8]) -> Answered {
    let head = format!(
        "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n",
        body.len()
    );
    raw(server, &[head.as_bytes(), body].concat()).await
}

/// What the server answers to these bytes until it closes the connection.
pub(super) async fn raw(server: &Server, request: &[u8]) -> Answered {
    let mut socket = TcpStream::connect(server.address()).await.unwrap();
    socket.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    Answered { status: head[9..12].parse().unwrap(), head, body: answer[end + 4..].to_vec() }
}

/// An operation, asked in a codec.
pub(super) async fn call(server: &Server, codec: Codec, operation: &str, members: &Document) -> Answered {
    let content_type = codec.content_type();
    let headers = format!("Content-Type: {content_type}\r\nX-Amz-Target: Kinesis_20131202.{operation}\r\n");
    ask(server, &headers, &codec.encode(members)).await
}
