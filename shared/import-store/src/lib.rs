//! Files of imports in their bucket: `imports/<id>/file` as it was brought, and `imports/<id>/rejects-<n>.csv`, what was passed over in
//! its first `n` records.
//!
//! Whoever brings or fetches a file does it with a signed address that is good for this one object and an hour, so files pass no function
//! of ours. Nothing is deleted here: the bucket forgets by itself.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{DisplayErrorContext, SdkError};
use aws_sdk_s3::presigning::PresigningConfig;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use jiff::Timestamp;
use yujie_domain::ImportId;
use yujie_domain::import::StoredFile;

/// How long a signed address is good.
pub const GOOD_FOR: Duration = Duration::from_hours(1);

/// Why a file cannot be had or kept.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file is not the one that the import began with, or is gone.
    #[error("the file was changed or taken away after the import began")]
    Changed,
    /// S3 refused or could not be reached: worth another try later.
    #[error("S3 {what}: {why}")]
    S3 {
        /// What was asked of it.
        what: &'static str,
        /// What it said.
        why: String,
    },
    /// The disk of this machine.
    #[error("the local copy of the file: {0}")]
    Disk(#[from] std::io::Error),
}

impl StoreError {
    fn new<E: std::error::Error + 'static>(what: &'static str, error: &SdkError<E, HttpResponse>) -> Self {
        Self::S3 { what, why: DisplayErrorContext(error).to_string() }
    }
}

/// The imports' files in a bucket.
#[derive(Debug, Clone)]
pub struct ImportStore {
    s3: Client,
    bucket: String,
}

impl ImportStore {
    /// The imports' files in this bucket.
    pub fn new(s3: Client, bucket: impl Into<String>) -> Self {
        Self { s3, bucket: bucket.into() }
    }

    /// The address to which an import's file may be put.
    ///
    /// # Errors
    /// [`StoreError::S3`] when it cannot be signed.
    pub async fn upload_url(&self, id: &ImportId, now: Timestamp) -> Result<String, StoreError> {
        let put = self.s3.put_object().bucket(&self.bucket).key(file_key(id));
        let signed = put.presigned(good_from(now)?).await;
        signed.map(|request| request.uri().to_owned()).map_err(|error| StoreError::new("sign", &error))
    }

    /// The address from which a list of rejects may be fetched.
    ///
    /// # Errors
    /// [`StoreError::S3`] when it cannot be signed.
    pub async fn rejects_url(&self, id: &ImportId, read: u64, now: Timestamp) -> Result<String, StoreError> {
        let get = self.s3.get_object().bucket(&self.bucket).key(rejects_key(id, read));
        let get = get
            .response_content_type("text/csv; charset=utf-8")
            .response_content_disposition(format!("attachment; filename=\"rejects-{id}.csv\""));
        let signed = get.presigned(good_from(now)?).await;
        signed.map(|request| request.uri().to_owned()).map_err(|error| StoreError::new("sign", &error))
    }

    /// The file that was brought; `None` when none was.
    ///
    /// # Errors
    /// [`StoreError::S3`].
    pub async fn find(&self, id: &ImportId) -> Result<Option<StoredFile>, StoreError> {
        match self.s3.head_object().bucket(&self.bucket).key(file_key(id)).send().await {
            Ok(head) => Ok(Some(StoredFile {
                etag: head.e_tag().unwrap_or_default().to_owned(),
                bytes: head
                    .content_length()
                    .and_then(|length| u64::try_from(length).ok())
                    .unwrap_or_default(),
            })),
            Err(error) if status(&error) == Some(404) => Ok(None),
            Err(error) => Err(StoreError::new("head", &error)),
        }
    }

    /// Brings an import's file onto this machine, if it is still the one that the import began with.
    ///
    /// # Errors
    /// [`StoreError`]; what is at `path` is then of no use.
    pub async fn fetch(&self, id: &ImportId, file: &StoredFile, path: &Path) -> Result<(), StoreError> {
        let get = self.s3.get_object().bucket(&self.bucket).key(file_key(id)).if_match(&file.etag);
        let mut object = match get.send().await {
            Ok(object) => object,
            Err(error) if matches!(status(&error), Some(404 | 412)) => return Err(StoreError::Changed),
            Err(error) => return Err(StoreError::new("get", &error)),
        };
        let mut target = std::fs::File::create(path)?;
        let mut bytes = 0;
        while let Some(chunk) = object.body.next().await {
            let chunk = chunk.map_err(|error| StoreError::S3 { what: "get", why: error.to_string() })?;
            target.write_all(&chunk)?;
            bytes += u64::try_from(chunk.len()).unwrap_or_default();
        }
        if bytes == file.bytes {
            Ok(())
        } else {
            Err(StoreError::S3 { what: "get", why: format!("{bytes} bytes came of {}", file.bytes) })
        }
    }

    /// The list of rejects of an import's first `read` records.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn rejects(&self, id: &ImportId, read: u64) -> Result<Vec<u8>, StoreError> {
        match self.s3.get_object().bucket(&self.bucket).key(rejects_key(id, read)).send().await {
            Ok(object) => match object.body.collect().await {
                Ok(body) => Ok(body.to_vec()),
                Err(error) => Err(StoreError::S3 { what: "get", why: error.to_string() }),
            },
            Err(error) if status(&error) == Some(404) => Err(StoreError::Changed),
            Err(error) => Err(StoreError::new("get", &error)),
        }
    }

    /// Keeps the list of rejects of an import's first `read` records. The same records make the same list.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn keep_rejects(&self, id: &ImportId, read: u64, csv: Vec<u8>) -> Result<(), StoreError> {
        let put = self.s3.put_object().bucket(&self.bucket).key(rejects_key(id, read));
        let put = put.content_type("text/csv; charset=utf-8").body(csv.into()).send().await;
        put.map(drop).map_err(|error| StoreError::new("put", &error))
    }
}

fn good_from(now: Timestamp) -> Result<PresigningConfig, StoreError> {
    let now = Duration::from_millis(u64::try_from(now.as_millisecond()).unwrap_or_default());
    PresigningConfig::builder()
        .start_time(UNIX_EPOCH + now)
        .expires_in(GOOD_FOR)
        .build()
        .map_err(|error| StoreError::S3 { what: "sign", why: error.to_string() })
}

fn file_key(id: &ImportId) -> String {
    format!("imports/{id}/file")
}

fn rejects_key(id: &ImportId, read: u64) -> String {
    format!("imports/{id}/rejects-{read}.csv")
}

fn status<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}
