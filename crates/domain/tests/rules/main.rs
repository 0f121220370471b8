//! The rules of selling, holding and paying, each with the test that bears its name.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod accounts_and_stock;
mod admitting;
mod cancelling;
mod confirming;
mod deeds;
mod describing;
mod expiry;
mod gateway;
mod gateway_properties;
mod holding;
mod house;
mod parting;
mod passes;
mod paying;
mod properties;
mod reseating;
mod wallets;
