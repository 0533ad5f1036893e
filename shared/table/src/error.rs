//! What can go wrong between us and the table. Refused conditions are no error of the table: see [`crate::TransactError`].

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// The table could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// Other writers kept getting in between; nothing was written. Worth another try.
    #[error("too many writers at once")]
    Busy,
    /// The table or the account is asked for more than it gives. Worth another try later.
    #[error("the table is throttled")]
    Throttled,
    /// An item does not have the shape it must have. Never defaulted: somebody has to look.
    #[error("item {pk} / {sk} is corrupt: {why}")]
    Corrupt {
        /// Its partition key.
        pk: String,
        /// Its sort key.
        sk: String,
        /// What is wrong with it.
        why: String,
    },
    /// The request did not come through, or came back with a fault of the service.
    #[error("the table is out of reach: {0}")]
    Unavailable(String),
}

impl TableError {
    #[expect(clippy::needless_pass_by_value, reason = "reads well in map_err")]
    pub(crate) fn from_sdk<E: ProvideErrorMetadata + std::fmt::Debug, R: std::fmt::Debug>(
        error: SdkError<E, R>,
    ) -> Self {
        match error.as_service_error().and_then(ProvideErrorMetadata::code) {
            Some(
                "ProvisionedThroughputExceededException" | "ThrottlingException" | "RequestLimitExceeded",
            ) => Self::Throttled,
            Some("TransactionConflictException" | "TransactionInProgressException") => Self::Busy,
            Some(code) => Self::Unavailable(format!(
                "{code}: {}",
                error.as_service_error().and_then(|e| e.message()).unwrap_or_default()
            )),
            None => Self::Unavailable(error_chain(&error)),
        }
    }
}

/// The error with its causes, without the `Debug` dump that could hold an item.
fn error_chain<E, R>(error: &SdkError<E, R>) -> String {
    match error {
        SdkError::ConstructionFailure(_) => "the request could not be built".to_owned(),
        SdkError::TimeoutError(_) => "timed out".to_owned(),
        SdkError::DispatchFailure(failure) => {
            failure.as_connector_error().map_or_else(|| "not sent".to_owned(), |e| format!("not sent: {e}"))
        }
        SdkError::ResponseError(_) => "the answer could not be read".to_owned(),
        SdkError::ServiceError(_) => "service error without a code".to_owned(),
        _ => "unknown failure".to_owned(),
    }
}
