//! The wallet of the buyer who asks: balance, entries, charge, use.

pub(crate) mod movement;
pub(crate) mod read;
