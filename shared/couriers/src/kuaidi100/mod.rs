//! Kuaidi100 (快递100): one platform in front of all the carriers that the library uses.
//!
//! In the order of a parcel's life: a [`booking`] asks a carrier to collect it and the platform to follow it, which has an
//! [`outcome`]; until it is collected, a [`cancellation`] calls the courier off. The platform sends a [`push`] whenever the carrier
//! has news, which we answer with one of two fixed texts, a [`reply`]. [`code`] says what the carriers' state codes mean.
//!
//! MD5 is the platform's choice, not ours. It is why a push address also carries a token of our own, and why nothing but the
//! platform's messages is ever signed with it.

pub mod booking;
pub mod cancellation;
pub mod code;
pub mod outcome;
pub mod push;
pub mod reply;

mod credentials;
mod form;
mod lenient;
mod sign;

pub use booking::Booking;
pub use cancellation::{Cancellation, CancellationError, Cancelled};
pub use credentials::Credentials;
pub use outcome::{Booked, BookingError};
pub use push::{Push, PushError, PushStatus};
