//! The index between a writer, a bucket and a reader.

#![cfg(test)]

use std::fs;
use std::path::Path;

use jiff::SignedDuration;
use tempfile::TempDir;
use yujie_index_store::testing::Bucket;
use yujie_index_store::{IndexStore, Local, Published, StoreError};

/// A directory with these files.
fn directory(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, content) in files {
        fs::write(directory.path().join(name), content).unwrap();
    }
    directory
}

async fn publish(
    store: &IndexStore,
    base: Option<&Published>,
    files: &[(&str, &str)],
) -> Result<Published, StoreError> {
    let names: Vec<String> = files.iter().map(|(name, _)| (*name).to_owned()).collect();
    store.publish(base, directory(files).path(), &names).await
}

fn read(directory: &Path, name: &str) -> String {
    fs::read_to_string(directory.join(name)).unwrap()
}

#[tokio::test]
async fn what_is_published_is_what_readers_get() {
    let bucket = Bucket::start().await;
    let store = bucket.store();
    assert_eq!(store.current().await.unwrap(), None);

    let published = publish(&store, None, &[("meta.json", "one"), ("a.idx", "postings")]).await.unwrap();

    let cache = tempfile::tempdir().unwrap();
    let local = Local::open(cache.path()).unwrap();
    let current = store.current().await.unwrap().unwrap();
    assert_eq!(current, published);
    assert_eq!((current.manifest.generation, current.bytes()), (1, 11));
    let opened = store.materialise(&current, &local).await.unwrap();
    assert_eq!(read(opened.path(), "meta.json"), "one");
    assert_eq!(read(opened.path(), "a.idx"), "postings");
}

#[tokio::test]
async fn a_change_moves_only_what_changed() {
    let bucket = Bucket::start().await;
    let store = bucket.store();
    let cache = tempfile::tempdir().unwrap();
    let local = Local::open(cache.path()).unwrap();
    let first = publish(&store, None, &[("meta.json", "one"), ("a.idx", "postings")]).await.unwrap();
    let opened = store.materialise(&first, &local).await.unwrap();
    assert_eq!(store.newer(Some(&first)).await.unwrap(), None, "nothing new");
    bucket.forget_calls();

    publish(&store, Some(&first), &[("meta.json", "two"), ("a.idx", "postings"), ("b.idx", "more")])
        .await
        .unwrap();
    let second = store.newer(Some(&first)).await.unwrap().unwrap();
    let reopened = store.materialise(&second, &local).await.unwrap();

    assert_eq!(bucket.calls("PUT").len(), 3, "meta.json, b.idx and the manifest: {:?}", bucket.calls("PUT"));
    assert_eq!(bucket.calls("GET").len(), 3, "the same three: {:?}", bucket.calls("GET"));
    assert_eq!(read(reopened.path(), "meta.json"), "two");
    assert_eq!(read(opened.path(), "meta.json"), "one", "who has the old one open keeps it");
}

#[tokio::test]
async fn of_two_writers_one_wins_and_the_other_is_told() {
    let bucket = Bucket::start().await;
    let (one, other) = (bucket.store(), bucket.store());

    publish(&one, None, &[("meta.json", "one")]).await.unwrap();
    assert!(matches!(publish(&other, None, &[("meta.json", "other")]).await, Err(StoreError::LostRace)));

    let base = one.current().await.unwrap().unwrap();
    let won = publish(&one, Some(&base), &[("meta.json", "two"), ("a.1.del", "x")]).await.unwrap();
    let lost = publish(&other, Some(&base), &[("meta.json", "too"), ("a.1.del", "y")]).await;
    assert!(matches!(lost, Err(StoreError::LostRace)));

    let cache = tempfile::tempdir().unwrap();
    let opened = other.materialise(&won, &Local::open(cache.path()).unwrap()).await.unwrap();
    assert_eq!(read(opened.path(), "a.1.del"), "x", "the loser's file of the same name did no harm");
}

