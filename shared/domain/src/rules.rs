//! The library's rules as data. A rule set has a version and a first day; every order keeps the version that it was decided under, and with its
//! parcels what was decided then: the promise, the price, the loans' length and beginning. What comes later is asked of the rules of its day.
//!
//! A rule holds for everybody, or only at a site, for a class of cards, for a class of items. When several fit, the most specific
//! wins: the site before the card's class, the card's class before the item's. Each answer says which rule decided ([`By`]).

mod check;
mod settings;

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use check::Faulty;
pub use settings::{ChargedAt, LoanStart, Setting};

use crate::ids::SiteId;
use crate::slot::{Slot, Window};

/// What sort of card a reader has.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CardClass {
    /// A grown-up's own card.
    #[default]
    Adult,
    /// A child's card, under a guardian's.
    Child,
    /// A card with more rights, such as a teacher's.
    Privileged,
}

impl CardClass {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Adult, Self::Child, Self::Privileged];
}

/// What sort of item a copy is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ItemClass {
    /// An ordinary book.
    #[default]
    Ordinary,
    /// A new book that many want.
    New,
    /// A children's book.
    Children,
    /// For use in the library.
    Reference,
}

/// What a rule can be for, besides everybody and everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A site.
    Site,
    /// A class of cards.
    Card,
    /// A class of items.
    Item,
}

impl Kind {
    /// Its name, as in a [`Scope`].
    pub const fn name(self) -> &'static str {
        match self {
            Self::Site => "site",
            Self::Card => "card",
            Self::Item => "item",
        }
    }
}

/// For whom and what a rule holds; what is `None` restricts nothing. A rule can only be for what is known where it is asked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Only at this site: the one where the books are collected. It says nothing of the door.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub site: Option<SiteId>,
    /// Only for cards of this class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<CardClass>,
    /// Only for items of this class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<ItemClass>,
}

impl Scope {
    /// Everybody and everything.
    pub const ALL: Self = Self { site: None, card: None, item: None };
    /// Children's cards.
    pub const CHILDREN: Self = Self { card: Some(CardClass::Child), ..Self::ALL };

    fn fits(&self, about: &About<'_>) -> bool {
        self.site.as_ref().is_none_or(|site| about.site == Some(site))
            && self.card.is_none_or(|card| card == about.card)
            && self.item.is_none_or(|item| about.item == Some(item))
    }

    /// What it restricts.
    fn kinds(&self) -> impl Iterator<Item = Kind> {
        let [site, card, item] = [
            self.site.as_ref().map(|_| Kind::Site),
            self.card.map(|_| Kind::Card),
            self.item.map(|_| Kind::Item),
        ];
        [site, card, item].into_iter().flatten()
    }

    /// Site before card before item.
    fn weight(&self) -> (bool, bool, bool) {
        (self.site.is_some(), self.card.is_some(), self.item.is_some())
    }
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What it says.
    pub set: Setting,
    /// For whom and what.
    #[serde(default, rename = "for", skip_serializing_if = "Scope::is_all")]
    pub scope: Scope,
}

impl Scope {
    fn is_all(&self) -> bool {
        *self == Self::ALL
    }
}

/// Days on which the whole library is closed: nothing is due, and nothing is delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Holidays {
    /// The first day.
    #[schema(value_type = String, format = Date)]
    pub from: Date,
    /// The last day.
    #[schema(value_type = String, format = Date)]
    pub until: Date,
    /// What readers are told.
    pub name: String,
}

/// Days on which no fine grows, by whatever rules it is decided: it may be declared for days that are past.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Amnesty {
    /// The first day.
    #[schema(value_type = String, format = Date)]
    pub from: Date,
    /// The last day.
    #[schema(value_type = String, format = Date)]
    pub until: Date,
    /// What readers are told.
    pub name: String,
}

/// A division that is delivered to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Zone {
    /// Its code (GB/T 2260).
    pub division: String,
    /// How many parcels are delivered there in one slot of one day; without a number as many as there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_slot: Option<u16>,
}

/// One version of the rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleSet {
    /// Counts up with every change.
    pub version: u32,
    /// The first Shanghai day on which it holds.
    #[schema(value_type = String, format = Date)]
    pub starts: Date,
    /// The rules. What nobody set is as in [`RuleSet::founding`].
    pub rules: Vec<Rule>,
    /// When the whole library is closed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holidays: Vec<Holidays>,
    /// When no fine grows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amnesties: Vec<Amnesty>,
    /// Where home delivery goes. Without any zone it goes to every division that the library knows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub zones: Vec<Zone>,
    /// The windows of each day in which parcels are brought to the door, in their order. Without any they are as in [`Window::FOUNDING`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<Window>,
}

