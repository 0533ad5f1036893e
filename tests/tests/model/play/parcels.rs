//! What becomes of a parcel.

use jiff::SignedDuration;
use yujie_domain::Waybill;
use yujie_domain::courier::Journey;
use yujie_domain::parcel::{Booking, Carrier, Command, Refusal, Ticket, Warning};
use yujie_runtime::step::{self, StepError};
use yujie_tests::library;

use super::super::act::{ParcelKey, Work};
use super::super::ledger::{Answer, code, ticket};
use super::super::world::PICKUP_DAYS;
use super::Play;

impl Play {
    pub(super) async fn work(&self, id: u32, key: ParcelKey, work: &Work) -> Answer {
        let site = library::site_id;
        let (now, parcel) = (self.ground.now(), &self.ledger.parcels[&key]);
        let scanned = |code: &str, at: &str| (library::barcode(code), site(at));
        let command = match *work {
            Work::Accept => Command::Accept,
            Work::Sort => Command::Sort,
            Work::Pick(code, at) => {
                let (barcode, site) = scanned(code, at);
                Command::Pick { barcode, site }
            }
            Work::PrepareBox => Command::PrepareBox,
            Work::Pack(code, at) => {
                let (barcode, site) = scanned(code, at);
                Command::Pack { barcode, site }
            }
            Work::Book { van } => {
                let carrier = if van { Carrier::Van } else { Carrier::Kuaidi100 };
                let ticket = (!van).then(|| Ticket { task: ticket(id), order: "O".to_owned() });
                let waybill = Waybill::parse(&format!("SF{id:012}")).unwrap();
                Command::Book(Booking { carrier, waybill, ticket })
            }
            Work::HandOver(at) => Command::HandOver { site: site(at), waybill: None },
            Work::Depart(at) => Command::Depart { site: site(at) },
            Work::Arrive(at) => {
                Command::Arrive { site: site(at), code: code(id), keep_until: self.day(PICKUP_DAYS) }
            }
            Work::Collect { site: at, right_code } => {
                let right = parcel.code.clone().filter(|_| right_code);
                Command::Collect { site: site(at), code: right.unwrap_or_else(|| "wrong".to_owned()) }
            }
            Work::Push { far, minutes_ago } => {
                let at = |least: u8, before: i64| {
                    (far >= least).then(|| now - SignedDuration::from_mins(minutes_ago + before))
                };
                Command::Follow(Journey { collected: at(1, 20), under_way: at(2, 10), delivered: at(3, 0) })
            }
            Work::TakeOut(code, at) => {
                let (barcode, site) = scanned(code, at);
                Command::TakeOut { barcode, site }
            }
            Work::CalledOff => {
                let stored = yujie_table::parcel::get(&self.ground.table, &self.at(key)).await.unwrap();
                let nobody = Ticket { task: ticket(id), order: "O".to_owned() };
                Command::Revoked(stored.and_then(|parcel| parcel.revoked).unwrap_or(nobody))
            }
            Work::BreakPromise => Command::Warn { level: Warning::Broken },
        };
        match step::carry_out(&self.ground.table, &self.at(key), &command, now).await {
            Ok(done) => Ok(if done.changed { "changed" } else { "already" }.to_owned()),
            Err(StepError::NotFound) => Err("not_found".to_owned()),
            Err(StepError::Refused(refusal)) => Err(refusal_code(&refusal).to_owned()),
            Err(StepError::Table(error)) => Err(format!("a fault: {error}")),
        }
    }
}

fn refusal_code(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::TooEarly { .. } => "too_early",
        Refusal::Unpaid => "unpaid",
        Refusal::NotBooked => "not_booked",
        Refusal::OldLabel => "label_outdated",
        Refusal::WrongParcel => "wrong_parcel",
        Refusal::WrongSite { .. } => "wrong_site",
        Refusal::WrongWay => "wrong_way",
        Refusal::WrongCode => "wrong_code",
        Refusal::TooLate { .. } => "too_late",
        Refusal::Cancelled => "cancelled",
        Refusal::Expired => "expired",
        Refusal::TakeOutFirst { .. } => "take_out_first",
    }
}
