//! What becomes of money.

use serde_json::json;
use yujie_domain::money::Fen;
use yujie_domain::payment::{Command, Refusal};
use yujie_domain::{PaymentNo, ReaderId};
use yujie_lending::{PayError, Receipt, Settled};
use yujie_tests::ground::{request, send};
use yujie_tests::library;

use super::super::act::{Ended, OrderKey, PayBy, Told};
use super::super::ledger::{Answer, transaction};
use super::{Play, fault, problem_codes};

impl Play {
    fn payment(&self, order: OrderKey) -> (ReaderId, PaymentNo) {
        let rid = library::reader(self.ledger.orders[&order].reader).rid;
        (rid, PaymentNo::of_delivery(&self.number(order)))
    }

    pub(super) async fn ask_to_pay(&self, reader: u32, order: OrderKey, by: PayBy) -> Answer {
        let way = match by {
            PayBy::Native => json!({"way": "native"}),
            PayBy::H5 => json!({"way": "h5", "client_ip": "198.51.100.7"}),
        };
        let token = self.ground.token(&library::reader(reader).subject());
        let path = format!("/orders/{}/payment", self.number(order));
        let answer = send(self.payments.clone(), request("POST", &path, &token, &way)).await;
        if answer.status == 200 { Ok("page".to_owned()) } else { Err(problem_codes(&answer.body)) }
    }

    /// The platform tells, and it is settled.
    pub(super) async fn pay(&self, order: OrderKey, told: Told) -> Answer {
        let (rid, no) = self.payment(order);
        let owed = self.ledger.orders[&order].payment.as_ref().map_or(0, |owed| owed.amount);
        let owed = Fen(u32::try_from(owed).unwrap());
        let amount = match told {
            Told::Truly | Told::Anew => owed,
            Told::Wrongly => owed.plus(Fen(1)),
        };
        let receipt = Receipt { amount, at: self.ground.now(), transaction: transaction(order, told) };
        match self.lending.paid(&rid, &no, &receipt).await {
            Ok(Settled::Now) => Ok("goes on".to_owned()),
            Ok(Settled::Already) => Ok("already".to_owned()),
            Ok(Settled::TooLate) => Ok("too late".to_owned()),
            Err(error) => Err(pay_code(error)),
        }
    }

    pub(super) async fn give_up(&self, order: OrderKey) -> Answer {
        let (rid, no) = self.payment(order);
        let lapsed = self.lending.lapse(&rid, &no).await.map_err(pay_code)?;
        Ok(if lapsed { "given up" } else { "not" }.to_owned())
    }

    pub(super) async fn close(&self, order: OrderKey) -> Answer {
        self.note(order, &Command::Closed).await
    }

    pub(super) async fn refund_ended(&self, order: OrderKey, n: usize, ended: Ended) -> Answer {
        let command = match ended {
            Ended::Done => Command::Refunded { n },
            Ended::Stuck => Command::Stuck { n },
        };
        self.note(order, &command).await
    }

    async fn note(&self, order: OrderKey, command: &Command) -> Answer {
        let (rid, no) = self.payment(order);
        self.lending.note(&rid, &no, command).await.map(|()| "noted".to_owned()).map_err(pay_code)
    }
}

fn pay_code(error: PayError) -> String {
    match error {
        PayError::NotFound => "not_found".to_owned(),
        PayError::Refused(Refusal::WrongAmount { .. }) => "wrong_amount".to_owned(),
        PayError::Refused(Refusal::PaidTwice { .. }) => "paid_twice".to_owned(),
        PayError::Refused(Refusal::TooEarly) => "too_early".to_owned(),
        PayError::Refused(Refusal::NoSuchRefund) => "no_such_refund".to_owned(),
        PayError::Fault(error) => fault(&error),
    }
}
