//! Calls to parties outside AWS, over the HTTP stack that the SDK brings along.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;

use crate::clients;

/// Asks one party.
#[derive(Debug, Clone)]
pub struct Outbound {
    base: String,
    connector: SharedHttpConnector,
    timeout: Duration,
}

/// A call did not come back with an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no answer: {0}")]
pub struct NoAnswer(String);

/// The answer of an outside party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers; their names are in lower case.
    headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The header of this name (in lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Outbound {
    /// Calls the party at `base` (scheme, host, port), each call bounded by `timeout`.
    pub fn new(base: &str, timeout: Duration) -> Self {
        let base = base.trim_end_matches('/').to_owned();
        Self { connector: SharedHttpConnector::new(clients::connector(&base)), base, timeout }
    }

    /// Posts an urlencoded form to `path`.
    ///
    /// # Errors
    /// [`NoAnswer`] when none came in time. The other side may have done the work all the same.
    pub async fn post_form(&self, path: &str, form: String) -> Result<Answer, NoAnswer> {
        let headers = [("content-type", "application/x-www-form-urlencoded; charset=utf-8".to_owned())];
        self.send("POST", path, &headers, form).await
    }

    /// Sends a request as it is.
    ///
    /// # Errors
    /// [`NoAnswer`] when none came in time. The other side may have done the work all the same.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&'static str, String)],
        body: String,
    ) -> Result<Answer, NoAnswer> {
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_method(method).map_err(|e| NoAnswer(e.to_string()))?;
        request.set_uri(format!("{}{path}", self.base)).map_err(|e| NoAnswer(e.to_string()))?;
        for (name, value) in headers {
            request.headers_mut().try_insert(*name, value.clone()).map_err(|e| NoAnswer(e.to_string()))?;
        }
        let call = async {
            let response = self.connector.call(request).await.map_err(|e| NoAnswer(e.to_string()))?;
            let status = response.status().as_u16();
            let told = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
            let headers = response.headers().iter().map(told).collect();
            let body =
                ByteStream::new(response.into_body()).collect().await.map_err(|e| NoAnswer(e.to_string()))?;
            Ok(Answer { status, headers, body: body.to_vec() })
        };
        tokio::time::timeout(self.timeout, call).await.map_err(|_| NoAnswer("timed out".to_owned()))?
    }
}
