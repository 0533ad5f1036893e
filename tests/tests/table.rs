//! The table through the real client: what everything costs, who wins a race, what is written comes back.

mod codec;
mod costs;
mod people;
mod races;
mod sign_in_costs;
mod sites;
