//! Libraries' own records: from a file as their system writes it to readers who find the book and its free copies.

#![cfg(test)]

#[expect(dead_code, reason = "these tests need a part of it")]
mod ground;
#[expect(dead_code, reason = "these tests need a part of it")]
#[path = "../../marc/tests/writer/mod.rs"]
mod writer;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use axum::body::to_bytes;
use ground::Ground;
use tower::ServiceExt;
use writer::{Written, collection, unimarc};
use yujie_domain::copy::CopyStatus;
use yujie_domain::import::FileOptions;
use yujie_domain::{Barcode, SiteId, TitleId};
use yujie_import::{ImportError, Report, Summary, Wanted};
use yujie_table::bulk::{self, Loaded};
use yujie_table::{availability, copy, title};

fn id(text: &str) -> TitleId {
    TitleId::parse(text).unwrap()
}

fn barcode(text: &str) -> Barcode {
    Barcode::parse(text).unwrap()
}

/// A novel with two copies: one at a site that its own code names, one at a site's name.
fn border_town() -> Written {
    unimarc(&[
        ("001", "CL0001"),
        ("010", "  $a978-7-02-000220-7$dCNY29.00"),
        ("101", "0 $achi"),
        ("200", "1 $a边城$9bian cheng$f沈从文著"),
        ("210", "  $a北京$c测试出版社$d2009"),
        ("690", "  $aI246.5$v4"),
        ("701", " 0$a沈从文$4著"),
        ("801", " 0$aCN$bCYLIB$c20260927"),
        ("905", "  $aC01$b20260000001$dI246.5$e12"),
        ("905", "  $a亚运村分馆$b20260000002$dI246.5$e12"),
    ])
}

/// Stories with one copy, at a code that only a list can explain.
fn call_to_arms() -> Written {
    unimarc(&[
        ("001", "CL0002"),
        ("101", "0 $achi"),
        ("200", "1 $a呐喊$9na han$f鲁迅著"),
        ("210", "  $a北京$c测试出版社$d1979"),
        ("701", " 0$a鲁迅$4著"),
        ("801", " 0$aCN$bCYLIB$c20260927"),
        ("905", "  $a110105-2$b20260000003$dI210.6$e7"),
    ])
}

fn both(bytes: impl Fn(&Written) -> Vec<u8>) -> Vec<u8> {
    [bytes(&border_town()), bytes(&call_to_arms())].concat()
}

fn with_codes() -> Wanted {
    let sites = BTreeMap::from([("110105-2".to_owned(), SiteId::parse("L01").unwrap())]);
    Wanted { options: FileOptions { sites, ..FileOptions::default() }, make_copies: false }
}

async fn library() -> Ground {
    let library = Ground::new().await;
    library.load_sites().await;
    library
}

async fn load(library: &Ground, file: &Path, wanted: &Wanted) -> Result<Summary, ImportError> {
    let mut report = Report::new(Some(&library.rejects())).unwrap();
    library.importer.catalogue(file, wanted, &mut report).await?;
    Ok(report.finish())
}

/// What was listed, without the header.
fn listed(library: &Ground) -> Vec<String> {
    let text = std::fs::read_to_string(library.rejects()).unwrap();
    assert!(text.starts_with("file,position,id,outcome,reason\n"), "{text}");
    text.lines().skip(1).map(str::to_owned).collect()
}

/// What a reader finds.
async fn find(library: &Ground, typed: &str) -> serde_json::Value {
    let uri = format!("/titles?q={typed}");
    let request = http::Request::get(uri).body(axum::body::Body::empty()).unwrap();
    let response = search::routes(library.search()).oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    serde_json::from_slice(&to_bytes(response.into_body(), 1_000_000).await.unwrap()).unwrap()
}

const BORDER_TOWN: &str = "%E8%BE%B9%E5%9F%8E";
const CALL_TO_ARMS: &str = "%E5%91%90%E5%96%8A";

#[tokio::test]
async fn the_same_file_of_records_twice_is_the_same_titles_and_copies() {
    for file in [both(Written::utf8), both(Written::gb18030), collection(&[border_town(), call_to_arms()])] {
        let library = library().await;
        let file = library.file("cnmarc.bin", file);

        let first = load(&library, &file, &with_codes()).await.unwrap();
        let again = load(&library, &file, &with_codes()).await.unwrap();

        assert_eq!((first.read, first.loaded, first.rejected, first.copies), (2, 2, 0, 3), "{first:?}");
        assert_eq!((again.read, again.loaded, again.rejected, again.copies), (2, 2, 0, 0), "{again:?}");
        assert_eq!(listed(&library), [""; 0]);
        let copies = copy::of_title(&library.table, &id("CYLIB_CL0001")).await.unwrap();
        let places: Vec<_> = copies.iter().map(|copy| (copy.barcode.as_str(), copy.site.as_str())).collect();
        assert_eq!(places, [("20260000001", "C01"), ("20260000002", "L01")]);
        assert_eq!(copies[0].call_number, "I246.5/12");
        let index = library.search().index.current().await.unwrap().unwrap();
        assert_eq!(index.titles(), 2);
    }
}

