//! The files of the index on this machine's disk.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use ring::digest::{Context, SHA256};
use tempfile::{NamedTempFile, TempDir};

use crate::error::StoreError;
use crate::manifest::{File, Manifest};

/// A cache of index files, named like their objects. Several processes may share one: a file's name says its content, and it
/// gets the name only when it is complete.
#[derive(Debug, Clone)]
pub struct Local {
    root: PathBuf,
}

/// An index directory of its own, made of hard links into the cache. It goes away when this is dropped; what a program has
/// open or mapped in it stays readable.
#[derive(Debug)]
pub struct Materialised {
    directory: TempDir,
}

impl Materialised {
    /// Where it is.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }
}

impl Local {
    /// A cache in this directory, which is made if need be. What killed processes left in it is cleared away.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        fs::create_dir_all(root)?;
        for entry in fs::read_dir(root)? {
            let entry = entry?;
            if is_left_over(&entry.file_name().to_string_lossy()) {
                // Another process may be doing the same.
                let _ = fs::remove_dir_all(entry.path()).or_else(|_| fs::remove_file(entry.path()));
            }
        }
        Ok(Self { root: root.to_owned() })
    }

    /// An empty index directory, to begin an index in.
    pub fn empty(&self) -> Result<Materialised, StoreError> {
        Ok(Materialised { directory: TempDir::with_prefix_in(own_prefix(OPEN), &self.root)? })
    }

    pub(crate) fn has(&self, file: &File) -> bool {
        fs::metadata(self.path(file)).is_ok_and(|found| found.len() == file.bytes)
    }

    /// Starts a file of `bytes` bytes that is not in the cache yet.
    pub(crate) fn receive(&self, bytes: u64) -> Result<Receiving, StoreError> {
        let file = NamedTempFile::with_prefix_in(own_prefix(PART), &self.root)?;
        file.as_file().set_len(bytes)?;
        Ok(Receiving { file })
    }

    /// Links all files of a manifest into a fresh directory. `None` when another process swept one of them away just now.
    pub(crate) fn link(&self, manifest: &Manifest) -> Result<Option<Materialised>, StoreError> {
        let linked = self.empty()?;
        for file in &manifest.files {
            match fs::hard_link(self.path(file), linked.path().join(&file.name)) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Some(linked))
    }

    /// Removes the cached files that neither this manifest nor any index directory uses.
    pub(crate) fn sweep(&self, manifest: &Manifest) -> Result<(), StoreError> {
        let wanted: Vec<String> = manifest.files.iter().map(File::local_name).collect();
        for entry in fs::read_dir(&self.root)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let Ok(found) = entry.metadata() else { continue };
            if found.is_file() && found.nlink() == 1 && !name.starts_with(PART) && !wanted.contains(&name) {
                // Another process may have done it already.
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(())
    }

    fn path(&self, file: &File) -> PathBuf {
        self.root.join(file.local_name())
    }
}

/// Begins the name of an index directory; the number of the process follows.
const OPEN: &str = "open-";
/// Begins the name of a file that is not complete yet; the number of the process follows.
const PART: &str = "part-";

fn own_prefix(kind: &str) -> String {
    format!("{kind}{}-", std::process::id())
}

/// Whether the process that made this is gone.
fn is_left_over(name: &str) -> bool {
    let made = name.strip_prefix(OPEN).or_else(|| name.strip_prefix(PART));
    let process = made.and_then(|rest| rest.split_once('-')).map(|(process, _)| process);
    process.is_some_and(|process| !Path::new("/proc").join(process).exists())
}

/// A file that is on its way into the cache, part by part.
pub(crate) struct Receiving {
    file: NamedTempFile,
}

impl Receiving {
    pub(crate) fn write(&self, place: u64, chunk: &[u8]) -> Result<(), StoreError> {
        Ok(self.file.as_file().write_all_at(chunk, place)?)
    }

    /// Gives the file its name, if it is what was expected.
    pub(crate) fn finish(self, local: &Local, expected: &File) -> Result<(), StoreError> {
        let (bytes, sha256) = read_through(fs::File::open(self.file.path())?)?;
        if bytes != expected.bytes || sha256 != expected.sha256 {
            return Err(StoreError::Damaged(expected.key()));
        }
        self.file.persist(local.path(expected)).map_err(|error| error.error)?;
        Ok(())
    }
}

/// What the manifest says of a file on disk.
pub(crate) fn describe(directory: &Path, name: &str) -> Result<File, StoreError> {
    let (bytes, sha256) = read_through(fs::File::open(directory.join(name))?)?;
    Ok(File { name: name.to_owned(), bytes, sha256 })
}

/// How long a file is, and the hash of what is in it.
fn read_through(mut file: fs::File) -> Result<(u64, String), StoreError> {
    let mut hash = Context::new(&SHA256);
    let mut chunk = vec![0; 256 * 1024];
    let mut bytes = 0;
    loop {
        let read = file.read(&mut chunk)?;
        if read == 0 {
            return Ok((bytes, hex(hash.finish().as_ref())));
        }
        hash.update(chunk.get(..read).unwrap_or_default());
        bytes += u64::try_from(read).unwrap_or_default();
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
