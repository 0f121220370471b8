//! What goes into one exchange with a room and what comes out of it: data, no behaviour.

use super::place::{Generation, Place, UserKey};
use super::record::{EndReason, Record};
use super::settings::{RoomSettings, SettingsProblem};
use super::snapshot::Snapshot;
use serde::{Deserialize, Serialize};

/// Everything that is asked of the room at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// What operators change, in order, before everything else.
    pub controls: Vec<Control>,
    /// Passes that should last longer.
    pub extensions: Vec<Extension>,
    /// Places that are over.
    pub ends: Vec<End>,
    /// Users who want a place.
    pub joins: Vec<Join>,
    /// Users who show that they are there.
    pub touches: Vec<Touch>,
}

/// A user wants a place. One who has one is given the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Join {
    /// The user.
    pub user: UserKey,
    /// Whether older tokens of the same place shall be void.
    pub renew: bool,
}

/// A user shows a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touch {
    /// Its place.
    pub place: Place,
    /// Its user; the UUID form does not name one.
    pub user: Option<UserKey>,
    /// Its generation.
    pub generation: Generation,
}

/// A place is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// Whose.
    pub user: UserKey,
    /// Which; with it, news of an old place that comes late cannot end a newer one.
    pub place: Option<Place>,
    /// Why.
    pub reason: EndReason,
}

/// A pass should last longer, because a hold does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    /// The place.
    pub place: Place,
    /// Until when, in µs since 1970; the settings bound it.
    pub until_us: i64,
}

/// What an operator changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Control {
    /// Other settings, all of them.
    Change(Box<RoomSettings>),
    /// A new epoch: everybody loses place and pass.
    Reset,
}

/// What came of an exchange. The answers stand in the order of the questions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The room's counters after it.
    pub snapshot: Snapshot,
    /// Answers to the controls.
    pub controlled: Vec<Result<(), SettingsProblem>>,
    /// Answers to the extensions: the deadline that holds now, or that the place is not inside.
    pub extended: Vec<Option<i64>>,
    /// Answers to the ends: which place ended, if there was one.
    pub ended: Vec<Option<Place>>,
    /// Answers to the joins.
    pub joined: Vec<Result<Joined, JoinRefusal>>,
    /// Answers to the touches.
    pub touched: Vec<Result<Position, Gone>>,
    /// Who was called, in order.
    pub admitted_now: Vec<Admission>,
    /// Must be durable before anybody is answered; empty if nothing has to be.
    pub records: Vec<Record>,
}

impl Outcome {
    /// Of an exchange in which nothing was asked and nothing happened.
    pub(crate) fn nothing(snapshot: Snapshot) -> Self {
        Self {
            snapshot,
            controlled: Vec::new(),
            extended: Vec::new(),
            ended: Vec::new(),
            joined: Vec::new(),
            touched: Vec::new(),
            admitted_now: Vec::new(),
            records: Vec::new(),
        }
    }
}

/// A user has a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Joined {
    /// Its generation now.
    pub generation: Generation,
    /// Whether it was there before.
    pub existing: bool,
    /// Where it stands.
    pub position: Position,
}

/// Where a place stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The place.
    pub place: Place,
    /// Waiting, on the deck, or inside.
    pub standing: Standing,
    /// How many present users are before it, as far as is known.
    pub ahead: u64,
}

/// Waiting, on the deck, or inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Not invited yet.
    Waiting,
    /// Invited and present: keep asking.
    OnDeck,
    /// Inside.
    Active {
        /// Until when, in µs since 1970.
        deadline_us: i64,
    },
}

/// A place was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admission {
    /// The place.
    pub place: Place,
    /// Its user.
    pub user: UserKey,
    /// Until when it can be claimed, in µs since 1970.
    pub deadline_us: i64,
}

/// Why nobody is given a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JoinRefusal {
    /// The room gives no new places, only those before get in.
    #[error("the room takes nobody new any more")]
    Draining,
    /// The room is closed.
    #[error("the room is closed")]
    Closed,
    /// The epoch has given its last place.
    #[error("the room is full")]
    Full,
}

/// Why a token is worth nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Gone {
    /// The place is over, or was never given.
    #[error("the place is over")]
    Ended,
    /// The place belongs to somebody else.
    #[error("the place belongs to another user")]
    OtherUser,
    /// A newer token was made for the place.
    #[error("a newer token was made")]
    Renewed,
    /// The place was passed longer ago than the grace.
    #[error("the place was passed too long ago")]
    Passed,
}
