//! All that stands in a reader's partition, read as what it is: for the reader's own copy of it, and for a deletion. A kind that is not known here is a
//! fault, so that none is forgotten in either.

use yujie_domain::ReaderId;
use yujie_domain::account::Account;
use yujie_domain::cart::Cart;
use yujie_domain::family::Family;
use yujie_domain::parcel::Parcel;
use yujie_domain::payment::Payment;
use yujie_domain::preferences::Preferences;
use yujie_domain::returning::Return;

use super::address::SealedAddress;
use super::notice::Notice;
use super::order::Head;
use super::reader::Profile;
use super::session::Session;
use super::wechat::Binding;
use super::{
    account, address, cart, family, notice, order, parcel, payment, preferences, reader, returning, session,
    wechat,
};
use crate::codec::{Item, KIND, corrupt, key_of};
use crate::error::TableError;
use crate::key::{self, Key};
use crate::table::{Page, Table};

/// Something of a reader's.
#[derive(Debug, Clone)]
pub enum Belonging {
    /// Name, phone and document, sealed.
    Profile(Profile),
    /// Books and places in queues.
    Account(Account),
    /// An address, sealed.
    Address(SealedAddress),
    /// The cart.
    Cart(Cart),
    /// What the reader wants to be told.
    Preferences(Preferences),
    /// Who acts for the reader, and for whom the reader acts.
    Family(Family),
    /// An order's head.
    Order(Head),
    /// A parcel.
    Parcel(Box<Parcel>),
    /// What is owed for an order.
    Payment(Payment),
    /// A return.
    Return(Box<Return>),
    /// A notice, with its key's end.
    Notice(Notice),
    /// A sign-in that has not ended.
    Session(Session),
    /// The identity at WeChat, sealed.
    WeChat(Binding),
}

/// A page of a reader's partition, with where the next one begins.
#[derive(Debug)]
pub struct Belongings {
    /// What was found, each with its sort key.
    pub items: Vec<(String, Belonging)>,
    /// Where to go on; `None` at the end.
    pub next: Option<String>,
}

fn of_item(rid: &ReaderId, item: Item) -> Result<Belonging, TableError> {
    let kind = item.get(KIND).and_then(|kind| kind.as_s().ok()).cloned();
    Ok(match kind.as_deref() {
        Some(reader::PROFILE) => Belonging::Profile(Profile::from_item(item)?),
        Some(account::KIND) => Belonging::Account(account::from_item(rid, item)?),
        Some(address::KIND) => Belonging::Address(address::from_item(item)?),
        Some(cart::KIND) => Belonging::Cart(cart::from_item(item)?),
        Some(preferences::KIND) => Belonging::Preferences(preferences::from_item(item)?.0),
        Some(family::KIND) => Belonging::Family(family::from_item(item)?),
        Some(order::KIND) => Belonging::Order(order::from_item(rid, item)?),
        Some(parcel::KIND) => Belonging::Parcel(Box::new(parcel::of_item(item)?)),
        Some(payment::KIND) => Belonging::Payment(payment::from_item(item)?),
        Some(returning::KIND) => Belonging::Return(Box::new(returning::from_item(item)?)),
        Some(notice::KIND) => Belonging::Notice(notice::from_item(item)?),
        Some(session::KIND) => Belonging::Session(session::from_item(item)?),
        Some(wechat::KIND) => Belonging::WeChat(wechat::from_item(item)?),
        other => {
            let kind = other.unwrap_or("none").to_owned();
            return Err(corrupt(
                &key_of(&item),
                format!("nobody knows what to do with the kind {kind} here"),
            ));
        }
    })
}

/// At most `limit` things of a reader's from behind the sort key `after`, in the order of the table.
pub async fn page(
    table: &Table,
    rid: &ReaderId,
    after: Option<&str>,
    limit: usize,
) -> Result<Belongings, TableError> {
    let pk = key::reader(rid);
    let start = after.map(|sk| Key { pk: pk.clone(), sk: sk.to_owned() });
    let items = table.query(Page { after: start.as_ref(), limit: Some(limit), ..Page::of(&pk) }).await?;
    let next = (items.len() == limit).then(|| items.last().map(|item| key_of(item).sk)).flatten();
    let items = items.into_iter().map(|item| Ok((key_of(&item).sk, of_item(rid, item)?)));
    Ok(Belongings { items: items.collect::<Result<_, TableError>>()?, next })
}
