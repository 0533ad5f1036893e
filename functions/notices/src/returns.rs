//! What readers are told of their returns.

use jiff::Timestamp;
use yujie_domain::ReturnRef;
use yujie_domain::returning::{BookState, Return, State, Step};
use yujie_domain::telling::{self, Telling};
use yujie_table::notice::About;
use yujie_table::returning;

use crate::{App, NoticeError};

/// Tells a step that a return made at `at`, if it has really made it.
pub(crate) async fn tell(app: &App, of: &ReturnRef, step: Step, at: Timestamp) -> Result<(), NoticeError> {
    let this = returning::get(&app.table, of).await?;
    let Some(telling) = this.as_ref().and_then(|this| said(this, step, at)) else {
        tracing::warn!(return.no = %of.no, step = step.as_str(), "suppressed: not true");
        return Ok(());
    };
    let about = About::Return { no: of.no.clone(), step };
    crate::tell(app, &of.rid, about, at, &telling).await
}

/// Books that took the step in one instant are told together; those that are in, when all are.
fn said(this: &Return, step: Step, at: Timestamp) -> Option<Telling> {
    let made: Vec<_> = this.history.iter().filter(|entry| entry.step == step && entry.at == at).collect();
    let all = made.iter().any(|entry| entry.barcode.is_none());
    let books = match step {
        Step::Back if this.state() != State::Back => return None,
        Step::Back => this.books.iter().filter(|book| book.state == BookState::Back).count(),
        Step::Booked
        | Step::CourierBooked
        | Step::NoDelivery
        | Step::GivenBack
        | Step::Arrived
        | Step::Cancelled => {
            if all {
                this.books.len()
            } else {
                made.len()
            }
        }
    };
    let waybill = this.booking.as_ref().map(|booking| booking.waybill.as_str());
    (!made.is_empty()).then(|| telling::return_step(step, this.no().as_str(), books, at, waybill)).flatten()
}
