//! `GET /titles/{id}/cover`: a picture for every title. The one that a librarian gave it, else one that is drawn from its words.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;
use yujie_catalogue::names;
use yujie_covers::draw::{self, Subject};
use yujie_domain::TitleId;
use yujie_domain::cover::CoverSize;
use yujie_domain::title::Title;
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Path, Problem, Query};
use yujie_table::{cover, title};

use crate::App;

/// A given cover changes rarely.
const A_DAY: &str = "public, max-age=86400";
/// A drawn one may be followed by a given one any day.
const AN_HOUR: &str = "public, max-age=3600";
/// One that stands in for a file that could not be had.
const NOT_AT_ALL: &str = "no-store";

/// How large.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// Pixels from side to side, 240 when not said. A picture that has fewer is not made larger; a drawn one has no size.
    #[param(inline, value_type = Option<CoverSize>)]
    size: Option<CoverSize>,
}

/// The picture of a title.
#[utoipa::path(
    get, path = "/titles/{id}/cover", tag = "catalogue",
    params(("id" = String, Path, description = "The title's id."), Wanted),
    responses(
        (status = 200, description = "The title's cover: JPEG where it was given one, else SVG.", content(
            (Vec<u8> = "image/jpeg"), (String = "image/svg+xml"),
        )),
        (status = 304, description = "The one that `If-None-Match` names is still the title's cover."),
        (status = 400, description = "A wrong `size`.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such title.", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let not_found = || Problem::new(Code::NotFound);
    let id = TitleId::parse(&id).map_err(|_| not_found())?;
    let mut kept_for = AN_HOUR;
    if let Some(given) = cover::get(&app.table, &id).await? {
        let hash = given.cover.hash;
        let tag = format!("\"{hash}\"");
        if is_known(&headers, &tag) {
            return not_modified(&tag, A_DAY);
        }
        match app.covers.get(&hash, wanted.size.unwrap_or(CoverSize::Medium)).await {
            Ok(Some(jpeg)) => return picture("image/jpeg", &tag, A_DAY, jpeg),
            Ok(None) => tracing::error!(title.id = %id, cover.hash = %hash, "the cover's file is missing"),
            Err(error) => tracing::error!(title.id = %id, cause = %error, "the cover's file cannot be had"),
        }
        // A reader gets a picture all the same, and the right one the next time.
        kept_for = NOT_AT_ALL;
    }
    let title = title::get(&app.table, &id).await?.ok_or_else(not_found)?;
    let drawn = drawn(&title);
    let tag = format!("\"{}\"", draw::tag(&drawn));
    if is_known(&headers, &tag) {
        return not_modified(&tag, kept_for);
    }
    let mut answer = picture("image/svg+xml", &tag, kept_for, drawn)?;
    // Opened as a page of its own it may do nothing at all.
    let nothing = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'");
    answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, nothing);
    Ok(answer)
}

fn drawn(title: &Title) -> String {
    // Three names fill the line.
    let authors: Vec<&str> = title.authors.iter().take(3).map(|author| names::bare(author)).collect();
    let author = authors.join(" ");
    draw::svg(&Subject {
        id: title.id.as_str(),
        class: title.class.as_deref(),
        title: &title.title,
        subtitle: title.subtitle.as_deref(),
        author: Some(author.as_str()).filter(|author| !author.is_empty()),
        publisher: title.publisher.as_deref(),
    })
}

/// Whether the asker has what goes by this tag.
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    // Caches that repack a body mark its tag as weak.
    known
        .flat_map(|tags| tags.split(','))
        .map(|known| known.trim().trim_start_matches("W/"))
        .any(|known| known == tag || known == "*")
}

fn not_modified(tag: &str, kept_for: &'static str) -> Result<Response, Problem> {
    let mut answer = StatusCode::NOT_MODIFIED.into_response();
    label(&mut answer, tag, kept_for)?;
    Ok(answer)
}

fn picture(
    kind: &'static str,
    tag: &str,
    kept_for: &'static str,
    body: impl IntoResponse,
) -> Result<Response, Problem> {
    let mut answer = body.into_response();
    label(&mut answer, tag, kept_for)?;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    answer.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(answer)
}

fn label(answer: &mut Response, tag: &str, kept_for: &'static str) -> Result<(), Problem> {
    let tag = HeaderValue::from_str(tag).map_err(Problem::internal)?;
    answer.headers_mut().insert(header::ETAG, tag);
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(kept_for));
    Ok(())
}
