//! Commands that touch more than one parcel: an order cancelled or changed, a copy that comes back or comes free, a hold, a renewal.
//!
//! Each reads what it decides on, lets the domain decide, and writes everything in one transaction at the versions that were read. When
//! somebody else was faster, it reads again. Whatever frees a copy gives it to the next reader in line in the same transaction.

mod cancel;
mod check_in;
mod closing;
mod destination;
mod due;
mod expire;
mod give;
mod give_back;
mod guide;
mod hold;
mod kept;
mod outlook;
mod payment;
mod redirect;
mod release;
mod renew;
mod returns;
mod work;

use yujie_runtime::{Edge, Problem};
use yujie_table::{Table, TableError};

pub use cancel::{CancelError, Cancelled};
pub use check_in::{CheckInError, CheckedIn};
pub use closing::Closed;
pub use destination::Where;
pub use expire::Expired;
pub use give_back::{TakeBackError, TakenBack};
pub use guide::Guide;
pub use hold::{Change, HoldChange, HoldError, LOOKED_AT, NewHold, Passed, Standing};
pub use kept::{Places, Rules};
pub use payment::{PayError, Receipt, Settled};
pub use redirect::RedirectError;
pub use release::Gift;
pub use renew::RenewError;
pub use returns::{NewReturn, ReturnError, delivery_day};

/// How often a command that met another writer is decided anew.
const TRIES: u32 = 10;

/// What the commands work with.
#[derive(Debug, Clone)]
pub struct Lending {
    /// The table.
    pub table: Table,
    /// Keys, time, chance.
    pub edge: Edge,
    /// The rules in force, kept for a minute.
    pub rules: Rules,
    /// The sites, kept for a minute.
    pub places: Places,
}

impl Lending {
    /// On this table.
    pub fn new(table: Table, edge: Edge) -> Self {
        Self { table, edge, rules: Rules::default(), places: Places::default() }
    }
}

/// A fault that no reader or member of staff can do anything about.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The table failed, or was too busy.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The library has set no rules.
    #[error("no rule set has been loaded")]
    NoRules,
    /// What is stored contradicts itself.
    #[error("{0}")]
    Unsound(String),
    /// No chance could be drawn, or a recipient could not be sealed.
    #[error("{0}")]
    Seal(String),
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Table(error) => error.into(),
            Fault::NoRules | Fault::Seal(_) | Fault::Unsound(_) => Self::internal(fault),
        }
    }
}
