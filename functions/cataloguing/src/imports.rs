//! `/staff/imports`: files of library records. A file is put into the bucket by whoever brings it, at an address that is signed here; its
//! import then begins with one write, from which everything else follows.

use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yujie_domain::ImportId;
use yujie_domain::import::{
    FailureCode, FileName, FileOptions, Import, ImportStatus, LARGEST_FILE, MOST_SITE_CODES, Run, Stage,
};
use yujie_domain::staff::Duty;
use yujie_import_store::{GOOD_FOR, StoreError};
use yujie_runtime::idempotent::Begun;
use yujie_runtime::page::{PageQuery, cursor};
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Path, Problem, Query, Staff, extract, idempotent};
use yujie_table::idempotency::Known;
use yujie_table::import::{self, Stored};
use yujie_table::site;

use crate::App;

/// An import that has not come further for so long may be asked for once more: its message is lost, or comes late.
const STANDS_STILL: SignedDuration = SignedDuration::from_mins(10);

/// What is asked for with a file.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct NewImport {
    /// What the file is called.
    #[schema(max_length = 120, example = "2026年秋季新书.mrc")]
    file_name: String,
    /// How it is to be read. What it holds (ISO 2709, MARCXML, CSV, packed or not) is told by its content.
    #[serde(default)]
    options: FileOptions,
}

/// An import.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ImportView {
    import_id: String,
    file_name: String,
    /// Who brings it, by sign-in name.
    by: String,
    /// When it was asked for.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    status: ImportStatus,
    /// Where the file is to be put; only while it is waited for.
    #[serde(skip_serializing_if = "Option::is_none")]
    upload: Option<Upload>,
    /// When work began.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    started: Option<Timestamp>,
    /// When it last came further.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    moved: Option<Timestamp>,
    /// Records read.
    read: u64,
    /// Titles that are now in the library.
    loaded: u64,
    /// Records passed over.
    rejected: u64,
    /// Things left out of, or guessed in, records that were loaded.
    warnings: u64,
    /// New copies.
    copies: u64,
    /// Titles whose ISBN an earlier title of the file has too.
    duplicates: u64,
    /// Records a second.
    rate: u64,
    /// A CSV of what was passed over (`file,position,id,outcome,reason`), for an hour; missing when nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    rejects_url: Option<String>,
    /// Why it ended before the file's end.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<FailureView>,
}

/// Where a file is to be put.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Upload {
    /// `PUT`, with the file as the body.
    method: &'static str,
    /// A signed address: good for this one file.
    url: String,
    /// Until when.
    #[schema(value_type = String, format = DateTime)]
    expires: Timestamp,
    /// The largest file, in bytes.
    largest: u64,
}

/// Why an import ended before its file's end.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FailureView {
    code: FailureCode,
    /// What people read, in zh-CN.
    detail: &'static str,
    /// What it was in this file.
    cause: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ImportList {
    items: Vec<ImportView>,
    /// Where the next page begins; `null` at the end.
    next_cursor: Option<String>,
}

