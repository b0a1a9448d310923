//! A server on loopback that speaks just enough HTTP/1.1 to give canned answers, one per request, the last one again and again.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// What to answer: bytes, and then to close the connection or to leave it open.
#[derive(Clone)]
pub(crate) struct Answer {
    bytes: Vec<u8>,
    hold: bool,
}

/// A request as it came: the operation's name, the content type and the body.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) operation: String,
    pub(crate) content_type: String,
    pub(crate) body: Value,
}

pub(crate) struct Server {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<Request>>>,
    /// A message for each held connection that the client has closed.
    pub(crate) hang_ups: mpsc::UnboundedReceiver<()>,
}

impl Answer {
    /// A JSON answer with these further header lines, each ending in CRLF.
    pub(crate) fn json(status: u16, headers: &str, body: &str) -> Self {
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/x-amz-json-1.1\r\n{headers}content-length: {}\r\n\
             connection: close\r\n\r\n",
            body.len()
        );
        Self { bytes: [head.as_bytes(), body.as_bytes()].concat(), hold: false }
    }

    /// A JSON answer that tells so many bytes, whose connection is lost behind those that there are.
    pub(crate) fn telling(length: usize, body: &str) -> Self {
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: {length}\r\n\
             connection: close\r\n\r\n"
        );
        Self { bytes: [head.as_bytes(), body.as_bytes()].concat(), hold: false }
    }

    /// The same with a connection that stays open.
    pub(crate) fn telling_and_held(length: usize, body: &str) -> Self {
        Self { hold: true, ..Self::telling(length, body) }
    }

    /// No answer: the connection is closed.
    pub(crate) fn nothing() -> Self {
        Self { bytes: Vec::new(), hold: false }
    }

    /// The error of the service with this name and status.
    pub(crate) fn error(status: u16, name: &str) -> Self {
        let body = serde_json::json!({ "__type": name, "message": "words" });
        Self::json(status, "", &body.to_string())
    }

    /// An event stream of these pieces that ends as it should.
    pub(crate) fn stream(pieces: &[Vec<u8>]) -> Self {
        let mut answer = Self::broken_off(pieces);
        answer.bytes.extend_from_slice(b"0\r\n\r\n");
        answer
    }

    /// An event stream whose connection is lost behind these pieces.
    pub(crate) fn broken_off(pieces: &[Vec<u8>]) -> Self {
        let mut bytes = b"HTTP/1.1 200 OK\r\ncontent-type: application/vnd.amazon.eventstream\r\n\
              transfer-encoding: chunked\r\nconnection: close\r\n\r\n"
            .to_vec();
        for piece in pieces {
            bytes.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
            bytes.extend_from_slice(piece);
            bytes.extend_from_slice(b"\r\n");
        }
        Self { bytes, hold: false }
    }

    /// An event stream that stays open behind these pieces.
    pub(crate) fn held(pieces: &[Vec<u8>]) -> Self {
        Self { hold: true, ..Self::broken_off(pieces) }
    }
}

impl Server {
    pub(crate) async fn start(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (hang_up, hang_ups) = mpsc::unbounded_channel();
        let log = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(serve(connection, answers.clone(), Arc::clone(&log), hang_up.clone()));
            }
        });
        Self { url, requests, hang_ups }
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

async fn serve(
    mut connection: TcpStream,
    answers: Vec<Answer>,
    log: Arc<Mutex<Vec<Request>>>,
    hang_up: mpsc::UnboundedSender<()>,
) {
    let Some(request) = read_request(&mut connection).await else {
        return;
    };
    let answer = {
        let mut log = log.lock().unwrap();
        log.push(request);
        answers[(log.len() - 1).min(answers.len() - 1)].clone()
    };
    if connection.write_all(&answer.bytes).await.is_err() {
        return;
    }
    if answer.hold {
        let _ = connection.read(&mut [0; 16]).await;
        let _ = hang_up.send(());
    } else {
        let _ = connection.shutdown().await;
    }
}

async fn read_request(connection: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let body_at = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if connection.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..body_at].to_vec()).unwrap();
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(':'));
        let (_, value) = lines.find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        Some(value.trim().to_owned())
    };
    let length: usize = header("content-length")?.parse().unwrap();
    while bytes.len() < body_at + length {
        if connection.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    Some(Request {
        content_type: header("content-type")?,
        operation: header("x-amz-target")?.rsplit('.').next()?.to_owned(),
        body: serde_json::from_slice(&bytes[body_at..]).unwrap(),
    })
}
