//! What the search costs and finds: the part of `make bench-search` that must run in the program itself.
//!
//! ```text
//! search_bench build CATALOGUE.csv[.gz] DIR [--memory MB]
//! search_bench query DIR QUERIES.tsv [--passes N] [--misses FILE] [--most N]
//! search_bench fold < LINES
//! ```
//!
//! `build` and `query` print one JSON object each. A query file has three columns, separated by tabs: the kind of the query, what
//! is typed, and the ids of the titles that are a right answer, separated by spaces (empty: not judged, only timed).
#![expect(clippy::print_stdout, reason = "a program whose output is its result")]
#![expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "rates, milliseconds and megabytes are for people to read"
)]

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, BufRead, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use yujie_catalogue::Entry;
use yujie_catalogue::csv::Titles;
use yujie_catalogue::fold::fold;
use yujie_catalogue::index::{Hits, Page, Search, Searcher, Writer, files};
use yujie_domain::title::Title;

type Outcome<T> = Result<T, Box<dyn Error>>;

const USAGE: &str = "search_bench build CATALOGUE DIR [--memory MB] | query DIR QUERIES [--passes N] [--misses FILE] [--most N] | suggest DIR QUERIES | fold";
/// What a result page shows.
const SHOWN: usize = 20;
/// What the nightly build may collect before it writes a segment.
const MEMORY_MB: usize = 128;
const PASSES: usize = 3;
/// Misses written down of each kind.
const MOST_MISSES: usize = 15;

fn main() -> Outcome<()> {
    let mut arguments = Arguments::new(std::env::args().skip(1));
    match arguments.plain("what to do")?.as_str() {
        "build" => build(&mut arguments),
        "query" => query(&mut arguments),
        "suggest" => suggest(&mut arguments),
        "fold" => fold_lines(),
        _ => Err(USAGE.into()),
    }
}

/// The two places that know how titles go into the index and how it is asked.
fn put(writer: &mut Writer, title: Title) -> Outcome<()> {
    Ok(writer.upsert(&Entry::from(title))?)
}

fn ask(searcher: &Searcher, typed: &str) -> Outcome<Hits> {
    let page = Page { offset: 0, limit: SHOWN };
    Ok(searcher.search(&Search { typed: typed.to_owned(), page, ..Search::default() })?)
}

fn build(arguments: &mut Arguments) -> Outcome<()> {
    let catalogue = PathBuf::from(arguments.plain("CATALOGUE")?);
    let directory = PathBuf::from(arguments.plain("DIR")?);
    let memory = arguments.option("--memory")?.unwrap_or(MEMORY_MB);
    if directory.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(format!("{} is not empty", directory.display()).into());
    }
    fs::create_dir_all(&directory)?;

    let began = Instant::now();
    let mut writer = Writer::open(&directory, memory * 1_000_000)?;
    let (mut titles, mut rejects) = (0_u64, 0_u64);
    for row in Titles::open(File::open(&catalogue)?)? {
        match row {
            Ok(row) => {
                put(&mut writer, row.title)?;
                titles += 1;
            }
            Err(_) => rejects += 1,
        }
    }
    writer.commit_whole()?;
    let seconds = began.elapsed().as_secs_f64();

    let names = files(&directory)?;
    let sizes = names.iter().map(|name| Ok(directory.join(name).metadata()?.len()));
    let bytes: u64 = sizes.sum::<io::Result<u64>>()?;
    println!(
        "{}",
        json!({
            "titles": titles,
            "rejects": rejects,
            "seconds": seconds,
            "titles_per_second": titles as f64 / seconds,
            "bytes": bytes,
            "files": names.len(),
            "peak_bytes": memory_of_this_process("VmHWM")?,
        })
    );
    Ok(())
}

/// One line of the query file.
struct Question {
    kind: String,
    typed: String,
    right: HashSet<String>,
}

/// What came back for a question.
struct Answer {
    ids: Vec<String>,
    total: usize,
}

impl Answer {
    fn new(hits: &Hits) -> Self {
        Self {
            ids: hits.lines.iter().map(|hit| hit.line.id.as_str().to_owned()).collect(),
            total: hits.total,
        }
    }

    /// The place of the first right title, from 0.
    fn place(&self, question: &Question) -> Option<usize> {
        self.ids.iter().position(|id| question.right.contains(id))
    }
}

/// How the questions of one kind went.
#[derive(Default)]
struct Tally {
    asked: u32,
    first: u32,
    in_five: u32,
    empty: u32,
    times: Vec<Duration>,
}

