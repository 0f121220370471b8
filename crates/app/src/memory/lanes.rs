//! The roads of the in-memory store: the model of the others'.

use super::state::{Road, RoadLane};
use super::store::MemoryStore;
use crate::Trouble;
use crate::events::{LANES, lane};
use crate::ports::lanes::{Claim, HeldLane, Lanes, divide};
use admitone_domain::Event;
use async_trait::async_trait;
use std::collections::HashMap;

#[async_trait]
impl Lanes for MemoryStore {
    async fn open(&self, road: &str, begin: u64) -> Result<u64, Trouble> {
        let lanes = vec![RoadLane::default(); usize::from(LANES)];
        let fresh = || Road { begin, relays: HashMap::new(), lanes };
        Ok(self.lock().roads.entry(road.to_owned()).or_insert_with(fresh).begin)
    }

    async fn claim(&self, claim: &Claim<'_>) -> Result<Vec<HeldLane>, Trouble> {
        let now = self.clock.now();
        let mut state = self.lock();
        let Some(road) = state.roads.get_mut(claim.road) else { return Ok(Vec::new()) };
        road.relays.retain(|_, until| now < *until);
        road.relays.insert(claim.relay, now.plus_ms(claim.lease_ms));
        let alive = |holder: &u128| road.relays.contains_key(holder);
        let holders: Vec<_> = road.lanes.iter().map(|lane| lane.holder.filter(alive)).collect();
        let (kept, given_up) = divide(&holders, road.relays.len(), claim.relay);
        for lane in given_up {
            road.lanes[usize::from(lane)].holder = None;
        }
        let mut held = Vec::new();
        for number in kept {
            let lane = &mut road.lanes[usize::from(number)];
            if lane.holder != Some(claim.relay) {
                lane.holder = Some(claim.relay);
                lane.token += 1;
            }
            let (token, progress) = (lane.token, lane.progress.clone());
            held.push(HeldLane { lane: number, token, progress });
        }
        Ok(held)
    }

    async fn renew(&self, claim: &Claim<'_>) -> Result<(), Trouble> {
        let until = self.clock.now().plus_ms(claim.lease_ms);
        let mut state = self.lock();
        let relays = state.roads.get_mut(claim.road).map(|road| &mut road.relays);
        if let Some(lease) = relays.and_then(|relays| relays.get_mut(&claim.relay)) {
            *lease = until;
        }
        Ok(())
    }

    async fn leave(&self, road: &str, relay: u128) -> Result<(), Trouble> {
        if let Some(road) = self.lock().roads.get_mut(road) {
            road.relays.remove(&relay);
        }
        Ok(())
    }

    async fn waiting(
        &self,
        lanes: &[(u8, u64)],
        limit: usize,
    ) -> Result<Vec<(u64, Event)>, Trouble> {
        let state = self.lock();
        let mut found = Vec::new();
        for (wanted, after) in lanes {
            let events = (1..).zip(&state.events);
            let of_lane =
                events.filter(|(number, event)| number > after && lane(event.aggregate) == *wanted);
            found.extend(of_lane.take(limit).map(|(number, event)| (number, event.clone())));
        }
        found.sort_by_key(|(number, _)| *number);
        Ok(found)
    }

    async fn keep(&self, road: &str, lanes: &[HeldLane]) -> Result<Vec<u8>, Trouble> {
        let mut state = self.lock();
        let Some(road) = state.roads.get_mut(road) else { return Ok(Vec::new()) };
        let mut kept = Vec::new();
        for held in lanes {
            let lane = &mut road.lanes[usize::from(held.lane)];
            if lane.token == held.token {
                lane.progress.clone_from(&held.progress);
                kept.push(held.lane);
            }
        }
        Ok(kept)
    }

    async fn close(&self, road: &str) -> Result<(), Trouble> {
        self.lock().roads.remove(road);
        Ok(())
    }
}
