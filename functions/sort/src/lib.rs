//! 分拣 is prepared: the books of an accepted parcel go onto the pick list of their site, in shelf order.
//!
//! Pickers then scan each copy (`POST /staff/scans`), which completes the step.

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use yujie_domain::parcel::Command;
use yujie_runtime::message::StepMessage;
use yujie_runtime::{batch, step};

pub use yujie_runtime::step::App;

/// Works off a batch of the `sort` queue.
pub async fn handle(app: &App, event: SqsEvent) -> SqsBatchResponse {
    batch::each(event, |message: StepMessage| async move {
        step::work_off(&app.table, &message.parcel, &Command::Sort, app.clock.now()).await
    })
    .await
}
