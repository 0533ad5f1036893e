//! Logs: JSON lines on standard output. Personal data cannot get in: the types that hold it print masked.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Starts logging. `level` is `LOG_LEVEL`: `error`, `warn`, `info` (the default), `debug` or `trace`.
pub fn init(level: Option<&str>) {
    let level = level.and_then(|text| text.parse::<LevelFilter>().ok()).unwrap_or(LevelFilter::INFO);
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_target(false)
        .with_filter(targets(level));
    // A second start in one process (tests) keeps the first one's logging.
    let _ = tracing_subscriber::registry().with(lines).try_init();
}

/// Ours at `level`. The AWS client's finer levels print requests with all their content, so they stay off whatever is asked for; the
/// Lambda runtime logs every failed invocation once more, without its request: ours is the one line.
fn targets(level: LevelFilter) -> Targets {
    let others = ["aws_", "h2", "hyper", "rustls", "tower", "tantivy"];
    Targets::new()
        .with_default(level)
        .with_targets(others.map(|target| (target, level.min(LevelFilter::WARN))))
        .with_target("lambda_runtime", LevelFilter::OFF)
}
