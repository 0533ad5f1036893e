//! Where in a record's bytes its fields stand.

use memchr::{memchr, memchr_iter};

use super::record::{FIELD_END, LEADER, RECORD_END, Span, Tag};

/// Tag 3, length 4, start 5.
const ENTRY: usize = 12;

/// The fields where the directory has them, each ending where a field ends and beginning where another has ended.
pub(super) fn by_the_book(frame: &[u8]) -> Result<Vec<Span>, &'static str> {
    let base = frame.get(12..17).and_then(number).ok_or("the base address is not a number")?;
    if base <= LEADER || frame.get(base - 1) != Some(&FIELD_END) {
        return Err("it does not end where the leader says");
    }
    let entries = frame.get(LEADER..base - 1).unwrap_or_default();
    if !entries.len().is_multiple_of(ENTRY) {
        return Err("its entries are not all whole");
    }
    let mut spans = Vec::with_capacity(entries.len() / ENTRY);
    for entry in entries.chunks_exact(ENTRY) {
        let (tag, length, start) = parse(entry).ok_or("an entry is not a tag and two numbers")?;
        let start = base + start;
        let end =
            (start + length).checked_sub(1).filter(|end| *end >= start).ok_or("a field has no length")?;
        if frame.get(start - 1) != Some(&FIELD_END) || frame.get(end) != Some(&FIELD_END) {
            return Err("a field does not stand where it says");
        }
        spans.push(Span { tag, start, end });
    }
    Ok(spans)
}

/// The fields as their terminators divide them, with the directory's tags in the order of its starts. Only if there are as many
/// of the one as of the other.
pub(super) fn by_terminators(frame: &[u8]) -> Result<Vec<Span>, ()> {
    let directory = memchr(FIELD_END, frame.get(LEADER..).ok_or(())?).ok_or(())? + LEADER;
    let entries = frame.get(LEADER..directory).unwrap_or_default();
    if !entries.len().is_multiple_of(ENTRY) {
        return Err(());
    }
    let mut tags: Vec<(Tag, Option<usize>)> = Vec::with_capacity(entries.len() / ENTRY);
    for entry in entries.chunks_exact(ENTRY) {
        let tag = entry.get(..3).and_then(tag).ok_or(())?;
        tags.push((tag, parse(entry).map(|(_, _, start)| start)));
    }
    if tags.iter().all(|(_, start)| start.is_some()) {
        tags.sort_by_key(|(_, start)| *start);
    }
    let mut spans = Vec::with_capacity(tags.len());
    let mut start = directory + 1;
    let whole = frame.strip_suffix(&[RECORD_END]).unwrap_or(frame);
    let mut ends: Vec<usize> = memchr_iter(FIELD_END, whole).filter(|end| *end >= start).collect();
    if whole.last() != Some(&FIELD_END) {
        ends.push(whole.len());
    }
    if ends.len() != tags.len() {
        return Err(());
    }
    for (end, (tag, _)) in ends.into_iter().zip(tags) {
        spans.push(Span { tag, start, end });
        start = end + 1;
    }
    Ok(spans)
}

/// The fields whose entries lead to something between two terminators; the others are left out.
pub(super) fn what_fits(frame: &[u8]) -> Result<Vec<Span>, ()> {
    let base = frame.get(12..17).and_then(number).filter(|base| *base > LEADER).ok_or(())?;
    let entries = frame.get(LEADER..base - 1).ok_or(())?;
    let mut spans = Vec::with_capacity(entries.len() / ENTRY);
    for entry in entries.chunks_exact(ENTRY) {
        let Some((tag, length, start)) = parse(entry) else { continue };
        let start = base + start;
        let Some(field) = frame.get(start..start + length.saturating_sub(1)) else { continue };
        if frame.get(start - 1) == Some(&FIELD_END) && memchr(FIELD_END, field).is_none() {
            spans.push(Span { tag, start, end: start + field.len() });
        }
    }
    if spans.is_empty() { Err(()) } else { Ok(spans) }
}

fn parse(entry: &[u8]) -> Option<(Tag, usize, usize)> {
    Some((tag(entry.get(..3)?)?, number(entry.get(3..7)?)?, number(entry.get(7..12)?)?))
}

/// Three printable characters; blanks before them stand for zeros.
fn tag(bytes: &[u8]) -> Option<Tag> {
    let tag = Tag::try_from(bytes).ok()?.map(|byte| if byte == b' ' { b'0' } else { byte });
    tag.iter().all(u8::is_ascii_graphic).then_some(tag)
}

/// A number of digits, which some systems pad with blanks.
pub(super) fn number(bytes: &[u8]) -> Option<usize> {
    let digits = bytes.trim_ascii();
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_usize, |sum, byte| {
        byte.is_ascii_digit().then(|| sum.saturating_mul(10).saturating_add(usize::from(byte - b'0')))
    })
}
