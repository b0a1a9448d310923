use std::cell::RefCell;
use std::error::Error;
use std::future::pending;
use std::rc::Rc;

use tokio::net::TcpListener;
use tokio::time::Instant;

use super::*;

/// What an address does with a connection.
#[derive(Clone, Copy)]
enum Does {
    Answer { after_ms: u64 },
    Refuse { after_ms: u64 },
    Nothing,
}

/// Races to addresses that do so, and gives the place of the winner, the milliseconds that it took and when each was tried.
async fn raced(does: &[Does]) -> (io::Result<usize>, u64, Vec<u64>) {
    let started = Instant::now();
    let tried = Rc::new(RefCell::new(Vec::new()));
    let elapsed = || u64::try_from(started.elapsed().as_millis()).unwrap();
    let addresses = (0..does.len()).map(|at| SocketAddr::from(([192, 0, 2, 1], u16::try_from(at).unwrap())));
    let winner = race(addresses.collect(), |address| {
        tried.borrow_mut().push(elapsed());
        let at = usize::from(address.port());
        attempt(at, does[at])
    })
    .await;
    (winner, elapsed(), tried.take())
}

async fn attempt(at: usize, does: Does) -> io::Result<usize> {
    match does {
        Does::Answer { after_ms } => {
            sleep(Duration::from_millis(after_ms)).await;
            Ok(at)
        }
        Does::Refuse { after_ms } => {
            sleep(Duration::from_millis(after_ms)).await;
            Err(io::Error::other(format!("address {at} refused")))
        }
        Does::Nothing => pending().await,
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_address_costs_a_quarter_of_a_second() {
    use Does::{Answer, Nothing};
    let (winner, took, tried) = raced(&[Nothing, Answer { after_ms: 40 }]).await;
    assert_eq!((winner.unwrap(), took), (1, 290));
    assert_eq!(tried, [0, 250]);
    let (winner, took, _) = raced(&[Nothing, Nothing, Nothing, Answer { after_ms: 40 }]).await;
    assert_eq!((winner.unwrap(), took), (3, 790));
}

#[tokio::test(start_paused = true)]
async fn an_address_that_answers_in_time_is_the_only_one_tried() {
    use Does::{Answer, Nothing};
    let (winner, took, tried) = raced(&[Answer { after_ms: 200 }, Nothing]).await;
    assert_eq!((winner.unwrap(), took, tried), (0, 200, vec![0]));
}

#[tokio::test(start_paused = true)]
async fn a_slow_address_may_still_win() {
    use Does::{Answer, Nothing};
    let (winner, took, tried) = raced(&[Answer { after_ms: 600 }, Nothing, Nothing]).await;
    assert_eq!((winner.unwrap(), took, tried), (0, 600, vec![0, 250, 500]));
}

#[tokio::test(start_paused = true)]
async fn the_next_address_is_tried_as_soon_as_one_refuses() {
    use Does::{Answer, Refuse};
    let (winner, took, tried) = raced(&[Refuse { after_ms: 10 }, Answer { after_ms: 10 }]).await;
    assert_eq!((winner.unwrap(), took, tried), (1, 20, vec![0, 10]));
}

#[tokio::test(start_paused = true)]
async fn where_all_refuse_the_first_failure_counts() {
    use Does::Refuse;
    let (winner, took, _) = raced(&[Refuse { after_ms: 300 }, Refuse { after_ms: 10 }]).await;
    assert_eq!((winner.unwrap_err().to_string().as_str(), took), ("address 1 refused", 300));
    let (winner, _, _) = raced(&[]).await;
    assert_eq!(winner.unwrap_err().kind(), io::ErrorKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn dead_addresses_only_are_waited_for_until_the_caller_gives_up() {
    let given_up =
        tokio::time::timeout(Duration::from_secs(60), raced(&[Does::Nothing, Does::Nothing])).await;
    assert!(given_up.is_err());
}

#[test]
fn the_families_take_turns() {
    let addresses = |text: &str| text.split(' ').map(|one| one.parse().unwrap()).collect::<Vec<SocketAddr>>();
    for (given, ordered) in [
        ("[::1]:1 [::2]:1 1.0.0.1:1 1.0.0.2:1", "[::1]:1 1.0.0.1:1 [::2]:1 1.0.0.2:1"),
        ("1.0.0.1:1 [::1]:1 [::2]:1 [::3]:1", "1.0.0.1:1 [::1]:1 [::2]:1 [::3]:1"),
        ("[::1]:1 [::2]:1 [::3]:1 1.0.0.1:1", "[::1]:1 1.0.0.1:1 [::2]:1 [::3]:1"),
        ("1.0.0.2:1 1.0.0.1:1", "1.0.0.2:1 1.0.0.1:1"),
    ] {
        assert_eq!(in_turn(addresses(given).into_iter()), addresses(ordered), "{given}");
    }
    assert_eq!(in_turn(std::iter::empty()), []);
}

#[tokio::test]
async fn a_connection_sends_small_writes_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stream = connect(&listener.local_addr().unwrap().to_string(), "").await.unwrap();
    assert!(stream.nodelay().unwrap());
}

#[tokio::test]
async fn what_nobody_listens_on_is_named_with_its_cause() {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for whose in ["", "the proxy "] {
        let error = connect(&address.to_string(), whose).await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Connect);
        assert_eq!(error.to_string(), format!("no connection to {whose}{address}"));
        let cause = error.source().unwrap().downcast_ref::<io::Error>().unwrap();
        assert_eq!(cause.kind(), io::ErrorKind::ConnectionRefused);
    }
}
