//! Events leave the house: at least once, in order per aggregate, from any instance; and what our
//! own consumers make of them is there once.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod crash;
mod house;
mod logged;
mod notices;
mod order;
mod webhooks;
