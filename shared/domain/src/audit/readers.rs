//! Readers: what makes one person one card, the account against copies, queues and returns.

use jiff::Timestamp;

use super::{Finding, Kind, Ledger, ReaderSeen, Record, Sole};
use crate::account::Account;
use crate::ids::{Barcode, CardNo, OrderNo, ReaderId, ReturnNo, ReturnRef, TitleId};
use crate::rules::CardClass;

/// An account, as far as it is compared.
#[derive(Debug)]
pub(super) struct AccountSeen {
    rid: ReaderId,
    card_no: CardNo,
    open: Vec<ItemSeen>,
    holds: Vec<(TitleId, Timestamp)>,
    /// A child's card has no phone of its own.
    class: CardClass,
    closed: bool,
    pub(super) version: u64,
}

/// A book that a reader has ordered or on loan.
#[derive(Debug)]
pub(super) struct ItemSeen {
    title_id: TitleId,
    pub(super) barcode: Barcode,
    order_no: OrderNo,
    pub(super) lent: bool,
    returning: Option<ReturnNo>,
}

impl AccountSeen {
    pub(super) fn of(account: Account) -> Self {
        let open = account.open.into_iter().map(|(title_id, item)| ItemSeen {
            title_id,
            barcode: item.barcode,
            order_no: item.order_no,
            lent: item.loan.is_some(),
            returning: item.returning,
        });
        Self {
            rid: account.rid,
            card_no: account.card_no,
            open: open.collect(),
            holds: account.holds.into_iter().collect(),
            class: account.class,
            closed: account.closed.is_some(),
            version: account.version,
        }
    }

    pub(super) fn item(&self, title_id: &TitleId) -> Option<&ItemSeen> {
        self.open.iter().find(|item| item.title_id == *title_id)
    }

    fn waits_since(&self, title_id: &TitleId) -> Option<Timestamp> {
        self.holds.iter().find(|(title, _)| title == title_id).map(|(_, since)| *since)
    }
}

pub(super) fn compare(ledger: &Ledger, rid: &ReaderId, reader: &ReaderSeen, found: &mut Vec<Finding>) {
    found.extend(links(ledger, rid, reader));
    match &reader.account {
        None => without_account(ledger, rid, reader, found),
        Some(account) => {
            if account.closed {
                found.extend(remains(reader, account));
            } else {
                found.extend(identity(reader, account));
            }
            ledger.open_items(reader, account, found);
            queues(reader, account, found);
            returns(reader, account, found);
        }
    }
}

fn unique(of: Sole, hash: &str) -> Record {
    Record::Unique { of, hash: hash.to_owned() }
}

/// Whatever belongs to somebody without an account. Once for all of it, unless it is only what a card is made of.
fn without_account(ledger: &Ledger, rid: &ReaderId, reader: &ReaderSeen, found: &mut Vec<Finding>) {
    let held = ledger.copies.iter().filter(|(_, copy)| copy.holder.as_ref().is_some_and(|at| at.rid == *rid));
    let orders = reader.orders.keys().map(|no| Record::Order { rid: rid.clone(), order_no: no.clone() });
    let returns =
        reader.returns.keys().map(|no| Record::Return(ReturnRef { rid: rid.clone(), no: no.clone() }));
    let places = reader.places.iter().map(|(title_id, since, _)| Record::Hold {
        title_id: title_id.clone(),
        since: *since,
        rid: rid.clone(),
    });
    let mut owned: Vec<Record> = held.map(|(barcode, _)| Record::Copy(barcode.clone())).collect();
    owned.extend(places.chain(orders).chain(returns));
    owned.extend(reader.profile.then(|| Record::Profile(rid.clone())));
    owned.extend(reader.wechat.as_ref().map(|_| Record::WeChat(rid.clone())));
    if owned.is_empty() {
        for card in &reader.cards {
            found.push(Finding::new(
                Kind::CardWithoutReader,
                [Record::Card(card.clone())],
                reader_text(rid),
                0,
            ));
        }
        for (of, hash) in &reader.uniques {
            found.push(Finding::new(Kind::UniqueWithoutReader, [unique(*of, hash)], reader_text(rid), 0));
        }
        return;
    }
    let seen = format!("{} items belong to it", owned.len() + reader.cards.len() + reader.uniques.len());
    let mut records = vec![Record::Account(rid.clone())];
    records.extend(owned);
    records.extend(reader.cards.iter().cloned().map(Record::Card));
    found.push(Finding::new(Kind::AccountMissing, records, seen, 0));
}

