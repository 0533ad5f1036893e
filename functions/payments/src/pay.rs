//! `POST /orders/{order_no}/payment`.

use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yujie_cashier::{DeskError, Page, Way};
use yujie_domain::OrderNo;
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Path, Problem, Reader};
use yujie_table::payment;

use crate::App;

/// How the reader wants to pay, by where the reader is.
#[derive(Deserialize, ToSchema)]
#[schema(as = PaymentWanted)]
#[serde(tag = "way", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Wanted {
    /// In a page inside WeChat.
    Jsapi {
        /// The reader under the library's official account.
        #[schema(max_length = 128)]
        openid: String,
    },
    /// At another screen, by a code that WeChat scans.
    Native,
    /// In another browser of a phone.
    H5 {
        /// The address of the reader's device.
        #[schema(value_type = String)]
        client_ip: std::net::IpAddr,
    },
}

/// What the page needs.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "way", rename_all = "snake_case")]
pub(crate) enum Checkout {
    /// For `WeixinJSBridge.invoke('getBrandWCPayRequest', …)`.
    Jsapi {
        /// Until when it can be paid.
        #[schema(value_type = String, format = DateTime)]
        until: Timestamp,
        /// Handed to the page as they are.
        #[schema(value_type = Object)]
        parameters: serde_json::Value,
    },
    /// To be drawn as a QR code.
    Native {
        /// Until when it can be paid.
        #[schema(value_type = String, format = DateTime)]
        until: Timestamp,
        /// The code's text.
        code_url: String,
    },
    /// To be opened.
    H5 {
        /// Until when it can be paid.
        #[schema(value_type = String, format = DateTime)]
        until: Timestamp,
        /// The link, good for five minutes; then it is asked for again.
        h5_url: String,
    },
}

/// Begins to pay for an order: what the reader's page needs for it. It may be asked as often as the reader likes until the order is paid.
///
/// Always in the way in which it was asked first: the platform takes a payment's number with one way, payer and address only.
#[utoipa::path(
    post,
    path = "/orders/{order_no}/payment",
    tag = "orders",
    params(("order_no" = String, Path)),
    request_body = Wanted,
    security(("reader" = [])),
    responses(
        (status = 200, body = Checkout),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, description = "`payment_not_due`, or `payment_refused`", content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, description = "`payment_unavailable`", content_type = "application/problem+json"),
    )
)]
pub(crate) async fn pay(
    State(app): State<App>,
    reader: Reader,
    Path(order_no): Path<String>,
    Json(wanted): Json<Wanted>,
) -> Result<Json<Checkout>, Problem> {
    let not_found = || Problem::new(Code::NotFound);
    let no = OrderNo::parse(&order_no).map_err(|_| not_found())?;
    let table = &app.lending.table;
    let Some(owed) = payment::of_order(table, &reader.rid, &no).await? else {
        // Somebody else's order is not to be told from none; the reader's own may be free.
        let known = yujie_table::order::head(table, &reader.rid, &no).await?;
        return Err(Problem::new(known.map_or(Code::NotFound, |_| Code::PaymentNotDue)));
    };
    if !owed.can_be_paid(app.lending.edge.clock.now()) {
        return Err(Problem::new(Code::PaymentNotDue));
    }
    let way = match wanted {
        Wanted::Jsapi { openid } if openid.is_empty() || openid.len() > 128 => {
            return Err(Problem::field("openid", "1 to 128 characters"));
        }
        Wanted::Jsapi { openid } => Way::Jsapi { openid },
        Wanted::Native => Way::Native,
        Wanted::H5 { client_ip } => Way::H5 { client_ip: client_ip.to_string() },
    };
    let until = owed.until;
    let page = app.desk.ask_for(&owed, way).await.map_err(|error| {
        tracing::error!(payment.no = %owed.no(), %error, "not asked for");
        Problem::new(match error {
            DeskError::Transient(_) => Code::PaymentUnavailable,
            DeskError::Refused(_) | DeskError::NotOurs(_) | DeskError::Unfit(_) => Code::PaymentRefused,
        })
    })?;
    Ok(Json(match page {
        Page::Jsapi(cashier) => {
            let parameters = serde_json::to_value(&cashier).map_err(Problem::internal)?;
            Checkout::Jsapi { until, parameters }
        }
        Page::Native(code_url) => Checkout::Native { until, code_url },
        Page::H5(h5_url) => Checkout::H5 { until, h5_url },
    }))
}
