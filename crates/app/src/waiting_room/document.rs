//! What everybody may know of a room: the same for all, so any cache can hold it for a second.

use super::settings::Mode;
use super::snapshot::Snapshot;
use admitone_domain::id::RoomId;
use serde::Serialize;

/// The public state of a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PublicDocument {
    /// Which room, as it is called everywhere: `room_1`.
    pub room: String,
    /// Which life of it.
    pub epoch: u16,
    /// What it does.
    pub mode: Mode,
    /// The last place that was given.
    pub issued: u64,
    /// Places up to here are invited to the deck: poll every `poll_floor_ms`.
    pub deck_to: u64,
    /// Admissions to be expected, thousandths of a user per second.
    pub rate_milli: Option<u64>,
    /// How many of a thousand invited are there.
    pub show_rate_permille: Option<u32>,
    /// How fast the deck may come nearer, thousandths of a place per second.
    pub invite_milli: u64,
    /// Poll no sooner than this, in ms.
    pub poll_floor_ms: u64,
    /// Poll no later than this, in ms.
    pub poll_ceiling_ms: u64,
    /// How many are called or inside.
    pub active: u64,
    /// At most so many.
    pub active_max: Option<u32>,
    /// What the operator says.
    pub message: String,
}

impl PublicDocument {
    /// The document of a moment.
    pub fn new(snapshot: &Snapshot, message: &str) -> Self {
        Self {
            room: RoomId(u64::from(snapshot.room)).to_string(),
            epoch: snapshot.epoch,
            mode: snapshot.mode,
            issued: snapshot.issued,
            deck_to: snapshot.deck_to,
            rate_milli: snapshot.rate_milli,
            show_rate_permille: snapshot.show_permille,
            invite_milli: snapshot.invite_milli,
            poll_floor_ms: snapshot.poll_floor_ms,
            poll_ceiling_ms: snapshot.poll_ceiling_ms,
            active: snapshot.called + snapshot.claimed,
            active_max: snapshot.active_max,
            message: message.to_owned(),
        }
    }
}
