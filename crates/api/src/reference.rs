//! The reference routes: the small services that this one must be able to stand in for, exactly
//! as their clients know them, thin over the same use cases.
//!
//! They trust the user id they are told. They are off unless asked for, and not meant for the
//! open net.

pub(crate) mod booking;
pub(crate) mod confirm;
mod wrap;

pub(crate) use wrap::{Failure, failure, success};

use admitone_domain::id::RoomId;

/// What the reference routes stand on.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The one room that serves all of them.
    pub room: RoomId,
    /// Whether a confirmation asks the house's gateway first, instead of believing that the money
    /// was taken.
    pub through_gateway: bool,
}
