//! Reservations of the buyer who asks.

pub(crate) mod act;
pub(crate) mod hold;
pub(crate) mod read;
