//! A waiting room that several instances share: its state is elsewhere, and one operation changes
//! it in one step for all of them. The embedded room's [`Room`](crate::waiting_room::Room) says
//! what that operation does; whoever keeps this port gives the same answers to the same questions.

use crate::Trouble;
use crate::waiting_room::{Batch, Gauges, Generation, Outcome, Place, RoomSettings, UserKey};
use async_trait::async_trait;

/// The rooms that instances share.
#[async_trait]
pub trait SharedRooms: Send + Sync {
    /// One instance's way to a room. It is made with these settings if there is none.
    async fn open(
        &self,
        room: u32,
        settings: &RoomSettings,
    ) -> Result<Box<dyn SharedRoom>, Trouble>;
}

/// One instance's way to a shared room.
///
/// # Behavior
/// Any instance may exchange at any time, also with nothing to say: who is admitted depends on
/// the state and its time alone, so ten instances admit exactly as many as one.
#[async_trait]
pub trait SharedRoom: Send {
    /// Everything that this instance has to ask at one moment. When it answers well, all of it is
    /// kept as well as the place of the state keeps anything; on trouble it is not known what came
    /// of it, and asking again does no harm.
    async fn exchange(&mut self, batch: &Batch) -> Result<Exchanged, Trouble>;
}

/// What came of an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchanged {
    /// The answers. No records: nothing is left to be made durable.
    pub outcome: Outcome,
    /// The room's numbers for operators.
    pub gauges: Gauges,
    /// The settings that hold.
    pub settings: RoomSettings,
    /// Whose passes changed since the last exchange of this instance, through whomever.
    pub passes: PassChanges,
}

/// Whose passes changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PassChanges {
    /// Whether these are all there are: any other place is not inside.
    pub is_whole: bool,
    /// The places, and how they are inside; `None` for one that is not any more.
    pub changed: Vec<(Place, Option<SharedPass>)>,
}

/// A place inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SharedPass {
    /// Whose.
    pub user: UserKey,
    /// The generation of its token.
    pub generation: Generation,
    /// When it was called, in µs since 1970.
    pub called_us: i64,
    /// Until when it is good, in µs since 1970.
    pub deadline_us: i64,
    /// Whether the user has shown up since the call.
    pub is_claimed: bool,
}
