//! Pages: `limit` (at most 100) and an opaque `cursor`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::problem::{Code, Problem};

/// Which page of a list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// How many, 1 to 100; 20 when not said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

impl PageQuery {
    /// How many are asked for.
    ///
    /// # Errors
    /// [`Code::MalformedRequest`] outside 1 to 100.
    pub fn limit(&self) -> Result<usize, Problem> {
        match self.limit.unwrap_or(20) {
            limit @ 1..=100 => Ok(usize::from(limit)),
            _ => Err(Problem::new(Code::MalformedRequest).and_field("limit", "1 to 100")),
        }
    }

    /// Where the page begins.
    ///
    /// # Errors
    /// [`Code::MalformedRequest`] for a cursor that we did not make.
    pub fn cursor(&self) -> Result<Option<String>, Problem> {
        place(self.cursor.as_deref())
    }
}

/// The place in a list that a cursor names.
///
/// # Errors
/// [`Code::MalformedRequest`] for a cursor that we did not make.
pub fn place(cursor: Option<&str>) -> Result<Option<String>, Problem> {
    cursor
        .map(|cursor| {
            URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(
                || Problem::new(Code::MalformedRequest).and_field("cursor", "not a cursor of this list"),
            )
        })
        .transpose()
}

/// Makes the cursor for a place in a list.
pub fn cursor(place: &str) -> String {
    URL_SAFE_NO_PAD.encode(place)
}
