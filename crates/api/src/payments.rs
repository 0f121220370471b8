//! Payments of the buyer who asks.

pub(crate) mod pay;
pub(crate) mod read;
