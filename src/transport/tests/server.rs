//! A service on the `h2` crate: what it answers is in the path.

use std::future::{pending, poll_fn};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use h2::server::{self, SendResponse};
use h2::{Reason, RecvStream, SendStream};
use http::{Request, Response};
use tokio::io::DuplexStream;
use tokio::sync::mpsc;
use tokio::time::interval;

use super::network::Network;

/// What a service has seen, and how it is told what to do.
#[derive(Clone)]
pub(super) struct Service {
    max_streams: u32,
    window: u32,
    paths: Arc<Mutex<Vec<String>>>,
    cancelled: Arc<AtomicUsize>,
    orders: Arc<Mutex<Vec<mpsc::UnboundedSender<Order>>>>,
}

/// What a connection is told to do.
pub(super) enum Order {
    /// GOAWAY, streams go on.
    Drain,
    /// GOAWAY with an error, then the end.
    GiveUp(Reason),
    /// The end of the byte stream.
    Close,
}

impl Service {
    pub(super) fn new(max_streams: u32) -> Self {
        Self {
            max_streams,
            window: 1 << 20,
            paths: Arc::default(),
            cancelled: Arc::default(),
            orders: Arc::default(),
        }
    }

    pub(super) fn network(&self) -> Arc<Network> {
        let service = self.clone();
        Network::new(move |_, io| service.serve(io))
    }

    /// Requests that it has looked at.
    pub(super) fn requests(&self) -> usize {
        self.paths().len()
    }

    /// What was asked for, in the order of its arrival.
    pub(super) fn paths(&self) -> Vec<String> {
        self.paths.lock().unwrap().clone()
    }

    /// Streams that the client has reset.
    pub(super) fn cancelled(&self) -> usize {
        self.cancelled.load(Ordering::SeqCst)
    }

    pub(super) fn order(&self, connection: usize, order: Order) {
        self.orders.lock().unwrap()[connection].send(order).unwrap();
    }

    pub(super) fn serve(&self, io: DuplexStream) {
        let (orders, mut ordered) = mpsc::unbounded_channel();
        self.orders.lock().unwrap().push(orders);
        let service = self.clone();
        tokio::spawn(async move {
            let mut builder = server::Builder::new();
            builder.max_concurrent_streams(service.max_streams).initial_window_size(service.window);
            let Ok(mut connection) = builder.handshake::<_, Bytes>(io).await else { return };
            loop {
                tokio::select! {
                    accepted = connection.accept() => {
                        let Some(Ok((request, respond))) = accepted else { return };
                        service.paths.lock().unwrap().push(request.uri().path().to_owned());
                        tokio::spawn(service.clone().answer(request, respond));
                    }
                    Some(order) = ordered.recv() => match order {
                        Order::Drain => connection.graceful_shutdown(),
                        Order::GiveUp(reason) => connection.abrupt_shutdown(reason),
                        Order::Close => return,
                    },
                }
            }
        });
    }

    async fn answer(self, request: Request<RecvStream>, mut respond: SendResponse<Bytes>) {
        let path = request.uri().path().to_owned();
        let mut body = request.into_body();
        if path == "/silent" {
            let _ = poll_fn(|cx| respond.poll_reset(cx)).await;
            self.cancelled.fetch_add(1, Ordering::SeqCst);
            return;
        }
        let Ok(mut stream) = respond.send_response(Response::new(()), false) else { return };
        match path.strip_prefix("/reset/").map(str::parse::<u32>) {
            Some(code) => {
                let _ = stream.send_data(Bytes::from_static(b"before"), false);
                // Leaves the data its way before the reset overtakes it.
                for _ in 0..super::SETTLED_AFTER {
                    tokio::task::yield_now().await;
                }
                stream.send_reset(Reason::from(code.unwrap()));
            }
            None => match path.as_str() {
                "/hold" => self.held(&mut stream).await,
                "/flood" => flood(&mut stream).await,
                "/tick" => tick(&mut stream).await,
                "/echo" => echo(&mut body, &mut stream).await,
                _ => drop(stream.send_data(Bytes::from(path), true)),
            },
        }
    }

    async fn held(&self, stream: &mut SendStream<Bytes>) {
        let _ = poll_fn(|cx| stream.poll_reset(cx)).await;
        self.cancelled.fetch_add(1, Ordering::SeqCst);
    }
}

/// As many bytes as the client takes.
async fn flood(stream: &mut SendStream<Bytes>) {
    loop {
        stream.reserve_capacity(16 << 10);
        let Some(Ok(capacity)) = poll_fn(|cx| stream.poll_capacity(cx)).await else { return };
        if stream.send_data(vec![0; capacity].into(), false).is_err() {
            return;
        }
        tokio::task::yield_now().await;
    }
}

/// An event of [`TICK_SIZE`] every [`TICK`].
async fn tick(stream: &mut SendStream<Bytes>) {
    let mut ticks = interval(TICK);
    loop {
        ticks.tick().await;
        let mut event = Bytes::from_static(&[7; TICK_SIZE]);
        while !event.is_empty() {
            stream.reserve_capacity(event.len());
            let Some(Ok(capacity)) = poll_fn(|cx| stream.poll_capacity(cx)).await else { return };
            if stream.send_data(event.split_to(capacity), false).is_err() {
                return;
            }
        }
    }
}

async fn echo(body: &mut RecvStream, stream: &mut SendStream<Bytes>) {
    while let Some(Ok(chunk)) = body.data().await {
        let _ = body.flow_control().release_capacity(chunk.len());
        if stream.send_data(chunk, false).is_err() {
            return;
        }
    }
    let _ = stream.send_data(Bytes::new(), true);
}

/// A peer that takes the connection and says nothing.
pub(super) fn mute(io: DuplexStream) {
    tokio::spawn(async move {
        let _io = io;
        pending::<()>().await;
    });
}

pub(super) const TICK: Duration = Duration::from_millis(20);
pub(super) const TICK_SIZE: usize = 1_000;
