//! A Kinesis that does nothing but write prepared events: on the `h2` crate, in a process of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};
use h2::server::SendResponse;
use h2::{RecvStream, SendStream};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::events::Shape;
use super::mode::Mode;
use super::process::{Process, converse};
use super::writer::Written;
use super::{Outcome, answers, tls};

/// How a server is.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) tls: bool,
    /// SETTINGS_MAX_CONCURRENT_STREAMS.
    pub(crate) streams: u32,
    /// The prepared event.
    pub(crate) shape: Shape,
    /// The shards that ListShards tells: how many of which mode.
    pub(crate) shards: Vec<(Mode, usize)>,
}

/// A server in a process of its own. Dropped, it ends.
pub(crate) struct Server {
    process: Process,
    /// Host and port.
    pub(crate) address: String,
    /// What its clients have to trust, in PEM; `None`: it speaks no TLS.
    pub(crate) certificate: Option<String>,
    pub(crate) shard_ids: Vec<String>,
}

/// What a server has done so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counts {
    /// TCP connections accepted.
    pub(crate) connections: u64,
    /// Bytes written to streams without pace.
    pub(crate) flooded: u64,
    /// Events written.
    pub(crate) events: u64,
    /// Subscriptions that are open now.
    pub(crate) open: u64,
}

impl Settings {
    /// TLS, the service's likely limit of streams, and these shards.
    pub(crate) fn new(shape: Shape, shards: &[(Mode, usize)]) -> Self {
        Self { tls: true, streams: 128, shape, shards: shards.to_vec() }
    }

    fn arguments(&self) -> Vec<String> {
        let mut arguments = vec!["serve".into(), if self.tls { "tls".into() } else { "plain".into() }];
        arguments.push(self.streams.to_string());
        arguments.push(self.shape.to_string());
        arguments.extend(self.shards.iter().map(|(mode, count)| format!("{count}:{mode}")));
        arguments
    }

    fn parse(arguments: &[String]) -> Outcome<Self> {
        let [protocol, streams, shape, shards @ ..] = arguments else {
            return Err("a server takes its protocol, a number of streams, a shape and shards".into());
        };
        let shards = shards.iter().map(|shards| -> Outcome<_> {
            let (count, mode) = shards.split_once(':').ok_or("shards are COUNT:MODE")?;
            Ok((Mode::parse(mode).ok_or("no such mode")?, count.parse()?))
        });
        Ok(Self {
            tls: protocol == "tls",
            streams: streams.parse()?,
            shape: Shape::parse(shape)?,
            shards: shards.collect::<Outcome<_>>()?,
        })
    }

    fn shard_ids(&self) -> Vec<String> {
        let of = |(mode, count): &(Mode, usize)| (0..*count).map(|number| mode.shard_id(number)).collect();
        self.shards.iter().flat_map(|shards| -> Vec<String> { of(shards) }).collect()
    }
}

impl Server {
    /// Starts one; comes back when it is ready.
    pub(crate) fn start(settings: &Settings) -> Outcome<Self> {
        let mut process = Process::start(&settings.arguments())?;
        let hello = process.line()?;
        let (address, certificate) = hello.split_once(' ').unwrap_or((&hello, ""));
        let certificate = Some(certificate.replace('|', "\n")).filter(|pem| !pem.is_empty());
        let address = address.to_owned();
        Ok(Self { process, address, certificate, shard_ids: settings.shard_ids() })
    }

    pub(crate) fn counts(&mut self) -> Outcome<Counts> {
        let line = self.process.ask("counts")?;
        let numbers = line.split(' ').map(str::parse).collect::<Result<Vec<u64>, _>>()?;
        let [connections, flooded, events, open] = numbers[..] else {
            return Err("four numbers were expected".into());
        };
        Ok(Counts { connections, flooded, events, open })
    }
}

/// What the server's connections share.
struct Shared {
    settings: Settings,
    shard_ids: Vec<String>,
    written: Written,
    connections: AtomicU64,
}