#[tokio::test]
async fn a_reader_finds_a_librarys_record_with_its_free_copies_where_they_are() {
    let library = library().await;
    let file = library.file("cnmarc.mrc", both(Written::gb18030));
    load(&library, &file, &with_codes()).await.unwrap();

    for (typed, title, copies) in
        [(BORDER_TOWN, "边城", 2), ("9787020002207", "边城", 2), (CALL_TO_ARMS, "呐喊", 1)]
    {
        let found = find(&library, typed).await;
        assert_eq!(found["items"][0]["title"], title);
        assert_eq!(found["items"][0]["copies_available"], copies);
    }
    let counted = availability::get_many(&library.table, &[id("CYLIB_CL0002")]).await.unwrap();
    assert_eq!(counted[&id("CYLIB_CL0002")].free_at, [SiteId::parse("L01").unwrap()].into());
}

#[tokio::test]
async fn a_newer_record_takes_the_titles_place_and_leaves_its_copies_alone() {
    let library = library().await;
    load(&library, &library.file("one.mrc", both(Written::utf8)), &with_codes()).await.unwrap();
    let mut lent = copy::get(&library.table, &barcode("20260000001")).await.unwrap().unwrap();
    lent.status = CopyStatus::OnLoan;
    lent.version += 1;
    bulk::put(&library.table, vec![Loaded::Copy(lent)]).await.unwrap();
    let mut newer = border_town();
    for field in &mut newer.fields {
        field.1 = field.1.replace("$a边城$9", "$a边城 修订本$9");
    }
    newer.fields.push(("905".to_owned(), "  $aC01$b20260000009$dI246.5$e12".to_owned()));

    let summary = load(&library, &library.file("two.mrc", newer.utf8()), &with_codes()).await.unwrap();

    assert_eq!((summary.loaded, summary.copies), (1, 1));
    let title = title::get(&library.table, &id("CYLIB_CL0001")).await.unwrap().unwrap();
    assert_eq!(title.title, "边城 修订本");
    let copies = copy::of_title(&library.table, &title.id).await.unwrap();
    assert_eq!(copies.len(), 3);
    assert_eq!(copies[0].status, CopyStatus::OnLoan);
    let counted = availability::get_many(&library.table, std::slice::from_ref(&title.id)).await.unwrap();
    assert_eq!((counted[&title.id].total, counted[&title.id].available), (3, 2));
}

/// Good, without a title, with its directory and fields run together, good; and where the bad ones begin.
fn bad_between_good() -> (Vec<u8>, [usize; 2]) {
    let first = border_town().utf8();
    let untitled = unimarc(&[("001", "CL0666"), ("300", "  $a没有题名")]).utf8();
    let mut torn = unimarc(&[("001", "CL0667"), ("200", "1 $a残书")]).utf8();
    torn.iter_mut().filter(|byte| **byte == 0x1e).for_each(|byte| *byte = b' ');
    let places = [first.len(), first.len() + untitled.len()];
    ([first, untitled, torn, call_to_arms().utf8()].concat(), places)
}

#[tokio::test]
async fn a_bad_record_between_good_ones_is_reported_with_its_place_and_name_and_the_rest_goes_in() {
    let library = library().await;
    let (bytes, [untitled, torn]) = bad_between_good();

    let file = library.file("mixed.mrc", bytes);
    let summary = load(&library, &file, &with_codes()).await.unwrap();

    assert_eq!((summary.read, summary.loaded, summary.rejected), (4, 2, 2));
    let expected = [
        format!("mixed.mrc,record 2 at byte {untitled},CL0666,rejected,245$a is missing"),
        format!("mixed.mrc,record 3 at byte {torn},,rejected,directory"),
    ];
    for (line, expected) in listed(&library).iter().zip(&expected) {
        assert!(line.contains(expected), "{line}");
    }
    assert_eq!(find(&library, CALL_TO_ARMS).await["total"], 1);
}

#[tokio::test]
async fn a_strict_load_stops_at_the_first_bad_record_and_says_what_it_loaded_before() {
    let library = library().await;
    let (bytes, [at, _]) = bad_between_good();
    let mut strict = with_codes();
    strict.options.strict = true;

    let stopped = load(&library, &library.file("mixed.mrc", bytes), &strict).await.unwrap_err();

    let ImportError::Stopped { titles, copies, .. } = &stopped else { panic!("{stopped}") };
    assert_eq!((*titles, *copies), (1, 2));
    let said = stopped.to_string();
    assert!(said.contains(&format!("record 2 at byte {at} (CL0666)")), "{said}");
    assert_eq!(listed(&library).len(), 1);
    assert!(title::get(&library.table, &id("CYLIB_CL0002")).await.unwrap().is_none());
    assert_eq!(find(&library, BORDER_TOWN).await["total"], 1, "what was loaded is found");
}

