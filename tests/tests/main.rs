//! The library from outside and from below: the table, the chain, the example events, the API's description, the layers.

#![cfg(test)]

mod chain;
mod events;
mod faults;
mod layers;
mod openapi;
mod routes;
mod table;
