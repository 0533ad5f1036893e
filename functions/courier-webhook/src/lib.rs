//! Couriers' pushes: verified on the raw bytes, stored, answered. What they mean is worked out later, by `deliver`.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use ring::digest;
use serde::Deserialize;
use utoipa::{IntoParams, OpenApi};
use yujie_couriers::kuaidi100::push::PushError;
use yujie_couriers::kuaidi100::{Credentials, push, reply};
use yujie_domain::Carried;
use yujie_runtime::{Clients, Clock, Code, Keys, Path, Problem, Query, StartError, Vars, extract, telemetry};
use yujie_table::Table;
use yujie_table::courier_event::{self, RawEvent};

/// What the function works with.
#[derive(Debug, Clone)]
pub struct App {
    /// The table.
    pub table: Table,
    /// The time.
    pub clock: Clock,
    /// Checks webhook addresses.
    pub keys: Keys,
    /// Our account with Kuaidi100.
    pub credentials: Arc<Credentials>,
}

impl App {
    /// Reads the environment and the secrets.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn from_env() -> Result<Self, StartError> {
        let mut vars = Vars::new();
        telemetry::init(vars.optional("LOG_LEVEL").as_deref());
        let clients = Clients::from_env(&mut vars);
        let table = Table::new(clients.dynamodb(), vars.required("TABLE_NAME"));
        let app_secret = vars.required("APP_SECRET_ID");
        let courier_secret = vars.required("COURIER_SECRET_ID");
        vars.finish()?;
        let credentials = serde_json::from_str(&clients.secret(&courier_secret).await?)
            .map_err(|_| StartError::Shape("COURIER_SECRET_ID"))?;
        table.warm().await;
        Ok(Self {
            table,
            clock: Clock::System,
            keys: Keys::from_secret(&clients.secret(&app_secret).await?)?,
            credentials: Arc::new(credentials),
        })
    }
}

/// The function's routes.
pub fn routes(app: App) -> Router {
    Router::new().route("/webhooks/couriers/{carrier}", post(receive)).with_state(app)
}

/// What a push is about, and that we were the ones who told the courier this address.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Address {
    /// The parcel or return, as in the address that the courier was given.
    parcel: String,
    /// The token of that address.
    token: String,
}

/// A courier tells what happened to a parcel, or to a return.
#[utoipa::path(
    post,
    path = "/webhooks/couriers/{carrier}",
    tag = "couriers",
    params(("carrier" = String, Path, description = "`kuaidi100`"), Address),
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "`param` and `sign`, as Kuaidi100 posts them"),
    responses(
        (status = 200, description = "Stored. The body is the carrier's own success reply.", content_type = "application/json"),
        (status = 400, description = "Not a push; the carrier's own failure reply.", content_type = "application/json"),
        (status = 401, description = "Wrong signature or token; the carrier's own failure reply.", content_type = "application/json"),
        (status = 404, description = "No such carrier, or neither a parcel nor a return."),
        (status = 413, description = "Larger than any push; the carrier's own failure reply.", content_type = "application/json"),
        (status = 503, description = "Not stored; the carrier repeats.", content_type = "application/json"),
    )
)]
async fn receive(
    State(app): State<App>,
    Path(carrier): Path<String>,
    Query(address): Query<Address>,
    request: Request,
) -> Result<Response, Problem> {
    if carrier != "kuaidi100" {
        return Err(Problem::new(Code::NotFound));
    }
    if !app.keys.webhook_token_fits(&address.parcel, &address.token) {
        tracing::warn!("a push to an address that we did not give out");
        return Ok(answer(StatusCode::UNAUTHORIZED, reply::FAILED));
    }
    let what: Carried = address.parcel.parse().map_err(|_| Problem::new(Code::NotFound))?;
    let Ok(body) = extract::body(request).await else {
        return Ok(answer(StatusCode::PAYLOAD_TOO_LARGE, reply::FAILED));
    };
    let raw = match push::verify(&body, &app.credentials.salt) {
        Ok(raw) => raw,
        Err(error) => {
            tracing::warn!(carried = %what, %error, "a push is refused");
            return Ok(answer(status_of(&error), reply::FAILED));
        }
    };
    let digest = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, raw.as_bytes()));
    let event = RawEvent { carrier, received: app.clock.now(), raw };
    if let Err(error) = courier_event::store(&app.table, &what, &digest, &event).await {
        tracing::error!(carried = %what, %error, "a push is not stored");
        return Ok(answer(StatusCode::SERVICE_UNAVAILABLE, reply::FAILED));
    }
    Ok(answer(StatusCode::OK, reply::ACCEPTED))
}

fn status_of(error: &PushError) -> StatusCode {
    match error {
        PushError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        PushError::BadSignature | PushError::MissingSign | PushError::NoSalt => StatusCode::UNAUTHORIZED,
        PushError::NotForm | PushError::MissingParam | PushError::NotUtf8 | PushError::NotJson { .. } => {
            StatusCode::BAD_REQUEST
        }
    }
}

fn answer(status: StatusCode, body: &str) -> Response {
    extract::json(status, body.to_owned()).into_response()
}

#[derive(OpenApi)]
#[openapi(paths(receive))]
struct Document;

/// What these routes look like, for the API's document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
