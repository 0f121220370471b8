//! The instances that share a store: they run one map of strategies, or they do not run.
//!
//! A lease alone does not stop who was stopped itself and wakes up in the middle of a batch. So
//! every time the list was empty a new *term* begins, a token of the store's: whoever relies on the
//! map of the others saves under it, and who wakes up in an earlier term saves nothing more.

use crate::Trouble;
use crate::ports::store::Fence;
use admitone_domain::Moment;
use async_trait::async_trait;

/// Keeps the list of instances where the rows are.
///
/// # Behavior
/// - `instances_with_one_map_share_a_store`: any number of them, if the map is safe for that.
/// - `another_map_is_refused_while_an_instance_lives`: and is told which one is in use.
/// - `a_map_that_is_safe_only_alone_has_one_instance`: it refuses a second one, and is refused
///   beside one; its own renewal is no second one.
/// - `rooms_are_in_one_place`: who has them elsewhere is refused, else a line would be two; who
///   opens none is not asked.
/// - `a_dead_instance_is_forgotten_after_its_lease`: not before, and then any map may come.
/// - `who_leaves_makes_room_at_once`: without waiting for the lease.
/// - `a_term_lasts_while_somebody_lives`: who joins others is in their term, who joins nobody
///   begins the next one, and the token of the earlier one is stale in the store.
/// - `the_living_are_counted`: those whose lease is not over.
#[async_trait]
pub trait Instances: Send + Sync {
    /// Joins, or renews the lease of one that has joined. To be called again well before the lease
    /// is over; who is refused or cannot reach the store for a lease must settle nothing more.
    async fn join(&self, member: &Member) -> Result<Joining, Trouble>;

    /// Leaves: the list forgets it.
    async fn leave(&self, id: u128) -> Result<(), Trouble>;

    /// How many there are now.
    async fn alive(&self) -> Result<u64, Trouble>;
}

/// An instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Drawn at its start, never the same twice.
    pub id: u128,
    /// Its map, as it is written.
    pub map: String,
    /// Whether the map is safe only alone.
    pub is_alone: bool,
    /// Where its waiting rooms are, as a word; none if it opens none.
    pub rooms: Option<String>,
    /// How long it counts as alive after it was last heard of.
    pub lease_ms: u64,
}

/// What joining comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Joining {
    /// It is one of them until its lease is over, in this term.
    Joined(Fence),
    /// Another map is in use: this one.
    OtherMap(String),
    /// The rooms are elsewhere: there.
    OtherRooms(String),
    /// The map in use is safe only alone, and somebody is there.
    NotAlone,
}

/// The name of the terms' tokens in the store.
pub const TERM: &str = "instances";

/// How a store has to take somebody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admitted {
    /// Into the term that lasts.
    Beside,
    /// Into a new one.
    First,
}

/// Decides for a store: those it lists, each with the end of its lease, and who comes when.
pub fn admit(
    listed: &[(Member, Moment)],
    coming: &Member,
    now: Moment,
) -> Result<Admitted, Joining> {
    let alive = listed.iter().filter(|(_, until)| now < *until).map(|(member, _)| member);
    let mut others = alive.clone().filter(|member| member.id != coming.id);
    // All who are alive have one map: any of them speaks for the others.
    let Some(other) = others.clone().next() else {
        let is_known = alive.count() > 0;
        return Ok(if is_known { Admitted::Beside } else { Admitted::First });
    };
    if other.map != coming.map {
        return Err(Joining::OtherMap(other.map.clone()));
    }
    let elsewhere = others.find_map(|other| other.rooms.clone().filter(|_| coming.rooms.is_some()));
    match elsewhere.filter(|rooms| Some(rooms) != coming.rooms.as_ref()) {
        Some(rooms) => Err(Joining::OtherRooms(rooms)),
        None if coming.is_alone => Err(Joining::NotAlone),
        None => Ok(Admitted::Beside),
    }
}
