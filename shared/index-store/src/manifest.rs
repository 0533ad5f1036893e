//! Which files make up the index.

use serde::{Deserialize, Serialize};

/// The content of `manifest.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// One more than that of the manifest it replaced.
    pub generation: u64,
    /// The files.
    pub files: Vec<File>,
}

/// One file of the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// What it is called in an index directory.
    pub name: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// The hash of its content, in lower-case hexadecimal.
    pub sha256: String,
}

impl File {
    /// The object's key. The same content always has the same key, and another content another one.
    pub(crate) fn key(&self) -> String {
        format!("{PREFIX}{}", self.local_name())
    }

    /// What the file is called where files of many generations lie together.
    pub(crate) fn local_name(&self) -> String {
        let hash: String = self.sha256.chars().take(24).collect();
        format!("{hash}-{}", self.name)
    }
}

/// Where the files are, in the bucket.
pub(crate) const PREFIX: &str = "index/";
/// Where the manifest is.
pub(crate) const MANIFEST: &str = "manifest.json";

/// A manifest as it stands in the bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// What it says.
    pub manifest: Manifest,
    /// The tag that S3 gave to exactly this content.
    pub(crate) etag: String,
}

impl Published {
    /// The size of the index in bytes.
    pub fn bytes(&self) -> u64 {
        self.manifest.files.iter().map(|file| file.bytes).sum()
    }
}
