//! AWS clients, built by hand from what Lambda puts into the environment. One HTTP client for all of them: rustls on ring with roots
//! baked in, so that a cold start neither collects entropy for a second nor reads a hundred certificate files.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::region::Region;
use aws_types::sdk_config::SdkConfig;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::config::Vars;

/// The AWS side of a function.
#[derive(Debug, Clone)]
pub struct Clients {
    config: SdkConfig,
    local: bool,
}

impl Clients {
    /// Reads region, credentials and (for the local run) the endpoint; missing ones are noted in `vars`.
    pub fn from_env(vars: &mut Vars) -> Self {
        let region = Region::new(vars.required("AWS_REGION"));
        let credentials = Credentials::new(
            vars.required("AWS_ACCESS_KEY_ID"),
            vars.required("AWS_SECRET_ACCESS_KEY"),
            vars.optional("AWS_SESSION_TOKEN"),
            None,
            "environment",
        );
        let endpoint = vars.optional("AWS_ENDPOINT_URL");
        let local = endpoint.as_deref().is_some_and(|url| url.starts_with("http://"));
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(region)
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(http_client(local));
        if let Some(endpoint) = endpoint {
            config = config.endpoint_url(endpoint);
        }
        Self { config: config.build(), local }
    }

    /// DynamoDB.
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.config)
    }

    /// SQS.
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.config)
    }

    /// SNS.
    pub fn sns(&self) -> aws_sdk_sns::Client {
        aws_sdk_sns::Client::new(&self.config)
    }

    /// S3. The local run has no host name for each bucket.
    pub fn s3(&self) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::config::Builder::from(&self.config).force_path_style(self.local).build();
        aws_sdk_s3::Client::from_conf(config)
    }

    /// A secret's text.
    ///
    /// # Errors
    /// Why it cannot be had; the function then fails its init and Lambda tries again.
    pub async fn secret(&self, id: &str) -> Result<String, SecretError> {
        aws_sdk_secretsmanager::Client::new(&self.config)
            .get_secret_value()
            .secret_id(id)
            .send()
            .await
            .map_err(|error| SecretError(id.to_owned(), failure(&error)))?
            .secret_string
            .ok_or_else(|| SecretError(id.to_owned(), "it is binary".to_owned()))
    }
}

/// What an AWS call failed with: its code alone. The message and the raw answer may quote what was sent, a phone number for example.
pub fn failure<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> String {
    match error {
        SdkError::ServiceError(answer) => answer.err().code().unwrap_or("without a code").to_owned(),
        SdkError::TimeoutError(_) => "timed out".to_owned(),
        SdkError::ConstructionFailure(_) | SdkError::DispatchFailure(_) => "not sent".to_owned(),
        _ => "no readable answer".to_owned(),
    }
}

/// A secret cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("secret {0}: {1}")]
pub struct SecretError(String, String);

fn http_client(local: bool) -> SharedHttpClient {
    let builder = aws_smithy_http_client::Builder::new();
    // The emulator speaks plain HTTP on loopback: no trust store is built for it.
    if local { builder.build_http() } else { builder.tls_provider(RING).tls_context(trusted()).build_https() }
}

/// A connector for parties outside AWS.
pub(crate) fn connector(url: &str) -> Connector {
    let builder = Connector::builder();
    if url.starts_with("http://") {
        builder.build_http()
    } else {
        builder.tls_provider(RING).tls_context(trusted()).build()
    }
}

const RING: Provider = Provider::Rustls(CryptoMode::Ring);

/// Mozilla's roots, baked in. No file is read; a private authority would have to be added here.
fn trusted() -> TlsContext {
    let mut roots = String::new();
    for certificate in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        roots.push_str("-----BEGIN CERTIFICATE-----\n");
        roots.push_str(&STANDARD.encode(certificate));
        roots.push_str("\n-----END CERTIFICATE-----\n");
    }
    let trust = TrustStore::empty().with_pem_certificate(roots.into_bytes());
    // Building fails for client certificates alone, which we have none of; the default trusts the system's roots.
    TlsContext::builder().with_trust_store(trust).build().unwrap_or_default()
}
