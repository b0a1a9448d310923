//! Which HTTP client takes a request, by its scheme: https goes to the user's own where our transport was built without TLS, and is
//! bounded here, since that one may not be. Knows no call.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use crate::kinesis::SUBSCRIBE_TIMEOUT;

/// Two clients in one.
#[derive(Debug)]
pub(super) struct ByScheme {
    pub(super) http: SharedHttpClient,
    pub(super) https: SharedHttpClient,
}

#[derive(Debug)]
struct Connector {
    http: SharedHttpConnector,
    https: SharedHttpConnector,
}

impl HttpClient for ByScheme {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector {
            http: self.http.http_connector(settings, components),
            https: self.https.http_connector(settings, components),
        })
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let is_https =
            request.uri().get(..HTTPS.len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case(HTTPS));
        if !is_https {
            return self.http.call(request);
        }
        let answer = tokio::time::timeout(SUBSCRIBE_TIMEOUT, self.https.call(request));
        HttpConnectorFuture::new(async {
            answer.await.unwrap_or_else(|elapsed| Err(ConnectorError::timeout(elapsed.into())))
        })
    }
}

const HTTPS: &str = "https:";

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Named(&'static str);

    impl HttpConnector for Named {
        fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
            HttpConnectorFuture::ready(Err(ConnectorError::io(self.0.into())))
        }
    }

    async fn taken_by(uri: &str) -> String {
        let connector = Connector {
            http: SharedHttpConnector::new(Named("http")),
            https: SharedHttpConnector::new(Named("https")),
        };
        let mut request = HttpRequest::empty();
        request.set_uri(uri).unwrap();
        connector.call(request).await.unwrap_err().into_source().to_string()
    }

    #[tokio::test]
    async fn a_request_goes_to_the_client_of_its_scheme() {
        assert_eq!(taken_by("https://kinesis.test/").await, "https");
        assert_eq!(taken_by("HTTPS://kinesis.test/").await, "https");
        assert_eq!(taken_by("http://https/").await, "http");
    }
}
