//! Copies for a title list that comes without any, for a demonstration or a test with a real catalogue.
//!
//! Everything follows from the title's id, so a second load invents the same copies again and finds them there.

use jiff::{SignedDuration, Timestamp};
use yujie_catalogue::names;
use yujie_catalogue::work::stable_hash;
use yujie_domain::copy::{Copy, CopyStatus, Received};
use yujie_domain::rules::ItemClass;
use yujie_domain::site::Site;
use yujie_domain::title::Title;
use yujie_domain::{Barcode, Invalid, SiteId};

/// Over how many days invented copies came into stock.
const DAYS_OF_COMING: u64 = 730;

/// The sites that books stand at. The first by id is the dispatch centre, which has a copy of every title.
#[derive(Debug, Clone)]
pub(crate) struct Stock {
    centre: SiteId,
    branches: Vec<SiteId>,
    received: Timestamp,
}

impl Stock {
    /// `None` when no site holds stock.
    pub(crate) fn of(sites: Vec<Site>, received: Timestamp) -> Option<Self> {
        let mut holding: Vec<SiteId> =
            sites.into_iter().filter(|site| site.holds_stock).map(|site| site.id).collect();
        holding.sort();
        let mut holding = holding.into_iter();
        Some(Self { centre: holding.next()?, branches: holding.collect(), received })
    }

    /// A title's copies: one at the centre, none to two at branches.
    pub(crate) fn copies_of(&self, title: &Title) -> Result<Vec<Copy>, Invalid> {
        let chance = stable_hash(title.id.as_str().as_bytes());
        // As if they had come over two years, so that a new library has new books among its old ones.
        let days = i64::try_from(chance / 11 % DAYS_OF_COMING).unwrap_or_default();
        let received = self.received - SignedDuration::from_hours(24 * days);
        let more = if self.branches.is_empty() { 0 } else { chance % 3 };
        let count = u64::try_from(self.branches.len()).unwrap_or(u64::MAX).max(1);
        let branch = |n: u64| {
            let place = (chance / 3).wrapping_add(n) % count;
            usize::try_from(place).ok().and_then(|place| self.branches.get(place)).unwrap_or(&self.centre)
        };
        std::iter::once(&self.centre)
            .chain((0..more).map(branch))
            .zip(0_u64..)
            .map(|(site, n)| {
                Ok(Copy {
                    barcode: Barcode::parse(&format!("Y{:015}{n}", chance % 1_000_000_000_000_000))?,
                    title_id: title.id.clone(),
                    site: site.clone(),
                    call_number: call_number(title, chance),
                    class: ItemClass::Ordinary,
                    price: None,
                    status: CopyStatus::Available,
                    holder: None,
                    received: Received { at: received, site: site.clone() },
                    version: 1,
                })
            })
            .collect()
    }
}

/// Class, then an author mark: `I313.45/东42`.
fn call_number(title: &Title, chance: u64) -> String {
    let class = title.class.as_deref().unwrap_or_else(|| class_by_tags(&title.tags));
    let person = title.authors.first().map_or(title.title.as_str(), |author| names::bare(author));
    let initial = person.chars().find(|c| c.is_alphanumeric()).unwrap_or('无');
    format!("{class}/{initial}{:02}", chance / 7 % 100)
}

/// The class under which a book with such tags would stand; Z, general works, when they say nothing.
fn class_by_tags(tags: &[String]) -> &'static str {
    const CLASSES: [(&str, &str); 14] = [
        ("绘本", "I28"),
        ("儿童", "I28"),
        ("小说", "I24"),
        ("文学", "I2"),
        ("诗", "I22"),
        ("历史", "K2"),
        ("传记", "K81"),
        ("哲学", "B"),
        ("心理", "B84"),
        ("经济", "F"),
        ("管理", "C93"),
        ("艺术", "J"),
        ("编程", "TP3"),
        ("科普", "N49"),
    ];
    CLASSES.iter().find(|(word, _)| tags.iter().any(|tag| tag.contains(word))).map_or("Z", |(_, class)| class)
}