/// Asks for an import. Its answer says where to put the file; `start` then begins the work.
#[utoipa::path(
    post,
    path = "/staff/imports",
    tag = "staff",
    params(("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters")),
    request_body = NewImport,
    security(("staff" = [])),
    responses(
        (status = 201, body = ImportView),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn add(State(app): State<App>, staff: Staff, request: Request) -> Result<Response, Problem> {
    staff.must(Duty::Catalogue)?;
    let edge = &app.edge;
    let begun =
        idempotent::begin(&app.table, &edge.keys, "POST /staff/imports", staff.login.as_str(), request)
            .await?;
    let (known, body) = match begun {
        Begun::Answered(answer) => return Ok(answer),
        Begun::New { known, body } => (known, body),
    };
    let NewImport { file_name, options } = extract::parse(&body)?;
    let file_name = FileName::parse(&file_name)?;
    check_sites(&app, &options).await?;
    let now = edge.clock.now();
    let id =
        ImportId::parse(&edge.entropy.ulid(now).map_err(Problem::internal)?).map_err(Problem::internal)?;
    let new = Import { id, file_name, by: staff.login, at: now, options, stage: Stage::Waiting, version: 1 };
    // The address is kept with the answer: it opens one object, for an hour, to be written.
    let answer = idempotent::answer(StatusCode::CREATED, &full_view(&app, &new).await?)?;
    match import::add(&app.table, &new, &known, &answer).await? {
        Known::New => {
            tracing::info!(import.id = %new.id, staff.login = %new.by, "import asked for");
            idempotent::respond(&answer)
        }
        seen => idempotent::answer_known(seen)?.ok_or_else(|| Problem::new(Code::Busy)),
    }
}

/// Begins an import whose file is there. Again, it changes nothing, unless the import has stood still for ten minutes: then its work is asked
/// for once more.
#[utoipa::path(
    post,
    path = "/staff/imports/{id}/start",
    tag = "staff",
    params(("id" = String, Path, description = "The import's id.")),
    security(("staff" = [])),
    responses(
        (status = 200, description = "The import now.", body = ImportView),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such import.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "Its file is not there.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "Its file is larger than 512 MB.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn start(
    State(app): State<App>,
    staff: Staff,
    Path(id): Path<String>,
) -> Result<Json<ImportView>, Problem> {
    staff.must(Duty::Catalogue)?;
    let import = known(&app, &id).await?;
    let now = app.edge.clock.now();
    let next = match &import.stage {
        Stage::Waiting => {
            let file = app.imports.find(&import.id).await.map_err(|error| out_of_reach(&error))?;
            let file = file.filter(|file| file.bytes > 0).ok_or_else(|| Problem::new(Code::FileMissing))?;
            if file.bytes > LARGEST_FILE {
                return Err(Problem::new(Code::FileTooLarge));
            }
            import.start(file, now)
        }
        Stage::Running(run) if now.duration_since(run.moved) >= STANDS_STILL => import.resume(now),
        Stage::Running(_) | Stage::Done(_) | Stage::Failed { .. } => {
            return Ok(Json(full_view(&app, &import).await?));
        }
    };
    let next = next.map_err(Problem::internal)?;
    match import::store(&app.table, &next).await? {
        Stored::Now => {
            tracing::info!(import.id = %next.id, staff.login = %staff.login, "import begins");
            Ok(Json(full_view(&app, &next).await?))
        }
        // Somebody else began it, or it moved on: what is asked for is so.
        Stored::Overtaken => Ok(Json(full_view(&app, &known(&app, &id).await?).await?)),
    }
}

/// Imports, newest first.
#[utoipa::path(
    get,
    path = "/staff/imports",
    tag = "staff",
    params(PageQuery),
    security(("staff" = [])),
    responses(
        (status = 200, description = "Without addresses for files.", body = ImportList),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    staff: Staff,
    Query(page): Query<PageQuery>,
) -> Result<Json<ImportList>, Problem> {
    staff.must(Duty::Catalogue)?;
    let wrong = |_| Problem::new(Code::MalformedRequest).and_field("cursor", "not a cursor of this list");
    let after = page.cursor()?.map(|id| ImportId::parse(&id)).transpose().map_err(wrong)?;
    let limit = page.limit()?;
    let found = import::list(&app.table, limit, after.as_ref()).await?;
    let next_cursor = found.last().filter(|_| found.len() == limit).map(|last| cursor(last.id.as_str()));
    Ok(Json(ImportList { items: found.into_iter().map(view).collect(), next_cursor }))
}

/// How far an import has come.
#[utoipa::path(
    get,
    path = "/staff/imports/{id}",
    tag = "staff",
    params(("id" = String, Path, description = "The import's id.")),
    security(("staff" = [])),
    responses(
        (status = 200, body = ImportView),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(
    State(app): State<App>,
    staff: Staff,
    Path(id): Path<String>,
) -> Result<Json<ImportView>, Problem> {
    staff.must(Duty::Catalogue)?;
    Ok(Json(full_view(&app, &known(&app, &id).await?).await?))
}

/// An import that there is.
async fn known(app: &App, id: &str) -> Result<Import, Problem> {
    let not_found = || Problem::new(Code::NotFound);
    let id = ImportId::parse(id).map_err(|_| not_found())?;
    import::get(&app.table, &id).await?.ok_or_else(not_found)
}

/// A wrong site is told now: the file would be brought in vain.
async fn check_sites(app: &App, options: &FileOptions) -> Result<(), Problem> {
    if options.sites.is_empty() {
        return Ok(());
    }
    if options.sites.len() > MOST_SITE_CODES {
        return Err(Problem::field("options.sites", format!("at most {MOST_SITE_CODES} codes")));
    }
    if options.sites.keys().any(|code| code.trim().is_empty() || code.len() > 100) {
        return Err(Problem::field("options.sites", "a code has 1 to 100 bytes"));
    }
    let sites = site::all(&app.table).await?;
    let unknown: Vec<&str> = options
        .sites
        .values()
        .filter(|wanted| !sites.iter().any(|site| site.id == **wanted))
        .map(yujie_domain::SiteId::as_str)
        .collect();
    if unknown.is_empty() {
        Ok(())
    } else {
        Err(Problem::field("options.sites", format!("no such site: {}", unknown.join(", "))))
    }
}

/// An import with the addresses for its files.
async fn full_view(app: &App, import: &Import) -> Result<ImportView, Problem> {
    let now = app.edge.clock.now();
    let mut shown = view(import.clone());
    if import.status() == ImportStatus::Waiting {
        let url = app.imports.upload_url(&import.id, now).await.map_err(Problem::internal)?;
        let expires = now + SignedDuration::try_from(GOOD_FOR).map_err(Problem::internal)?;
        shown.upload = Some(Upload { method: "PUT", url, expires, largest: LARGEST_FILE });
    }
    if let Some(read) = import.run().and_then(|run| run.rejects) {
        let url = app.imports.rejects_url(&import.id, read, now).await;
        shown.rejects_url = Some(url.map_err(Problem::internal)?);
    }
    Ok(shown)
}

fn view(import: Import) -> ImportView {
    let run = import.run();
    let tally = run.map(|run| run.tally).unwrap_or_default();
    ImportView {
        import_id: import.id.to_string(),
        file_name: import.file_name.as_str().to_owned(),
        by: import.by.to_string(),
        at: import.at,
        status: import.status(),
        upload: None,
        started: run.map(|run| run.started),
        moved: run.map(|run| run.moved),
        read: tally.read,
        loaded: tally.loaded,
        rejected: tally.rejected,
        warnings: tally.warnings,
        copies: tally.copies,
        duplicates: tally.duplicates,
        rate: run.map(Run::rate).unwrap_or_default(),
        rejects_url: None,
        failure: match import.stage {
            Stage::Failed { failure, .. } => {
                let (code, cause) = (failure.code, failure.cause);
                Some(FailureView { code, detail: code.detail(), cause })
            }
            Stage::Waiting | Stage::Running(_) | Stage::Done(_) => None,
        },
    }
}

/// Nothing is in the table yet: the same request may succeed.
fn out_of_reach(error: &StoreError) -> Problem {
    tracing::error!(cause = %error, "imports out of reach");
    Problem::new(Code::Busy)
}
