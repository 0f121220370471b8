//! Payments through a gateway, with a process that may end between any two of its steps.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod crashes;
mod flow;
mod gateway;
mod random;
mod world;
