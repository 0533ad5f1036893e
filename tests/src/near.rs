//! The table without a network: calls of the SDK's client go straight into the database, in a fifth of the time.

use std::fmt;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::faults::operation_of;

/// Where its calls would go.
pub(crate) const ENDPOINT: &str = "http://table.invalid";

/// An HTTP client that has the database in this process.
pub(crate) fn client(db: Database) -> SharedHttpClient {
    SharedHttpClient::new(Near(db))
}

#[derive(Clone)]
struct Near(Database);

impl fmt::Debug for Near {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Near")
    }
}

impl HttpClient for Near {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Near {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let db = self.0.clone();
        HttpConnectorFuture::new(async move {
            // Whoever else is under way goes on first: as on the network, a call does not return before others were called.
            tokio::task::yield_now().await;
            let body = request.body().bytes().expect("a body in memory");
            let (status, body) = match answer(&db, &operation_of(&request), body) {
                Ok(body) => (200, body),
                Err(error) => (error.status_code(), error.to_json()),
            };
            let status = status.try_into().expect("a status");
            let mut response = HttpResponse::new(status, SdkBody::from(body));
            response.headers_mut().insert("content-type", "application/x-amz-json-1.0");
            Ok(response)
        })
    }
}

/// Carries out an operation that the functions or the library's furnishing use.
fn answer(db: &Database, operation: &str, body: &[u8]) -> Result<String, DynoxideError> {
    match operation {
        "GetItem" => told(db.get_item(read(body))),
        "BatchGetItem" => told(db.batch_get_item(read(body))),
        "Query" => told(db.query(read(body))),
        "Scan" => told(db.scan(read(body))),
        "PutItem" => told(db.put_item(read(body))),
        "UpdateItem" => told(db.update_item(read(body))),
        "DeleteItem" => told(db.delete_item(read(body))),
        "TransactWriteItems" => told(db.transact_write_items(read(body))),
        "BatchWriteItem" => told(db.batch_write_item(read(body))),
        "CreateTable" => told(db.create_table(read(body))),
        "UpdateTable" => told(db.update_table(read(body))),
        "DescribeTable" => told(db.describe_table(read(body))),
        other => panic!("nobody asks the near table for {other}"),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> T {
    serde_json::from_slice(body).unwrap()
}

fn told<T: Serialize>(answer: Result<T, DynoxideError>) -> Result<String, DynoxideError> {
    answer.map(|answer| serde_json::to_string(&answer).unwrap())
}
