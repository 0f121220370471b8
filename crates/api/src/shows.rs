//! Shows: what they are, and what is free of them.

pub(crate) mod follow;
pub(crate) mod read;
pub(crate) mod seats;
