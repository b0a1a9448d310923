//! The dial that a client uses: over the network, by way of a proxy where one is set. Knows the order of the steps and none of
//! them.

use std::sync::Arc;

use super::super::client::Http2ClientBuilder;
use super::super::error::TransportError;
use super::super::origin::{Origin, Scheme};
use super::proxies::Proxies;
use super::proxy::Proxy;
use super::tls::{Tls, TlsSettings};
use super::{Dial, DialFuture, Io, tcp, tunnel};

/// Connects over the network. Cheap to clone; clones share what TLS needs.
#[derive(Clone)]
pub(in super::super) struct Network {
    shared: Arc<Shared>,
}

/// What the user of a client set of its network.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct NetworkSettings {
    proxies: ProxySettings,
    pub(super) tls: TlsSettings,
}

#[derive(Debug, Clone, Default)]
enum ProxySettings {
    #[default]
    Environment,
    None,
    Always(Proxy),
}

struct Shared {
    proxies: Proxies,
    tls: Tls,
}

impl Http2ClientBuilder {
    /// Calls every host directly, whatever the environment says.
    ///
    /// By default [`build`](Self::build) reads `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` (in capitals, or else in
    /// small letters) by the rules of the AWS SDK's own client, and connections go through the proxy by CONNECT, those over http
    /// as well: an HTTP/2 connection cannot be forwarded otherwise.
    pub fn no_proxy(mut self) -> Self {
        self.network.proxies = ProxySettings::None;
        self
    }

    /// Calls every host through this proxy, whatever the environment says; `NO_PROXY` is not read either.
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.network.proxies = ProxySettings::Always(proxy);
        self
    }
}

impl Network {
    /// Reads the environment, where the settings leave the proxies to it. Certificates are read later.
    pub(in super::super) fn new(settings: NetworkSettings) -> Self {
        let proxies = match settings.proxies {
            ProxySettings::Environment => Proxies::read(|name| {
                // What is no text stays set, and is refused as no proxy's address.
                std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
            }),
            ProxySettings::None => Proxies::none(),
            ProxySettings::Always(proxy) => Proxies::always(proxy),
        };
        let tls = Tls::new(settings.tls);
        Self { shared: Arc::new(Shared { proxies, tls }) }
    }
}

impl Dial for Network {
    fn dial(&self, origin: Origin) -> DialFuture {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move { shared.connect(&origin).await })
    }
}

impl Shared {
    async fn connect(&self, origin: &Origin) -> Result<Io, TransportError> {
        let proxy = self.proxies.of(origin)?;
        // First, so that nothing is dialled in vain.
        let tls = match origin.scheme {
            Scheme::Http => None,
            Scheme::Https => Some(self.tls.configs().await?),
        };
        let io = match proxy {
            None => Box::new(tcp::connect(&origin.authority(), "").await?),
            Some(proxy) => tunnel::open(self.to_proxy(proxy).await?, proxy, origin).await?,
        };
        match tls {
            None => Ok(io),
            Some(tls) => tls.http2(io, &origin.host).await,
        }
    }

    async fn to_proxy(&self, proxy: &Proxy) -> Result<Io, TransportError> {
        let origin = proxy.origin();
        let io = Box::new(tcp::connect(&origin.authority(), "the proxy ").await?);
        match origin.scheme {
            Scheme::Http => Ok(io),
            Scheme::Https => self.tls.configs().await?.to_proxy(io, &origin.host).await,
        }
    }
}

#[cfg(test)]
mod tests;
