//! Covers in their bucket: `covers/<hash>/<width>.jpg`, named by what they were made of and therefore never changed.
//!
//! They are put before the table names them, so that a crash in between leaves files that nobody knows, and never a name without its
//! files. Nothing is deleted: two titles may have one image, and what a cache still asks for stays to be had.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{DisplayErrorContext, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use bytes::Bytes;
use yujie_domain::ImageHash;
use yujie_domain::cover::CoverSize;

/// S3 refused or could not be reached: worth another try later.
#[derive(Debug, thiserror::Error)]
#[error("S3 {what}: {why}")]
pub struct StoreError {
    /// What was asked of it.
    what: &'static str,
    /// What it said.
    why: String,
}

impl StoreError {
    fn new<E: std::error::Error + 'static>(what: &'static str, error: &SdkError<E, HttpResponse>) -> Self {
        Self { what, why: DisplayErrorContext(error).to_string() }
    }
}

/// The covers in a bucket.
#[derive(Debug, Clone)]
pub struct CoverStore {
    s3: Client,
    bucket: String,
}

impl CoverStore {
    /// The covers in this bucket.
    pub fn new(s3: Client, bucket: impl Into<String>) -> Self {
        Self { s3, bucket: bucket.into() }
    }

    /// Puts one size of a cover. Putting it again changes nothing.
    pub async fn put(&self, hash: &ImageHash, size: CoverSize, jpeg: Vec<u8>) -> Result<(), StoreError> {
        let put = self.s3.put_object().bucket(&self.bucket).key(key(hash, size));
        let put = put.content_type("image/jpeg").body(jpeg.into()).send().await;
        put.map(drop).map_err(|error| StoreError::new("put", &error))
    }

    /// One size of a cover; `None` when it is not there, which only somebody's hand in the bucket can bring about.
    pub async fn get(&self, hash: &ImageHash, size: CoverSize) -> Result<Option<Bytes>, StoreError> {
        match self.s3.get_object().bucket(&self.bucket).key(key(hash, size)).send().await {
            Ok(object) => match object.body.collect().await {
                Ok(body) => Ok(Some(body.into_bytes())),
                Err(error) => Err(StoreError { what: "get", why: error.to_string() }),
            },
            // Without the right to list the bucket a missing object is answered with 403.
            Err(error) => match error.raw_response().map(|response| response.status().as_u16()) {
                Some(404) => Ok(None),
                _ => Err(StoreError::new("get", &error)),
            },
        }
    }
}

fn key(hash: &ImageHash, size: CoverSize) -> String {
    format!("covers/{hash}/{}.jpg", size.width())
}
