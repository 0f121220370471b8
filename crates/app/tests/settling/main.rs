//! From a command to its answer: settling, the channel, boards, the sweeper and the choice of the
//! best seats, on the in-memory store and on stores that misbehave.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod best;
mod boards;
mod channel;
mod closing;
#[expect(clippy::disallowed_methods, reason = "whoever waits is another task")]
mod confirming;
mod gate;
mod ids;
mod locking;
mod routing;
mod settle;
#[expect(clippy::disallowed_methods, reason = "whoever waits is another task")]
mod shut_down;
mod steps;
mod strays;
mod sweeping;
mod travelling;
mod truth;
mod turns;
