//! An import's file on this machine. It is fetched once for all parts that this machine works off.

use std::fs;
use std::path::PathBuf;

use yujie_domain::ImportId;
use yujie_domain::import::StoredFile;
use yujie_import_store::StoreError;

use crate::App;

/// Where the file is now.
pub(crate) async fn file(app: &App, id: &ImportId, file: &StoredFile) -> Result<PathBuf, StoreError> {
    let content: String = file.etag.chars().filter(char::is_ascii_alphanumeric).collect();
    let path = app.folder.join(format!("{id}-{content}"));
    if path.metadata().is_ok_and(|found| found.len() == file.bytes) {
        return Ok(path);
    }
    make_room(app)?;
    // Only what came whole gets the name under which it is looked for.
    let coming = app.folder.join(format!("{id}.coming"));
    app.store.fetch(id, file, &coming).await?;
    fs::rename(&coming, &path)?;
    Ok(path)
}

/// The disk has room for one file.
fn make_room(app: &App) -> Result<(), std::io::Error> {
    fs::create_dir_all(&app.folder)?;
    for entry in fs::read_dir(&app.folder)? {
        fs::remove_file(entry?.path())?;
    }
    Ok(())
}
