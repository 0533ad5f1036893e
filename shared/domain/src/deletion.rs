//! What stands in the way of deleting a reader's data: only what would be lost with it, a book, an order on its way, money, a child.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::account::Account;
use crate::family::Family;
use crate::ids::{OrderNo, ReaderId};
use crate::payment::{Payment, Purpose, State};

/// Something of a reader's that is still open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Open {
    /// A book is with the reader.
    Loan {
        /// Its title.
        title: String,
        /// The last day of the loan.
        #[schema(value_type = String, format = Date)]
        due: Date,
    },
    /// A book was given back and is on its way; its check-in ends the loan.
    OnItsWayBack {
        /// Its title.
        title: String,
    },
    /// A book is ordered.
    Ordered {
        /// Its title.
        title: String,
        /// The order.
        #[schema(value_type = String)]
        order_no: OrderNo,
    },
    /// Something is to be paid.
    PaymentDue {
        /// For which order.
        #[schema(value_type = String)]
        order_no: OrderNo,
        /// How much, in fen.
        amount_fen: u32,
    },
    /// The reader is guardian of a child, whose card has no other way in.
    Guardian {
        /// Of whom.
        #[schema(value_type = String)]
        reader_id: ReaderId,
    },
    /// The card was issued before the library kept what frees a document: the desk does it.
    AskAtTheDesk,
}

/// All of it at once; `payments` are those of the orders whose books the account has. Places in queues are no obstacle: they are given up. Nor is a
/// refund on its way: it goes back on the way on which the money came.
pub fn open(account: &Account, family: &Family, payments: &[Payment]) -> Vec<Open> {
    let books = account.open.values().map(|item| match item.loan {
        Some(loan) if loan.runs() => Open::Loan { title: item.title.clone(), due: loan.due },
        Some(_) => Open::OnItsWayBack { title: item.title.clone() },
        None => Open::Ordered { title: item.title.clone(), order_no: item.order_no.clone() },
    });
    let money = payments.iter().filter(|payment| payment.state == State::Due).map(|payment| {
        let Purpose::Delivery { order_no, .. } = &payment.purpose;
        Open::PaymentDue { order_no: order_no.clone(), amount_fen: payment.costs().0 }
    });
    let children = family.children().map(|rid| Open::Guardian { reader_id: rid.clone() });
    books.chain(money).chain(children).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;

    use super::*;
    use crate::account::{Loan, OpenItem};
    use crate::family::Ground;
    use crate::ids::{Barcode, CardNo, TitleId};
    use crate::rules::ItemClass;

    #[test]
    fn everything_that_is_open_is_said_at_once_and_a_place_in_a_queue_is_not() {
        let at = Timestamp::UNIX_EPOCH;
        let rid = |n: u32| ReaderId::parse(&format!("01JD9Z0000000000000RDR{n:04}")).unwrap();
        let mut account = Account::new(rid(1), CardNo::from_serial(1), true);
        let no = OrderNo::new(at, 1);
        let due = "2026-12-01".parse().unwrap();
        let loan = |back| Some(Loan { since: at, due, renewed: 0, back });
        for (n, loan) in [("a", loan(None)), ("b", loan(Some(at))), ("c", None)] {
            let item = OpenItem {
                barcode: Barcode::parse("Y0001").unwrap(),
                order_no: no.clone(),
                title: n.to_owned(),
                class: ItemClass::Ordinary,
                loan,
                returning: None,
            };
            account.open.insert(TitleId::parse(n).unwrap(), item);
        }
        account.holds = BTreeMap::from([(TitleId::parse("d").unwrap(), at)]);
        let (family, _) = Family::none(rid(1)).link(&Family::none(rid(2)), Ground::Guardian, at).unwrap();

        let found = open(&account, &family, &[]);

        let title = |text: &str| text.to_owned();
        assert_eq!(
            found,
            [
                Open::Loan { title: title("a"), due },
                Open::OnItsWayBack { title: title("b") },
                Open::Ordered { title: title("c"), order_no: no },
                Open::Guardian { reader_id: rid(2) },
            ]
        );
    }
}
