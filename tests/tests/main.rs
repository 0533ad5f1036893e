//! The library from outside and from below: the table, the chain, the example events, the API's description, the layers.

#![cfg(test)]

mod audit;
mod cart;
mod catalogue;
mod chain;
mod closures;
mod covers;
mod events;
mod faults;
mod imports;
mod interleavings;
mod layers;
mod lending;
#[expect(
    clippy::pedantic,
    clippy::string_slice,
    clippy::type_complexity,
    reason = "the ledger is kept by hand, in plain numbers and words, so that it shares nothing with what it checks"
)]
mod model;
mod openapi;
mod outlooks;
mod passwords;
mod payments;
mod picks;
mod policies;
mod profile;
mod promise_report;
mod quotes;
mod refusals;
mod returns;
mod routes;
mod shelves;
mod sign_in;
mod slots;
mod staff_accounts;
mod table;
mod wechat;
