//! AWS Signature Version 4, made by the crate that the AWS SDK makes it with.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use hyper::Request;

use super::ApiError;

/// Who signs, for which region.
pub(crate) struct Signer {
    credentials: Credentials,
    region: String,
}

impl Signer {
    /// The credentials of the environment, under the names that AWS's own tools read; `None`: it has none.
    pub(crate) fn from_environment() -> Option<Self> {
        let text = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let (id, secret) = (text("AWS_ACCESS_KEY_ID")?, text("AWS_SECRET_ACCESS_KEY")?);
        let credentials = Credentials::new(id, secret, text("AWS_SESSION_TOKEN"), None, "environment");
        let region = text("AWS_REGION").or_else(|| text("AWS_DEFAULT_REGION"));
        Some(Self { credentials, region: region.unwrap_or_else(|| "us-east-1".to_owned()) })
    }

    /// Signs a request to this URL, its headers and its body.
    pub(crate) fn sign<B>(&self, request: &mut Request<B>, url: &str, body: &[u8]) -> Result<(), ApiError> {
        let identity = self.credentials.clone().into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("kinesis")
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(ApiError::broken)?;
        let headers =
            request.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default()));
        let method = request.method().as_str();
        let signable = SignableRequest::new(method, url, headers, SignableBody::Bytes(body));
        let signed = sign(signable.map_err(ApiError::broken)?, &params.into()).map_err(ApiError::broken)?;
        signed.into_parts().0.apply_to_request_http1x(request);
        Ok(())
    }
}
