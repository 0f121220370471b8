//! Payments of the buyer who asks, and what a gateway says of them.

pub(crate) mod gateway;
pub(crate) mod pay;
pub(crate) mod read;
pub(crate) mod webhook;
