//! Queue batches: one handler for one message, lifted to a batch. A message that fails, or panics, fails alone.

use std::panic::AssertUnwindSafe;

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};
use futures_util::FutureExt;
use serde::de::DeserializeOwned;
use tracing::Instrument;
use yujie_table::{TableError, TransactError};

/// Why a message was not worked off. Both come back through the queue; after the queue's last try the message is in the dead-letter
/// queue and this reason in the log under its id.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It may work next time.
    #[error("will be tried again: {0}")]
    Transient(String),
    /// It never will: the message is broken, or the world is not what it says.
    #[error("poison: {0}")]
    Poison(String),
}

impl From<TableError> for Failure {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Corrupt { .. } => Self::Poison(error.to_string()),
            TableError::Busy | TableError::Throttled | TableError::Unavailable(_) => {
                Self::Transient(error.to_string())
            }
        }
    }
}

impl From<TransactError> for Failure {
    fn from(error: TransactError) -> Self {
        match error {
            TransactError::Refused(_) => Self::Transient("somebody else changed it first".to_owned()),
            TransactError::Table(error) => error.into(),
        }
    }
}

/// Works a batch off, message by message, and answers the ids of those that failed.
pub async fn each<M, F, Work>(event: SqsEvent, work: F) -> SqsBatchResponse
where
    M: DeserializeOwned,
    F: Fn(M) -> Work,
    Work: Future<Output = Result<(), Failure>>,
{
    let mut response = SqsBatchResponse::default();
    for record in event.records {
        let id = record.message_id.unwrap_or_default();
        let span = tracing::info_span!("message", message_id = %id);
        let worked = async {
            let body = record.body.unwrap_or_default();
            let message: M = serde_json::from_str(&body).map_err(|e| {
                Failure::Poison(format!("not a message of this queue (column {})", e.column()))
            })?;
            AssertUnwindSafe(work(message))
                .catch_unwind()
                .await
                .unwrap_or_else(|_| Err(Failure::Poison("the handler panicked".to_owned())))
        };
        if let Err(failure) = worked.instrument(span.clone()).await {
            let _in = span.enter();
            tracing::error!(reason = %failure, "message failed");
            let mut failed = BatchItemFailure::default();
            failed.item_identifier = id;
            response.batch_item_failures.push(failed);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lambda_events::event::sqs::SqsMessage;
    use serde::Deserialize;

    #[derive(Deserialize)]
    struct Number {
        n: u32,
    }

    fn batch(bodies: &[&str]) -> SqsEvent {
        let mut event = SqsEvent::default();
        for (place, body) in bodies.iter().enumerate() {
            let mut message = SqsMessage::default();
            message.message_id = Some(format!("m-{place}"));
            message.body = Some((*body).to_owned());
            event.records.push(message);
        }
        event
    }

    #[tokio::test]
    async fn nine_of_ten_are_done_when_one_is_poison() {
        let bodies: Vec<String> =
            (0..10).map(|n| if n == 4 { "{broken".to_owned() } else { format!(r#"{{"n":{n}}}"#) }).collect();
        let done = std::sync::Mutex::new(Vec::new());

        let response =
            each(batch(&bodies.iter().map(String::as_str).collect::<Vec<_>>()), |message: Number| {
                done.lock().unwrap().push(message.n);
                async { Ok(()) }
            })
            .await;

        assert_eq!(*done.lock().unwrap(), [0, 1, 2, 3, 5, 6, 7, 8, 9]);
        let failed: Vec<&str> =
            response.batch_item_failures.iter().map(|f| f.item_identifier.as_str()).collect();
        assert_eq!(failed, ["m-4"]);
    }

    #[tokio::test]
    async fn a_panic_and_an_error_fail_alone() {
        let response =
            each(batch(&[r#"{"n":1}"#, r#"{"n":2}"#, r#"{"n":3}"#]), |message: Number| async move {
                match message.n {
                    1 => panic!("a bug"),
                    2 => Err(Failure::Transient("later".to_owned())),
                    _ => Ok(()),
                }
            })
            .await;

        let failed: Vec<&str> =
            response.batch_item_failures.iter().map(|f| f.item_identifier.as_str()).collect();
        assert_eq!(failed, ["m-0", "m-1"]);
    }
}
