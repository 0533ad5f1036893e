//! Places in queues: taken, changed, given up.

use std::collections::BTreeMap;

use jiff::civil::Date;
use yujie_domain::account::Account;
use yujie_domain::copy::Copy;
use yujie_domain::hold::{self as rule, Hold, Outlook, PassedOver, Position, Serving, Turn, Wherever};
use yujie_domain::order::{self, Action, Obstacle, Target};
use yujie_domain::parcel::Destination;
use yujie_domain::rules::{About, RuleSet};
use yujie_domain::slot::Wish;
use yujie_domain::{ReaderId, TitleId, time};
use yujie_table::idempotency::{Answer, Request, Stands};
use yujie_table::{TableError, TransactError, account, copy, hold, idempotency, title};

use crate::{Fault, Guide, Lending, Places, TRIES, Where};

/// How much of a queue is read to tell a place in it, or how many wait.
pub const LOOKED_AT: usize = 2_000;

/// A place that a reader asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewHold {
    /// The title.
    pub title_id: TitleId,
    /// Where the book is to go.
    pub deliver_to: Wherever,
    /// The last day on which the reader wants it.
    pub until: Option<Date>,
}

/// A value that stays, or becomes another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Change<T> {
    /// It stays.
    #[default]
    Keep,
    /// It becomes this.
    To(T),
}

impl<T> Change<T> {
    fn apply(self, old: T) -> T {
        match self {
            Self::Keep => old,
            Self::To(new) => new,
        }
    }
}

/// What a reader changes about a hold; its place in the queue stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HoldChange {
    /// Another place for the book.
    pub deliver_to: Option<Wherever>,
    /// The last day; `None` for none.
    pub until: Change<Option<Date>>,
    /// The day on which it waits again; `None`: it waits now.
    pub resumes: Change<Option<Date>>,
}

/// A hold as its reader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The hold.
    pub hold: Hold,
    /// The title's name; `None` when the catalogue lost it.
    pub title: Option<String>,
    /// The place in the queue.
    pub position: Position,
    /// What the wait comes to.
    pub outlook: Outlook,
    /// Why the reader would be passed over if a copy came free now.
    pub passed_over: Option<Passed>,
}

/// That a reader is passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// Why.
    pub why: PassedOver,
    /// What to do about it, the likeliest first.
    pub actions: Vec<Action>,
}

/// Why a hold was not placed or changed.
#[derive(Debug, thiserror::Error)]
pub enum HoldError {
    /// The reader has no such hold, or is not known.
    #[error("no such hold")]
    NotFound,
    /// Obstacles stand in the way.
    #[error("refused")]
    Refused(Vec<Obstacle>),
    /// A fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<TableError> for HoldError {
    fn from(error: TableError) -> Self {
        Self::Fault(error.into())
    }
}

impl Lending {
    /// Queues a reader for a title that has no copy for them now, and keeps the answer (made by `answer`) for the request's repetition.
    ///
    /// # Errors
    /// [`HoldError`]; then nothing was changed.
    pub async fn place_hold<E: From<HoldError>>(
        &self,
        rid: &ReaderId,
        new: &NewHold,
        request: &Request,
        answer: impl Fn(&Standing) -> Result<Answer, E>,
    ) -> Result<Stands, E> {
        let hold_error = |error: TableError| HoldError::from(error);
        for _ in 0..TRIES {
            let now = self.edge.clock.now();
            let (account, standing) = self.may_hold(rid, new).await?;
            let mut next = account.next();
            next.holds.insert(new.title_id.clone(), standing.hold.since);
            let kept = answer(&standing)?;
            let writes = [
                idempotency::remember(request, &kept, now),
                account::replace(&next),
                hold::add(&standing.hold),
            ];
            let writes = writes.into_iter().collect::<Result<Vec<_>, _>>().map_err(hold_error)?;
            match self.table.transact(writes).await {
                Ok(()) => return Ok(Stands::Now(kept)),
                Err(TransactError::Refused(refused)) => {
                    let first = refused.into_iter().find(|refused| refused.write == 0);
                    if let Some(old) = first.and_then(|refused| refused.old) {
                        return Ok(Stands::Before(idempotency::read(old, request).map_err(hold_error)?));
                    }
                }
                Err(TransactError::Table(error)) => return Err(hold_error(error).into()),
            }
        }
        Err(HoldError::from(TableError::Busy).into())
    }