fn reader_text(rid: &ReaderId) -> String {
    format!("it names {rid}")
}

/// Links that stand on one side alone.
fn links(ledger: &Ledger, rid: &ReaderId, reader: &ReaderSeen) -> Vec<Finding> {
    let Some(links) = &reader.family else { return Vec::new() };
    let of = |other: &ReaderId| ledger.readers.get(other).and_then(|other| other.family.as_ref());
    let to = links
        .acts_for
        .iter()
        .filter(|(other, link)| of(other).and_then(|family| family.acted_for_by.get(rid)) != Some(*link));
    let from = links
        .acted_for_by
        .iter()
        .filter(|(other, link)| of(other).and_then(|family| family.acts_for.get(rid)) != Some(*link));
    to.chain(from)
        .map(|(other, _)| {
            let records = [Record::Family(rid.clone()), Record::Family(other.clone())];
            let versions = links.version + of(other).map_or(0, |family| family.version);
            Finding::new(Kind::LinkOneSided, records, "the other side does not have it", versions)
        })
        .collect()
}

/// What should be gone of a reader whose data was deleted.
fn remains(reader: &ReaderSeen, account: &AccountSeen) -> Option<Finding> {
    let rid = &account.rid;
    let profile = reader.profile.then(|| Record::Profile(rid.clone()));
    let family = reader.family.as_ref().map(|_| Record::Family(rid.clone()));
    let cards = reader.cards.iter().cloned().map(Record::Card);
    let uniques = reader.uniques.iter().map(|(of, hash)| unique(*of, hash));
    let left: Vec<Record> = profile.into_iter().chain(family).chain(cards).chain(uniques).collect();
    let seen = format!("{} items are left", left.len());
    let records: Vec<Record> = [Record::Account(rid.clone())].into_iter().chain(left).collect();
    (records.len() > 1).then(|| Finding::new(Kind::DeletionUnfinished, records, seen, account.version))
}

/// One person, one card.
fn identity(reader: &ReaderSeen, account: &AccountSeen) -> Vec<Finding> {
    let itself = Record::Account(account.rid.clone());
    let mut found = Vec::new();
    if !reader.cards.contains(&account.card_no) {
        let records = [itself.clone(), Record::Card(account.card_no.clone())];
        let seen = format!("{} other cards are this reader's", reader.cards.len());
        found.push(Finding::new(Kind::AccountWithoutCard, records, seen, account.version));
    }
    if !reader.profile {
        let records = [Record::Profile(account.rid.clone()), itself.clone()];
        found.push(Finding::new(Kind::ProfileMissing, records, "no profile", account.version));
    }
    for of in Sole::NEEDED {
        // A child is told through its guardian's phone, which is the guardian's.
        let has_one = of != Sole::Phone || account.class != CardClass::Child;
        if has_one && !reader.uniques.iter().any(|(other, _)| *other == of) {
            let seen = format!("no record of the {}", of.as_str());
            found.push(Finding::new(Kind::UniqueMissing, [itself.clone()], seen, account.version));
        }
    }
    found.extend(wechat(reader, &account.rid));
    found
}

/// What a reader has bound is named by one record, and nothing else is.
fn wechat(reader: &ReaderSeen, rid: &ReaderId) -> Option<Finding> {
    let named: Vec<&str> =
        reader.uniques.iter().filter(|(of, _)| *of == Sole::WeChat).map(|(_, hash)| hash.as_str()).collect();
    let (bound, version) = reader.wechat.as_ref().map(|(hash, version)| (hash.as_str(), *version)).unzip();
    if named == Vec::from_iter(bound) {
        return None;
    }
    let records = named.iter().map(|hash| unique(Sole::WeChat, hash));
    let records: Vec<Record> = [Record::WeChat(rid.clone())].into_iter().chain(records).collect();
    let seen = format!("{} bound, {} records", usize::from(bound.is_some()), named.len());
    Some(Finding::new(Kind::WeChatOneSided, records, seen, version.unwrap_or_default()))
}