/// What a rule is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct About<'a> {
    /// The site where books are collected; `None` for the door.
    pub site: Option<&'a SiteId>,
    /// The reader's card.
    pub card: CardClass,
    /// The item, when one is meant.
    pub item: Option<ItemClass>,
}

impl<'a> About<'a> {
    /// A reader with such a card, whatever they order and wherever.
    pub fn card(card: CardClass) -> Self {
        Self { card, ..Self::default() }
    }

    /// The same at this site.
    #[must_use]
    pub fn at(self, site: Option<&'a SiteId>) -> Self {
        Self { site, ..self }
    }

    /// The same for such an item.
    #[must_use]
    pub fn item(self, item: ItemClass) -> Self {
        Self { item: Some(item), ..self }
    }
}

/// Which rule decided: its name, its version, and whom it is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = DecidedBy)]
pub struct By {
    /// The rule's name, such as `books_per_order`.
    pub rule: String,
    /// The version of the rule set.
    pub version: u32,
    /// For whom and what it holds.
    #[serde(default, rename = "for", skip_serializing_if = "Scope::is_all")]
    pub scope: Scope,
}

/// A value, and the rule that it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided<T> {
    /// The value.
    pub value: T,
    /// The rule.
    pub by: By,
}

impl RuleSet {
    /// The rules of the model service's trial: free, 48 hours; limits as Beijing's deposit-free cards have them.
    pub const fn founding() -> Self {
        Self {
            version: 1,
            starts: Date::constant(2018, 1, 1),
            rules: Vec::new(),
            holidays: Vec::new(),
            amnesties: Vec::new(),
            zones: Vec::new(),
            windows: Vec::new(),
        }
    }

    /// The most specific rule that `pick` takes, of those that fit.
    fn decide<T: Copy>(
        &self,
        name: &str,
        founding: T,
        about: &About<'_>,
        pick: impl Fn(&Setting) -> Option<T>,
    ) -> Decided<T> {
        // Of two for the same, the later one decides: the library's own comes before what it was founded with.
        let best = Setting::CHILDREN
            .iter()
            .chain(&self.rules)
            .filter_map(|rule| pick(&rule.set).map(|value| (value, &rule.scope)))
            .filter(|(_, scope)| scope.fits(about))
            .max_by_key(|(_, scope)| scope.weight());
        let (value, scope) = best.map_or((founding, Scope::ALL), |(value, scope)| (value, scope.clone()));
        Decided { value, by: By { rule: name.to_owned(), version: self.version, scope } }
    }

    /// What the set says, in the rules' own order. What it does not say for everybody is as the library was founded.
    pub fn said(&self) -> BTreeMap<(usize, Scope), Setting> {
        let place =
            |set: &Setting| Setting::NAMES.iter().position(|name| *name == set.name()).unwrap_or_default();
        let founding = Setting::FOUNDING.iter().map(|set| ((place(set), Scope::ALL), *set));
        let set = Setting::CHILDREN.iter().chain(&self.rules);
        founding.chain(set.map(|rule| ((place(&rule.set), rule.scope.clone()), rule.set))).collect()
    }

    /// The holidays that a day belongs to.
    pub fn holidays_on(&self, day: Date) -> Option<&Holidays> {
        self.holidays.iter().find(|holidays| (holidays.from..=holidays.until).contains(&day))
    }

    /// The amnesty that a day belongs to.
    pub fn amnesty_on(&self, day: Date) -> Option<&Amnesty> {
        self.amnesties.iter().find(|amnesty| (amnesty.from..=amnesty.until).contains(&day))
    }

    /// `day`, or the first day after it on which the library is open.
    #[must_use]
    pub fn open_day_from(&self, mut day: Date) -> Date {
        while let Some(holidays) = self.holidays_on(day) {
            match holidays.until.tomorrow() {
                Ok(next) => day = next,
                Err(_) => return day,
            }
        }
        day
    }

    /// The zone of a division; `None` when nothing is delivered there.
    pub fn zone(&self, division: &str) -> Option<Zone> {
        if self.zones.is_empty() {
            return crate::division::name(division)
                .map(|_| Zone { division: division.to_owned(), per_slot: None });
        }
        self.zones.iter().find(|zone| zone.division == division).cloned()
    }

    /// The windows of each day, in their order.
    pub fn windows(&self) -> &[Window] {
        if self.windows.is_empty() { Window::FOUNDING } else { &self.windows }
    }

    /// Whether there is such a slot: a window of a day on which the library is open.
    pub fn has(&self, slot: &Slot) -> bool {
        self.holidays_on(slot.day).is_none()
            && self.windows().iter().any(|window| window.on(slot.day) == *slot)
    }
}

#[cfg(test)]
pub(crate) mod tests;