    /// Decides a hold: what it would be, and the account that this was decided on.
    async fn may_hold(&self, rid: &ReaderId, new: &NewHold) -> Result<(Account, Standing), HoldError> {
        let now = self.edge.clock.now();
        let today = time::day(now);
        let rules = self.rules.in_force(&self.table, now).await?;
        let account = account::get(&self.table, rid).await?.ok_or(HoldError::NotFound)?;
        let found = self.destination(rid, &new.deliver_to, 0).await?;
        let title_id = &new.title_id;
        let about = found.target.about(&account);
        let mut obstacles = order::standing(&account, &rules, today);
        if let Some(open) = account.open.get(title_id) {
            let (title_id, order_no) = (title_id.clone(), open.order_no.clone());
            obstacles.push(Obstacle::AlreadyHave { title_id, order_no });
        }
        if account.holds.contains_key(title_id) {
            obstacles.push(Obstacle::AlreadyWaiting { title_id: title_id.clone() });
        }
        let most = rules.holds(&about);
        if account.holds.len() >= usize::from(most.value) {
            let holds = u16::try_from(account.holds.len()).unwrap_or(u16::MAX);
            obstacles.push(Obstacle::TooManyHolds { limit: most.value, holds, by: most.by });
        }
        let title = title::get(&self.table, title_id).await?;
        if title.is_none() {
            obstacles.push(Obstacle::UnknownTitle { title_id: title_id.clone() });
        }
        let queue = hold::queue(&self.table, title_id, LOOKED_AT).await?;
        let waiting = queue.iter().filter(|hold| hold.waits_on(today)).count();
        let copies = copy::of_title(&self.table, title_id).await?;
        let serving = Serving::of(&copies, &rules, &about);
        let sites = self.places.all(&self.table, now).await?;
        let places = Places::of(&sites, copies.iter().map(|copy| &copy.site), now);
        if serving.free(&places).len() > waiting {
            obstacles.push(Obstacle::AvailableNow { title_id: title_id.clone() });
        } else if title.is_some() && serving.lent.is_empty() {
            let title_id = title_id.clone();
            let nothing = Obstacle::NoCopyAvailable { title_id, waiting: 0, likely_days: None };
            obstacles.push(serving.refused.clone().unwrap_or(nothing));
        }
        obstacles.extend(found.target.obstacle.clone());
        if !obstacles.is_empty() {
            return Err(HoldError::Refused(obstacles));
        }
        let hold = Hold {
            title_id: title_id.clone(),
            rid: rid.clone(),
            since: now,
            deliver_to: new.deliver_to.clone(),
            until: new.until,
            resumes: None,
            hopeless: None,
            version: 1,
        };
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).saturating_add(1);
        let position = Position { place: count(waiting), waiting: count(waiting) };
        let title = title.map(|title| title.title);
        let own = Own { account: &account, rules: &rules, target: &found.target, copies: &copies };
        let mut guide = self.guide(rid, &new.deliver_to, 0);
        let standing = self.standing(hold, title, position, &own, &mut guide).await?;
        Ok((account, standing))
    }

    /// A reader's holds, each with its place, in the order in which they were placed.
    ///
    /// # Errors
    /// [`HoldError`].
    pub async fn holds(&self, rid: &ReaderId) -> Result<Vec<Standing>, HoldError> {
        let now = self.edge.clock.now();
        let today = time::day(now);
        let rules = self.rules.in_force(&self.table, now).await?;
        let account = account::get(&self.table, rid).await?.ok_or(HoldError::NotFound)?;
        let ids: Vec<TitleId> = account.holds.keys().cloned().collect();
        let titles = title::get_many(&self.table, &ids).await?;
        // Many books that go to one place are the rule.
        let mut known: Vec<(Target, Guide<'_>)> = Vec::new();
        let mut standings = Vec::new();
        for title_id in &ids {
            let queue = hold::queue(&self.table, title_id, LOOKED_AT).await?;
            let copies = copy::of_title(&self.table, title_id).await?;
            // A copy may have come in between: then it is an order by now.
            let Some(hold) = queue.iter().find(|hold| hold.rid == *rid) else { continue };
            let Some(position) = rule::position(&queue, rid, today) else { continue };
            let before = known.iter().position(|(_, guide)| *guide.to() == hold.deliver_to);
            let (target, mut guide) = match before.map(|at| known.swap_remove(at)) {
                Some(before) => before,
                None => (self.goes_to(hold).await?.target, self.guide(rid, &hold.deliver_to, 0)),
            };
            let name = titles.get(title_id).map(|title| title.title.clone());
            let own = Own { account: &account, rules: &rules, target: &target, copies: &copies };
            standings.push(self.standing(hold.clone(), name, position, &own, &mut guide).await?);
            known.push((target, guide));
        }
        standings.sort_by(|a, b| (a.hold.since, &a.hold.title_id).cmp(&(b.hold.since, &b.hold.title_id)));
        Ok(standings)
    }

    /// Changes a hold in its place.
    ///
    /// # Errors
    /// [`HoldError`]; then nothing was changed.
    pub async fn change_hold(
        &self,
        rid: &ReaderId,
        title_id: &TitleId,
        change: &HoldChange,
    ) -> Result<(), HoldError> {
        if let Some(to) = &change.deliver_to {
            let found = self.destination(rid, to, 0).await?;
            if let Some(obstacle) = found.target.obstacle {
                return Err(HoldError::Refused(vec![obstacle]));
            }
        }
        for _ in 0..TRIES {
            let own = self.own(rid, title_id).await?;
            let next = Hold {
                deliver_to: change.deliver_to.clone().unwrap_or_else(|| own.deliver_to.clone()),
                until: change.until.apply(own.until),
                resumes: change.resumes.apply(own.resumes),
                version: own.version + 1,
                ..own
            };
            match self.table.write(hold::replace(&next)?).await {
                Ok(()) => return Ok(()),
                Err(TransactError::Refused(_)) => {}
                Err(TransactError::Table(error)) => return Err(error.into()),
            }
        }
        Err(TableError::Busy.into())
    }

    /// Gives a hold up.
    ///
    /// # Errors
    /// [`HoldError`]; then nothing was changed.
    pub async fn leave(&self, rid: &ReaderId, title_id: &TitleId) -> Result<(), HoldError> {
        for _ in 0..TRIES {
            let own = self.own(rid, title_id).await?;
            let mut next = account::get(&self.table, rid).await?.ok_or(HoldError::NotFound)?.next();
            next.holds.remove(title_id);
            match self.table.transact(vec![hold::remove(&own), account::replace(&next)?]).await {
                Ok(()) => return Ok(()),
                Err(TransactError::Refused(_)) => {}
                Err(TransactError::Table(error)) => return Err(error.into()),
            }
        }
        Err(TableError::Busy.into())
    }

    async fn own(&self, rid: &ReaderId, title_id: &TitleId) -> Result<Hold, HoldError> {
        let account = account::get(&self.table, rid).await?.ok_or(HoldError::NotFound)?;
        let since = account.holds.get(title_id).copied().ok_or(HoldError::NotFound)?;
        // Between the account and the hold a copy may have come: then there is none any more.
        hold::get(&self.table, title_id, since, rid).await?.ok_or(HoldError::NotFound)
    }
}

