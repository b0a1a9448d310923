//! One proxy: where it stands and what it is told. Knows neither when it is used nor how it is asked.
//!
//! URLs are read by hyper-util's matcher, as they are in the SDK's own client: `[http[s]://][user[:password]@]host[:port]`, user
//! and password percent-encoded; without a scheme it is http, without a port 80 or 443; a path is left out of account.

use std::fmt;
use std::str::FromStr;

use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use super::super::error::{TransportError, TransportErrorKind};
use super::super::origin::Origin;

/// A proxy that connections go through, by CONNECT (RFC 9110, 9.3.6). Over `http` or `https`; SOCKS is not spoken.
///
/// ```
/// use kinesis_fanout::transport::{Http2Client, Proxy};
///
/// # fn main() -> Result<(), kinesis_fanout::transport::TransportError> {
/// let proxy: Proxy = "http://user:secret@proxy.example:3128".parse()?;
/// assert_eq!(format!("{proxy:?}"), r#"Proxy("http://proxy.example:3128")"#);
/// let client = Http2Client::builder().proxy(proxy).build();
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    origin: Origin,
    authorization: Option<HeaderValue>,
}

impl Proxy {
    pub(super) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The value of `Proxy-Authorization`, marked as sensitive.
    pub(super) fn authorization(&self) -> Option<&HeaderValue> {
        self.authorization.as_ref()
    }
}

impl FromStr for Proxy {
    type Err = TransportError;

    /// # Errors
    /// [`TransportErrorKind::InvalidAddress`] when the text is no URL, or one of another scheme. It does not repeat the URL,
    /// which may hold a password.
    fn from_str(url: &str) -> Result<Self, TransportError> {
        let read = read(url).ok_or_else(|| invalid("it is no URL of the scheme http or https"))?;
        if read.uri().scheme_str().is_some_and(|scheme| scheme.starts_with("socks")) {
            return Err(invalid("SOCKS is not spoken here, only CONNECT over http or https"));
        }
        let origin = Origin::try_from(read.uri()).map_err(|error| invalid("").caused_by(error))?;
        Ok(Self { origin, authorization: read.basic_auth().cloned() })
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Proxy").field(&self.origin.to_string()).finish()
    }
}

fn read(url: &str) -> Option<Intercept> {
    Matcher::builder().all(url).build().intercept(&Uri::from_static("http://destination.invalid"))
}

fn invalid(why: &str) -> TransportError {
    let colon = if why.is_empty() { "" } else { ": " };
    let text = format!("the proxy's URL cannot be used{colon}{why}");
    TransportError::new(TransportErrorKind::InvalidAddress, text)
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    #[test]
    fn a_url_names_a_proxy() {
        for (url, origin, authorization) in [
            ("http://proxy.example:3128", "http://proxy.example:3128", None),
            ("http://proxy.example", "http://proxy.example:80", None),
            ("https://proxy.example/path", "https://proxy.example:443", None),
            ("proxy.example:3128", "http://proxy.example:3128", None),
            ("http://[::1]:8080", "http://[::1]:8080", None),
            // RFC 7617, section 2.
            (
                "http://Aladdin:open%20sesame@p.example:1",
                "http://p.example:1",
                Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
            ),
            ("http://user@p.example:1", "http://p.example:1", Some("Basic dXNlcjo=")),
        ] {
            let proxy: Proxy = url.parse().unwrap();
            assert_eq!(proxy.origin().to_string(), origin, "{url}");
            let told = proxy.authorization().map(|value| value.to_str().unwrap());
            assert_eq!(told, authorization, "{url}");
        }
    }

    #[test]
    fn what_is_no_proxy_is_refused_without_being_repeated() {
        for (url, reason) in [
            ("", "no URL"),
            ("http://", "no URL"),
            ("http://user:secret@", "no URL"),
            ("http://user:sec ret@p.example", "no URL"),
            ("ftp://user:secret@p.example", "no URL"),
            ("socks5://user:secret@p.example", "SOCKS"),
            ("http://user:secret@p.example:0", "0 is no port"),
            ("http://user:secret@p.example:70000", "no port"),
        ] {
            let error = url.parse::<Proxy>().unwrap_err();
            assert_eq!(error.kind(), TransportErrorKind::InvalidAddress, "{url}");
            let source = error.source().map(ToString::to_string).unwrap_or_default();
            let text = format!("{error} {source}");
            assert!(text.contains(reason), "{url}: {text}");
            assert!(!format!("{text} {error:?}").contains("sec"), "{url}: {text}");
        }
    }

    #[test]
    fn debug_hides_the_credentials() {
        let proxy: Proxy = "http://user:secret@p.example:1".parse().unwrap();
        assert_eq!(format!("{proxy:?}"), r#"Proxy("http://p.example:1")"#);
        assert!(proxy.authorization().unwrap().is_sensitive());
    }
}
