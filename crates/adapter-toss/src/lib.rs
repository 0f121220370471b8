//! A payment gateway in the form of Toss Payments: confirm, cancel and query over HTTP.
//!
//! It speaks plain HTTP/1.1. A gateway on the open net is reached through a proxy of the machine
//! that adds TLS and checks the certificate (`docs/payments.md` shows one): the house itself has no
//! TLS, here as everywhere.
//!
//! What an answer means is a table of data, `codes.rs`. To add a gateway of another form: a crate
//! with the same three files, wired in the command line.

mod codes;
mod http;
mod toss;

pub use codes::{Meaning, of_cancel, of_confirm};
pub use http::{Address, MalformedAddress};
pub use toss::{Toss, TossOptions};
