//! Readers and staff: phone codes, the card, sign-in, passwords, staff accounts. What a reader has here afterwards is `profile`'s.

mod cards;
mod devices;
mod limits;
mod password_resets;
mod passwords;
mod phone_codes;
mod sessions;
mod staff_accounts;
mod staff_password;
mod wechat;

use axum::Router;
use axum::routing::{delete, get, post};
use utoipa::OpenApi;
use yujie_phones::Phones;
use yujie_runtime::{Clients, Clock, Edge, Entropy, Keys, StartError, Vars, telemetry};
use yujie_table::Table;
use yujie_wechat_desk::Desk;

/// What the function works with.
#[derive(Debug, Clone)]
pub struct App {
    /// The table.
    pub table: Table,
    /// Keys, time, chance.
    pub edge: Edge,
    /// The way to phones.
    pub phones: Phones,
    /// The library's desk at WeChat, if it has one.
    pub wechat: Option<Desk>,
}

impl AsRef<Edge> for App {
    fn as_ref(&self) -> &Edge {
        &self.edge
    }
}

impl App {
    /// Reads the environment and the secret, and opens the connection to the table.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn from_env() -> Result<Self, StartError> {
        let mut vars = Vars::new();
        telemetry::init(vars.optional("LOG_LEVEL").as_deref());
        let clients = Clients::from_env(&mut vars);
        let table = Table::new(clients.dynamodb(), vars.required("TABLE_NAME"));
        let secret = vars.required("APP_SECRET_ID");
        let phones = yujie_phones::Settings::read(&mut vars);
        let wechat = yujie_wechat_desk::Settings::read(&mut vars);
        vars.finish()?;
        table.warm().await;
        let keys = Keys::from_secret(&clients.secret(&secret).await?)?;
        let edge = Edge { keys, clock: Clock::System, entropy: Entropy::system() };
        let phones = phones.open(&clients, &edge.clock, &edge.entropy).await?;
        let wechat = wechat.open(&clients, &table, &edge).await?;
        Ok(Self { table, edge, phones, wechat })
    }
}

/// The function's routes.
pub fn routes(app: App) -> Router {
    Router::new()
        .route("/phone-codes", post(phone_codes::send))
        .route("/cards", post(cards::issue))
        .route("/sessions", post(sessions::reader))
        .route("/sessions/wechat", post(wechat::sign_in))
        .route("/sessions/refresh", post(sessions::refresh))
        .route("/sessions/current", delete(sessions::end))
        .route("/password-resets", post(password_resets::reset))
        .route("/staff/sessions", post(sessions::staff))
        .route("/staff/password", post(staff_password::change))
        .route("/staff/accounts", get(staff_accounts::list).post(staff_accounts::add))
        .route("/staff/accounts/{login}", get(staff_accounts::show).put(staff_accounts::change))
        .route("/staff/accounts/{login}/password", post(staff_accounts::reset_password))
        .route("/me/password", post(passwords::change))
        .route("/me/sessions", get(devices::list).delete(devices::end_all))
        .route("/me/sessions/{session_id}", delete(devices::end))
        .route("/me/wechat", get(wechat::show).put(wechat::bind).delete(wechat::unbind))
        .route("/wechat/authorisations", post(wechat::begin))
        .route("/wechat/page-config", get(wechat::page_config))
        .with_state(app)
}

#[derive(OpenApi)]
#[openapi(paths(
    phone_codes::send,
    cards::issue,
    sessions::reader,
    sessions::refresh,
    sessions::end,
    password_resets::reset,
    sessions::staff,
    staff_password::change,
    staff_accounts::list,
    staff_accounts::add,
    staff_accounts::show,
    staff_accounts::change,
    staff_accounts::reset_password,
    passwords::change,
    devices::list,
    devices::end,
    devices::end_all,
    wechat::begin,
    wechat::sign_in,
    wechat::bind,
    wechat::show,
    wechat::unbind,
    wechat::page_config
))]
struct Document;

/// What these routes look like, for the API's document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
