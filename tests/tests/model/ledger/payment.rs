//! What a reader owes for a parcel to the door.

use super::super::act::{Ended, OrderKey, PayBy, To, Told};
use super::super::world::{CHILDREN, FIRST_BOOK, FURTHER_BOOK, PAY_MINUTES};
use super::{Answer, HOUR, Ledger, MINUTE, promised};

/// How far a refund is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Asked,
    Done,
    Stuck,
}

impl End {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Done => "done",
            Self::Stuck => "stuck",
        }
    }
}

/// Money that goes back: how much, since when, how far.
#[derive(Debug, Clone)]
pub(crate) struct Refund {
    pub(crate) amount: i64,
    pub(crate) asked: i64,
    pub(crate) end: End,
}

/// What an order costs, in fen, and what came of it.
#[derive(Debug, Clone)]
pub(crate) struct Payment {
    pub(crate) amount: i64,
    pub(crate) since: i64,
    pub(crate) until: i64,
    /// When, and in which transaction.
    pub(crate) paid: Option<(i64, String)>,
    /// Nobody wants it any more: it was not paid in time, or nothing is owed.
    pub(crate) given_up: bool,
    /// And nobody can pay it any more.
    pub(crate) closed: bool,
    /// What is not owed any more of what is still to be paid: the platform takes all or nothing.
    pub(crate) off: i64,
    pub(crate) back: Vec<Refund>,
    /// How its reader wanted to pay first: the platform takes it in no other way.
    pub(crate) asked: Option<PayBy>,
}

/// What so many books cost a reader at the door.
fn costs(reader: u32, books: usize) -> i64 {
    let first = if CHILDREN.contains(&reader) { 0 } else { FIRST_BOOK };
    let further = i64::try_from(books).unwrap() - 1;
    first + FURTHER_BOOK * further
}

/// What the platform calls a payment of this order.
pub(crate) fn transaction(order: OrderKey, told: Told) -> String {
    let second = if told == Told::Anew { " again" } else { "" };
    format!("{order:?}{second}")
}

impl Payment {
    /// What is owed for a new order; nothing for one that is free.
    pub(super) fn of(reader: u32, to: To, books: usize, now: i64) -> Option<Self> {
        let amount = if to.is_door() { costs(reader, books) } else { 0 };
        let (since, until) = (now, now + PAY_MINUTES * MINUTE);
        let back = Vec::new();
        let new = Self {
            amount,
            since,
            until,
            paid: None,
            given_up: false,
            closed: false,
            off: 0,
            back,
            asked: None,
        };
        (amount > 0).then_some(new)
    }

    pub(crate) fn is_due(&self) -> bool {
        self.paid.is_none() && !self.given_up
    }

    fn give_back(&mut self, amount: i64, now: i64) {
        let left = self.amount - self.back.iter().map(|back| back.amount).sum::<i64>();
        let amount = amount.min(left);
        if amount > 0 {
            self.back.push(Refund { amount, asked: now, end: End::Asked });
        }
    }

    /// So much less is owed: what is paid comes back, and what is not is not wanted when it is all.
    fn less(&mut self, amount: i64, now: i64) {
        if self.paid.is_some() {
            self.give_back(amount, now);
        } else if !self.given_up {
            self.off = (self.off + amount).min(self.amount);
            self.given_up = self.off == self.amount;
        }
    }
}

impl Ledger {
    /// What would be owed if an order went to a door from now on.
    pub(super) fn costs_at_door(&self, order: OrderKey) -> i64 {
        costs(self.orders[&order].reader, self.live_books(order))
    }

    fn live_books(&self, order: OrderKey) -> usize {
        let books = self.parcels.iter().filter(|(key, _)| key.order == order).flat_map(|(_, one)| &one.books);
        books.filter(|book| !book.stage.is_void()).count()
    }

    /// So many books came off: what they added is not owed; with the last one, nothing is.
    pub(super) fn owe_less(&mut self, order: OrderKey, books: usize) {
        let (left, now) = (self.live_books(order), self.now);
        let Some(owed) = &mut self.orders.get_mut(&order).unwrap().payment else { return };
        let added = FURTHER_BOOK * i64::try_from(books).unwrap();
        owed.less(if left == 0 { owed.amount } else { added }, now);
        let free = owed.given_up;
        self.touched.payments.push(order);
        if free {
            self.goes_on(order, None);
        }
    }

