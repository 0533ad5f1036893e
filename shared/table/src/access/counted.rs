//! The counted places of where parcels go, whatever counts them.

use yujie_domain::parcel::Counted;

use super::{site_load, slot_load};
use crate::table::Write;

/// Takes `n` of the `most` places that there are in all. Refused when fewer are free.
pub fn take(place: &Counted, n: u16, most: u16) -> Write {
    match place {
        Counted::Site(site) => site_load::take(site, n, most),
        Counted::Slot { division, day, from } => slot_load::take(division, (*day, *from), n, most),
    }
}

/// Gives `n` places back. Refused when fewer are taken.
pub fn give_back(place: &Counted, n: u16) -> Write {
    match place {
        Counted::Site(site) => site_load::give_back(site, n),
        Counted::Slot { division, day, from } => slot_load::give_back(division, (*day, *from), n),
    }
}
