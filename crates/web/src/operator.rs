//! The pages for operators, in the order of their navigation.

pub(crate) mod concert;
pub(crate) mod concerts;
pub(crate) mod door;
pub(crate) mod drill;
pub(crate) mod export;
pub(crate) mod live;
pub(crate) mod log;
pub(crate) mod payments;
pub(crate) mod queues;
pub(crate) mod reasons;
pub(crate) mod reservation;
pub(crate) mod reservations;
pub(crate) mod show;
pub(crate) mod sign_in;
pub(crate) mod staff;
pub(crate) mod wallet;
pub(crate) mod webhooks;
