//! A reader's data, deleted: first the account is closed, then whatever is personal goes item by item, and last the card, the profile and what makes one
//! person one card. Each step can be made again: a deletion that broke off goes on where it was.

use yujie_domain::account::Account;
use yujie_domain::{CardNo, ReaderId};

use super::belongings::Belonging;
use super::reader::Profile;
use super::{account, phone_code};
use crate::error::TableError;
use crate::key::{self, Key};
use crate::table::{Table, TransactError, Write};

/// Closes an account, on the word of somebody who has its reader's phone. `false` when the code is not the one that was sent, or the account changed.
pub async fn close(
    table: &Table,
    closed: &Account,
    (phone_hash, code_hash): (&str, &str),
) -> Result<bool, TableError> {
    let Some(at) = closed.closed else { return Ok(false) };
    let writes = vec![phone_code::spend(phone_hash, code_hash, at), account::replace(closed)?];
    gone(table.transact(writes).await)
}

/// Takes out of one thing of a closed account what says whose it was. What other records rest on stays.
pub async fn clear(
    table: &Table,
    rid: &ReaderId,
    (sk, this): &(String, Belonging),
) -> Result<(), TableError> {
    let key = Key { pk: key::reader(rid), sk: sk.clone() };
    let write = match this {
        Belonging::Address(_)
        | Belonging::Cart(_)
        | Belonging::Preferences(_)
        | Belonging::Family(_)
        | Belonging::Notice(_)
        | Belonging::Session(_) => Write::delete(key, "attribute_exists(pk)"),
        Belonging::Order(head) if head.recipient.is_some() => without_contact(key),
        Belonging::Return(this) if this.contact.is_some() => without_contact(key),
        // What is bound at WeChat was given up before, with its record; profile and account go last; of orders, parcels, payments and returns nothing is left that says whose they were.
        Belonging::WeChat(_)
        | Belonging::Profile(_)
        | Belonging::Account(_)
        | Belonging::Order(_)
        | Belonging::Parcel(_)
        | Belonging::Payment(_)
        | Belonging::Return(_) => return Ok(()),
    };
    gone(table.write(write).await).map(drop)
}

fn without_contact(key: Key) -> Write {
    Write::update(key, "REMOVE #who SET v = v + :one", "attribute_exists(#who)")
        .name("#who", "who")
        .number(":one", 1)
}

/// Removes card, profile, and what makes one person one card: the person may get a new card from now on.
pub async fn finish(
    table: &Table,
    rid: &ReaderId,
    card: &CardNo,
    profile: &Profile,
) -> Result<(), TableError> {
    let own =
        |key: Key| Write::delete(key, "attribute_not_exists(pk) OR rid = :rid").text(":rid", rid.as_str());
    let taken = profile.taken.iter().filter_map(|(of, hash)| Some(own(key::unique(*of, hash.as_deref()?))));
    let mut writes: Vec<Write> = taken.collect();
    writes.push(own(key::card(card)));
    writes.push(Write::delete(key::profile(rid), "attribute_exists(pk)"));
    match table.transact(writes).await {
        // Somebody else finished it, or the card's number is somebody else's by now.
        Ok(()) | Err(TransactError::Refused(_)) => Ok(()),
        Err(TransactError::Table(error)) => Err(error),
    }
}

/// Whether it was done now; what is gone already is gone.
fn gone(written: Result<(), TransactError>) -> Result<bool, TableError> {
    match written {
        Ok(()) => Ok(true),
        Err(TransactError::Refused(_)) => Ok(false),
        Err(TransactError::Table(error)) => Err(error),
    }
}
