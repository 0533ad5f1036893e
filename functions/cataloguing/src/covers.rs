//! `PUT` and `DELETE /staff/titles/{id}/cover`: the image of a title.

use axum::extract::{Request, State};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use yujie_covers::store::StoreError;
use yujie_covers::variants::{self, Unfit, Variants};
use yujie_domain::TitleId;
use yujie_domain::cover::{CoverSize, ImageKind};
use yujie_domain::staff::Duty;
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Path, Problem, Staff};
use yujie_table::{cover, title};

use crate::App;

/// Bytes of an image. Lambda takes 6 MB, and what is no text comes to it in base64, which is a third longer.
const MOST: usize = 4 * 1024 * 1024;

/// A title's cover.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CoverView {
    title_id: String,
    /// Where readers get it.
    path: String,
    /// The image's name by its content.
    hash: String,
    /// The format that it came in; readers get JPEG.
    #[serde(rename = "type")]
    kind: ImageKind,
    /// Pixels of the original, upright.
    width: u32,
    /// Pixels of the original, upright.
    height: u32,
    /// How often the title's cover was changed.
    version: u64,
}

/// Gives a title its cover. The body is the image itself, JPEG, PNG or WebP, of at most 4 MB and 40 million pixels and at least 100 pixels
/// from side to side. The same image again changes nothing.
#[utoipa::path(
    put,
    path = "/staff/titles/{id}/cover",
    tag = "staff",
    params(("id" = String, Path, description = "The title's id.")),
    request_body(content = Vec<u8>, content_type = "image/*", description = "The image. Its format is told by its content."),
    security(("staff" = [])),
    responses(
        (status = 200, description = "The title's cover now.", body = CoverView),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such title.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "Somebody else changed it at the same time.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "Too many bytes or pixels.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "Neither JPEG nor PNG nor WebP.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "Damaged, too small, or of no book's shape.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn upload(
    State(app): State<App>,
    staff: Staff,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<CoverView>, Problem> {
    staff.must(Duty::Catalogue)?;
    let id = known(&app, &id).await?;
    let image = axum::body::to_bytes(request.into_body(), MOST).await;
    let image = image.map_err(|_| Problem::new(Code::ImageTooLarge))?;

    // Read before the image is worked on: whoever writes in between is not written over.
    let old = cover::get(&app.table, &id).await?;
    if let Some(old) = &old
        && variants::hash(&image).as_ref() == Some(&old.cover.hash)
    {
        return Ok(Json(view(&id, old.clone())));
    }
    // It holds up this invocation alone: Lambda gives each execution environment one request at a time.
    let Variants { cover, files } = variants::make(&image).map_err(refusal)?;
    for (size, file) in files {
        app.covers.put(&cover.hash, size, file).await.map_err(|error| out_of_reach(&error))?;
    }
    match cover::put(&app.table, &id, &cover, old.as_ref()).await? {
        cover::Put::Done(kept) => {
            tracing::info!(title.id = %id, staff.login = %staff.login, cover.hash = %kept.cover.hash, "cover given");
            Ok(Json(view(&id, kept)))
        }
        cover::Put::Overtaken => Err(Problem::new(Code::ChangedMeanwhile)),
    }
}

/// Takes a title's image away. Readers then see the cover that is drawn from its words.
#[utoipa::path(
    delete,
    path = "/staff/titles/{id}/cover",
    tag = "staff",
    params(("id" = String, Path, description = "The title's id.")),
    security(("staff" = [])),
    responses(
        (status = 204, description = "It is gone."),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "The title has no image.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "Somebody else changed it at the same time.", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn remove(
    State(app): State<App>,
    staff: Staff,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    staff.must(Duty::Catalogue)?;
    let not_found = || Problem::new(Code::NotFound);
    let id = TitleId::parse(&id).map_err(|_| not_found())?;
    let old = cover::get(&app.table, &id).await?.ok_or_else(not_found)?;
    if !cover::remove(&app.table, &id, &old).await? {
        return Err(Problem::new(Code::ChangedMeanwhile));
    }
    tracing::info!(title.id = %id, staff.login = %staff.login, "cover taken away");
    Ok(StatusCode::NO_CONTENT)
}

/// A title that there is.
async fn known(app: &App, id: &str) -> Result<TitleId, Problem> {
    let not_found = || Problem::new(Code::NotFound);
    let id = TitleId::parse(id).map_err(|_| not_found())?;
    title::get(&app.table, &id).await?.map(|title| title.id).ok_or_else(not_found)
}

fn view(id: &TitleId, kept: cover::Kept) -> CoverView {
    let cover::Kept { cover, version } = kept;
    CoverView {
        title_id: id.to_string(),
        path: format!("/titles/{id}/cover?size={}", CoverSize::Large.width()),
        hash: cover.hash.into(),
        kind: cover.kind,
        width: cover.width,
        height: cover.height,
        version,
    }
}

fn refusal(unfit: Unfit) -> Problem {
    let code = match unfit {
        Unfit::UnknownFormat => Code::UnsupportedImage,
        Unfit::TooLarge | Unfit::TooManyPixels { .. } => Code::ImageTooLarge,
        Unfit::Damaged | Unfit::TooNarrow { .. } | Unfit::Shape { .. } => Code::UnsuitableImage,
    };
    Problem::new(code).and_field("image", unfit.to_string())
}

/// Nothing is in the table yet, and files that nobody names do no harm: the same request may succeed.
fn out_of_reach(error: &StoreError) -> Problem {
    tracing::error!(cause = %error, "covers out of reach");
    Problem::new(Code::Busy)
}
