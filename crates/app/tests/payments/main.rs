//! Payments in steps, through a gateway or from a wallet apart, with a process that may end between any two of its steps.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod apart;
mod clerks;
mod crashes;
mod flow;
mod gateway;
mod random;
mod unheld;
mod world;
