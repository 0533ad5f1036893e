//! 配送 and 送达: what couriers pushed is applied to the parcel.
//!
//! The message only says which parcel. All pushes stored for it are read and folded into one [`Journey`], so that their order, their
//! repetition and their lateness play no part. The message comes from the queue, or again from the sweep: the answer is the same.

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use yujie_couriers::CourierEvent;
use yujie_couriers::kuaidi100::Push;
use yujie_domain::courier::Journey;
use yujie_domain::parcel::Command;
use yujie_domain::{Carried, ParcelRef};
use yujie_runtime::batch::{self, Failure};
use yujie_runtime::message::StepMessage;
use yujie_runtime::step;
use yujie_table::courier_event::{self, RawEvent};
use yujie_table::parcel;

pub use yujie_runtime::step::App;

/// Works off a batch of the `deliver` queue.
pub async fn handle(app: &App, event: SqsEvent) -> SqsBatchResponse {
    batch::each(event, |message: StepMessage| async move { follow(app, &message.parcel).await }).await
}

async fn follow(app: &App, at: &ParcelRef) -> Result<(), Failure> {
    let pushes = courier_event::of(&app.table, &Carried::Parcel(at.clone())).await?;
    let Some(parcel) = parcel::get(&app.table, at).await? else {
        return Err(Failure::Poison(format!("there is no parcel {}", at.no())));
    };
    let Some(booking) = &parcel.booking else {
        tracing::warn!(parcel.no = %at.no(), "pushes for a parcel without a courier");
        return Ok(());
    };
    let events: Vec<CourierEvent> =
        pushes.iter().flat_map(|push| events_of(push, booking.waybill.as_str())).collect();
    if events.is_empty() {
        return Ok(());
    }
    step::work_off(&app.table, at, &Command::Follow(Journey::of(&events)), app.clock.now()).await
}

/// The events of one stored push; none if it is about another waybill (the platform mixed numbers up) or cannot be read.
fn events_of(stored: &RawEvent, waybill: &str) -> Vec<CourierEvent> {
    match Push::parse(&stored.raw) {
        Ok(push) if push.waybill.as_ref().is_some_and(|number| number.as_str() != waybill) => {
            tracing::warn!("a push about another waybill is left alone");
            Vec::new()
        }
        Ok(push) => push.events,
        Err(error) => {
            tracing::error!(%error, "a stored push cannot be read");
            Vec::new()
        }
    }
}
