//! What a pool is kept for: where its connections go. Knows nothing of how they are made.

use std::fmt;

use http::Uri;

use super::error::{TransportError, TransportErrorKind};

/// Where connections go: scheme, host and port. One pool of connections for each.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Origin {
    pub(super) scheme: Scheme,
    /// A name in lower case, or an IP address without brackets.
    pub(super) host: String,
    pub(super) port: u16,
}

/// What a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Scheme {
    /// HTTP/2 with prior knowledge.
    Http,
    /// HTTP/2 by ALPN.
    Https,
}

impl Origin {
    /// Host and port, an IPv6 address in brackets: what a CONNECT asks for, and what errors name.
    pub(super) fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl TryFrom<&Uri> for Origin {
    type Error = TransportError;

    /// # Errors
    /// [`TransportErrorKind::InvalidAddress`] for another scheme than `http` and `https`, for no host, for a port that is none,
    /// and for credentials. The text names what is wrong and not the address, which may hold a secret.
    fn try_from(uri: &Uri) -> Result<Self, TransportError> {
        let scheme = match uri.scheme_str() {
            Some("http") => Scheme::Http,
            Some("https") => Scheme::Https,
            Some(other) => return Err(invalid(format!("the scheme is {other}, neither http nor https"))),
            None => return Err(invalid("it has no scheme, http or https")),
        };
        let authority = uri.authority().ok_or_else(|| invalid("it has no host"))?;
        if authority.as_str().contains('@') {
            return Err(invalid("it holds credentials, which HTTP/2 has no place for"));
        }
        let host = unbracketed(authority.host()).to_ascii_lowercase();
        if host.is_empty() {
            return Err(invalid("it has no host"));
        }
        Ok(Self { scheme, host, port: port(authority.as_str(), scheme)? })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority())
    }
}

impl Scheme {
    fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "http",
            Self::Https => "https",
        })
    }
}

/// An authority may end in a colon without a port (RFC 3986, 3.2.3). `http` answers "no port" for one that is too large as well.
fn port(authority: &str, scheme: Scheme) -> Result<u16, TransportError> {
    let after_host = authority.rsplit_once(']').map_or(authority, |(_, rest)| rest);
    match after_host.rsplit_once(':') {
        None | Some((_, "")) => Ok(scheme.default_port()),
        Some((_, port)) => match port.parse() {
            Ok(port) if port != 0 => Ok(port),
            _ => Err(invalid(format!("{port} is no port"))),
        },
    }
}

fn unbracketed(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

fn invalid(why: impl fmt::Display) -> TransportError {
    TransportError::new(
        TransportErrorKind::InvalidAddress,
        format!("the address cannot be called over HTTP/2: {why}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(uri: &str) -> Result<Origin, TransportError> {
        Origin::try_from(&uri.parse::<Uri>().unwrap())
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        use Scheme::{Http, Https};
        for (uri, scheme, host, port) in [
            ("https://a.example", Https, "a.example", 443),
            ("https://a.example/path?query", Https, "a.example", 443),
            ("http://a.example", Http, "a.example", 80),
            ("http://a.example:4567/", Http, "a.example", 4567),
            ("https://A.Example:65535", Https, "a.example", 65535),
            ("HTTPS://a.example:", Https, "a.example", 443),
            ("http://127.0.0.1:1", Http, "127.0.0.1", 1),
            ("https://[::1]", Https, "::1", 443),
            ("https://[2001:DB8::1]:8443/", Https, "2001:db8::1", 8443),
        ] {
            assert_eq!(origin(uri).unwrap(), Origin { scheme, host: host.into(), port }, "{uri}");
        }
    }

    #[test]
    fn an_authority_can_be_dialled_again() {
        for (uri, authority) in [
            ("https://a.example", "a.example:443"),
            ("http://127.0.0.1:8080", "127.0.0.1:8080"),
            ("http://[::1]", "[::1]:80"),
        ] {
            let origin = origin(uri).unwrap();
            assert_eq!(origin.authority(), authority);
            assert_eq!(origin.to_string(), format!("{}://{authority}", origin.scheme));
        }
    }

    #[test]
    fn what_cannot_be_called_is_refused_with_its_reason() {
        for (uri, reason) in [
            ("ftp://a.example", "the scheme is ftp"),
            ("a.example:443", "no scheme"),
            ("/path", "no scheme"),
            ("http://a.example:0", "0 is no port"),
            ("http://a.example:65536", "65536 is no port"),
            ("http://[::1]:99999", "99999 is no port"),
            ("http://user:secret@a.example", "credentials"),
        ] {
            let error = origin(uri).unwrap_err();
            assert_eq!(error.kind(), TransportErrorKind::InvalidAddress, "{uri}");
            assert!(error.to_string().contains(reason), "{uri}: {error}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}
