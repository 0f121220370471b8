//! Linearizability: is there an order of what was answered that one seat, or one wallet, could have
//! had, and in which nothing comes before something that had ended when it was sent?
//!
//! The search is that of Wing, Gong and Lowe with remembered states. Seats and wallets are
//! independent objects, so each is searched alone; across them see `serial`.

mod search;
pub(crate) mod seat;
pub(crate) mod wallet;

pub use search::{Call, Model, Verdict, check};

/// States looked at for one object before the search is given up.
pub(crate) const BUDGET: usize = 400_000;
