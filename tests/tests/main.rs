//! The library from outside and from below: the table, the chain, the example events, the API's description, the layers.

#![cfg(test)]

mod chain;
mod dump;
mod faults;
mod openapi;
mod table;
