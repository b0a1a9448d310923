//! HTTP/2 against its rules, frame by frame (RFC 9113): the connection is closed, and others are served.

use super::abuse::{send, still_answers};
use super::http2::Http2;
use super::*;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// Kinds of frames (RFC 9113, 6).
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PUSH_PROMISE: u8 = 5;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;

/// `:method POST`, `:scheme http`, `:path /` of HPACK's static table (RFC 7541, A).
const POST: &[u8] = &[0x83, 0x86, 0x84];

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// What the server answers to these frames behind a preface and empty SETTINGS, as kinds and payloads, until it closes.
async fn answers(server: &Server, frames: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let bytes = [PREFACE, &frame(SETTINGS, 0, 0, b""), frames].concat();
    let closed = tokio::time::timeout(Duration::from_secs(60), send(server, &bytes));
    let bytes = closed.await.expect("it is closed");
    let (mut rest, mut answers) = (bytes.as_slice(), Vec::new());
    while let Some((head, behind)) = rest.split_at_checked(9) {
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let Some((payload, behind)) = behind.split_at_checked(length) else { break };
        answers.push((head[3], payload.to_vec()));
        rest = behind;
    }
    answers
}

#[tokio::test]
async fn frames_against_the_rules_close_the_connection_with_goaway() {
    let (server, ..) = ready(quick()).await;
    let setting = |id: u8, value: u32| [&[0, id][..], &value.to_be_bytes()].concat();
    for (what, frames) in [
        ("DATA on a stream that was never opened", frame(DATA, 0, 1, b"x")),
        ("a reset of a stream that was never opened", frame(RST_STREAM, 0, 1, &[0; 4])),
        ("a stream of the server's", frame(HEADERS, END_HEADERS, 2, POST)),
        ("headers without a stream", frame(HEADERS, END_HEADERS, 0, POST)),
        ("another frame within headers", [frame(HEADERS, 0, 1, POST), frame(PING, 0, 0, &[0; 8])].concat()),
        ("the rest of no headers", frame(CONTINUATION, END_HEADERS, 1, POST)),
        ("a promise of a client", frame(PUSH_PROMISE, END_HEADERS, 1, &[0, 0, 0, 2, 0x83])),
        ("a PING of five bytes", frame(PING, 0, 0, &[0; 5])),
        ("SETTINGS of five bytes", frame(SETTINGS, 0, 0, &[0; 5])),
        ("a window of more than 2^31 - 1", frame(SETTINGS, 0, 0, &setting(4, u32::MAX))),
        ("frames of fewer than 2^14 bytes", frame(SETTINGS, 0, 0, &setting(5, 1))),
        ("a window opened by nothing", frame(WINDOW_UPDATE, 0, 0, &[0; 4])),
        ("a window opened too far", frame(WINDOW_UPDATE, 0, 0, &0x7FFF_FFFF_u32.to_be_bytes())),
        ("a frame larger than allowed", frame(DATA, 0, 1, &vec![0; 1 << 20])),
        ("headers that are no HPACK", frame(HEADERS, END_HEADERS, 1, &[0xFF; 16])),
    ] {
        let kinds: Vec<_> = answers(&server, &frames).await.into_iter().map(|(kind, _)| kind).collect();
        // Where the server closes before it has read everything, its last frame may be lost on the way.
        let said = kinds.contains(&GOAWAY) || frames.len() > 1 << 16;
        assert!(said, "{what}: {kinds:?}");
    }
    still_answers(&server).await;
}

#[tokio::test]
async fn endless_headers_are_cut_off() {
    // No time-out and no PING ends the connection, and this side leaves it open.
    let never = Duration::from_secs(24 * 60 * 60);
    let (server, ..) = ready(Settings { keep_alive_interval: never, header_timeout: never, ..quick() }).await;
    let mut endless = [PREFACE, &frame(SETTINGS, 0, 0, b""), &frame(HEADERS, 0, 1, POST)].concat();
    // More than h2 takes at this size of headers, which is five: later ones may meet a closed connection.
    for _ in 0..10 {
        // A literal that is not kept: the name `a`, and a value of 100 bytes.
        endless.extend(frame(CONTINUATION, 0, 1, &[&[0, 1, b'a', 100][..], &[b'x'; 100]].concat()));
    }
    let mut socket = TcpStream::connect(server.address()).await.unwrap();
    let _ = socket.write_all(&endless).await;
    let mut said = Vec::new();
    // Closed or reset: either is an end.
    let closed = tokio::time::timeout(Duration::from_secs(60), socket.read_to_end(&mut said)).await;
    assert!(closed.is_ok(), "it is cut off, and does not wait for the end");
    still_answers(&server).await;
}

#[tokio::test]
async fn floods_of_control_frames_harm_nobody() {
    let (server, ..) = ready(quick()).await;
    let other = Http2::connect(&server).await.0;
    for one in
        [frame(PING, 0, 0, &[0; 8]), frame(SETTINGS, 0, 0, b""), frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1])]
    {
        let mut socket = TcpStream::connect(server.address()).await.unwrap();
        let flood = [PREFACE, &frame(SETTINGS, 0, 0, b""), &one.repeat(10_000)].concat();
        // Nothing is read. Whether the server takes them all or stops reading is its own affair.
        let written = tokio::time::timeout(Duration::from_millis(500), socket.write_all(&flood)).await;
        let (status, answer) = other.call("ListShards", r#"{"StreamName":"orders"}"#).await;
        assert!(status == 200 && answer.contains(SHARD), "{written:?}: {answer}");
    }
    still_answers(&server).await;
}

#[tokio::test]
async fn huge_headers_and_bodies_are_refused_on_their_stream_alone() {
    let (server, ..) = ready(quick()).await;
    let http2 = Http2::connect(&server).await.0;
    assert_eq!(http2.status_with_header(&"a".repeat(100 << 10)).await, 431);
    let (status, answer) = http2.call("PutRecord", &" ".repeat((16 << 20) + 1)).await;
    assert!(status == 413 && answer.contains("RequestEntityTooLargeException"), "{status}: {answer}");
    let (status, _) = http2.call("ListShards", r#"{"StreamName":"orders"}"#).await;
    assert_eq!(status, 200);
}
