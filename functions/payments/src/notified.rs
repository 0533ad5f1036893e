//! `POST /webhooks/payments/wechatpay`.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use yujie_cashier::{NotBelieved, Told};
use yujie_domain::PaymentNo;
use yujie_domain::payment::{Command, Payment};
use yujie_lending::{PayError, Receipt, Settled};
use yujie_payments::wechatpay::{ACCEPTED, FAILED, RefundNews, RefundState, Transaction};
use yujie_runtime::extract;
use yujie_table::{TableError, payment};

use crate::App;

/// Why a message that is truly the platform's changed nothing.
#[derive(Debug, thiserror::Error)]
enum Unsettled {
    /// It is about nothing that we asked for, or does not fit it: the platform need not repeat it, people have to look.
    #[error("{0}")]
    Wrong(String),
    /// It may be settled when it comes again.
    #[error("{0}")]
    Later(String),
}

impl From<TableError> for Unsettled {
    fn from(error: TableError) -> Self {
        Self::Later(error.to_string())
    }
}

impl From<PayError> for Unsettled {
    fn from(error: PayError) -> Self {
        match error {
            PayError::NotFound | PayError::Refused(_) => Self::Wrong(error.to_string()),
            PayError::Fault(error) => Self::Later(error.to_string()),
        }
    }
}

/// WeChat Pay tells that something was paid or given back.
#[utoipa::path(
    post,
    path = "/webhooks/payments/wechatpay",
    tag = "payments",
    request_body(content = String, content_type = "application/json", description = "A notification as WeChat Pay (API v3) posts it, with its `Wechatpay-*` headers"),
    responses(
        (status = 200, description = "Settled, now or before. The body is the platform's own success reply.", content_type = "application/json"),
        (status = 401, description = "Not proven to be the platform's; its own failure reply.", content_type = "application/json"),
        (status = 400, description = "Nothing that we understand; its own failure reply.", content_type = "application/json"),
        (status = 409, description = "It does not fit what is owed; its own failure reply.", content_type = "application/json"),
        (status = 413, description = "Larger than any notification.", content_type = "application/json"),
        (status = 503, description = "Not settled; the platform repeats.", content_type = "application/json"),
    )
)]
pub(crate) async fn notified(State(app): State<App>, request: Request) -> Response {
    let headers = request.headers().clone();
    let Ok(body) = extract::body(request).await else {
        return answer(StatusCode::PAYLOAD_TOO_LARGE, FAILED);
    };
    let told = match app.desk.hear(&headers, &body) {
        Ok(told) => told,
        Err(error) => {
            tracing::warn!(%error, "a notification is refused");
            let status = match error {
                NotBelieved::Unproven(_) => StatusCode::UNAUTHORIZED,
                NotBelieved::Unreadable(_) => StatusCode::BAD_REQUEST,
            };
            return answer(status, FAILED);
        }
    };
    let settled = match told {
        Told::Payment(told) => paid(&app, &told).await,
        Told::Refund(told) => refunded(&app, &told).await,
    };
    match settled {
        Ok(()) => answer(StatusCode::OK, ACCEPTED),
        Err(error @ Unsettled::Wrong(_)) => {
            tracing::error!(%error, "the platform tells of a payment that does not fit");
            answer(StatusCode::CONFLICT, FAILED)
        }
        Err(error @ Unsettled::Later(_)) => {
            tracing::error!(%error, "a notification is not settled");
            answer(StatusCode::SERVICE_UNAVAILABLE, FAILED)
        }
    }
}

async fn paid(app: &App, told: &Transaction) -> Result<(), Unsettled> {
    let owed = find(app, &told.trade_no).await?;
    let paid = app.desk.paid(&owed, told).map_err(|error| Unsettled::Wrong(error.to_string()))?;
    let Some(paid) = paid else { return Ok(()) };
    let receipt = Receipt { amount: paid.amount, at: paid.at, transaction: paid.transaction_id };
    let settled = app.lending.paid(&owed.rid, &owed.no(), &receipt).await?;
    match settled {
        Settled::Now | Settled::Already => {
            tracing::info!(payment.no = %owed.no(), ?settled, "paid");
        }
        Settled::TooLate => tracing::warn!(payment.no = %owed.no(), "paid for nothing: it goes back"),
    }
    Ok(())
}

async fn refunded(app: &App, told: &RefundNews) -> Result<(), Unsettled> {
    let owed = find(app, &told.trade_no).await?;
    let n = owed.refund_of(&told.refund_no).ok_or_else(|| Unsettled::Wrong("no such refund".to_owned()))?;
    app.desk.fits(&owed, n, told).map_err(|error| Unsettled::Wrong(error.to_string()))?;
    let command = match told.state {
        RefundState::Success => Command::Refunded { n },
        RefundState::Abnormal | RefundState::Closed => Command::Stuck { n },
        RefundState::Processing => return Ok(()),
    };
    app.lending.note(&owed.rid, &owed.no(), &command).await?;
    Ok(())
}

/// The payment of a number that the platform names.
async fn find(app: &App, number: &str) -> Result<Payment, Unsettled> {
    let unknown = || Unsettled::Wrong("no such payment".to_owned());
    let no = PaymentNo::parse(number).map_err(|_| unknown())?;
    let order_no = no.order_no().map_err(|_| unknown())?;
    let rid = payment::reader_of(&app.lending.table, &no).await?.ok_or_else(unknown)?;
    payment::of_order(&app.lending.table, &rid, &order_no).await?.ok_or_else(unknown)
}

fn answer(status: StatusCode, body: &str) -> Response {
    extract::json(status, body.to_owned()).into_response()
}