impl Tally {
    fn add(&mut self, place: Option<usize>, empty: bool, time: Duration) {
        self.times.push(time);
        self.asked += 1;
        self.first += u32::from(place == Some(0));
        self.in_five += u32::from(place.is_some_and(|place| place < 5));
        self.empty += u32::from(empty);
    }

    fn report(mut self) -> Value {
        let share = |n: u32| f64::from(n) / f64::from(self.asked.max(1));
        self.times.sort();
        json!({
            "asked": self.asked,
            "success@1": share(self.first),
            "success@5": share(self.in_five),
            "empty": self.empty,
            "p50_ms": share_of(&self.times, 50),
            "p99_ms": share_of(&self.times, 99),
        })
    }
}

fn query(arguments: &mut Arguments) -> Outcome<()> {
    let directory = PathBuf::from(arguments.plain("DIR")?);
    let questions = read_questions(&PathBuf::from(arguments.plain("QUERIES")?))?;
    let passes = arguments.option("--passes")?.unwrap_or(PASSES).max(1);
    let misses: Option<PathBuf> = arguments.option("--misses")?;
    let most = arguments.option("--most")?.unwrap_or(MOST_MISSES);
    let first = questions.first().ok_or("the query file is empty")?;

    let before = memory_of_this_process("VmRSS")?;
    let began = Instant::now();
    let searcher = Searcher::open(&directory)?;
    let opened = began.elapsed();
    ask(&searcher, &first.typed)?;
    let first_answer = began.elapsed();

    // The first pass brings the index into memory and is not timed.
    let mut answers = Vec::with_capacity(questions.len());
    for question in &questions {
        answers.push(Answer::new(&ask(&searcher, &question.typed)?));
    }
    let mut taken = vec![Vec::with_capacity(passes); questions.len()];
    for _ in 0..passes {
        for (question, times) in questions.iter().zip(&mut taken) {
            let began = Instant::now();
            let hits = ask(&searcher, &question.typed)?;
            times.push(began.elapsed());
            drop(hits);
        }
    }
    let after = memory_of_this_process("VmRSS")?;

    let mut kinds: BTreeMap<&str, Tally> = BTreeMap::new();
    let mut all = Tally::default();
    let mut times: Vec<Duration> = taken.into_iter().filter_map(middle).collect();
    for ((question, answer), time) in questions.iter().zip(&answers).zip(&times) {
        if !question.right.is_empty() {
            let (place, empty) = (answer.place(question), answer.total == 0);
            kinds.entry(&question.kind).or_default().add(place, empty, *time);
            all.add(place, empty, *time);
        }
    }
    if let Some(path) = misses {
        write_misses(&path, &searcher, &questions, &answers, most)?;
    }
    times.sort();
    println!(
        "{}",
        json!({
            "titles": searcher.titles(),
            "queries": questions.len(),
            "all": all.report(),
            "kinds": kinds.into_iter().map(|(kind, tally)| (kind, tally.report())).collect::<BTreeMap<_, _>>(),
            "p50_ms": share_of(&times, 50),
            "p95_ms": share_of(&times, 95),
            "p99_ms": share_of(&times, 99),
            "max_ms": times.last().copied().map(milliseconds),
            "open_ms": milliseconds(opened),
            "first_answer_ms": milliseconds(first_answer),
            "memory_bytes": after.saturating_sub(before),
            "rss_bytes": after,
        })
    );
    Ok(())
}

/// What a reader sees while typing: every beginning, of up to eight characters, of every title, author, pinyin and initials of the list.
fn suggest(arguments: &mut Arguments) -> Outcome<()> {
    let directory = PathBuf::from(arguments.plain("DIR")?);
    let questions = read_questions(&PathBuf::from(arguments.plain("QUERIES")?))?;
    let searcher = Searcher::open(&directory)?;
    let typed_whole =
        |question: &&Question| ["title", "author", "pinyin", "initials"].contains(&question.kind.as_str());
    let beginnings: BTreeSet<String> = questions
        .iter()
        .filter(typed_whole)
        .flat_map(|question| (1..=8).map(|length| question.typed.chars().take(length).collect::<String>()))
        .collect();

    let mut times = Vec::with_capacity(beginnings.len());
    let mut empty = 0;
    for pass in 0..2 {
        for typed in &beginnings {
            let began = Instant::now();
            let suggested = searcher.suggest(typed, 10)?;
            // The first pass brings the index into memory and is not timed.
            if pass == 1 {
                times.push(began.elapsed());
                empty += usize::from(suggested.is_empty());
            }
        }
    }
    times.sort();
    println!(
        "{}",
        json!({
            "beginnings": beginnings.len(),
            "empty": empty,
            "p50_ms": share_of(&times, 50),
            "p95_ms": share_of(&times, 95),
            "p99_ms": share_of(&times, 99),
            "max_ms": times.last().copied().map(milliseconds),
        })
    );
    Ok(())
}

