//! A layer between the SDK and the table that fails on demand: what the network, the service and a dying process can do to a call. It also
//! stops a command before any of its calls while somebody else does something.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The service has no capacity; nothing was written.
    Throttled,
    /// Another transaction holds an item; nothing was written.
    Conflict,
    /// The connection breaks before the service has read the request.
    LostBefore,
    /// The service did it, and the connection broke before the answer.
    LostAfter,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Throttled, Self::Conflict, Self::LostBefore, Self::LostAfter];
}

/// When a process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crash {
    /// Just before the write.
    Before,
    /// Just after it, with its answer unread.
    After,
}

/// The faults to come, shared with every client of the table.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<Plan>>);

#[derive(Debug, Default)]
struct Plan {
    writes: u32,
    fault: Option<(std::ops::Range<u32>, Fault)>,
    crash: Option<(u32, Crash)>,
    dead: bool,
    calls: u32,
    meeting: Option<(u32, Other)>,
    met: Option<String>,
}

/// What somebody else does.
struct Other(Pin<Box<dyn Future<Output = ()> + Send>>);

impl fmt::Debug for Other {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Other")
    }
}

enum Fate {
    Pass,
    Fail(Fault),
}

impl Faults {
    /// The next `times` writes after `skip` more fail in this way. A try of the SDK counts as a write.
    pub fn plan(&self, skip: u32, times: u32, fault: Fault) {
        let mut plan = self.lock();
        let first = plan.writes + skip;
        plan.fault = Some((first..first + times, fault));
    }

    /// The process dies at the write after `skip` more: nothing that it calls is answered until [`Faults::revive`].
    pub fn crash(&self, skip: u32, crash: Crash) {
        let mut plan = self.lock();
        plan.crash = Some((plan.writes + skip, crash));
    }

    /// The platform starts the process again. Answers whether it was dead.
    pub fn revive(&self) -> bool {
        std::mem::take(&mut self.lock().dead)
    }

    /// How many writes were tried so far.
    pub fn writes(&self) -> u32 {
        self.lock().writes
    }

    /// How many calls were made so far, reads among them.
    pub fn calls(&self) -> u32 {
        self.lock().calls
    }

    /// Just before the call after `skip` more, `other` is done to its end. Reads and writes count, and each try of the SDK.
    pub fn before_call(&self, skip: u32, other: impl Future<Output = ()> + Send + 'static) {
        let mut plan = self.lock();
        plan.meeting = Some((plan.calls + skip, Other(Box::pin(other))));
        plan.met = None;
    }

    /// The operation before which that was done; `None` when there were not so many calls, and now it will not be done.
    pub fn met(&self) -> Option<String> {
        let mut plan = self.lock();
        plan.meeting = None;
        plan.met.take()
    }

    /// What is to be done before this call.
    fn meeting(&self, operation: &str) -> Option<Other> {
        let mut plan = self.lock();
        let this = plan.calls;
        plan.calls += 1;
        let (_, other) = plan.meeting.take_if(|(at, _)| *at == this)?;
        plan.met = Some(operation.to_owned());
        Some(other)
    }

    fn fate(&self, operation: &str) -> Fate {
        let mut plan = self.lock();
        if plan.dead {
            return Fate::Fail(Fault::LostBefore);
        }
        let is_write = matches!(
            operation,
            "PutItem" | "UpdateItem" | "DeleteItem" | "TransactWriteItems" | "BatchWriteItem"
        );
        if !is_write {
            return Fate::Pass;
        }
        let this = plan.writes;
        plan.writes += 1;
        if let Some((_, crash)) = plan.crash.take_if(|(at, _)| *at == this) {
            plan.dead = true;
            return Fate::Fail(match crash {
                Crash::Before => Fault::LostBefore,
                Crash::After => Fault::LostAfter,
            });
        }
        match &plan.fault {
            Some((range, fault)) if range.contains(&this) => Fate::Fail(*fault),
            _ => Fate::Pass,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An HTTP client that obeys this plan.
    pub fn client(&self, inner: SharedHttpClient) -> SharedHttpClient {
        SharedHttpClient::new(Failing { faults: self.clone(), inner })
    }
}

#[derive(Debug)]
struct Failing {
    faults: Faults,
    inner: SharedHttpClient,
}

impl HttpClient for Failing {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(FailingConnector {
            faults: self.faults.clone(),
            inner: self.inner.http_connector(settings, components),
        })
    }
}

#[derive(Debug)]
struct FailingConnector {
    faults: Faults,
    inner: SharedHttpConnector,
}

impl HttpConnector for FailingConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let operation = operation_of(&request);
        if let Some(Other(other)) = self.faults.meeting(&operation) {
            let inner = self.inner.clone();
            return HttpConnectorFuture::new(async move {
                other.await;
                inner.call(request).await
            });
        }
        let fault = match self.faults.fate(&operation) {
            Fate::Pass => return self.inner.call(request),
            Fate::Fail(fault) => fault,
        };
        match fault {
            Fault::Throttled => refusal("ThrottlingException", ""),
            Fault::Conflict if operation == "TransactWriteItems" => refusal(
                "TransactionCanceledException",
                r#","CancellationReasons":[{"Code":"TransactionConflict"},{"Code":"None"}]"#,
            ),
            Fault::Conflict => refusal("TransactionConflictException", ""),
            Fault::LostBefore => HttpConnectorFuture::ready(Err(lost())),
            Fault::LostAfter => {
                let answer = self.inner.call(request);
                HttpConnectorFuture::new(async move {
                    answer.await?;
                    Err(lost())
                })
            }
        }
    }
}

/// What a request asks the table for, such as `PutItem`.
pub(crate) fn operation_of(request: &HttpRequest) -> String {
    let target = request.headers().get("x-amz-target").unwrap_or_default();
    target.rsplit_once('.').map_or("", |(_, operation)| operation).to_owned()
}

fn lost() -> ConnectorError {
    ConnectorError::io("the connection was lost".into())
}

fn refusal(kind: &str, more: &str) -> HttpConnectorFuture {
    let body =
        format!(r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{kind}","message":"injected"{more}}}"#);
    let mut response = HttpResponse::new(400.try_into().expect("a status"), SdkBody::from(body));
    response.headers_mut().insert("content-type", "application/x-amz-json-1.0");
    HttpConnectorFuture::ready(Ok(response))
}
