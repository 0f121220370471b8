//! The pages of operators, through the router, over a house in memory.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod agreed;
mod browser;
mod buyers;
mod concerts;
mod door;
mod guesses;
mod house;
mod line;
mod live;
mod log;
mod outside;
mod payments;
mod programme;
mod queues;
mod reservations;
mod roles;
mod rows;
mod sign_in;
mod told;
mod tongues;
mod wallets;
mod webhooks;
