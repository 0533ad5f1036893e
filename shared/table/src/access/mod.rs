//! The access patterns, one file for each kind of item.

pub mod account;
pub mod address;
pub mod availability;
pub mod copy;
pub mod courier_event;
pub mod cover;
pub mod idempotency;
pub mod import;
pub mod lending;
pub mod loan;
pub mod notice;
pub mod order;
pub mod parcel;
pub mod phone_code;
pub mod pick;
pub mod reader;
pub mod rules;
pub mod session;
pub mod shelf;
pub mod site;
pub mod staff;
pub mod title;
pub mod unmet;