#[tokio::test]
async fn copies_that_nobody_could_find_are_left_out_and_said() {
    let library = library().await;
    let mut book = border_town();
    book.fields.extend([
        ("905".to_owned(), "  $aNOWHERE$b20260000011$dI246.5$e12".to_owned()),
        ("905".to_owned(), "  $aC01$dI246.5$e12".to_owned()),
        ("905".to_owned(), "  $aC01$b20260000001$dI246.5$e12".to_owned()),
    ]);

    let summary = load(&library, &library.file("b.mrc", book.utf8()), &Wanted::default()).await.unwrap();

    assert_eq!((summary.loaded, summary.copies, summary.warnings), (1, 2, 3));
    let listed = listed(&library);
    for (line, why) in
        listed.iter().zip(["no site \"\"NOWHERE\"\"", "it has no barcode", "record 1 at byte 0 names it too"])
    {
        assert!(line.contains("CYLIB_CL0001,warning,") && line.contains(why), "{line}");
    }
}

#[tokio::test]
async fn a_record_that_comes_twice_is_one_title_and_an_isbn_that_comes_twice_is_counted() {
    let library = library().await;
    let mut other = border_town();
    other.fields[0].1 = "CL0003".to_owned();
    other.fields.retain(|(tag, _)| tag != "905");
    let bytes = [border_town().utf8(), border_town().utf8(), other.utf8()].concat();

    let summary = load(&library, &library.file("t.mrc", bytes), &Wanted::default()).await.unwrap();

    assert_eq!((summary.read, summary.loaded, summary.rejected, summary.duplicates), (3, 2, 1, 1));
    assert!(listed(&library)[0].contains("id: record 1 at byte 0 has the same id"));
}

#[tokio::test]
async fn titles_without_copies_of_their_own_get_invented_ones_when_that_is_asked_for() {
    let library = library().await;
    let mut bare = call_to_arms();
    bare.fields.retain(|(tag, _)| tag != "905");
    let wanted = Wanted { make_copies: true, ..with_codes() };
    let file = library.file("t.mrc", [border_town().utf8(), bare.utf8()].concat());

    load(&library, &file, &wanted).await.unwrap();

    assert_eq!(copy::of_title(&library.table, &id("CYLIB_CL0001")).await.unwrap().len(), 2);
    assert!(!copy::of_title(&library.table, &id("CYLIB_CL0002")).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_picture_is_refused_and_nothing_is_loaded() {
    let library = library().await;

    let file = library.file("cover.mrc", b"\xFF\xD8\xFF\xE0\x00\x10JFIF\x00\x1e\x1e\x1d");
    let refused = load(&library, &file, &Wanted::default()).await.unwrap_err();

    assert!(refused.to_string().ends_with("the file is neither ISO 2709 nor MARCXML nor CSV"), "{refused}");
}

#[tokio::test]
async fn the_demos_new_books_go_in_whole() {
    let library = Ground::new().await;
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/demo");
    let mut report = Report::new(None).unwrap();
    library.importer.sites(&demo.join("sites.csv"), &mut report).await.unwrap();
    let mut strict = Wanted::default();
    strict.options.strict = true;

    let summary = load(&library, &demo.join("new-books.mrc"), &strict).await.unwrap();

    assert_eq!((summary.loaded, summary.rejected, summary.warnings, summary.copies), (15, 0, 0, 23));
    assert_eq!(find(&library, "%E8%8C%B6%E7%BB%8F").await["items"][0]["copies_available"], 3);
}

/// Records as real libraries wrote them, where somebody has put some beside the repository.
#[tokio::test]
async fn records_of_real_libraries_go_in() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/marc/cnmarc");
    let mut files: Vec<PathBuf> = match std::fs::read_dir(&folder) {
        Ok(entries) => entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect(),
        Err(_) => return println!("skipped: no records of real libraries here"),
    };
    files.sort();
    for file in files.iter().take(3) {
        let library = library().await;
        let wanted = Wanted { make_copies: true, ..Wanted::default() };

        let summary = load(&library, file, &wanted).await.unwrap();
        let again = load(&library, file, &wanted).await.unwrap();

        let name = file.file_name().unwrap_or_default().to_string_lossy();
        println!("{name}: {summary:?}");
        assert!(summary.loaded > 0 && summary.copies > 0, "{name}: {summary:?}");
        assert_eq!((again.loaded, again.copies), (summary.loaded, 0), "{name}");
        let index = library.search().index.current().await.unwrap().unwrap();
        assert_eq!(index.titles(), summary.loaded, "{name}");
    }
}
