//! Serving: what stands around every handler. One log line and one line of metrics for each invocation.

use std::time::Instant;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use lambda_http::RequestExt;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use tracing::Instrument;

use crate::clock::Clock;
use crate::metrics::{self, Unit};
use crate::problem::{Code, Problem, REQUEST_ID};

/// Puts the common surroundings around a function's routes: unknown paths and methods, panics, the log line, the metrics.
pub fn around(function: &'static str, routes: Router) -> Router {
    routes
        .fallback(|| async { Problem::new(Code::NotFound) })
        .method_not_allowed_fallback(|| async { Problem::new(Code::MethodNotAllowed) })
        .layer(middleware::from_fn(move |request, next| observe(function, request, next)))
}

async fn observe(function: &'static str, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let request_id =
        request.lambda_context_ref().map(|context| context.request_id.clone()).unwrap_or_default();
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    let span = tracing::info_span!("invocation", function, request_id);
    // A panic must not lose the execution environment, nor the answer.
    let answered = futures_util::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(
        REQUEST_ID.scope(request_id, next.run(request)),
    ))
    .instrument(span.clone())
    .await
    .unwrap_or_else(|_| Problem::internal("the handler panicked").into_response());
    let status = answered.status().as_u16();
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    span.in_scope(|| tracing::info!(%method, route, status, duration_ms, "answered"));
    metrics::put(
        function,
        Clock::System.now().as_millisecond(),
        &[
            ("duration", Unit::Milliseconds, duration_ms),
            ("client_errors", Unit::Count, u64::from((400..500).contains(&status))),
            ("server_errors", Unit::Count, u64::from(status >= 500)),
        ],
    );
    answered
}

/// Runs an HTTP function until Lambda ends it.
///
/// # Errors
/// When the Runtime API is out of reach.
pub async fn http(function: &'static str, routes: Router) -> Result<(), lambda_http::Error> {
    lambda_http::run(around(function, routes)).await
}

/// Runs a queue function until Lambda ends it.
///
/// # Errors
/// When the Runtime API is out of reach.
pub async fn queue<F, Work>(function: &'static str, handle: F) -> Result<(), lambda_runtime::Error>
where
    F: Fn(SqsEvent) -> Work,
    Work: Future<Output = SqsBatchResponse>,
{
    lambda_runtime::run(service_fn(|event: LambdaEvent<SqsEvent>| {
        let span = tracing::info_span!("invocation", function, request_id = event.context.request_id);
        let messages = u64::try_from(event.payload.records.len()).unwrap_or(u64::MAX);
        let work = Box::pin(handle(event.payload));
        async move {
            let started = Instant::now();
            let response = work.instrument(span).await;
            let failed = u64::try_from(response.batch_item_failures.len()).unwrap_or(u64::MAX);
            let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            metrics::put(
                function,
                Clock::System.now().as_millisecond(),
                &[
                    ("duration", Unit::Milliseconds, duration_ms),
                    ("messages", Unit::Count, messages),
                    ("failed_messages", Unit::Count, failed),
                ],
            );
            Ok::<_, lambda_runtime::Error>(response)
        }
    }))
    .await
}

/// Runs a function that takes whole events (stream, topic, schedule) until Lambda ends it. A failure is logged here, once, and told to
/// Lambda, which gives the event again.
///
/// # Errors
/// When the Runtime API is out of reach.
pub async fn event<E, F, Work, Failed>(function: &'static str, handle: F) -> Result<(), lambda_runtime::Error>
where
    E: serde::de::DeserializeOwned,
    F: Fn(E) -> Work,
    Work: Future<Output = Result<(), Failed>>,
    Failed: std::error::Error,
{
    lambda_runtime::run(service_fn(|event: LambdaEvent<E>| {
        let span = tracing::info_span!("invocation", function, request_id = event.context.request_id);
        // Boxed: the compiler gives up on the layout of handler, SDK and runtime as one nested future.
        let work = Box::pin(handle(event.payload));
        async move {
            let done = work.instrument(span.clone()).await;
            done.map_err(|error| {
                span.in_scope(|| tracing::error!(%error, "event failed"));
                Diagnostic { error_type: function.to_owned(), error_message: error.to_string() }
            })
        }
    }))
    .await
}
