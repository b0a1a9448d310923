//! A server behind HTTP.

use std::cell::RefCell;

use bytes::Bytes;
use futures::StreamExt;
use http_body_util::{BodyExt, BodyStream, Full};
use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::{HeaderMap, Request, Response};
use serde_json::Value;

use super::connection::Connection;
use super::{Address, ApiError, Called, Endpoint, Events};

/// A server behind HTTP. Each call has its own connection.
pub(crate) struct Http {
    pub(crate) address: Address,
    headers: RefCell<Option<HeaderMap>>,
}

impl Http {
    pub(crate) fn new(address: Address) -> Self {
        Self { address, headers: RefCell::default() }
    }

    /// Sends a request of this content type, and takes the answer's headers.
    pub(crate) async fn send(
        &self,
        operation: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> Result<Response<Incoming>, ApiError> {
        let mut connection = Connection::open(self).await?;
        self.send_on(&mut connection, operation, content_type, body).await
    }

    pub(crate) async fn send_on(
        &self,
        connection: &mut Connection,
        operation: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> Result<Response<Incoming>, ApiError> {
        let url = self.address.url();
        let uri = match connection {
            Connection::Http1(_) => "/",
            Connection::Http2(_) => &url,
        };
        let mut request = Request::post(uri)
            .header("host", &self.address.authority)
            .header("content-type", content_type)
            .header("x-amz-target", format!("Kinesis_20131202.{operation}"))
            .body(())
            .map_err(ApiError::broken)?;
        match &self.address.signer {
            Some(signer) => signer.sign(&mut request, &url, &body)?,
            None => unsigned(&mut request),
        }
        let request = request.map(|()| Full::new(Bytes::from(body)));
        let response = connection.send(request).await?;
        *self.headers.borrow_mut() = Some(response.headers().clone());
        Ok(response)
    }

    async fn answer(&self, operation: String, request: Value) -> Result<Value, ApiError> {
        let response = self.send(&operation, JSON, request.to_string().into_bytes()).await?;
        read(response).await
    }
}

impl Endpoint for Http {
    fn call(&self, operation: &str, request: Value) -> Called<'_, Value> {
        Box::pin(self.answer(operation.to_owned(), request))
    }

    fn subscribe(&self, request: Value) -> Called<'_, Events> {
        Box::pin(async move {
            let response = self.send("SubscribeToShard", JSON, request.to_string().into_bytes()).await?;
            if !response.status().is_success() {
                return Err(read(response).await.err().unwrap_or_else(|| ApiError::broken("a success")));
            }
            let chunks = BodyStream::new(response.into_body()).map(|frame| match frame {
                Ok(frame) => Ok(frame.into_data().unwrap_or_default()),
                Err(error) => Err(error.to_string()),
            });
            Ok(Events::decode(chunks))
        })
    }

    fn headers(&self) -> Option<HeaderMap> {
        self.headers.borrow().clone()
    }
}

fn unsigned(request: &mut Request<()>) {
    let headers = request.headers_mut();
    headers.insert("x-amz-date", HeaderValue::from_static("20260101T000000Z"));
    headers.insert("authorization", HeaderValue::from_static(AUTHORIZATION));
}

pub(crate) async fn read(response: Response<Incoming>) -> Result<Value, ApiError> {
    let status = response.status();
    let body = response.into_body().collect().await.map_err(ApiError::broken)?.to_bytes();
    let value = match body.len() {
        0 => Value::Null,
        _ => serde_json::from_slice(&body).map_err(ApiError::broken)?,
    };
    if status.is_success() {
        return Ok(value);
    }
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    Err(ApiError::new(status.as_u16(), text("__type"), text("message")))
}

pub(crate) const JSON: &str = "application/x-amz-json-1.1";
/// Not a signature, for servers that do not look at it.
const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/kinesis/aws4_request, \
                             SignedHeaders=host;x-amz-date;x-amz-target, Signature=00";
