//! Copies out of what records say of them: our barcodes, at our sites.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use yujie_domain::copy::{Copy, CopyStatus, Received};
use yujie_domain::rules::ItemClass;
use yujie_domain::site::Site;
use yujie_domain::title::Title;
use yujie_domain::{Barcode, SiteId};
use yujie_marc::Holding;

/// A list of codes names a site that there is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code:?} is said to be site {site}, which there is not")]
pub struct UnknownSite {
    /// The other library's code.
    pub code: String,
    /// The site.
    pub site: SiteId,
}

/// Which of our sites a record means.
#[derive(Debug, Clone)]
pub struct Places {
    /// By code, id or name. `None`: several sites are called so.
    known: HashMap<String, Option<SiteId>>,
    received: Timestamp,
}

impl Places {
    /// Sites by their names and ids, and by the codes that somebody wrote down for them, the later before the earlier. Copies are received at
    /// this instant.
    ///
    /// # Errors
    /// [`UnknownSite`] for a code without a site.
    pub fn new(
        sites: &[Site],
        codes: &BTreeMap<String, SiteId>,
        received: Timestamp,
    ) -> Result<Self, UnknownSite> {
        let mut known: HashMap<String, Option<SiteId>> = HashMap::new();
        for site in sites {
            known
                .entry(site.name.trim().to_owned())
                .and_modify(|other| *other = None)
                .or_insert_with(|| Some(site.id.clone()));
        }
        known.extend(sites.iter().map(|site| (site.id.to_string(), Some(site.id.clone()))));
        for (code, site) in codes {
            if !sites.iter().any(|one| one.id == *site) {
                return Err(UnknownSite { code: code.clone(), site: site.clone() });
            }
            known.insert(code.trim().to_owned(), Some(site.clone()));
        }
        Ok(Self { known, received })
    }

    /// A title's copies, and what is wrong with those that are left out.
    pub fn copies(&self, title: &Title, holdings: &[Holding]) -> (Vec<Copy>, Vec<String>) {
        let (mut copies, mut warnings) = (Vec::new(), Vec::new());
        for holding in holdings {
            match self.copy(title, holding) {
                Ok(copy) => copies.push(copy),
                Err(why) => warnings.push(why),
            }
        }
        (copies, warnings)
    }

    fn copy(&self, title: &Title, holding: &Holding) -> Result<Copy, String> {
        let code = holding.site.as_deref().unwrap_or_default();
        let Some(barcode) = &holding.barcode else {
            return Err(format!("copy at {code:?} left out: it has no barcode"));
        };
        let left_out = |why: String| format!("copy {barcode:?} left out: {why}");
        let parsed = Barcode::parse(barcode).map_err(|error| left_out(error.to_string()))?;
        let site = match self.known.get(code.trim()) {
            Some(Some(site)) => site.clone(),
            Some(None) => return Err(left_out(format!("several sites are called {code:?}"))),
            None if code.is_empty() => {
                return Err(left_out("its record does not say where it is".to_owned()));
            }
            None => return Err(left_out(format!("there is no site {code:?}"))),
        };
        // A book that nobody gave a shelf mark stands with its class.
        let call_number = holding.call_number.clone().or_else(|| title.class.clone()).unwrap_or_default();
        Ok(Copy {
            barcode: parsed,
            title_id: title.id.clone(),
            site: site.clone(),
            call_number,
            class: ItemClass::Ordinary,
            price: None,
            status: CopyStatus::Available,
            holder: None,
            received: Received { at: self.received, site },
            version: 1,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use yujie_domain::TitleId;
    use yujie_domain::hours::OpeningHours;
    use yujie_domain::site::{Point, SiteKind};

    fn site(id: &str, name: &str) -> Site {
        Site {
            id: SiteId::parse(id).unwrap(),
            name: name.to_owned(),
            kind: SiteKind::Library,
            address: String::new(),
            point: Point { lat: 0, lng: 0 },
            opening_hours: OpeningHours::always(),
            closures: Vec::new(),
            holds_stock: true,
            capacity: None,
        }
    }

    fn places() -> Places {
        let sites = [site("C01", "中心馆"), site("L01", "分馆"), site("L02", "书屋"), site("L03", "书屋")];
        let codes = BTreeMap::from([("110105-1".to_owned(), sites[1].id.clone())]);
        Places::new(&sites, &codes, Timestamp::UNIX_EPOCH).unwrap()
    }

    fn holding(barcode: Option<&str>, site: Option<&str>) -> Holding {
        let text = |value: Option<&str>| value.map(str::to_owned);
        Holding { barcode: text(barcode), site: text(site), ..Holding::default() }
    }

    #[test]
    fn a_copy_is_at_the_site_that_its_code_id_or_name_means() {
        let title =
            Title { class: Some("I247.5".to_owned()), ..Title::new(TitleId::parse("t1").unwrap(), "书") };
        for (code, expected) in [("C01", "C01"), ("中心馆", "C01"), ("110105-1", "L01"), (" 分馆 ", "L01")]
        {
            let (copies, warnings) = places().copies(&title, &[holding(Some("00012345"), Some(code))]);
            assert_eq!((copies[0].site.as_str(), &warnings[..]), (expected, &[][..]), "{code}");
            assert_eq!(copies[0].call_number, "I247.5");
        }
    }

    #[test]
    fn a_copy_of_which_too_little_is_known_is_left_out_and_said() {
        let title = Title::new(TitleId::parse("t1").unwrap(), "书");
        for (barcode, site, why) in [
            (None, Some("C01"), "no barcode"),
            (Some("12"), Some("C01"), "wrong length"),
            (Some("条码一二三"), Some("C01"), "only letters and digits"),
            (Some("00012345"), None, "does not say where"),
            (Some("00012345"), Some("X99"), "no site \"X99\""),
            (Some("00012345"), Some("书屋"), "several sites"),
        ] {
            let (copies, warnings) = places().copies(&title, &[holding(barcode, site)]);
            assert!(copies.is_empty());
            assert!(warnings[0].contains(why), "{warnings:?}");
        }
    }

    #[test]
    fn a_code_for_a_site_that_is_not_there_is_refused_before_anything_is_read() {
        let codes = BTreeMap::from([("X".to_owned(), SiteId::parse("C99").unwrap())]);

        let refused = Places::new(&[site("C01", "中心馆")], &codes, Timestamp::UNIX_EPOCH).unwrap_err();

        assert_eq!(refused.site.as_str(), "C99");
    }
}
