//! The command line of `yujie-import`.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::value::{Error as ValueError, StrDeserializer};
use yujie_catalogue::csv::Sheet;
use yujie_domain::SiteId;
use yujie_domain::import::HoldingsFields;
use yujie_import::{ImportError, Wanted};

/// How it is used.
pub(crate) const USAGE: &str = "\
yujie-import sites FILE.csv          id,name,kind,address,lat,lng,opening_hours,holds_stock[,capacity]
yujie-import staff FILE.csv          login,role,site,name,password
yujie-import rules [FILE.json]       without a file: the founding rules
yujie-import catalogue FILE          titles, and the copies that their records name:
                                     MARC 21, UNIMARC or CNMARC in ISO 2709 or MARCXML, or CSV (id,title and what
                                     else is known); packed by gzip or not; told apart by content
    --lenient | --strict             bad records are reported and passed over (usual), or the first one ends the load
    --flavour marc21|unimarc         what the tags mean, instead of looking at each record
    --charset utf-8|gb18030|marc-8|latin-1
                                     the encoding of ISO 2709, instead of looking at each record
    --holdings-map tag=905,site=a,barcode=b,location=c,class=d,book_number=e,volume=f
                                     where CNMARC records keep copies (or the same as JSON); this is the usual place
    --sites-map FILE.csv             code,site: which site is meant by a code that is no site's id or name
    --make-copies                    invents copies for titles that come without any
yujie-import copies FILE.csv         barcode,title_id,site,call_number[,received]
yujie-import index                   builds the search index anew from the table

Every command takes --rejects FILE for the records that were passed over: file,position,id,outcome,reason.
Environment: TABLE_NAME, INDEX_BUCKET, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
(`eval \"$(aws configure export-credentials --format env)\"` sets the last three), AWS_ENDPOINT_URL for a local run.";

/// What is asked for.
#[derive(Default)]
pub(crate) struct Command {
    /// Which command.
    pub(crate) what: String,
    /// Its file.
    pub(crate) file: Option<PathBuf>,
    /// How a catalogue is loaded.
    pub(crate) wanted: Wanted,
    /// Where rejects are listed.
    pub(crate) rejects: Option<PathBuf>,
}

impl Command {
    /// Reads the arguments, and the files that they name for themselves.
    pub(crate) fn parse(arguments: Vec<String>) -> Result<Self, ImportError> {
        let mut command = Self::default();
        let mut arguments = arguments.into_iter();
        command.what = arguments.next().ok_or_else(|| ImportError::Usage(USAGE.to_owned()))?;
        while let Some(argument) = arguments.next() {
            let mut value = || {
                let missing = || ImportError::Usage(format!("{argument} what?\n\n{USAGE}"));
                arguments.next().ok_or_else(missing)
            };
            let options = &mut command.wanted.options;
            match argument.as_str() {
                "--make-copies" => command.wanted.make_copies = true,
                "--strict" => options.strict = true,
                "--lenient" => options.strict = false,
                "--flavour" => options.flavour = Some(named("--flavour", &value()?)?),
                "--charset" => options.charset = Some(named("--charset", &value()?)?),
                "--holdings-map" => options.holdings = Some(holdings(&value()?)?),
                "--sites-map" => options.sites = site_codes(Path::new(&value()?))?,
                "--rejects" => command.rejects = Some(value()?.into()),
                _ if command.file.is_none() && !argument.starts_with("--") => {
                    command.file = Some(argument.into());
                }
                _ => return Err(ImportError::Usage(format!("what is {argument:?}?\n\n{USAGE}"))),
            }
        }
        Ok(command)
    }

    /// Its file, if it cannot do without one.
    pub(crate) fn needed_file(&self) -> Result<&Path, ImportError> {
        self.file.as_deref().ok_or_else(|| ImportError::Usage(format!("which file?\n\n{USAGE}")))
    }
}

fn named<'a, T: Deserialize<'a>>(option: &str, value: &'a str) -> Result<T, ImportError> {
    T::deserialize(StrDeserializer::<ValueError>::new(value))
        .map_err(|error| ImportError::Usage(format!("{option}: {error}")))
}

fn holdings(text: &str) -> Result<HoldingsFields, ImportError> {
    let parsed = if text.trim_start().starts_with('{') {
        serde_json::from_str(text).map_err(|error| error.to_string())
    } else {
        HoldingsFields::parse(text).map_err(|error| error.to_string())
    };
    parsed.map_err(|why| ImportError::Usage(format!("--holdings-map: {why}")))
}

/// The list of codes. A bad row ends everything: copies would go to the wrong shelves.
fn site_codes(path: &Path) -> Result<BTreeMap<String, SiteId>, ImportError> {
    let fault =
        |why: &dyn std::fmt::Display| ImportError::File { path: path.to_owned(), why: why.to_string() };
    let opened = File::open(path).map_err(|error| fault(&error))?;
    let sheet = Sheet::open(opened, &["code", "site"]).map_err(|error| fault(&error))?;
    sheet
        .map(|row| {
            let cells = row.map_err(|reject| fault(&reject))?;
            let wrong = |reason| fault(&cells.reject("code", reason));
            let code = cells.require("code").map_err(wrong)?.to_owned();
            Ok((code, cells.parse("site", SiteId::parse).map_err(wrong)?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use yujie_domain::import::{MarcCharset, MarcFlavour};

    fn parse(line: &str) -> Result<Command, ImportError> {
        Command::parse(line.split(' ').map(str::to_owned).collect())
    }

    #[test]
    fn everything_that_can_be_said_of_a_file_is_understood() {
        let said = "catalogue f.mrc --strict --flavour cnmarc --charset gb18030 --make-copies \
                    --holdings-map tag=906,barcode=a --rejects r.csv";

        let command = parse(said).unwrap();

        let options = command.wanted.options;
        assert!(options.strict && command.wanted.make_copies);
        assert_eq!(
            (options.flavour, options.charset),
            (Some(MarcFlavour::Unimarc), Some(MarcCharset::Gb18030))
        );
        assert_eq!(options.holdings.unwrap().tag, "906");
        assert_eq!(command.file.unwrap(), Path::new("f.mrc"));
        let json = parse(r#"catalogue f --holdings-map {"tag":"907","site":"x"}"#).unwrap();
        assert_eq!(json.wanted.options.holdings.unwrap().site, 'x');
    }

    #[test]
    fn what_is_not_understood_is_refused_with_the_usage() {
        for bad in ["", "catalogue f --colour red", "catalogue f --charset klingon", "catalogue f --rejects"]
        {
            assert!(matches!(parse(bad), Err(ImportError::Usage(_))) || bad.is_empty(), "{bad}");
        }
    }

    #[test]
    fn a_list_of_site_codes_is_taken_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sites-map.csv");
        std::fs::write(&path, "code,site\n110105-1,L01\n").unwrap();
        assert_eq!(site_codes(&path).unwrap()["110105-1"].as_str(), "L01");

        std::fs::write(&path, "code,site\n110105-1,L01\n110105-2,no such site id at all\n").unwrap();
        assert!(matches!(site_codes(&path), Err(ImportError::File { .. })));
    }
}
