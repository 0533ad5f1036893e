//! 接单: an order that was placed is taken on.
//!
//! Its copies were claimed when it was placed; from here on the library owes the delivery.

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use yujie_domain::parcel::Command;
use yujie_runtime::message::StepMessage;
use yujie_runtime::{batch, step};

pub use yujie_runtime::step::App;

/// Works off a batch of the `accept` queue.
pub async fn handle(app: &App, event: SqsEvent) -> SqsBatchResponse {
    batch::each(event, |message: StepMessage| async move {
        step::work_off(&app.table, &message.parcel, &Command::Accept, app.clock.now()).await
    })
    .await
}
