//! What can go wrong between here and S3.

use aws_sdk_s3::error::{DisplayErrorContext, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

/// Why the index could not be read or published.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another writer published first. Start again from what it published.
    #[error("another writer published first")]
    LostRace,
    /// A file that the manifest names is not there: the manifest was replaced, and its old files swept away, in the meantime.
    #[error("{0} is not in the bucket any more")]
    Gone(String),
    /// A file is not what its name says: a broken transfer, or somebody's hand in the bucket.
    #[error("{0} has other content than the manifest says")]
    Damaged(String),
    /// The manifest is not one.
    #[error("manifest.json cannot be understood: {0}")]
    Manifest(#[from] serde_json::Error),
    /// S3 refused or could not be reached.
    #[error("S3 {what}: {why}")]
    S3 {
        /// What was asked of it.
        what: &'static str,
        /// What it said.
        why: String,
    },
    /// The local disk.
    #[error("local copy of the index: {0}")]
    Disk(#[from] std::io::Error),
}

impl StoreError {
    /// S3's answer by its status: the ones that mean something here are not modified, missing, and condition not met.
    pub(crate) fn from_s3<E>(what: &'static str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: std::error::Error + 'static,
    {
        Self::S3 { what, why: DisplayErrorContext(error).to_string() }
    }
}

/// The HTTP status of a failed call, if there was an answer.
pub(crate) fn status<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}
