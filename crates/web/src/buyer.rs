//! The pages for buyers, in the order in which they are seen.

pub(crate) mod account;
pub(crate) mod concert;
pub(crate) mod concerts;
pub(crate) mod line;
pub(crate) mod reservation;
pub(crate) mod reservations;
pub(crate) mod seats;
pub(crate) mod ticket;
pub(crate) mod wallet;
