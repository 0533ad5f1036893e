//! What the library and its couriers say to each other, as pure functions over bytes.
//!
//! Here live the carriers' protocols: how a request is written and signed, how a reply and a push are verified and read, and
//! what their codes mean in the one taxonomy that the library uses for all carriers ([`CourierEvent`]). What must not be here:
//! I/O, a clock, AWS, and any decision about a parcel, which is `yujie_domain`'s.

pub mod kuaidi100;
mod secret;

pub use secret::Secret;
pub use yujie_domain::courier::{CourierEvent, EventKind};
