//! Which proxy an origin is reached through. Knows not how a proxy is asked.
//!
//! The environment is read by the rules of the SDK's own client, so that all calls of a process take the same way: `HTTPS_PROXY`
//! for https and `HTTP_PROXY` for http, else `ALL_PROXY`, each in capitals or else in small letters; `NO_PROXY` names hosts with
//! their subdomains, IP addresses and networks (`10.0.0.0/8`) that are called directly, `*` all. In a CGI program
//! (`REQUEST_METHOD` is set) none of it counts, since a request can set `HTTP_PROXY` there. Unlike the SDK's client, which goes
//! directly then, a variable that holds no proxy's URL is an error for the origins that it is for.

use std::fmt;

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;

use super::super::error::{TransportError, TransportErrorKind};
use super::super::origin::{Origin, Scheme};
use super::proxy::Proxy;

/// The proxies of a client, for http and for https.
pub(super) struct Proxies {
    http: Rule,
    https: Rule,
    /// Intercepts what is not called directly.
    not_bypassed: Matcher,
}

/// How origins of a scheme are reached.
#[derive(Debug, Clone)]
enum Rule {
    Direct,
    Through(Proxy),
    /// The variable that should say it does not.
    Unreadable(&'static str),
}

impl Proxies {
    /// Nothing goes through a proxy.
    pub(super) fn none() -> Self {
        Self::new(Rule::Direct, Rule::Direct, "")
    }

    /// Everything goes through this one.
    pub(super) fn always(proxy: Proxy) -> Self {
        let rule = Rule::Through(proxy);
        Self::new(rule.clone(), rule, "")
    }

    /// What the variables say. `variable` gives the value of one that is set.
    pub(super) fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        if variable("REQUEST_METHOD").is_some() {
            return Self::none();
        }
        let first = |names: [&'static str; 2]| {
            let set = names.iter().find_map(|name| variable(name).map(|value| (*name, value)));
            set.filter(|(_, value)| !value.trim().is_empty())
        };
        let all = || first(["ALL_PROXY", "all_proxy"]);
        let rule = |names| first(names).or_else(all).map_or(Rule::Direct, Rule::read);
        let bypassed = first(["NO_PROXY", "no_proxy"]).map(|(_, value)| value).unwrap_or_default();
        Self::new(rule(["HTTP_PROXY", "http_proxy"]), rule(["HTTPS_PROXY", "https_proxy"]), &bypassed)
    }

    fn new(http: Rule, https: Rule, bypassed: &str) -> Self {
        // The matcher takes `*` for names only, not for IP addresses.
        if bypassed.split(',').any(|host| host.trim() == "*") {
            return Self::none();
        }
        let not_bypassed = Matcher::builder().all("http://any.invalid").no(bypassed).build();
        Self { http, https, not_bypassed }
    }

    /// The proxy that the origin is reached through, if any.
    ///
    /// # Errors
    /// [`TransportErrorKind::InvalidAddress`] when the variable that should name it holds something else.
    pub(super) fn of(&self, origin: &Origin) -> Result<Option<&Proxy>, TransportError> {
        let rule = match origin.scheme {
            Scheme::Http => &self.http,
            Scheme::Https => &self.https,
        };
        match rule {
            Rule::Direct => Ok(None),
            _ if self.is_bypassed(origin) => Ok(None),
            Rule::Through(proxy) => Ok(Some(proxy)),
            Rule::Unreadable(name) => Err(TransportError::new(
                TransportErrorKind::InvalidAddress,
                format!("the environment variable {name} holds no URL of an http or https proxy"),
            )),
        }
    }

    fn is_bypassed(&self, origin: &Origin) -> bool {
        let uri = origin.to_string().parse::<Uri>();
        uri.is_ok_and(|uri| self.not_bypassed.intercept(&uri).is_none())
    }
}

