//! Requests that are reset as soon as they are made, ten thousand of them (CVE-2023-44487).

use bytes::Bytes;
use h2::client::SendRequest;
use h2::{Ping, Reason};

use super::*;

const RESETS: u32 = 10_000;
/// The most that they may cost, in KiB: what they take on the wire a few times, and nothing for each.
const COST: u64 = 16 << 10;

/// A frame of HTTP/2 (RFC 9113, 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The header of a ListShards whose body is to come, in literals that HPACK does not keep (RFC 7541, 6.2.2).
fn header() -> Vec<u8> {
    let (name, value) = (b"x-amz-target", b"Kinesis_20131202.ListShards");
    // :method POST, :scheme http, :path /, :authority x.
    [&[0x83, 0x86, 0x84, 0x01, 1, b'x', 0x00, 12][..], name, &[27], value].concat()
}

fn request(server: &Server) -> http::Request<()> {
    let request = http::Request::post(format!("http://{}/", server.address()));
    request.header("x-amz-target", "Kinesis_20131202.ListShards").body(()).unwrap()
}

/// A well-behaved client's connection.
async fn connect(server: &Server) -> (SendRequest<Bytes>, h2::PingPong) {
    let socket = TcpStream::connect(server.address()).await.unwrap();
    let (send, mut connection) = h2::client::handshake(socket).await.unwrap();
    let pings = connection.ping_pong().unwrap();
    tokio::spawn(connection);
    (send, pings)
}

async fn call(send: &SendRequest<Bytes>, server: &Server) -> u16 {
    let mut send = send.clone().ready().await.unwrap();
    let (answer, mut sending) = send.send_request(request(server), false).unwrap();
    sending.send_data(Bytes::from_static(b"{\"StreamName\":\"orders\"}"), true).unwrap();
    answer.await.unwrap().status().as_u16()
}

/// What the server says before it closes: the reason of its GOAWAY.
async fn goaway(mut socket: impl tokio::io::AsyncRead + Unpin) -> Option<u32> {
    let mut reason = None;
    let mut head = [0; 9];
    while socket.read_exact(&mut head).await.is_ok() {
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        if socket.read_exact(&mut payload).await.is_err() {
            break;
        }
        // GOAWAY: the last stream, then the reason (RFC 9113, 6.8).
        if head[3] == 7 {
            reason = Some(u32::from_be_bytes(payload[4..8].try_into().unwrap()));
        }
    }
    reason
}

#[tokio::test]
async fn a_torrent_of_resets_is_told_to_go_away_and_harms_nobody() {
    let _alone = ALONE.lock().await;
    let server = ready(Settings::default()).await;
    let (other, _pings) = connect(&server).await;
    assert_eq!(call(&other, &server).await, 200);
    let before = resident();

    let mut torrent = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    torrent.extend(frame(4, 0, 0, b""));
    for stream in (0..RESETS).map(|n| 2 * n + 1) {
        // HEADERS with END_HEADERS, then RST_STREAM with CANCEL.
        torrent.extend(frame(1, 4, stream, &header()));
        torrent.extend(frame(3, 0, stream, &8_u32.to_be_bytes()));
    }
    let (reader, mut writer) = TcpStream::connect(server.address()).await.unwrap().into_split();
    // It is closed in the middle.
    let writing = tokio::spawn(async move {
        let _ = writer.write_all(&torrent).await;
        writer
    });
    let reason = tokio::time::timeout(Duration::from_secs(60), goaway(reader)).await.expect("it is closed");
    let cost = grown(before);
    // A reset of the socket may overtake the frame.
    let calm = u32::from(Reason::ENHANCE_YOUR_CALM);
    assert!(reason.is_none_or(|reason| reason == calm), "{reason:?}");
    drop(writing.await);
    assert_eq!(call(&other, &server).await, 200, "on a connection beside it");
    assert_eq!(server.statistics().calls_of(Operation::ListShards), 2, "what was taken back is no call");
    until(&server, |statistics| statistics.open_connections == 1).await;
    assert!(serves(&server).await, "on a new one");
    println!("{RESETS} requests reset at once: GOAWAY {reason:?}, {cost} KiB more resident");
    assert!(cost <= COST, "{cost} KiB");
}

#[tokio::test]
async fn requests_that_are_reset_once_taken_leave_nothing_behind() {
    let _alone = ALONE.lock().await;
    let server = ready(Settings::default()).await;
    let (other, _pings) = connect(&server).await;
    let (send, mut pings) = connect(&server).await;
    assert_eq!((call(&other, &server).await, call(&send, &server).await), (200, 200));
    let before = resident();
    // Few enough to be taken before the PING behind them is answered; then they are waiting for their bodies.
    for _ in 0..RESETS / 16 {
        let mut taken = Vec::new();
        for _ in 0..16 {
            let mut send = send.clone().ready().await.unwrap();
            taken.push(send.send_request(request(&server), false).unwrap());
        }
        pings.ping(Ping::opaque()).await.unwrap();
        for (_, sending) in &mut taken {
            sending.send_reset(Reason::CANCEL);
        }
    }
    pings.ping(Ping::opaque()).await.unwrap();
    let cost = grown(before);
    assert_eq!((call(&other, &server).await, call(&send, &server).await), (200, 200));
    assert_eq!(server.statistics().calls_of(Operation::ListShards), 4, "what was taken back is no call");
    assert_eq!(server.statistics().open_connections, 2);
    println!("{RESETS} requests reset once taken: answered on, {cost} KiB more resident");
    assert!(cost <= COST, "{cost} KiB");
}
