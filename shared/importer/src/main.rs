//! `yujie-import`: loads files into a library.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use yujie_import::{ImportError, Importer, Report, Summary};

const USAGE: &str = "\
yujie-import sites FILE.csv          id,name,kind,address,lat,lng,opening_hours,holds_stock
yujie-import staff FILE.csv          login,role,site,name,password
yujie-import rules [FILE.json]       without a file: the founding rules
yujie-import catalogue FILE.csv[.gz] [--make-copies]
                                     id,title and what else is known; --make-copies invents copies
yujie-import copies FILE.csv         barcode,title_id,site,call_number
yujie-import index                   builds the search index anew from the table

Every command takes --rejects FILE for the rows that were passed over.
Environment: TABLE_NAME, INDEX_BUCKET, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
(`eval \"$(aws configure export-credentials --format env)\"` sets the last three), AWS_ENDPOINT_URL for a local run.";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let said = match run(std::env::args().skip(1).collect()).await {
        Ok(summary) => serde_json::to_string(&summary).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    finish(said)
}

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the summary and the reason of a failure are its output"
)]
fn finish(said: Result<String, String>) -> ExitCode {
    match said {
        Ok(summary) => {
            println!("{summary}");
            ExitCode::SUCCESS
        }
        Err(reason) => {
            eprintln!("yujie-import: {reason}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Vec<String>) -> Result<Summary, ImportError> {
    let command = Command::parse(arguments)?;
    let importer = Importer::from_env()?;
    let mut report = Report::new(command.rejects.as_deref())?;
    let file = command.file.as_deref();
    match command.what.as_str() {
        "sites" => importer.sites(needed(file)?, &mut report).await?,
        "staff" => importer.staff(needed(file)?, &mut report).await?,
        "rules" => importer.rules(file, &mut report).await?,
        "catalogue" => {
            let file = needed(file)?;
            importer.catalogue(file, command.make_copies, &mut report).await?;
        }
        "copies" => importer.copies(needed(file)?, &mut report).await?,
        "index" => importer.rebuild_index(&mut report).await?,
        other => {
            return Err(ImportError::Usage(format!("unknown command {other:?}\n\n{USAGE}")));
        }
    }
    Ok(report.finish())
}

#[derive(Default)]
struct Command {
    what: String,
    file: Option<PathBuf>,
    make_copies: bool,
    rejects: Option<PathBuf>,
}

impl Command {
    fn parse(arguments: Vec<String>) -> Result<Self, ImportError> {
        let mut command = Self::default();
        let mut arguments = arguments.into_iter();
        command.what = arguments.next().ok_or_else(|| ImportError::Usage(USAGE.to_owned()))?;
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--make-copies" => command.make_copies = true,
                "--rejects" => command.rejects = arguments.next().map(PathBuf::from),
                _ if command.file.is_none() && !argument.starts_with("--") => {
                    command.file = Some(argument.into());
                }
                _ => return Err(ImportError::Usage(format!("what is {argument:?}?\n\n{USAGE}"))),
            }
        }
        Ok(command)
    }
}

fn needed(file: Option<&Path>) -> Result<&Path, ImportError> {
    file.ok_or_else(|| ImportError::Usage(format!("which file?\n\n{USAGE}")))
}
