//! The edges that all functions share: configuration, AWS clients, problems, sign-in, idempotency, batches, logs and metrics.
//!
//! A function parses, loads, decides, writes, answers. What is the same for all of them is here, once.

pub mod auth;
pub mod batch;
pub mod clients;
pub mod clock;
pub mod config;
pub mod contact;
pub mod extract;
pub mod idempotent;
pub mod keys;
pub mod message;
pub mod metrics;
pub mod outbound;
pub mod page;
pub mod password;
pub mod problem;
pub mod serve;
pub mod source;
pub mod step;
pub mod telemetry;

pub use auth::{Oneself, Reader, Staff};
pub use clients::Clients;
pub use clock::{Clock, Entropy};
pub use config::{ConfigError, StartError, Vars};
pub use extract::{Json, Path, Query};
pub use keys::{Keys, SealError};
pub use problem::{Code, Problem};
pub use source::Source;

/// What an HTTP function needs to know a caller and to write down a secret.
#[derive(Debug, Clone)]
pub struct Edge {
    /// The keys derived from the stack's secret.
    pub keys: Keys,
    /// The time.
    pub clock: Clock,
    /// Chance.
    pub entropy: Entropy,
}
