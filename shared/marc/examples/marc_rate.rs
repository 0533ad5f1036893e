//! How many records a second are read into titles, on one core: `cargo run --release -p yujie-marc --example marc_rate -- FILE…`.
//!
//! The files are held in memory and read again and again for about three seconds each way.

use std::fs;
use std::io::{self, Cursor, Write};
use std::time::{Duration, Instant};

use yujie_marc::records::Records;
use yujie_marc::{Options, Reader};

const LONG_ENOUGH: Duration = Duration::from_secs(3);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = io::stdout().lock();
    for path in std::env::args_os().skip(1) {
        let bytes = fs::read(&path)?;
        let titles = rate(|| Ok(Reader::open(Cursor::new(bytes.clone()), Options::default())?.count()))?;
        let records = rate(|| Ok(Records::open(Cursor::new(bytes.clone()), &Options::default())?.count()))?;
        let name = path.display();
        writeln!(out, "{name}: {titles} titles/s, {records} raw records/s, {} bytes", bytes.len())?;
    }
    Ok(())
}

/// Records a second, over as many readings as take long enough.
fn rate(
    read: impl Fn() -> Result<usize, Box<dyn std::error::Error>>,
) -> Result<u128, Box<dyn std::error::Error>> {
    let begin = Instant::now();
    let mut count = 0;
    while begin.elapsed() < LONG_ENOUGH {
        count += u128::try_from(read()?)?;
    }
    Ok(count * 1_000_000 / begin.elapsed().as_micros().max(1))
}
