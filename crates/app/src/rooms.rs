//! The waiting rooms of the house, as the API asks for them.

use crate::Trouble;
use crate::waiting_room::PublicDocument;
use admitone_domain::Moment;
use admitone_domain::id::{BuyerId, RoomId};
use admitone_domain::pass::Admission;

/// All rooms.
#[derive(Default)]
pub struct Rooms {}

/// How a visitor stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// The token to come back with.
    pub token: String,
    /// `waiting`, `on_deck` or `active`.
    pub status: &'static str,
    /// The place.
    pub place: u64,
    /// How many present users are before it.
    pub ahead: u64,
    /// The time left, as an interval of seconds.
    pub eta_seconds: Option<[u64; 2]>,
    /// When to ask again, in milliseconds.
    pub next_poll_ms: u64,
    /// Until when the pass is good, once inside.
    pub active_until: Option<Moment>,
}

/// Why a visit did not go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VisitTrouble {
    /// There is no such room.
    #[error("there is no such room")]
    NoRoom,
    /// It takes nobody at the moment.
    #[error("the room takes nobody")]
    Closed,
    /// The place is over.
    #[error("the place is over")]
    Gone,
    /// The token is not one of ours, or of another room.
    #[error("not a token of this room")]
    Forged,
    /// The room's log is in trouble.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl Rooms {
    /// By what right a token comes through a room.
    pub fn admission(&self, _room: RoomId, _token: Option<&str>, _buyer: BuyerId) -> Admission {
        Admission::None
    }

    /// Who is behind a UUID token, if admitted.
    pub async fn visitor(&self, _room: RoomId, _token: &str) -> Option<(BuyerId, Admission)> {
        None
    }

    /// Gives a buyer a place, or shows the one there is.
    pub async fn join(&self, _room: RoomId, _buyer: BuyerId) -> Result<Visit, VisitTrouble> {
        Err(VisitTrouble::NoRoom)
    }

    /// The same with a token in UUID form.
    pub async fn join_with_uuid(
        &self,
        _room: RoomId,
        _buyer: BuyerId,
    ) -> Result<Visit, VisitTrouble> {
        Err(VisitTrouble::NoRoom)
    }

    /// How a token stands.
    pub async fn poll(
        &self,
        _room: RoomId,
        _token: &str,
        _jitter: Option<u32>,
    ) -> Result<Visit, VisitTrouble> {
        Err(VisitTrouble::NoRoom)
    }

    /// Ends a buyer's place.
    pub async fn leave(&self, _room: RoomId, _buyer: BuyerId) -> Result<(), VisitTrouble> {
        Err(VisitTrouble::NoRoom)
    }

    /// What everybody may know.
    pub fn document(&self, _room: RoomId) -> Option<PublicDocument> {
        None
    }

    /// Brings the gauges up to date.
    pub fn publish_gauges(&self) {}
}