fn read_questions(path: &Path) -> Outcome<Vec<Question>> {
    let mut questions = Vec::new();
    for line in io::BufReader::new(File::open(path)?).lines() {
        let line = line?;
        let mut columns = line.split('\t');
        let (Some(kind), Some(typed)) = (columns.next(), columns.next()) else {
            return Err(format!("{}: a line without a query", path.display()).into());
        };
        let right = columns.next().unwrap_or_default().split(' ').filter(|id| !id.is_empty());
        questions.push(Question {
            kind: kind.to_owned(),
            typed: typed.to_owned(),
            right: right.map(str::to_owned).collect(),
        });
    }
    Ok(questions)
}

/// For people: of each kind the first questions whose answer was not first, with what stood before it.
fn write_misses(
    path: &Path,
    searcher: &Searcher,
    questions: &[Question],
    answers: &[Answer],
    most: usize,
) -> Outcome<()> {
    let mut kinds: BTreeMap<&str, Vec<(&Question, &Answer)>> = BTreeMap::new();
    for (question, answer) in questions.iter().zip(answers) {
        if !question.right.is_empty() && answer.place(question) != Some(0) {
            kinds.entry(&question.kind).or_default().push((question, answer));
        }
    }
    let mut file = BufWriter::new(File::create(path)?);
    for (kind, missed) in &mut kinds {
        // The worst first: not among the first five.
        missed.sort_by_key(|(question, answer)| answer.place(question).is_some_and(|place| place < 5));
        writeln!(file, "## {kind}: {} not found first", missed.len())?;
        for (question, answer) in missed.iter().take(most) {
            let place = answer
                .place(question)
                .map_or_else(|| "not shown".to_owned(), |place| format!("place {}", place + 1));
            let mut right: Vec<&str> = question.right.iter().map(String::as_str).collect();
            right.sort_unstable();
            right.truncate(5);
            writeln!(file, "{}\t{place} of {}\tright: {}", question.typed, answer.total, right.join(" "))?;
            for hit in ask(searcher, &question.typed)?.lines.iter().take(3) {
                let line = &hit.line;
                let more = line
                    .subtitle
                    .iter()
                    .chain(&line.authors)
                    .map(String::as_str)
                    .collect::<Vec<_>>()
                    .join(" / ");
                writeln!(file, "\t\t{} {} | {more}", line.id.as_str(), line.title)?;
            }
        }
        writeln!(file)?;
    }
    Ok(file.flush()?)
}

fn fold_lines() -> Outcome<()> {
    let mut output = BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        writeln!(output, "{}", fold(&line?))?;
    }
    Ok(output.flush()?)
}

/// The median of a question's times, so that one interruption by another process does not count.
fn middle(mut times: Vec<Duration>) -> Option<Duration> {
    times.sort();
    times.get(times.len() / 2).copied()
}

fn share_of(sorted: &[Duration], percent: usize) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get((sorted.len() * percent / 100).min(last)).copied().map(milliseconds)
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// `VmRSS` is what the process holds now, mapped index files included; `VmHWM` the most it ever held.
fn memory_of_this_process(figure: &str) -> Outcome<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(figure)?.strip_prefix(':'));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()).ok_or("no such figure")?;
    Ok(kilobytes.parse::<u64>()? * 1024)
}

/// Plain arguments in order, and `--name value` anywhere.
struct Arguments(Vec<String>);

impl Arguments {
    fn new(all: impl Iterator<Item = String>) -> Self {
        Self(all.collect())
    }

    fn plain(&mut self, name: &str) -> Outcome<String> {
        let usable = self.0.first().is_some_and(|first| !first.starts_with("--"));
        if usable { Ok(self.0.remove(0)) } else { Err(format!("{name} is missing: {USAGE}").into()) }
    }

    fn option<T: FromStr>(&mut self, name: &str) -> Outcome<Option<T>>
    where
        T::Err: Error + 'static,
    {
        let Some(at) = self.0.iter().position(|argument| argument == name) else {
            return Ok(None);
        };
        self.0.remove(at);
        if at >= self.0.len() {
            return Err(format!("{name} needs a value").into());
        }
        Ok(Some(self.0.remove(at).parse()?))
    }
}
