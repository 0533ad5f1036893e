//! What the tests stand on: a small library with everything around it, on this machine and in this process.
//!
//! The table is a real one behind the real SDK client; what is sent goes to a recorder; the clock stands still and chance counts up,
//! so that every run writes the same bytes.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "only tests call this, and a failure is theirs"
)]

pub mod audit;
pub mod faults;
pub mod ground;
pub mod library;
pub mod life;
mod near;
pub mod outside;
pub mod scene;
pub mod service_account;
mod stream;
pub mod wechat;

pub use faults::{Crash, Fault, Faults};
pub use ground::{Answer, Ground};
pub use life::Life;
pub use outside::{Outside, Sent};
pub use service_account::ServiceAccount;
