//! TCP to a host that has several addresses. Knows no proxy and no TLS.
//!
//! Addresses are tried as RFC 8305 (happy eyeballs) has it: in the order of the resolver, the two families in turn, each a quarter
//! of a second after the one before it or as soon as that one failed; the first that answers is taken and the others are dropped.
//! So an address that is dead costs that quarter, be it of the same family or not. hyper-util's connector, which tries those of a
//! family one after the other, costs a part of the connect time-out there.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::sleep;

use super::super::error::{TransportError, TransportErrorKind};

/// A connection to `authority`: a name or an IP address, an IPv6 one in brackets, and a port. It sends small writes at once
/// (TCP_NODELAY): PINGs and window updates are small.
///
/// # Errors
/// [`TransportErrorKind::Connect`] with the first address's failure as its source; `whose` says in the text whether the host is a
/// proxy.
pub(super) async fn connect(authority: &str, whose: &str) -> Result<TcpStream, TransportError> {
    let connected = async {
        let addresses = lookup_host(authority).await?;
        let stream = race(in_turn(addresses), TcpStream::connect).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    };
    connected.await.map_err(|error: io::Error| {
        let text = format!("no connection to {whose}{authority}");
        TransportError::new(TransportErrorKind::Connect, text).caused_by(error)
    })
}

/// The first of the addresses that `connect` gets through to.
async fn race<T, F>(mut addresses: VecDeque<SocketAddr>, connect: impl Fn(SocketAddr) -> F) -> io::Result<T>
where
    F: Future<Output = io::Result<T>>,
{
    let mut attempts = FuturesUnordered::new();
    let mut first_failure = None;
    loop {
        attempts.extend(addresses.pop_front().map(&connect));
        tokio::select! {
            biased;
            attempt = attempts.next() => match attempt {
                Some(Ok(connected)) => return Ok(connected),
                Some(Err(failure)) => first_failure = first_failure.or(Some(failure)),
                None => return Err(first_failure.unwrap_or_else(no_address)),
            },
            () = sleep(ATTEMPT_DELAY), if !addresses.is_empty() => {}
        }
    }
}

/// The family of the first address leads, and the other one takes every second place as long as it has some (RFC 8305, section 4).
fn in_turn(addresses: impl Iterator<Item = SocketAddr>) -> VecDeque<SocketAddr> {
    let mut addresses = addresses.peekable();
    let leads_6 = addresses.peek().is_some_and(SocketAddr::is_ipv6);
    let (leading, following): (Vec<_>, Vec<_>) = addresses.partition(|address| address.is_ipv6() == leads_6);
    let mut following = following.into_iter();
    let mut ordered = VecDeque::new();
    for address in leading {
        ordered.push_back(address);
        ordered.extend(following.next());
    }
    ordered.extend(following);
    ordered
}

fn no_address() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "the name has no address")
}

/// The Connection Attempt Delay that RFC 8305 recommends (section 8).
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests;
