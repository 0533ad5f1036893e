//! The library's rules and values, and nothing else.
//!
//! Here live the types that every other crate speaks in ([`Barcode`], [`CardNo`], [`OrderNo`] …), the two state machines
//! (copies in [`copy`], parcels and their lines in [`parcel`]) and the decisions over them. Every decision is a pure function
//! of state, command and time. What must not be here: I/O, AWS, async, a clock, randomness, environment variables.

pub mod account;
pub mod address;
pub mod arrival;
pub mod audit;
pub mod cart;
pub mod copy;
pub mod courier;
pub mod cover;
pub mod deletion;
pub mod device;
pub mod division;
pub mod family;
pub mod fine;
pub mod hold;
pub mod hours;
pub mod identity;
pub mod ids;
pub mod import;
pub mod money;
pub mod month;
pub mod order;
pub mod parcel;
pub mod password;
pub mod pasted;
pub mod payment;
pub mod pick;
pub mod preferences;
pub mod punctuality;
pub mod renewal;
pub mod returning;
pub mod rules;
pub mod shelves;
pub mod sign_in;
pub mod site;
pub mod slot;
pub mod staff;
pub mod telling;
pub mod text;
pub mod time;
pub mod timeline;
pub mod title;
pub mod trial;

pub use identity::{Mobile, ResidentId};
pub use ids::{
    AddressId, Barcode, CardNo, Carried, ImageHash, ImportId, Invalid, Isbn, Language, OrderNo, ParcelNo,
    ParcelRef, PaymentNo, ReaderId, ReturnNo, ReturnRef, SiteId, StaffLogin, TitleId, TrialId, Waybill,
};