    pub(super) fn owe_nothing(&mut self, order: OrderKey) {
        let now = self.now;
        if let Some(owed) = &mut self.orders.get_mut(&order).unwrap().payment {
            owed.less(owed.amount, now);
            self.touched.payments.push(order);
        }
    }

    /// The library begins with what waited for the money.
    fn goes_on(&mut self, order: OrderKey, promised: Option<i64>) {
        for key in self.parcels_of(order) {
            let parcel = self.parcels.get_mut(&key).unwrap();
            if parcel.is_unpaid() {
                parcel.unpaid = false;
                parcel.promised = promised.unwrap_or(parcel.promised);
                self.touched.parcels.push(key);
            }
        }
    }

    pub(super) fn ask_to_pay(&mut self, reader: u32, order: OrderKey, by: PayBy) -> Answer {
        let now = self.now;
        let order = self.orders.get_mut(&order).unwrap();
        if order.reader != reader {
            return Err("not_found".to_owned());
        }
        let owed = order.payment.as_mut().filter(|owed| owed.is_due() && now < owed.until);
        let owed = owed.ok_or("payment_not_due")?;
        if *owed.asked.get_or_insert(by) == by {
            Ok("page".to_owned())
        } else {
            Err("payment_refused".to_owned())
        }
    }

    pub(super) fn pay(&mut self, key: OrderKey, told: Told) -> Answer {
        let now = self.now;
        let order = self.orders.get_mut(&key).unwrap();
        let owed = order.payment.as_mut().ok_or("not_found")?;
        if told == Told::Wrongly {
            return Err("wrong_amount".to_owned());
        }
        let transaction = transaction(key, told);
        if let Some((_, known)) = &owed.paid {
            return if *known == transaction {
                Ok("already".to_owned())
            } else {
                Err("paid_twice".to_owned())
            };
        }
        let wanted = owed.is_due();
        let back = if wanted { owed.off } else { owed.amount };
        (owed.paid, owed.off) = (Some((now, transaction)), 0);
        owed.give_back(back, now);
        self.touched.payments.push(key);
        if !wanted {
            return Ok("too late".to_owned());
        }
        // Nobody could begin before; who chose a slot comes in that.
        if order.slot.is_none() {
            order.promised = promised(now).max(order.promised);
        }
        let promised = order.promised;
        self.goes_on(key, Some(promised));
        Ok("goes on".to_owned())
    }

    /// Gives an order up that was not paid in time: nothing of it is left.
    pub(super) fn lapse(&mut self, order: OrderKey) -> Answer {
        let now = self.now;
        let owed = self.orders.get_mut(&order).unwrap().payment.as_mut().ok_or("not_found")?;
        if !owed.is_due() || now < owed.until {
            return Ok("not".to_owned());
        }
        owed.given_up = true;
        self.touched.payments.push(order);
        self.take_off(order, "system", |_| true);
        Ok("given up".to_owned())
    }

    /// A page that was open may take money for two hours.
    pub(super) fn close(&mut self, order: OrderKey) -> Answer {
        let now = self.now;
        let owed = self.orders.get_mut(&order).unwrap().payment.as_mut().ok_or("not_found")?;
        owed.closed |= owed.given_up && owed.paid.is_none() && now >= owed.until + 2 * HOUR;
        self.touched.payments.push(order);
        Ok("noted".to_owned())
    }

    pub(super) fn refund_ended(&mut self, order: OrderKey, n: usize, ended: Ended) -> Answer {
        let owed = self.orders.get_mut(&order).unwrap().payment.as_mut().ok_or("not_found")?;
        let place = n.checked_sub(1).ok_or("no_such_refund")?;
        let back = owed.back.get_mut(place).ok_or("no_such_refund")?;
        // Who has the money has it.
        if back.end != End::Done {
            back.end = match ended {
                Ended::Done => End::Done,
                Ended::Stuck => End::Stuck,
            };
        }
        self.touched.payments.push(order);
        Ok("noted".to_owned())
    }
}
