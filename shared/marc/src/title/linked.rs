//! MARC 21's field 880: another field in its own script.
//!
//! A romanised field and its original name each other in `$6`: `245 $6880-01 …` and `880 $6245-01/$1 …`. Readers are shown the
//! original. The romanised form is dropped: it is nobody's spelling here, and not the original title of anything.

use crate::records::{Field, Record, Tag};

/// An 880 and what it stands for.
struct Original<'a> {
    tag: Tag,
    /// `01`; `00` is linked to nothing.
    number: &'a str,
    field: Field<'a>,
}

/// The record's fields, each in its own script where the record has that.
pub(super) fn fields(record: &Record) -> Vec<Field<'_>> {
    let mut originals: Vec<Original<'_>> = Vec::new();
    let mut fields: Vec<Field<'_>> = Vec::with_capacity(record.spans.len());
    for field in record.fields() {
        if field.tag == *b"880" { originals.extend(original(field)) } else { fields.push(field) }
    }
    if originals.is_empty() {
        return fields;
    }
    for field in &mut fields {
        let Some(number) =
            field.first('6').and_then(|link| link.strip_prefix("880-")).and_then(|link| link.get(..2))
        else {
            continue;
        };
        let of_this =
            || originals.iter().filter(|original| original.tag == field.tag && original.number == number);
        // Some records have the same field in several scripts; Han is what readers here read.
        let best = of_this().find(|original| has_han(original.field.text)).or_else(|| of_this().next());
        if let Some(original) = best.filter(|_| number != "00") {
            *field = Field { tag: field.tag, text: original.field.text };
        }
    }
    // Originals to which nothing is linked: the only form of their field, or, of a title, the better one.
    for original in originals {
        let same = || fields.iter().filter(|field| field.tag == original.tag);
        let title = original.tag == *b"245"
            && has_han(original.field.text)
            && same().all(|field| !has_han(field.text));
        if same().next().is_none() || title {
            let field = Field { tag: original.tag, text: original.field.text };
            if title { fields.insert(0, field) } else { fields.push(field) }
        }
    }
    fields
}

fn original(field: Field<'_>) -> Option<Original<'_>> {
    let link = field.first('6')?;
    let (tag, rest) = link.split_at_checked(3)?;
    let number = rest.strip_prefix('-')?.get(..2)?;
    Some(Original { tag: Tag::try_from(tag.as_bytes()).ok()?, number, field })
}

/// Whether there is a Chinese character in it.
fn has_han(text: &str) -> bool {
    text.chars()
        .any(|c| matches!(c, '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{323AF}'))
}
