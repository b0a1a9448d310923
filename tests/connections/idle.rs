//! Five thousand connections with half a header.

use std::io::Write;

use super::*;

const CONNECTIONS: usize = 5_000;
/// What the process needs besides: its files, its runtime, the sockets of the clients that are served meanwhile.
const RESERVE: usize = 256;
/// The most that one may cost, both its ends together, in KiB: a task, the buffers of hyper and tokio, and room.
const COST: u64 = 64;

/// As many connections as the process has descriptors for: each takes one at either end.
fn possible() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().next()).map(|soft| match soft {
        "unlimited" => usize::MAX,
        soft => soft.parse().unwrap(),
    });
    // 1,024 is the default of most systems, whatever they are.
    let possible = soft.unwrap_or(1_024).saturating_sub(RESERVE) / 2;
    if possible < CONNECTIONS {
        let fewer =
            format!("FEWER THAN {CONNECTIONS}: this process may open files for {possible} connections only");
        assert!(std::env::var_os("CI").is_none(), "{fewer}");
        // Past the test harness, which keeps what a test prints to itself.
        std::io::stderr().write_all(format!("{fewer}\n").as_bytes()).unwrap();
    }
    assert!(possible >= 5, "with so few open files there is nothing to see");
    possible.min(CONNECTIONS)
}

async fn half_headers(server: &Server, count: usize) -> Vec<TcpStream> {
    let mut held = Vec::with_capacity(count);
    for _ in 0..count {
        let mut socket = TcpStream::connect(server.address()).await.unwrap();
        // One that is refused may be closed already.
        let _ = socket.write_all(b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Tar").await;
        held.push(socket);
    }
    held
}

#[tokio::test]
async fn five_thousand_half_headers_are_held_and_let_go_and_others_served() {
    let _alone = ALONE.lock().await;
    let server = ready(Settings::default()).await;
    assert!(serves(&server).await);
    until(&server, |statistics| statistics.open_connections == 0).await;
    let before = resident();
    let count = possible();
    let held = half_headers(&server, count).await;
    until(&server, |statistics| statistics.open_connections == count).await;
    assert!(serves(&server).await, "beside {count} that ask nothing");
    let cost = grown(before);
    assert_eq!(server.statistics().refused_connections, 0);
    drop(held);
    until(&server, |statistics| statistics.open_connections == 0).await;
    assert!(serves(&server).await);
    println!(
        "{count} connections with half a header: {cost} KiB more resident, client's ends included; {} KiB after their \
         end, of {} KiB before",
        grown(before),
        before.unwrap_or_default()
    );
    assert!(cost <= COST * count as u64, "{cost} KiB for {count} connections");
}

#[tokio::test]
async fn those_beyond_the_setting_are_refused_and_their_place_is_free_again_afterwards() {
    let _alone = ALONE.lock().await;
    let count = possible();
    let max_connections = count / 5;
    let server = ready(Settings { max_connections, ..Settings::default() }).await;
    let mut held = half_headers(&server, count).await;
    let refused = (count - max_connections) as u64;
    until(&server, |statistics| statistics.refused_connections == refused).await;
    assert_eq!(server.statistics().open_connections, max_connections);
    assert!(!serves(&server).await, "there is no room for anybody");
    for socket in &mut held[max_connections..] {
        assert_eq!(socket.read(&mut [0; 8]).await.unwrap_or(0), 0, "closed without a word");
    }
    held.drain(..max_connections / 2);
    until(&server, |statistics| statistics.open_connections == max_connections.div_ceil(2)).await;
    assert!(serves(&server).await, "there is room again");
    drop(held);
    until(&server, |statistics| statistics.open_connections == 0).await;
    println!("{count} connections at a door for {max_connections}: {refused} refused, the others held");
}