#[tokio::test]
async fn a_publication_whose_answer_was_lost_counts() {
    let bucket = Bucket::start().await;
    let store = bucket.store();
    let base = publish(&store, None, &[("meta.json", "one")]).await.unwrap();
    bucket.lose_next_manifest_answer();

    let published = publish(&store, Some(&base), &[("meta.json", "two")]).await.unwrap();

    assert_eq!(published.manifest.generation, 2);
    assert_eq!(store.current().await.unwrap().unwrap(), published);
}

#[tokio::test]
async fn a_damaged_file_is_noticed_and_not_kept() {
    let bucket = Bucket::start().await;
    let store = bucket.store();
    let published = publish(&store, None, &[("meta.json", "one"), ("a.idx", "postings")]).await.unwrap();
    bucket.overwrite("a.idx", "poisoned");
    let cache = tempfile::tempdir().unwrap();
    let local = Local::open(cache.path()).unwrap();

    assert!(matches!(store.materialise(&published, &local).await, Err(StoreError::Damaged(_))));

    bucket.overwrite("a.idx", "postings");
    assert!(store.materialise(&published, &local).await.is_ok());
}

#[tokio::test]
async fn a_large_file_comes_in_parts_at_once() {
    let bucket = Bucket::start().await;
    let store = bucket.store();
    let content: String = (10_000_000..12_500_000).map(|n: u32| n.to_string()).collect();
    let published = publish(&store, None, &[("meta.json", "one"), ("a.store", &content)]).await.unwrap();
    let cache = tempfile::tempdir().unwrap();
    let local = Local::open(cache.path()).unwrap();

    bucket.forget_calls();
    let opened = store.materialise(&published, &local).await.unwrap();

    assert!(read(opened.path(), "a.store") == content, "put together in the right order");
    let parts = bucket.calls("GET").iter().filter(|key| key.ends_with("a.store")).count();
    assert_eq!(parts, 3, "20 MB in parts of 8 MiB");
}

#[tokio::test]
async fn what_nobody_needs_is_swept_away_after_a_while() {
    let bucket = Bucket::start().await;
    let store = bucket.store();
    let first = publish(&store, None, &[("meta.json", "one"), ("a.idx", "old")]).await.unwrap();
    let second = publish(&store, Some(&first), &[("meta.json", "two"), ("b.idx", "new")]).await.unwrap();
    let cache = tempfile::tempdir().unwrap();
    let local = Local::open(cache.path()).unwrap();
    let opened = store.materialise(&first, &local).await.unwrap();

    assert_eq!(
        store.sweep(&second, Bucket::now()).await.unwrap(),
        0,
        "somebody may be reading them just now"
    );
    let later = Bucket::now() + SignedDuration::from_mins(16);
    assert_eq!(store.sweep(&second, later).await.unwrap(), 2);

    drop(store.materialise(&second, &local).await.unwrap());
    assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 5, "four files and the directory that is open");
    drop(opened);
    drop(store.materialise(&second, &local).await.unwrap());
    assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 2, "the two files of now");
    let fresh = tempfile::tempdir().unwrap();
    let gone = store.materialise(&first, &Local::open(fresh.path()).unwrap()).await;
    assert!(matches!(gone, Err(StoreError::Gone(_))));
}

#[test]
fn what_a_killed_process_left_is_cleared_away() {
    let cache = tempfile::tempdir().unwrap();
    let own = Local::open(cache.path()).unwrap().empty().unwrap();
    fs::create_dir(cache.path().join("open-999999999-abc")).unwrap();
    fs::write(cache.path().join("part-999999999-abc"), "half a file").unwrap();

    Local::open(cache.path()).unwrap();

    assert!(own.path().exists());
    assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn without_a_bucket_the_error_says_what_was_asked() {
    let bucket = Bucket::start().await;
    bucket.refuse_everything();

    let error = bucket.store().current().await.unwrap_err();

    assert!(error.to_string().starts_with("S3 get manifest.json"), "{error}");
}
