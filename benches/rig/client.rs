//! The clients that are compared: the stock one of the SDK, and the same one with our transport for SubscribeToShard.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::retry::RetryConfig;
use aws_sdk_kinesis::config::timeout::TimeoutConfig;
use aws_sdk_kinesis::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use kinesis_fanout::Transport;
use kinesis_fanout::kinesis::{EventSource, KinesisPort, SubscribeToShard};
use kinesis_fanout::model::StartingPosition;
use kinesis_fanout::transport::Http2Client;

use super::answers::CONSUMER_ARN;
use super::{Outcome, tls};

/// Which client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Our transport with the default stream window.
    Ours,
    /// Our transport with a stream window of 16 MiB.
    OursWide,
    /// The SDK's own client.
    Stock,
}

/// A client and what it is connected with.
#[derive(Clone)]
pub(crate) struct Clients {
    /// The stock client of the SDK.
    pub(crate) sdk: Client,
    /// What SubscribeToShard goes over.
    pub(crate) transport: Transport,
}

impl Clients {
    /// Clients of this kind for a server at this address, which shows this certificate (`None`: h2c).
    pub(crate) fn new(kind: Kind, address: &str, certificate: Option<&str>) -> Outcome<Self> {
        let transport = match kind {
            Kind::Ours => http2(512 << 10, certificate)?.into(),
            Kind::OursWide => http2(16 << 20, certificate)?.into(),
            Kind::Stock => Transport::UserClient,
        };
        let sdk = match &transport {
            // The stock client has no HTTP/2 without TLS, so ours carries all calls.
            Transport::Http2(http2) if certificate.is_none() => {
                let config = stock(address, None)?.config().to_builder().http_client(http2.clone());
                Client::from_conf(config.build())
            }
            _ => stock(address, certificate)?,
        };
        Ok(Self { sdk, transport })
    }

    /// The port of the crate over these.
    pub(crate) fn port(&self) -> Outcome<KinesisPort> {
        Ok(KinesisPort::from(&self.sdk).over(self.transport.clone()).ok_or("no AWS client")?)
    }

    /// Subscribes through the port.
    pub(crate) async fn subscribe(&self, shard_id: &str) -> Outcome<Box<dyn EventSource>> {
        let request = SubscribeToShard {
            consumer_arn: CONSUMER_ARN.into(),
            shard_id: shard_id.into(),
            starting_position: StartingPosition::TrimHorizon,
        };
        Ok(self.port()?.subscribe_to_shard(request).await?)
    }
}

fn http2(window: u32, certificate: Option<&str>) -> Outcome<Http2Client> {
    let builder = Http2Client::builder().stream_window(window);
    Ok(match certificate {
        Some(certificate) => builder.tls_rustls_0_23(Arc::new(tls::trusting(certificate)?)).build(),
        None => builder.build(),
    })
}

/// The SDK's client as `default-https-client` makes it, but for whom it trusts.
fn stock(address: &str, certificate: Option<&str>) -> Outcome<Client> {
    let mut trust = TrustStore::empty();
    if let Some(certificate) = certificate {
        trust.add_pem_certificate(certificate.as_bytes());
    }
    let context = TlsContext::builder().with_trust_store(trust).build()?;
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .tls_context(context)
        .build_https();
    let scheme = if certificate.is_some() { "https" } else { "http" };
    let config = aws_sdk_kinesis::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::for_tests())
        .endpoint_url(format!("{scheme}://{address}"))
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT).build())
        .http_client(http)
        .build();
    Ok(Client::from_conf(config))
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Stock, Self::Ours, Self::OursWide];

    pub(crate) fn parse(text: &str) -> Outcome<Self> {
        let found = Self::ALL.into_iter().find(|kind| kind.to_string() == text);
        found.ok_or_else(|| "no such client".into())
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ours => "ours",
            Self::OursWide => "ours_16_MiB",
            Self::Stock => "stock",
        })
    }
}

/// Patient: several processes share the machine.
const CONNECT: Duration = Duration::from_secs(10);
