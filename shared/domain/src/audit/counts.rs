//! Counters against a recount, and what is named against what is there.

use super::{Finding, Kind, Ledger, Record};
use crate::ids::{Barcode, SiteId, TitleId};
use crate::parcel::{Counted, Parcel};

/// A title, and its copies counted.
#[derive(Debug, Default)]
pub(super) struct TitleSeen {
    pub(super) known: bool,
    /// What is stored: copies in all, free ones, where these are, and the item's version.
    pub(super) stated: Option<(u32, u32, Vec<SiteId>, u64)>,
    total: u32,
    free: u32,
    /// Each site once, in order.
    free_at: Vec<SiteId>,
    /// One of its copies.
    copy: Option<Barcode>,
    versions: u64,
}

impl TitleSeen {
    /// Counts a copy, which is free at a site or not.
    pub(super) fn count(&mut self, barcode: &Barcode, free_at: Option<SiteId>, version: u64) {
        self.total = self.total.saturating_add(1);
        self.free = self.free.saturating_add(u32::from(free_at.is_some()));
        if let Some(site) = free_at
            && let Err(place) = self.free_at.binary_search(&site)
        {
            self.free_at.insert(place, site);
        }
        self.versions += version;
        // The same one whatever order they come in.
        if self.copy.as_ref().is_none_or(|kept| barcode < kept) {
            self.copy = Some(barcode.clone());
        }
    }

    fn compare(&self, id: &TitleId, found: &mut Vec<Finding>) {
        if let Some(copy) = self.copy.as_ref().filter(|_| !self.known) {
            let records = [Record::Title(id.clone()), Record::Copy(copy.clone())];
            let seen = format!("{} copies", self.total);
            found.push(Finding::new(Kind::CopyWithoutTitle, records, seen, self.versions));
        }
        let none = (0, 0, Vec::new(), 0);
        let (total, free, at, version) = self.stated.as_ref().unwrap_or(&none);
        if (total, free, at) != (&self.total, &self.free, &self.free_at) {
            let text = |total: &u32, free: &u32, at: &[SiteId]| {
                let at: Vec<&str> = at.iter().map(SiteId::as_str).collect();
                format!("{free} of {total} free at [{}]", at.join(" "))
            };
            let seen = format!(
                "{} stands, {} is counted",
                text(total, free, at),
                text(&self.total, &self.free, &self.free_at)
            );
            let versions = self.versions + version;
            found.push(Finding::new(
                Kind::AvailabilityDiffers,
                [Record::Availability(id.clone())],
                seen,
                versions,
            ));
        }
    }
}

/// The places of a site or slot: as they stand, and counted.
#[derive(Debug, Default)]
pub(super) struct LoadSeen {
    pub(super) stands: u32,
    taken: u32,
    versions: u64,
}

impl Ledger {
    /// Counts the place that a parcel takes. What was collected makes room; what was delivered in a slot was delivered in it.
    pub(super) fn take_place(&mut self, parcel: &Parcel) {
        let Some(place) = parcel.place().filter(|_| parcel.status().is_live()) else { return };
        if parcel.is_open() || matches!(place, Counted::Slot { .. }) {
            let load = self.loads.entry(place).or_default();
            load.taken = load.taken.saturating_add(1);
            load.versions += parcel.version;
        }
    }
}

pub(super) fn compare(ledger: &Ledger, found: &mut Vec<Finding>) {
    for (id, title) in &ledger.titles {
        title.compare(id, found);
    }
    for (site, copy) in &ledger.stocked {
        if !ledger.sites.contains(site) {
            let records = [Record::Site(site.clone()), Record::Copy(copy.clone())];
            found.push(Finding::new(Kind::CopyAtUnknownSite, records, "copies stand there", 0));
        }
    }
    for (version, order) in &ledger.decided {
        if !ledger.rules.contains(version) {
            let records = [Record::Rules(*version), order.clone()];
            found.push(Finding::new(Kind::RulesMissing, records, "orders were decided by it", 0));
        }
    }
    for (place, load) in ledger.loads.iter().filter(|(_, load)| load.stands != load.taken) {
        let (kind, record) = match place {
            Counted::Site(site) => (Kind::SiteLoadDiffers, Record::SiteLoad(site.clone())),
            // A slot that is over has no use for its places: nothing is given back, and its counter goes.
            Counted::Slot { day, .. } if *day < ledger.today => continue,
            Counted::Slot { division, day, from } => {
                let division = division.clone();
                (Kind::SlotLoadDiffers, Record::SlotLoad { division, day: *day, from: *from })
            }
        };
        let seen = format!("n is {}, {} parcels take a place", load.stands, load.taken);
        found.push(Finding::new(kind, [record], seen, load.versions));
    }
    if ledger.picks != ledger.pick_count {
        let seen = format!("n is {}, {} picks are there", ledger.pick_count, ledger.picks);
        found.push(Finding::new(Kind::PickCountDiffers, [Record::PickCount], seen, 0));
    }
}
