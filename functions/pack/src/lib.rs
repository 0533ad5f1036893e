//! 装箱 is prepared: a box is chosen for a picked parcel.
//!
//! Packers then scan each copy into it (`POST /staff/scans`), which completes the step.

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use yujie_domain::parcel::Command;
use yujie_runtime::message::StepMessage;
use yujie_runtime::{batch, step};

pub use yujie_runtime::step::App;

/// Works off a batch of the `pack` queue.
pub async fn handle(app: &App, event: SqsEvent) -> SqsBatchResponse {
    batch::each(event, |message: StepMessage| async move {
        step::work_off(&app.table, &message.parcel, &Command::PrepareBox, app.clock.now()).await
    })
    .await
}