/// What the server's process does.
pub(crate) fn run(arguments: &[String]) -> Outcome<()> {
    let settings = Settings::parse(arguments)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let written = Written::new(settings.shape)?;
        let (acceptor, certificate) = match settings.tls {
            true => tls::acceptor().map(|(acceptor, pem)| (Some(acceptor), pem))?,
            false => (None, String::new()),
        };
        let shard_ids = settings.shard_ids();
        let shared = Arc::new(Shared { settings, shard_ids, written, connections: AtomicU64::new(0) });
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let hello = format!("{} {}", listener.local_addr()?, certificate.replace('\n', "|"));
        let counted = Arc::clone(&shared);
        converse(hello.trim_end(), move |_| counted.counts());
        loop {
            let (socket, _) = listener.accept().await?;
            tokio::spawn(Arc::clone(&shared).accepted(socket, acceptor.clone()));
        }
    })
}

impl Shared {
    fn counts(&self) -> String {
        let count = |number: &AtomicU64| number.load(Ordering::Relaxed);
        let Written { flooded, events, open, .. } = &self.written;
        format!("{} {} {} {}", count(&self.connections), count(flooded), count(events), count(open))
    }

    async fn accepted(self: Arc<Self>, socket: TcpStream, acceptor: Option<TlsAcceptor>) -> Outcome<()> {
        self.connections.fetch_add(1, Ordering::Relaxed);
        socket.set_nodelay(true)?;
        match acceptor {
            Some(acceptor) => self.connection(acceptor.accept(socket).await?).await,
            None => self.connection(socket).await,
        }
    }

    async fn connection(self: Arc<Self>, io: impl AsyncRead + AsyncWrite + Unpin) -> Outcome<()> {
        let mut builder = h2::server::Builder::new();
        builder.max_concurrent_streams(self.settings.streams).max_send_buffer_size(SEND_BUFFER);
        let mut connection = builder.handshake(io).await?;
        while let Some(request) = connection.accept().await {
            let (request, respond) = request?;
            tokio::spawn(Arc::clone(&self).call(request, respond));
        }
        Ok(())
    }

    async fn call(
        self: Arc<Self>,
        request: http::Request<RecvStream>,
        mut respond: SendResponse<Bytes>,
    ) -> Outcome<()> {
        let (head, body) = request.into_parts();
        let body: Value = serde_json::from_slice(&whole(body).await?)?;
        let target = head.headers.get("x-amz-target").ok_or("no target")?.to_str()?;
        let operation = target.rsplit('.').next().unwrap_or_default();
        if operation == "SubscribeToShard" {
            let mode = body["ShardId"].as_str().and_then(Mode::of).ok_or("no such shard")?;
            let body = respond_with(&mut respond, 200, "application/vnd.amazon.eventstream")?;
            return self.written.write(body, mode).await;
        }
        if operation == "GetRecords" {
            let length = self.written.page.len();
            let head = answer_head(200, JSON).header("content-length", length).body(())?;
            return self.written.write_page(respond.send_response(head, false)?).await;
        }
        match answers::answer(operation, &self.shard_ids) {
            Some(answer) => {
                let mut body = respond_with(&mut respond, 200, JSON)?;
                body.send_data(answer.to_string().into(), true)?;
            }
            None => respond_with(&mut respond, 400, JSON)?.send_data(Bytes::new(), true)?,
        }
        Ok(())
    }
}

fn respond_with(respond: &mut SendResponse<Bytes>, status: u16, kind: &str) -> Outcome<SendStream<Bytes>> {
    Ok(respond.send_response(answer_head(status, kind).body(())?, false)?)
}

fn answer_head(status: u16, kind: &str) -> http::response::Builder {
    http::Response::builder()
        .status(status)
        .header("content-type", kind)
        .header("x-amzn-requestid", "00000000-0000-0000-0000-000000000000")
}

async fn whole(mut body: RecvStream) -> Outcome<Bytes> {
    let mut bytes = BytesMut::new();
    while let Some(data) = body.data().await {
        let data = data?;
        body.flow_control().release_capacity(data.len())?;
        bytes.extend_from_slice(&data);
    }
    Ok(bytes.freeze())
}

const JSON: &str = "application/x-amz-json-1.1";
/// What a stream may have written ahead of the socket. Small: what stays in the processor's cache is sent faster.
const SEND_BUFFER: usize = 128 << 10;
