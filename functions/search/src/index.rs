//! The index as it is published, open on this machine.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;
use yujie_catalogue::index::Searcher;
use yujie_index_store::{IndexStore, Local, Materialised, Published, StoreError};
use yujie_runtime::Clock;

/// How old an answer may be before the bucket is asked again. A change is then seen by the next request.
const CHECK_EVERY: SignedDuration = SignedDuration::from_secs(2);

/// Why there is nothing to search in.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// It cannot be fetched.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It cannot be opened.
    #[error(transparent)]
    Broken(#[from] yujie_catalogue::index::IndexError),
}

/// The newest published index. Requests hold the one that they began with; the next one gets the newer.
#[derive(Debug)]
pub struct LiveIndex {
    store: IndexStore,
    local: Local,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    open: Option<Arc<OpenIndex>>,
    checked: Option<Timestamp>,
}

/// One state of the index.
#[derive(Debug)]
struct OpenIndex {
    published: Published,
    searcher: Arc<Searcher>,
    _files: Materialised,
}

impl LiveIndex {
    /// Nothing is read before [`LiveIndex::current`].
    pub fn new(store: IndexStore, local: Local, clock: Clock) -> Self {
        Self { store, local, clock, state: Mutex::default() }
    }

    /// The index to search in; `None` while none was ever published.
    ///
    /// # Errors
    /// Only when none is open yet: a newer one that cannot be had now leaves the present one in use.
    pub async fn current(&self) -> Result<Option<Arc<Searcher>>, IndexError> {
        let mut state = self.state.lock().await;
        let now = self.clock.now();
        if state.checked.is_none_or(|checked| now.duration_since(checked) >= CHECK_EVERY) {
            match self.newer(state.open.as_deref()).await {
                Ok(Some(newer)) => state.open = Some(Arc::new(newer)),
                Ok(None) => {}
                Err(error) if state.open.is_none() => return Err(error),
                Err(error) => {
                    tracing::warn!(cause = %error, "the newer index cannot be had; searching in the old one");
                }
            }
            state.checked = Some(now);
        }
        Ok(state.open.as_ref().map(|open| Arc::clone(&open.searcher)))
    }

    async fn newer(&self, open: Option<&OpenIndex>) -> Result<Option<OpenIndex>, IndexError> {
        let Some(published) = self.store.newer(open.map(|open| &open.published)).await? else {
            return Ok(None);
        };
        let files = self.store.materialise(&published, &self.local).await?;
        let searcher = Arc::new(Searcher::open(files.path())?);
        tracing::info!(
            generation = published.manifest.generation,
            titles = searcher.titles(),
            bytes = published.bytes(),
            "index opened"
        );
        Ok(Some(OpenIndex { published, searcher, _files: files }))
    }
}
