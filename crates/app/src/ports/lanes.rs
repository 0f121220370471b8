//! Who carries which events out of the house, and how far.
//!
//! A *road* leads to one destination: a broker, an endpoint of webhooks, a consumer of our own. All
//! events are in 64 lanes by what they happened to; a relay leases the lanes of a road in which it
//! works, so any number of instances share a road and none of them leads.

use crate::Trouble;
use admitone_domain::Event;
use async_trait::async_trait;

/// Keeps leases and progress where the rows are, and reads the events of a lane.
///
/// # Behavior
/// - `a_road_begins_where_the_first_said`: whoever opens it later is told so.
/// - `relays_share_the_lanes_of_a_road`: each lane has one holder, and all together have all lanes;
///   who comes later is given his part at the next claims.
/// - `a_lane_of_a_dead_relay_is_taken_over`: after its lease and not before, with the progress that
///   was kept.
/// - `who_lost_a_lane_keeps_no_progress`: the token of a lane is another with every holder.
/// - `who_leaves_frees_his_lanes_at_once`: without waiting for the lease.
/// - `events_of_a_lane_are_read_in_their_order`: those of the lanes that were asked for, behind the
///   number that was asked for each, as many of each as were asked for.
/// - `roads_know_nothing_of_each_other`: each has its own holders and its own progress.
/// - `a_closed_road_is_forgotten`: it begins anew, with nothing kept.
#[async_trait]
pub trait Lanes: Send + Sync {
    /// Opens a road that begins behind a number, if nobody has yet; where it begins.
    async fn open(&self, road: &str, begin: u64) -> Result<u64, Trouble>;

    /// Renews the leases of a relay and takes its part of what nobody holds. A lane that is above
    /// its part is given up, so it must not be at work while it asks. To be called again well
    /// before the lease is over.
    async fn claim(&self, claim: &Claim<'_>) -> Result<Vec<HeldLane>, Trouble>;

    /// Renews the leases of a relay as they are, while it is at work.
    async fn renew(&self, claim: &Claim<'_>) -> Result<(), Trouble>;

    /// Gives up what a relay holds of a road.
    async fn leave(&self, road: &str, relay: u128) -> Result<(), Trouble>;

    /// Events of lanes, each behind a number, at most `limit` of each; all in the order of their
    /// numbers. Of one aggregate they are the beginning of what is behind that number.
    async fn waiting(
        &self,
        lanes: &[(u8, u64)],
        limit: usize,
    ) -> Result<Vec<(u64, Event)>, Trouble>;

    /// Keeps how far lanes are, each under its token; the lanes that were kept, the others are
    /// somebody else's by now.
    async fn keep(&self, road: &str, lanes: &[HeldLane]) -> Result<Vec<u8>, Trouble>;

    /// Forgets a road.
    async fn close(&self, road: &str) -> Result<(), Trouble>;
}

/// What a relay asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim<'a> {
    /// Of which road.
    pub road: &'a str,
    /// Who: drawn at its start, never the same twice.
    pub relay: u128,
    /// How long it counts as alive.
    pub lease_ms: u64,
}

/// A lane that a relay holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldLane {
    /// Which.
    pub lane: u8,
    /// Grows with every holder.
    pub token: u64,
    /// How far it is, as the relay wrote it; empty when nobody ever did.
    pub progress: Vec<u8>,
}

/// How many lanes each of so many relays holds at most.
pub fn share(relays: usize) -> usize {
    usize::from(crate::events::LANES).div_ceil(relays.max(1))
}

/// Decides for a store whom a lane belongs to when a relay claims: `lanes` has for each lane its
/// holder, if that lives; `relays` is how many live, the one who claims among them. The lanes that
/// are its own from now on, and those that it gives up.
pub fn divide(lanes: &[Option<u128>], relays: usize, claims: u128) -> (Vec<u8>, Vec<u8>) {
    let numbered = || (0_u8..).zip(lanes);
    let mine = numbered().filter(|(_, holder)| **holder == Some(claims)).map(|(lane, _)| lane);
    let free = numbered().filter(|(_, holder)| holder.is_none()).map(|(lane, _)| lane);
    let part = share(relays);
    let mut kept: Vec<u8> = mine.collect();
    let given_up = kept.split_off(kept.len().min(part));
    let wanted = part - kept.len();
    kept.extend(free.take(wanted));
    (kept, given_up)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_are_divided_fairly_and_none_is_left() {
        let mut lanes = vec![None; 64];
        let mut claim = |relay, alive| {
            let (kept, given_up) = divide(&lanes, alive, relay);
            for lane in given_up {
                lanes[usize::from(lane)] = None;
            }
            for lane in &kept {
                lanes[usize::from(*lane)] = Some(relay);
            }
            kept.len()
        };
        assert_eq!(claim(1, 1), 64);
        assert_eq!(claim(2, 2), 0, "the first gives up its surplus when it asks again");
        assert_eq!([claim(1, 2), claim(2, 2)], [32, 32]);
        assert_eq!([claim(3, 3), claim(1, 3), claim(2, 3), claim(3, 3)], [0, 22, 22, 20]);
    }
}
