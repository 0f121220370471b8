//! A visit: how somebody in line stands.

use super::status;
use crate::Trouble;
use crate::waiting_room::{PollAnswer, Standing};
use admitone_domain::Moment;

/// How a visitor stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// The token to come back with.
    pub token: String,
    /// `waiting`, `on_deck` or `active`.
    pub status: &'static str,
    /// The place.
    pub place: u64,
    /// How many present users are before it, as far as is known.
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
    /// The room is in trouble.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl Visit {
    pub(super) fn new(token: String, answer: PollAnswer) -> Self {
        let active_until = match answer.standing {
            Standing::Active { deadline_us } => Some(Moment(deadline_us)),
            Standing::Waiting | Standing::OnDeck => None,
        };
        Self {
            token,
            status: status(answer.standing),
            place: answer.place.0,
            ahead: answer.ahead,
            eta_seconds: answer.eta.map(|eta| [eta.low_ms / 1_000, eta.high_ms.div_ceil(1_000)]),
            next_poll_ms: answer.next_poll_ms,
            active_until,
        }
    }
}
