//! The library's desk at WeChat: who is reading a page, and what a page needs to scan and to pay. The platform's token and ticket are
//! kept in the table, so that all functions use the same ones.

mod leases;
mod sign_in;

use std::sync::Arc;
use std::time::Duration;

use yujie_runtime::outbound::{Answer, NoAnswer, Outbound};
use yujie_runtime::{Clients, Edge, SealError, StartError, Vars};
use yujie_table::{Table, TableError};
use yujie_wechat::jssdk::{Nonce, PageConfig, TicketError};
use yujie_wechat::oauth::SignInError;
use yujie_wechat::{AccessError, Account, Request, WebUrl};

pub use sign_in::{Begun, LIFETIME};
pub use yujie_wechat::OpenId;
pub use yujie_wechat::jssdk::PageConfig as Config;

/// How long the platform may take for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The library's desk at WeChat.
#[derive(Debug, Clone)]
pub struct Desk {
    account: Arc<Account>,
    platform: Outbound,
    open_url: String,
    public_url: String,
    table: Table,
    edge: Edge,
}

/// Where a function finds what its desk needs.
#[derive(Debug)]
pub struct Settings {
    secret: String,
    url: String,
    open_url: String,
    public_url: String,
}

/// Why the desk has nothing.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// The page is not one of ours.
    #[error("not a page of ours")]
    NotOurs,
    /// The reader did not begin here, or too long ago, or the code is spent: they begin anew.
    #[error("not begun here, too late, or used before")]
    BeginAnew,
    /// The reader sees a snapshot of the page, under no identity of theirs.
    #[error("the reader sees a snapshot of the page")]
    Snapshot,
    /// It may work next time, or when somebody has seen to our account.
    #[error("WeChat: {0}")]
    Unavailable(String),
    /// The table failed.
    #[error(transparent)]
    Table(#[from] TableError),
    /// What is kept does not open, or there is no chance to seal it with.
    #[error(transparent)]
    Seal(#[from] SealError),
}

impl Settings {
    /// Reads the environment: `WECHAT_SECRET_ID`, where the service account is, an empty object for a library without one; `WECHAT_URL` and
    /// `WECHAT_OPEN_URL`, where the platform is asked and where readers are sent; and `PUBLIC_URL`. Missing variables are noted in `vars`.
    pub fn read(vars: &mut Vars) -> Self {
        Self {
            secret: vars.required("WECHAT_SECRET_ID"),
            url: vars.required("WECHAT_URL"),
            open_url: vars.required("WECHAT_OPEN_URL"),
            public_url: vars.required("PUBLIC_URL"),
        }
    }

    /// Opens the desk; `None` for a library that has no service account.
    ///
    /// # Errors
    /// [`StartError`] when the account is not there or not readable.
    pub async fn open(
        self,
        clients: &Clients,
        table: &Table,
        edge: &Edge,
    ) -> Result<Option<Desk>, StartError> {
        let secret = clients.secret(&self.secret).await?;
        if secret.trim() == "{}" {
            return Ok(None);
        }
        let account = Account::parse(&secret).map_err(|_| StartError::Shape("WECHAT_SECRET_ID"))?;
        let urls = [self.url.as_str(), &self.open_url, &self.public_url];
        Ok(Some(Desk::new(account, urls, table.clone(), edge.clone())))
    }
}

impl Desk {
    /// The desk of an account; `urls` are where the platform is asked, where readers are sent to be known, and where we are.
    pub fn new(account: Account, [url, open_url, public_url]: [&str; 3], table: Table, edge: Edge) -> Self {
        Self {
            account: Arc::new(account),
            platform: Outbound::new(url, PATIENCE),
            open_url: open_url.to_owned(),
            public_url: public_url.trim_end_matches('/').to_owned(),
            table,
            edge,
        }
    }

    /// What a page of ours needs to scan and to pay: `page` is its address, as the reader's WeChat has it.
    ///
    /// # Errors
    /// [`DeskError`].
    pub async fn page_config(&self, page: &str) -> Result<PageConfig, DeskError> {
        let page = WebUrl::parse(page).map_err(|_| DeskError::NotOurs)?;
        if !page.is_below(&self.public_url) {
            return Err(DeskError::NotOurs);
        }
        let ticket = self.ticket().await?;
        let nonce = Nonce::new(self.random()?);
        Ok(PageConfig::sign(&self.account, &ticket, &page, self.edge.clock.now(), &nonce))
    }

    async fn ask(&self, request: &Request) -> Result<Answer, DeskError> {
        let (method, body) = (request.method.name(), request.body.clone());
        Ok(self.platform.send(method, &request.path, &request.headers, body).await?)
    }

    fn random(&self) -> Result<u128, DeskError> {
        let bytes = self.edge.entropy.bytes().map_err(|error| DeskError::Unavailable(error.to_string()))?;
        Ok(u128::from_be_bytes(bytes))
    }
}

impl From<NoAnswer> for DeskError {
    fn from(error: NoAnswer) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<AccessError> for DeskError {
    fn from(error: AccessError) -> Self {
        if !error.is_transient() {
            tracing::error!(%error, "WeChat does not let the library in: see docs/operations.md");
        }
        Self::Unavailable(error.to_string())
    }
}

impl From<SignInError> for DeskError {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Snapshot => Self::Snapshot,
            SignInError::CodeSpent(_) => Self::BeginAnew,
            SignInError::Access(error) => error.into(),
        }
    }
}

impl From<TicketError> for DeskError {
    fn from(error: TicketError) -> Self {
        match error {
            TicketError::TokenExpired(refusal) => Self::Unavailable(refusal.to_string()),
            TicketError::Access(error) => error.into(),
        }
    }
}
