//! What must survive: every change of the room that somebody was told. A room is rebuilt by
//! applying its records in order; live, it changes through the very same function.
//!
//! The deck and touches are not among them. A lost deck refills within one reaction time, and
//! until then nobody is admitted.

use super::place::{Place, UserKey};
use super::settings::RoomSettings;
use serde::{Deserialize, Serialize};

/// One durable change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Record {
    /// First in every batch: the time of the exchange.
    Clock {
        /// The room's clock, in µs since 1970.
        clock_us: i64,
    },
    /// Last in a batch in which the line moved.
    Frontier {
        /// Invited up to here.
        deck_to: u64,
        /// Ripe up to here.
        ripe_to: u64,
    },
    /// A user was given the next place; which one follows from the order.
    Joined {
        /// The user.
        user: UserKey,
    },
    /// The token of a place was made anew.
    Renewed {
        /// The place.
        place: Place,
    },
    /// A place was called.
    Admitted {
        /// The place.
        place: Place,
        /// Until when it can be claimed, in µs since 1970.
        deadline_us: i64,
    },
    /// A called user showed up.
    Claimed {
        /// The place.
        place: Place,
        /// Until when the pass lasts, in µs since 1970.
        deadline_us: i64,
    },
    /// A pass lasts longer, because a hold does.
    Extended {
        /// The place.
        place: Place,
        /// Until when, in µs since 1970.
        deadline_us: i64,
    },
    /// A call was not claimed: the slot is free, the place is kept.
    Lapsed {
        /// The place.
        place: Place,
    },
    /// A place is over.
    Ended {
        /// The place.
        place: Place,
        /// Why.
        reason: EndReason,
    },
    /// How far the line had come by the time of the batch.
    Called {
        /// Up to this place.
        to: u64,
    },
    /// Other settings.
    Changed(Box<RoomSettings>),
    /// A new epoch: all places and tokens of the old one are void.
    Reset,
}

/// Why a place is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The user has bought.
    Paid,
    /// The user went.
    Left,
    /// The pass, or the grace of a place that was passed, ran out.
    Expired,
    /// An operator or the house itself ended it.
    Revoked,
}

/// Bytes that are no history of a room.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the room's history cannot be read: {0}")]
pub struct UnreadableHistory(pub(crate) String);

/// One batch as bytes.
pub fn encode(records: &[Record]) -> Vec<u8> {
    // Writing into a growing vector fails for no value that these types can hold.
    postcard::to_stdvec(records).unwrap_or_default()
}

/// One batch from bytes.
///
/// # Errors
/// The bytes were not written by [`encode`].
pub fn decode(bytes: &[u8]) -> Result<Vec<Record>, UnreadableHistory> {
    postcard::from_bytes(bytes).map_err(|error| UnreadableHistory(error.to_string()))
}