impl Ledger {
    /// What an account has: each is a copy that is held for it, by a parcel of the order that it names.
    fn open_items(&self, reader: &ReaderSeen, account: &AccountSeen, found: &mut Vec<Finding>) {
        for item in &account.open {
            let title_id = &item.title_id;
            let itself = Record::Account(account.rid.clone());
            let copy = self.copies.get(&item.barcode);
            let fits = copy.is_some_and(|copy| {
                let held = copy
                    .holder
                    .as_ref()
                    .is_some_and(|at| (&at.rid, &at.order_no) == (&account.rid, &item.order_no));
                Self::confused(copy) || (held && copy.title_id == *title_id)
            });
            if !fits && !self.is_claimed((&account.rid, &item.order_no), &item.barcode) {
                let records = [itself.clone(), Record::Copy(item.barcode.clone())];
                let holder = copy.and_then(|copy| copy.holder.as_ref());
                let stands = match (copy, holder) {
                    (None, _) => "the copy is missing".to_owned(),
                    (Some(_), None) => "the copy is free".to_owned(),
                    (Some(copy), Some(holder)) => format!("the copy of {} is with {holder}", copy.title_id),
                };
                let seen = format!("{title_id} of order {}; {stands}", item.order_no);
                let versions = account.version + copy.map_or(0, |copy| copy.version);
                found.push(Finding::new(Kind::ItemWithoutCopy, records, seen, versions));
            }
            if account.waits_since(title_id).is_some() {
                let places = reader.places.iter().filter(|(title, ..)| title == title_id);
                let holds = places.map(|(title_id, since, _)| Record::Hold {
                    title_id: title_id.clone(),
                    since: *since,
                    rid: account.rid.clone(),
                });
                let records: Vec<Record> = [itself].into_iter().chain(holds).collect();
                found.push(Finding::new(Kind::HasAndWaits, records, title_id.as_str(), account.version));
            }
        }
    }
}

/// Places in queues: the account and the queue know of the same ones.
fn queues(reader: &ReaderSeen, account: &AccountSeen, found: &mut Vec<Finding>) {
    let itself = Record::Account(account.rid.clone());
    let hold = |title_id: &_, since| {
        let rid = account.rid.clone();
        Record::Hold { title_id: Clone::clone(title_id), since, rid }
    };
    for (title_id, since) in &account.holds {
        if !reader.places.iter().any(|(title, at, _)| title == title_id && at == since) {
            let records = [hold(title_id, *since), itself.clone()];
            found.push(Finding::new(Kind::WaitsWithoutPlace, records, "no such hold", account.version));
        }
    }
    for (title_id, since, version) in &reader.places {
        let known = account.waits_since(title_id);
        if known == Some(*since) {
            continue;
        }
        let other =
            known.filter(|known| reader.places.iter().any(|(title, at, _)| title == title_id && at == known));
        let versions = account.version + version;
        let finding = if let Some(other) = other {
            let records = [hold(title_id, *since), hold(title_id, other), itself.clone()];
            Finding::new(Kind::TwoPlacesInQueue, records, format!("the account has {other}"), versions)
        } else {
            let records = [hold(title_id, *since), itself.clone()];
            Finding::new(Kind::PlaceUnknownToReader, records, "the account has no such hold", versions)
        };
        found.push(finding);
    }
}

/// Returns: what is to come back is with its reader, and what the account books for a return is in it.
fn returns(reader: &ReaderSeen, account: &AccountSeen, found: &mut Vec<Finding>) {
    let itself = Record::Account(account.rid.clone());
    let at = |no: &_| Record::Return(ReturnRef { rid: account.rid.clone(), no: Clone::clone(no) });
    for (no, (books, version)) in &reader.returns {
        for barcode in books {
            let lent = account.open.iter().any(|item| item.barcode == *barcode && item.lent);
            if !lent {
                let records = [at(no), Record::Copy(barcode.clone()), itself.clone()];
                let versions = account.version + version;
                found.push(Finding::new(Kind::ReturnOfNoLoan, records, "no loan of it runs", versions));
            }
        }
    }
    for item in &account.open {
        let Some(no) = &item.returning else { continue };
        let listed = reader.returns.get(no).is_some_and(|(books, _)| books.contains(&item.barcode));
        if !listed {
            let records = [itself.clone(), at(no), Record::Copy(item.barcode.clone())];
            let seen = "the return is missing, or has no such book to come";
            found.push(Finding::new(Kind::LoanWithoutItsReturn, records, seen, account.version));
        }
    }
}
