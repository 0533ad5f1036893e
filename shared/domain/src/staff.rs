//! What members of staff may do, by role. Denied unless listed.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A member of staff's role at their site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Takes books from shelves.
    Picker,
    /// Puts books into boxes.
    Packer,
    /// Hands boxes to couriers and vans.
    Dispatcher,
    /// Serves readers at a desk (arrival, collection, check-in), and shows them books: covers, picks.
    Librarian,
    /// All of it.
    Administrator,
}

/// What a route asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Duty {
    /// Scan books from shelves.
    Pick,
    /// Scan books into boxes.
    Pack,
    /// Hand over and send off.
    Dispatch,
    /// Arrival, collection, check-in.
    Desk,
    /// Give titles their covers, and recommend them.
    Catalogue,
    /// See work lists and where a copy is.
    Look,
}

/// Who may do what. What is not here is denied.
pub const DUTIES: &[(Role, &[Duty])] = &[
    (Role::Picker, &[Duty::Pick, Duty::Look]),
    (Role::Packer, &[Duty::Pack, Duty::Look]),
    (Role::Dispatcher, &[Duty::Dispatch, Duty::Look]),
    (Role::Librarian, &[Duty::Desk, Duty::Catalogue, Duty::Look]),
    (Role::Administrator, &[Duty::Pick, Duty::Pack, Duty::Dispatch, Duty::Desk, Duty::Catalogue, Duty::Look]),
];

impl Role {
    /// Whether this role has `duty`.
    pub fn may(self, duty: Duty) -> bool {
        DUTIES.iter().any(|(role, duties)| *role == self && duties.contains(&duty))
    }
}
