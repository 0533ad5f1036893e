//! Ordering: sites, the quote, the order, its timeline, the loans it became, and what these recommend.

mod cancel;
mod cart;
mod holds;
mod loans;
mod place;
mod recommendations;
mod redirect;
mod refusal;
mod renew;
mod sites;
mod slots;
mod view;

use axum::Router;
use axum::routing::{get, patch, post, put};
use utoipa::OpenApi;
use yujie_lending::Lending;
use yujie_runtime::{Clients, Clock, Edge, Entropy, Keys, StartError, Vars, telemetry};
use yujie_table::Table;

/// What the function works with.
#[derive(Debug, Clone)]
pub struct App {
    /// The table, keys, time, chance, the rules in force and the sites.
    pub lending: Lending,
}

impl AsRef<Edge> for App {
    fn as_ref(&self) -> &Edge {
        &self.lending.edge
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
        vars.finish()?;
        table.warm().await;
        let keys = Keys::from_secret(&clients.secret(&secret).await?)?;
        let edge = Edge { keys, clock: Clock::System, entropy: Entropy::system() };
        Ok(Self { lending: Lending::new(table, edge) })
    }
}

/// The function's routes.
pub fn routes(app: App) -> Router {
    Router::new()
        .route("/sites", get(sites::list))
        .route("/sites/{site_id}", get(sites::show))
        .route("/slots", get(slots::list))
        .route("/orders/quote", post(place::quote))
        .route("/orders", post(place::place).get(view::list))
        .route("/orders/{order_no}", get(view::show))
        .route("/orders/{order_no}/timeline", get(view::timeline))
        .route("/orders/{order_no}/cancel", post(cancel::cancel))
        .route("/orders/{order_no}/destination", put(redirect::redirect))
        .route("/holds", post(holds::place).get(holds::list))
        .route("/holds/{title_id}", patch(holds::change).delete(holds::leave))
        .route("/cart", get(cart::show).delete(cart::clear))
        .route("/cart/{title_id}", put(cart::put).delete(cart::remove))
        .route("/loans", get(loans::list))
        .route("/loans/{barcode}/renewals", post(renew::renew))
        .route("/me/recommendations", get(recommendations::list).put(recommendations::switch))
        .with_state(app)
}

#[derive(OpenApi)]
#[openapi(
    paths(
        sites::list,
        sites::show,
        slots::list,
        place::quote,
        place::place,
        view::list,
        view::show,
        view::timeline,
        cancel::cancel,
        redirect::redirect,
        holds::place,
        holds::list,
        holds::change,
        holds::leave,
        cart::show,
        cart::put,
        cart::remove,
        cart::clear,
        loans::list,
        renew::renew,
        recommendations::list,
        recommendations::switch
    ),
    components(schemas(
        yujie_domain::order::Obstacle,
        yujie_domain::order::Action,
        yujie_domain::order::OnLoan,
        yujie_domain::renewal::NotRenewed
    ))
)]
struct Document;

/// What these routes look like, for the API's document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
