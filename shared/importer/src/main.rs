//! `yujie-import`: loads files into a library.

mod command;

use std::process::ExitCode;

use command::{Command, USAGE};
use yujie_import::{ImportError, Importer, Report, Summary};

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
    match command.what.as_str() {
        "sites" => importer.sites(command.needed_file()?, &mut report).await?,
        "staff" => importer.staff(command.needed_file()?, &mut report).await?,
        "rules" => importer.rules(command.file.as_deref(), &mut report).await?,
        "catalogue" => {
            importer.catalogue(command.needed_file()?, &command.wanted, &mut report).await?;
        }
        "copies" => importer.copies(command.needed_file()?, &mut report).await?,
        "index" => importer.rebuild_index(&mut report).await?,
        other => {
            return Err(ImportError::Usage(format!("unknown command {other:?}\n\n{USAGE}")));
        }
    }
    Ok(report.finish())
}
