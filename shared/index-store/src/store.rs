//! Reading and publishing.

use std::path::Path;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use futures_util::stream::{StreamExt, TryStreamExt};
use jiff::{SignedDuration, Timestamp};

use crate::error::{StoreError, status};
use crate::local::{Local, Materialised, Receiving, describe};
use crate::manifest::{File, MANIFEST, Manifest, PREFIX, Published};

/// More transfers at once do not make a Lambda's network faster.
const TRANSFERS: usize = 8;
/// Larger files are read in parts of this size, at once: S3 sends each stream at some 60 to 90 MB a second, whatever the network could take.
const PART: u64 = 8 * 1024 * 1024;

/// How long an unused object stays, for readers that have just read the manifest which named it and for writers that have
/// uploaded it and not yet published.
const GRACE: SignedDuration = SignedDuration::from_mins(15);

/// The index in a bucket.
#[derive(Debug, Clone)]
pub struct IndexStore {
    s3: Client,
    bucket: String,
}

impl IndexStore {
    /// The index in this bucket.
    pub fn new(s3: Client, bucket: impl Into<String>) -> Self {
        Self { s3, bucket: bucket.into() }
    }

    /// What is published now; `None` before anything was.
    pub async fn current(&self) -> Result<Option<Published>, StoreError> {
        match self.manifest(None).await? {
            Answer::Found(published) => Ok(Some(published)),
            Answer::Missing | Answer::Same => Ok(None),
        }
    }

    /// What has been published since `known`; `None` when that still stands (or nothing was ever published).
    pub async fn newer(&self, known: Option<&Published>) -> Result<Option<Published>, StoreError> {
        match self.manifest(known).await? {
            Answer::Found(published) => Ok(Some(published)),
            Answer::Missing | Answer::Same => Ok(None),
        }
    }

    /// Brings a published index onto this machine, fetching the files that are not in the cache.
    pub async fn materialise(
        &self,
        published: &Published,
        local: &Local,
    ) -> Result<Materialised, StoreError> {
        for _ in 0..3 {
            let missing = published.manifest.files.iter().filter(|file| !local.has(file));
            self.fetch(missing.cloned().collect(), local).await?;
            if let Some(linked) = local.link(&published.manifest)? {
                local.sweep(&published.manifest)?;
                return Ok(linked);
            }
        }
        Err(StoreError::Disk(std::io::Error::other("the cache is being swept faster than it is filled")))
    }

    /// Makes the named files of a directory the index, in place of `base`, from which they were made.
    pub async fn publish(
        &self,
        base: Option<&Published>,
        directory: &Path,
        names: &[String],
    ) -> Result<Published, StoreError> {
        let files = names.iter().map(|name| describe(directory, name)).collect::<Result<Vec<_>, _>>()?;
        let old: &[File] = base.map_or(&[], |base| &base.manifest.files);
        let new = files.iter().filter(|file| !old.contains(file)).cloned();
        let uploads: Vec<_> = new.map(|file| self.upload(file, directory)).collect();
        at_once(uploads).await?;
        let generation = base.map_or(0, |base| base.manifest.generation) + 1;
        self.replace(base, Manifest { generation, files }).await
    }

