//! Reading the platform's XML: one element with texts in it.
//!
//! Document types and references of any kind are refused before anything comes of them; the platform writes neither, its texts stand in
//! CDATA.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use quick_xml::Reader;
use quick_xml::events::Event;

/// Elements that stand deeper than this are nobody's.
const DEEPEST: usize = 16;

/// Why a text is not such XML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It has a document type or a reference.
    Entities,
    /// It is broken, or another XML.
    Form,
}

/// The texts of the elements within the one `xml` element, by their names. Of an element that holds elements only the outer text counts.
pub(crate) fn texts(xml: &str) -> Result<BTreeMap<String, String>, Fault> {
    let mut texts = BTreeMap::new();
    let mut reader = Reader::from_str(xml);
    let (mut depth, mut seen) = (0_usize, false);
    let mut open = (String::new(), String::new());
    loop {
        match reader.read_event().map_err(|_| Fault::Form)? {
            Event::Start(element) => {
                depth += 1;
                match depth {
                    1 if !seen && element.name().as_ref() == "xml" => seen = true,
                    2 => open = (element.name().as_ref().to_owned(), String::new()),
                    3..=DEEPEST => {}
                    _ => return Err(Fault::Form),
                }
            }
            Event::Empty(element) => match depth {
                1 => put(&mut texts, element.name().as_ref().to_owned(), String::new())?,
                2..=DEEPEST => {}
                _ => return Err(Fault::Form),
            },
            Event::End(_) => {
                if depth == 2 {
                    let (name, text) = std::mem::take(&mut open);
                    put(&mut texts, name, text)?;
                }
                depth = depth.checked_sub(1).ok_or(Fault::Form)?;
            }
            Event::Text(text) if depth == 2 => open.1.push_str(&text.xml10_content()),
            Event::CData(text) if depth == 2 => open.1.push_str(&text.xml10_content()),
            Event::Text(text) if text.trim_matches([' ', '\t', '\r', '\n']).is_empty() => {}
            Event::Text(_) | Event::CData(_) if depth > 2 => {}
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::DocType(_) | Event::GeneralRef(_) => return Err(Fault::Entities),
            Event::Eof if depth == 0 && seen => return Ok(texts),
            Event::Text(_) | Event::CData(_) | Event::Eof => return Err(Fault::Form),
        }
    }
}

/// A name that stands there twice would leave open which one is meant.
fn put(texts: &mut BTreeMap<String, String>, name: String, text: String) -> Result<(), Fault> {
    match texts.entry(name) {
        Entry::Vacant(place) => drop(place.insert(text)),
        Entry::Occupied(_) => return Err(Fault::Form),
    }
    Ok(())
}
