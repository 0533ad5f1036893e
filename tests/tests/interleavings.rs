//! Two at once, at every point: one command is stopped before each of its calls to the table, from the first to the last, while the other
//! is done to its end. Where they exclude each other one wins and the other is told why; and whatever happened, the table is sound.

mod change;
mod closing;
mod deed;
mod missing;
mod payment;
mod queue;
mod returns;
mod scan;
mod slot;
