//! The library from outside and from below: the table, the chain, the example events, the API's description, the layers.

#![cfg(test)]

mod cart;
mod catalogue;
mod chain;
mod covers;
mod events;
mod faults;
mod imports;
mod layers;
mod openapi;
mod picks;
mod policies;
mod routes;
mod shelves;
mod table;