impl Rule {
    fn read((name, value): (&'static str, String)) -> Self {
        value.trim().parse().map_or(Self::Unreadable(name), Self::Through)
    }
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxies")
            .field("http", &self.http)
            .field("https", &self.https)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(variables: &[(&str, &str)]) -> Proxies {
        Proxies::read(|name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    fn proxy_of(variables: &[(&str, &str)], uri: &str) -> Result<Option<String>, TransportError> {
        let origin = Origin::try_from(&uri.parse::<Uri>().unwrap()).unwrap();
        let proxies = proxies(variables);
        Ok(proxies.of(&origin)?.map(|proxy| proxy.origin().authority()))
    }

    #[test]
    fn each_scheme_has_its_variable() {
        let variables =
            [("HTTPS_PROXY", "http://s:1"), ("HTTP_PROXY", "http://p:2"), ("ALL_PROXY", "http://a:3")];
        assert_eq!(proxy_of(&variables, "https://h.example").unwrap().unwrap(), "s:1");
        assert_eq!(proxy_of(&variables, "http://h.example").unwrap().unwrap(), "p:2");
        assert_eq!(proxy_of(&variables[2..], "https://h.example").unwrap().unwrap(), "a:3");
        assert_eq!(proxy_of(&variables[..1], "http://h.example").unwrap(), None);
        assert_eq!(proxy_of(&[], "https://h.example").unwrap(), None);
    }

    #[test]
    fn small_letters_count_where_capitals_are_not_set() {
        let variables = [("https_proxy", "http://small:1"), ("HTTPS_PROXY", "http://capital:1")];
        assert_eq!(proxy_of(&variables[..1], "https://h.example").unwrap().unwrap(), "small:1");
        assert_eq!(proxy_of(&variables, "https://h.example").unwrap().unwrap(), "capital:1");
        assert_eq!(proxy_of(&[("all_proxy", "a:1")], "https://h.example").unwrap().unwrap(), "a:1");
        assert_eq!(proxy_of(&[("HTTPS_PROXY", " ")], "https://h.example").unwrap(), None);
    }

    #[test]
    fn no_proxy_names_what_is_called_directly() {
        for (no_proxy, host, direct) in [
            ("h.example", "h.example", true),
            ("H.Example", "h.example", true),
            ("h.example", "sub.h.example", true),
            (".h.example", "sub.h.example", true),
            ("h.example", "oh.example", false),
            ("a, h.example ,b", "h.example", true),
            ("127.0.0.1", "127.0.0.1", true),
            ("10.0.0.0/8", "10.1.2.3", true),
            ("10.0.0.0/8", "11.1.2.3", false),
            ("::1", "[::1]", true),
            ("*", "h.example", true),
            ("a,*", "127.0.0.1", true),
            ("", "h.example", false),
        ] {
            for name in ["NO_PROXY", "no_proxy"] {
                let variables = [("ALL_PROXY", "http://p:1"), (name, no_proxy)];
                let found = proxy_of(&variables, &format!("https://{host}")).unwrap();
                assert_eq!(found.is_none(), direct, "{name}={no_proxy}: {host}");
            }
        }
    }

    #[test]
    fn a_request_to_a_cgi_program_sets_no_proxy() {
        let variables = [("HTTP_PROXY", "http://p:1"), ("REQUEST_METHOD", "GET")];
        assert_eq!(proxy_of(&variables, "http://h.example").unwrap(), None);
    }

    #[test]
    fn a_variable_without_a_url_is_an_error_where_it_counts() {
        let variables = [("HTTPS_PROXY", "socks5://user:secret@p:1"), ("NO_PROXY", "direct.example")];
        let error = proxy_of(&variables, "https://h.example").unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::InvalidAddress);
        assert!(error.to_string().contains("HTTPS_PROXY"), "{error}");
        assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
        assert_eq!(proxy_of(&variables, "https://direct.example").unwrap(), None);
        assert_eq!(proxy_of(&variables, "http://h.example").unwrap(), None);
    }

    #[test]
    fn a_proxy_given_by_hand_serves_every_origin() {
        let proxies = Proxies::always("http://p.example:1".parse().unwrap());
        for uri in ["http://127.0.0.1:1", "https://h.example"] {
            let origin = Origin::try_from(&uri.parse::<Uri>().unwrap()).unwrap();
            assert!(proxies.of(&origin).unwrap().is_some(), "{uri}");
            assert!(Proxies::none().of(&origin).unwrap().is_none(), "{uri}");
        }
    }

    #[test]
    fn debug_hides_the_credentials() {
        let proxies = proxies(&[("HTTPS_PROXY", "http://user:secret@p:1"), ("HTTP_PROXY", "ftp://secret")]);
        let text = format!("{proxies:?}");
        assert!(text.contains("http://p:1") && text.contains("HTTP_PROXY"), "{text}");
        assert!(!text.contains("secret"), "{text}");
    }
}
