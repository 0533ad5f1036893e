//! `POST /me/addresses/parse`: an address as it was pasted, told apart. Nothing of it is kept.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yujie_domain::pasted::{self, Pasted};
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Json, Problem, Reader};

use crate::App;
use crate::delivery::{self, Delivery};

/// The longest text that is looked at, in characters: several addresses' worth.
const LONGEST: usize = 1_000;

#[derive(Deserialize, ToSchema)]
pub(crate) struct PastedText {
    /// At most 1,000 characters.
    text: String,
}

/// What was understood; what is missing was not found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Understood {
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient: Option<String>,
    /// Eleven digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    /// Further mobile numbers, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    other_phones: Vec<String>,
    /// Division code (GB/T 2260).
    #[serde(skip_serializing_if = "Option::is_none")]
    division: Option<&'static str>,
    /// Street, house, door.
    #[serde(skip_serializing_if = "Option::is_none")]
    street: Option<String>,
    /// What was not understood, in its order.
    rest: Vec<String>,
    /// Whether it is delivered to the division; missing when none was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery: Option<Delivery>,
}

/// Tells a pasted address apart, for a form that the reader looks through.
#[utoipa::path(
    post,
    path = "/me/addresses/parse",
    tag = "reader",
    request_body = PastedText,
    security(("reader" = [])),
    responses(
        (status = 200, body = Understood),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn parse(
    State(app): State<App>,
    _: Reader,
    Json(PastedText { text }): Json<PastedText>,
) -> Result<Json<Understood>, Problem> {
    if text.chars().count() > LONGEST {
        return Err(Problem::field("text", "at most 1000 characters"));
    }
    let Pasted { recipient, phones, division, street, labels: _, rest } = pasted::read(&text);
    let mut phones = phones.into_iter().map(|phone| phone.number.as_str().to_owned());
    let division = division.map(|division| division.code);
    let delivery = match division {
        Some(code) => Some(delivery::to(&app, code).await?),
        None => None,
    };
    let phone = phones.next();
    Ok(Json(Understood {
        recipient,
        phone,
        other_phones: phones.collect(),
        division,
        street,
        rest,
        delivery,
    }))
}
