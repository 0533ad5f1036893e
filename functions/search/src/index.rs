//! The index as it is published, open on this machine.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;
use yujie_catalogue::index::Searcher;
use yujie_index_store::{IndexStore, Local, Materialised, Published, StoreError};
use yujie_runtime::Clock;

/// How old an answer may be before the bucket is asked again. A change is then seen by the next request.
const CHECK_EVERY: SignedDuration = SignedDuration::from_secs(2);
/// How long one request looks for a newer index while there is one to search in. Small changes come within it.
const PATIENCE: Duration = Duration::from_millis(200);

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

/// The newest published index. A request never waits for a newer one longer than a moment: it goes on with the one that is open, and the
/// next request goes on with the fetching.
pub struct LiveIndex {
    store: IndexStore,
    local: Local,
    clock: Clock,
    open: RwLock<Option<Arc<OpenIndex>>>,
    refresh: Mutex<Refresh>,
}

/// A look for a newer index. It belongs to no request, so that each can lend it some of its time.
type Fetching = Pin<Box<dyn Future<Output = Result<Option<OpenIndex>, IndexError>> + Send>>;

#[derive(Default)]
struct Refresh {
    checked: Option<Timestamp>,
    fetching: Option<Fetching>,
}

/// One state of the index.
#[derive(Debug)]
struct OpenIndex {
    published: Published,
    searcher: Arc<Searcher>,
    _files: Materialised,
}

impl fmt::Debug for LiveIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveIndex").field("open", &self.open).finish_non_exhaustive()
    }
}

impl LiveIndex {
    /// Nothing is read before [`LiveIndex::current`].
    pub fn new(store: IndexStore, local: Local, clock: Clock) -> Self {
        Self { store, local, clock, open: RwLock::default(), refresh: Mutex::default() }
    }

    /// The index to search in; `None` while none was ever published.
    ///
    /// # Errors
    /// Only when none is open yet: a newer one that cannot be had now leaves the present one in use.
    pub async fn current(&self) -> Result<Option<Arc<Searcher>>, IndexError> {
        if let Some(open) = self.opened() {
            // When the lock is taken somebody else is looking, and there is one to search in.
            if let Ok(mut refresh) = self.refresh.try_lock()
                && let Err(error) = self.look(&mut refresh, Some(&open)).await
            {
                tracing::warn!(cause = %error, "the newer index cannot be had; searching in the old one");
            }
        } else {
            let mut refresh = self.refresh.lock().await;
            // Whoever held the lock may have opened one.
            let open = self.opened();
            self.look(&mut refresh, open.as_deref()).await?;
        }
        Ok(self.opened().map(|open| Arc::clone(&open.searcher)))
    }

    fn opened(&self) -> Option<Arc<OpenIndex>> {
        self.open.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks for a newer index, or goes on with the look under way: without end while there is none to search in, else for a moment.
    async fn look(&self, refresh: &mut Refresh, open: Option<&OpenIndex>) -> Result<(), IndexError> {
        let now = self.clock.now();
        // Without an index every request asks: a page that is empty because the bucket was out of reach a second ago would be untrue.
        let due = open.is_none()
            || refresh.checked.is_none_or(|checked| now.duration_since(checked) >= CHECK_EVERY);
        if refresh.fetching.is_none() && !due {
            return Ok(());
        }
        let known = open.map(|open| open.published.clone());
        if refresh.fetching.is_none() {
            // Counted from here: what is published while this look is under way is for the next one.
            refresh.checked = Some(now);
        }
        let fetching = refresh.fetching.get_or_insert_with(|| {
            Box::pin(newer(self.store.clone(), self.local.clone(), self.clock.clone(), known))
        });
        let found = if open.is_none() {
            fetching.await
        } else {
            match tokio::time::timeout(PATIENCE, fetching).await {
                Ok(found) => found,
                Err(_) => return Ok(()),
            }
        };
        refresh.fetching = None;
        if let Some(newer) = found? {
            *self.open.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(newer));
        }
        Ok(())
    }
}

async fn newer(
    store: IndexStore,
    local: Local,
    clock: Clock,
    known: Option<Published>,
) -> Result<Option<OpenIndex>, IndexError> {
    let Some(published) = store.newer(known.as_ref()).await? else {
        return Ok(None);
    };
    let began = clock.now();
    let files = store.materialise(&published, &local).await?;
    let fetched = clock.now();
    let searcher = Arc::new(Searcher::open(files.path())?);
    let opened = clock.now();
    tracing::info!(
        fetch_ms = i64::try_from(fetched.duration_since(began).as_millis()).unwrap_or(i64::MAX),
        open_ms = i64::try_from(opened.duration_since(fetched).as_millis()).unwrap_or(i64::MAX),
        generation = published.manifest.generation,
        titles = searcher.titles(),
        bytes = published.bytes(),
        "index opened"
    );
    Ok(Some(OpenIndex { published, searcher, _files: files }))
}
