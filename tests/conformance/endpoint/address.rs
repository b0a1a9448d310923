//! Where a server is, what is spoken to it, and who signs.

use std::rc::Rc;

use super::Signer;

/// Where a server is, and how it is spoken to.
#[derive(Clone)]
pub(crate) struct Address {
    /// `host:port`, or the host alone where it listens on the scheme's own port.
    pub(crate) authority: String,
    pub(crate) protocol: Protocol,
    /// Nobody: requests carry what is no signature.
    pub(crate) signer: Option<Rc<Signer>>,
}

/// What is spoken to a server.
#[derive(Debug, Clone)]
pub(crate) enum Protocol {
    Http1,
    /// With prior knowledge.
    Http2,
    /// With the certificates, in PEM, that are trusted, or those that the machine trusts. Of what is `offered` by ALPN the server
    /// chooses; who offers nothing speaks HTTP/2, as Java clients do.
    Tls {
        trusted: Option<String>,
        offered: Vec<String>,
    },
}

impl Address {
    pub(crate) fn new(authority: impl Into<String>, protocol: Protocol) -> Self {
        Self { authority: authority.into(), protocol, signer: None }
    }

    /// The same server, spoken to in another way.
    pub(crate) fn speaking(&self, protocol: Protocol) -> Self {
        Self { protocol, ..self.clone() }
    }

    /// The address of a URL, `http://` or `https://` without a path. `offered` and `trusted` are for the latter.
    pub(crate) fn parse(url: &str, offered: &[&str], trusted: Option<String>) -> Option<Self> {
        let (scheme, authority) = url.split_once("://")?;
        let authority = authority.trim_end_matches('/');
        let offered = offered.iter().map(|protocol| (*protocol).to_owned()).collect();
        let protocol = match scheme {
            "http" => Protocol::Http1,
            "https" => Protocol::Tls { trusted, offered },
            _ => return None,
        };
        let plain = !authority.is_empty() && !authority.contains(['/', '?', '#', '@']);
        plain.then(|| Self::new(authority, protocol))
    }

    pub(crate) fn is_tls(&self) -> bool {
        matches!(self.protocol, Protocol::Tls { .. })
    }

    /// Whether HTTP/2 can come of it: in clear it can be tried with prior knowledge.
    pub(crate) fn may_speak_http2(&self) -> bool {
        match &self.protocol {
            Protocol::Http1 | Protocol::Http2 => true,
            Protocol::Tls { offered, .. } => offered.is_empty() || offered.iter().any(|name| name == HTTP2),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("{}://{}/", if self.is_tls() { "https" } else { "http" }, self.authority)
    }

    /// `host:port`.
    pub(crate) fn socket(&self) -> String {
        let port = self.authority.rsplit_once(':').map(|(_, port)| port);
        match port {
            Some(port) if port.parse::<u16>().is_ok() => self.authority.clone(),
            _ => format!("{}:{}", self.authority, if self.is_tls() { 443 } else { 80 }),
        }
    }

    /// Without brackets around an address of IPv6.
    pub(crate) fn host(&self) -> String {
        let socket = self.socket();
        let host = socket.rsplit_once(':').map_or("", |(host, _)| host);
        host.trim_matches(['[', ']']).to_owned()
    }
}

/// The names of HTTP's versions in ALPN (RFC 7301, RFC 9113).
pub(crate) const HTTP2: &str = "h2";
pub(crate) const HTTP1: &str = "http/1.1";

#[test]
fn a_url_is_an_address() {
    let parse = |url| Address::parse(url, &[HTTP2], None);
    let is = |url| parse(url).map(|address| (address.socket(), address.host(), address.url()));
    let words = |a: &str, b: &str, c: &str| Some((a.to_owned(), b.to_owned(), c.to_owned()));
    assert_eq!(is("http://127.0.0.1:4567"), words("127.0.0.1:4567", "127.0.0.1", "http://127.0.0.1:4567/"));
    assert_eq!(
        is("https://kinesis.us-east-1.amazonaws.com/"),
        words(
            "kinesis.us-east-1.amazonaws.com:443",
            "kinesis.us-east-1.amazonaws.com",
            "https://kinesis.us-east-1.amazonaws.com/"
        )
    );
    assert_eq!(is("https://[::1]:4567"), words("[::1]:4567", "::1", "https://[::1]:4567/"));
    assert_eq!(is("http://localhost"), words("localhost:80", "localhost", "http://localhost/"));
    for wrong in ["127.0.0.1:4567", "ftp://localhost", "http://", "http://localhost/path", "https://key@host"]
    {
        assert_eq!(is(wrong), None, "{wrong}");
    }
}
