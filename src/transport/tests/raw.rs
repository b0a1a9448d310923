//! A peer that writes frames byte by byte. It answers SETTINGS and PINGs by itself; the test does the rest.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf};
use tokio::sync::mpsc;

use super::network::Network;
use super::tap::{GOAWAY, HEADERS, PING, RST_STREAM, SETTINGS};

/// The far ends of all connections.
#[derive(Clone)]
pub(super) struct Raw(Arc<State>);

struct State {
    /// What each connection allows at first; the last one for all that follow.
    max_streams: Vec<u32>,
    far: Mutex<Vec<Far>>,
    /// The streams that were opened, by connection, in their order.
    opened: Mutex<VecDeque<(usize, u32)>>,
}

#[derive(Clone)]
struct Far(mpsc::UnboundedSender<Vec<u8>>);

impl Raw {
    pub(super) fn new(max_streams: &[u32]) -> (Self, Arc<Network>) {
        let raw = Self(Arc::new(State {
            max_streams: max_streams.to_vec(),
            far: Mutex::default(),
            opened: Mutex::default(),
        }));
        let peer = raw.clone();
        (raw, Network::new(move |number, io| peer.serve(number, io)))
    }

    /// The request that came first of those not asked for yet: its connection and stream.
    pub(super) fn next_opened(&self) -> Option<(usize, u32)> {
        self.0.opened.lock().unwrap().pop_front()
    }

    pub(super) fn opened(&self) -> usize {
        self.0.opened.lock().unwrap().len()
    }

    /// The head of a response: status 200.
    pub(super) fn respond(&self, connection: usize, stream: u32) {
        self.frame(connection, HEADERS, END_HEADERS, stream, &[STATUS_200]);
    }

    pub(super) fn reset(&self, connection: usize, stream: u32, code: u32) {
        self.frame(connection, RST_STREAM, 0, stream, &code.to_be_bytes());
    }

    pub(super) fn go_away(&self, connection: usize, last_stream: u32, code: u32) {
        let payload = [last_stream.to_be_bytes(), code.to_be_bytes()].concat();
        self.frame(connection, GOAWAY, 0, 0, &payload);
    }

    pub(super) fn allow(&self, connection: usize, max_streams: u32) {
        self.frame(connection, SETTINGS, 0, 0, &max_streams_setting(max_streams));
    }

    /// The end of the byte stream, once all is written.
    pub(super) fn close(&self, connection: usize) {
        let far = self.0.far.lock().unwrap()[connection].clone();
        let _ = far.0.send(Vec::new());
    }

    pub(super) fn frame(&self, connection: usize, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let far = self.0.far.lock().unwrap()[connection].clone();
        let _ = far.0.send(frame(kind, flags, stream, payload));
    }

    fn serve(&self, number: usize, io: DuplexStream) {
        let (far, mut written) = mpsc::unbounded_channel::<Vec<u8>>();
        self.0.far.lock().unwrap().push(Far(far.clone()));
        let (read, mut write) = tokio::io::split(io);
        let max_streams = self.0.max_streams.get(number).or(self.0.max_streams.last()).copied();
        if let Some(max_streams) = max_streams {
            let _ = far.send(frame(SETTINGS, 0, 0, &max_streams_setting(max_streams)));
        }
        tokio::spawn(async move {
            while let Some(bytes) = written.recv().await {
                if bytes.is_empty() || write.write_all(&bytes).await.is_err() {
                    let _ = write.shutdown().await;
                    return;
                }
            }
        });
        tokio::spawn(read_frames(self.clone(), number, read, far));
    }
}

async fn read_frames(
    raw: Raw,
    number: usize,
    mut io: ReadHalf<DuplexStream>,
    far: mpsc::UnboundedSender<Vec<u8>>,
) -> Option<()> {
    io.read_exact(&mut [0; PREFACE_LENGTH]).await.ok()?;
    loop {
        let mut head = [0; 9];
        io.read_exact(&mut head).await.ok()?;
        let [a, b, c, kind, flags, stream @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        io.read_exact(&mut payload).await.ok()?;
        match (kind, flags & ACK) {
            (SETTINGS, 0) => far.send(frame(SETTINGS, ACK, 0, &[])).ok()?,
            (PING, 0) => far.send(frame(PING, ACK, 0, &payload)).ok()?,
            (HEADERS, _) => {
                raw.0.opened.lock().unwrap().push_back((number, u32::from_be_bytes(stream)));
            }
            _ => {}
        }
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, a, b, c] = (payload.len() as u32).to_be_bytes();
    let mut frame = vec![a, b, c, kind, flags];
    frame.extend_from_slice(&stream.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

fn max_streams_setting(max_streams: u32) -> Vec<u8> {
    [&3_u16.to_be_bytes()[..], &max_streams.to_be_bytes()].concat()
}

const PREFACE_LENGTH: usize = 24;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;
/// `:status: 200`, the eighth entry of HPACK's static table.
const STATUS_200: u8 = 0x88;
pub(super) const NO_ERROR: u32 = 0;
pub(super) const INTERNAL_ERROR: u32 = 2;
pub(super) const REFUSED_STREAM: u32 = 7;