    /// Deletes the objects that `published` does not name and that are older than any reader or writer still under way.
    pub async fn sweep(&self, published: &Published, now: Timestamp) -> Result<usize, StoreError> {
        let wanted: Vec<String> = published.manifest.files.iter().map(File::key).collect();
        let before = now.saturating_sub(GRACE).map_or(0, Timestamp::as_second);
        let mut swept = 0;
        let mut pages = self.s3.list_objects_v2().bucket(&self.bucket).prefix(PREFIX).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| StoreError::from_s3("list", &error))?;
            for object in page.contents() {
                let Some(key) = object.key() else { continue };
                let old = object.last_modified().is_some_and(|modified| modified.secs() < before);
                if old && !wanted.iter().any(|wanted| wanted == key) {
                    self.delete(key).await?;
                    swept += 1;
                }
            }
        }
        Ok(swept)
    }

    async fn manifest(&self, known: Option<&Published>) -> Result<Answer, StoreError> {
        let asked = self
            .s3
            .get_object()
            .bucket(&self.bucket)
            .key(MANIFEST)
            .set_if_none_match(known.map(|known| known.etag.clone()))
            .send()
            .await;
        let object = match asked {
            Ok(object) => object,
            Err(error) if status(&error) == Some(304) => return Ok(Answer::Same),
            Err(error) if status(&error) == Some(404) => return Ok(Answer::Missing),
            Err(error) => return Err(StoreError::from_s3("get manifest.json", &error)),
        };
        let etag = object.e_tag().unwrap_or_default().to_owned();
        let body = object
            .body
            .collect()
            .await
            .map_err(|error| StoreError::S3 { what: "get manifest.json", why: error.to_string() })?;
        Ok(Answer::Found(Published { manifest: serde_json::from_slice(&body.into_bytes())?, etag }))
    }

    async fn fetch(&self, files: Vec<File>, local: &Local) -> Result<(), StoreError> {
        let receiving = files
            .into_iter()
            .map(|file| Ok((local.receive(file.bytes)?, file)))
            .collect::<Result<Vec<_>, StoreError>>()?;
        let parts: Vec<_> = receiving
            .iter()
            .flat_map(|(receiving, file)| {
                let begins = (0..file.bytes.max(1).div_ceil(PART)).map(|n| n * PART);
                begins.map(move |from| self.fetch_part(file, from, receiving))
            })
            .collect();
        at_once(parts).await?;
        receiving.into_iter().try_for_each(|(receiving, file)| receiving.finish(local, &file))
    }

    /// Reads a file from a place on: all of it when it is small, else one part.
    async fn fetch_part(&self, file: &File, from: u64, receiving: &Receiving) -> Result<(), StoreError> {
        let key = file.key();
        let range =
            (file.bytes > PART).then(|| format!("bytes={from}-{}", (from + PART).min(file.bytes) - 1));
        let mut object =
            match self.s3.get_object().bucket(&self.bucket).key(&key).set_range(range).send().await {
                Ok(object) => object,
                // A file that is shorter than the manifest says has no such part.
                Err(error) if status(&error) == Some(416) => return Err(StoreError::Damaged(key)),
                Err(error) if status(&error) == Some(404) => return Err(StoreError::Gone(key)),
                Err(error) => return Err(StoreError::from_s3("get", &error)),
            };
        let mut place = from;
        while let Some(chunk) = object.body.next().await {
            let chunk = chunk.map_err(|error| StoreError::S3 { what: "get", why: error.to_string() })?;
            receiving.write(place, &chunk)?;
            place += u64::try_from(chunk.len()).unwrap_or_default();
        }
        Ok(())
    }

    async fn upload(&self, file: File, directory: &Path) -> Result<(), StoreError> {
        let body = ByteStream::from_path(directory.join(&file.name))
            .await
            .map_err(|error| StoreError::Disk(std::io::Error::other(error.to_string())))?;
        self.s3
            .put_object()
            .bucket(&self.bucket)
            .key(file.key())
            .body(body)
            .send()
            .await
            .map_err(|error| StoreError::from_s3("put", &error))?;
        Ok(())
    }

    async fn replace(&self, base: Option<&Published>, manifest: Manifest) -> Result<Published, StoreError> {
        let put = self
            .s3
            .put_object()
            .bucket(&self.bucket)
            .key(MANIFEST)
            .content_type("application/json")
            .body(serde_json::to_vec(&manifest)?.into());
        let put = match base {
            Some(base) => put.if_match(&base.etag),
            None => put.if_none_match("*"),
        };
        match put.send().await {
            Ok(answer) => Ok(Published { manifest, etag: answer.e_tag().unwrap_or_default().to_owned() }),
            Err(error) if matches!(status(&error), Some(404 | 409 | 412)) => self.own(&manifest).await,
            Err(error) => Err(StoreError::from_s3("put manifest.json", &error)),
        }
    }

    /// A put whose answer was lost is sent again by the client, and then refused because of itself.
    async fn own(&self, manifest: &Manifest) -> Result<Published, StoreError> {
        match self.current().await? {
            Some(published) if published.manifest == *manifest => Ok(published),
            _ => Err(StoreError::LostRace),
        }
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let deleted = self.s3.delete_object().bucket(&self.bucket).key(key).send().await;
        deleted.map(drop).map_err(|error| StoreError::from_s3("delete", &error))
    }
}

/// Runs transfers, a few at a time, until all are done or one fails.
async fn at_once(transfers: Vec<impl Future<Output = Result<(), StoreError>>>) -> Result<(), StoreError> {
    futures_util::stream::iter(transfers).buffer_unordered(TRANSFERS).try_collect().await
}

enum Answer {
    Found(Published),
    Same,
    Missing,
}