/// What the standing of a hold is decided on, besides the hold and its place.
struct Own<'a> {
    account: &'a Account,
    rules: &'a RuleSet,
    target: &'a Target,
    copies: &'a [Copy],
}

impl Lending {
    async fn standing(
        &self,
        hold: Hold,
        title: Option<String>,
        position: Position,
        own: &Own<'_>,
        guide: &mut Guide<'_>,
    ) -> Result<Standing, Fault> {
        let Own { account, rules, target, copies } = *own;
        let about = About::card(account.class).at(hold.site());
        let outlook = Serving::of(copies, rules, &about).outlook(position.place, rules);
        // Where a copy will come free nobody knows: any site may take it back.
        let places = BTreeMap::new();
        let now = self.edge.clock.now();
        let turn = Turn { account, rules, target, title: title.as_deref(), places: &places, now };
        let passed_over = match hold.passed_over(copies, &turn) {
            Some(why) => {
                let ways = why.actions(&hold.title_id, account);
                let actions = guide.name(ways).await?;
                Some(Passed { why, actions })
            }
            None => None,
        };
        Ok(Standing { hold, title, position, outlook, passed_over })
    }

    /// Where the book of a hold is to go, for no new parcel. An address that does not open is as good as gone.
    pub(crate) async fn goes_to(&self, hold: &Hold) -> Result<Where, Fault> {
        match self.destination(&hold.rid, &hold.deliver_to, 0).await {
            Err(Fault::Seal(error)) => {
                tracing::error!(title.id = %hold.title_id, error, "the address of a hold does not open");
                let gone = Some(Obstacle::UnknownAddress);
                let target = Target {
                    destination: Destination::Home,
                    zone: None,
                    wish: Wish::default(),
                    obstacle: gone,
                };
                Ok(Where { target, recipient: None, site: None })
            }
            found => found,
        }
    }
}
