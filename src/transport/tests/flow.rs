//! Streams that nobody reads keep no other one's bytes back, and cost no more than their windows.

use tokio::time::Instant;

use super::server::{Service, TICK, TICK_SIZE};
use super::*;

const WINDOW: u32 = 64 << 10;
/// All streams of a connection but the one that is read and one for a call.
const UNREAD: usize = 98;

#[tokio::test(start_paused = true)]
async fn unread_streams_hold_nobody_up_and_cost_their_windows() {
    let service = Service::new(100);
    let network = service.network();
    let client = build(Http2Client::builder().stream_window(WINDOW), &network);
    let mut ticking = call(&client, "/tick").await.unwrap().take_body();
    let _unread = streams(&client, "/flood", UNREAD).await;
    assert_eq!(network.dials(), 1);

    let start = Instant::now();
    let mut read = 0;
    while start.elapsed() < Duration::from_secs(60) {
        read += next_chunk(&mut ticking).await.unwrap().unwrap().len();
    }
    let ticks = Duration::from_secs(60).as_millis() / TICK.as_millis();
    assert!(read / TICK_SIZE >= ticks as usize, "{} of {ticks} ticks", read / TICK_SIZE);

    let parked = network.tap(0).data_received() - read;
    let windows = UNREAD * WINDOW as usize;
    assert!(parked <= windows, "{parked} bytes parked");
    assert!(parked > windows * 9 / 10, "{parked} bytes: the streams were not full");

    // A call finds its way between them.
    let start = Instant::now();
    let mut body = call(&client, "/once").await.unwrap().take_body();
    assert_eq!(read_all(&mut body).await, (b"/once".to_vec(), None));
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(network.dials(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_window_is_given_back_chunk_by_chunk() {
    let network = Service::new(100).network();
    let client = build(Http2Client::builder().stream_window(WINDOW), &network);
    let mut body = call(&client, "/flood").await.unwrap().take_body();
    let mut read = 0;
    for _ in 0..100 {
        settle().await;
        let ahead = network.tap(0).data_received() - read;
        assert!(ahead <= WINDOW as usize, "{ahead} bytes ahead of the reader");
        read += next_chunk(&mut body).await.unwrap().unwrap().len();
    }
}

#[tokio::test(start_paused = true)]
async fn many_busy_streams_dropped_at_once_take_no_other_one_with_them() {
    let service = Service::new(100);
    let peer = service.clone();
    let network = Network::delayed(Duration::from_millis(80), move |_, io| peer.serve(io));
    let client = build(Http2Client::builder().stream_window(2 << 20), &network);
    let mut ticking = call(&client, "/tick").await.unwrap().take_body();
    let mut busy = streams(&client, "/flood", 90).await;
    for body in &mut busy {
        assert!(next_chunk(body).await.unwrap().is_ok());
    }
    let before = network.tap(0).data_received();
    drop(busy);
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(5) {
        assert!(next_chunk(&mut ticking).await.unwrap().is_ok());
    }
    let late = network.tap(0).data_received() - before;
    assert!(late > 1_024 * (16 << 10), "{late} bytes: too few frames for dropped streams");
    let _other = call(&client, "/hold").await.unwrap();
    assert_eq!(network.dials(), 1);
}
