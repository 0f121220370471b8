//! Admission: the smallest ripe place on the deck, while there is a free slot and credit. A pure
//! function of the state and the time, so it does not matter who calls it or how often.

use super::Room;
use crate::waiting_room::batch::Admission;
use crate::waiting_room::place::Place;
use crate::waiting_room::record::{EndReason, Record};
use crate::waiting_room::rules::Rule;
use crate::waiting_room::settings::{Mode, micros};

/// A room ticks this often; a slot that is free for less is not idle.
const TICK_US: i64 = 250_000;

impl Room {
    pub(super) fn admit(&mut self) -> Vec<Admission> {
        let mut admitted = Vec::new();
        while self.is_admitting() && self.has_slot() && self.credit_at_us() <= self.clock_us {
            let Some(place) = self.next_candidate() else {
                // Slot and credit are left over: everybody ripe had a turn.
                self.called_to = self.called_to.max(self.frontier.ripe_to);
                break;
            };
            admitted.extend(self.call(place));
        }
        self.ready_at_us = self.ready_at();
        admitted
    }

    /// How much of the time since the last exchange somebody could have been admitted.
    pub(super) fn count_idleness(&mut self) {
        let Some(ready_at_us) = self.ready_at_us.take() else { return };
        let idle_us = self.clock_us.saturating_sub(ready_at_us).saturating_sub(TICK_US);
        self.totals.slot_idle_us_total += u64::try_from(idle_us).unwrap_or(0);
    }

    /// How many slots are free; called users have theirs already.
    pub(super) fn slots_free(&self) -> u64 {
        let limit = self.settings.active_max.map_or(u64::MAX, u64::from);
        limit.saturating_sub(self.slots_taken())
    }

    fn call(&mut self, place: Place) -> Option<Admission> {
        let user = self.register.member(place)?.user;
        if self.slots.holds(user) && self.rules.hold(Rule::OnePassPerUser) {
            self.totals.refused_total += 1;
            self.commit(Record::Ended { place, reason: EndReason::Revoked });
            return None;
        }
        let deadline_us = self.clock_us.saturating_add(micros(self.settings.claim_ms));
        self.commit(Record::Admitted { place, deadline_us });
        self.watch(place);
        Some(Admission { place, user, deadline_us })
    }

    /// The room's check on itself, made from the state after the fact.
    fn watch(&mut self, place: Place) {
        let limit = self.settings.active_max.map_or(u64::MAX, u64::from);
        self.totals.overshoot_total += u64::from(self.slots.len() > limit);
        let is_overtaking = self.deck.first().is_some_and(|first| first < place);
        self.totals.order_violation_total += u64::from(is_overtaking);
    }

    /// Returners and the present come first, because their places are smaller. Without presence
    /// the next place in order follows, whether its user is there or not.
    fn next_candidate(&mut self) -> Option<Place> {
        if let Some(place) = self.first_on_deck() {
            return Some(place);
        }
        if self.settings.presence {
            return None;
        }
        while self.frontier.deck_to < self.register.issued() {
            let place = Place(self.frontier.deck_to + 1);
            self.frontier.level(place.0);
            if self.register.member(place).is_some() {
                return Some(place);
            }
        }
        None
    }

    fn first_on_deck(&self) -> Option<Place> {
        let place =
            if self.rules.hold(Rule::SmallestFirst) { self.deck.first() } else { self.deck.last() };
        let is_ripe =
            |place: &Place| place.0 <= self.frontier.ripe_to || !self.rules.hold(Rule::OnlyRipe);
        place.filter(is_ripe)
    }

    fn is_admitting(&self) -> bool {
        let is_rested = !self.settings.presence || self.clock_us >= self.rest_until_us;
        match self.settings.mode {
            Mode::Open | Mode::Draining | Mode::Bypass { .. } => is_rested,
            Mode::Paused | Mode::Closed => false,
        }
    }

    fn has_slot(&self) -> bool {
        self.slots_free() > 0
    }

    fn slots_taken(&self) -> u64 {
        if self.rules.hold(Rule::CalledTakesSlot) { self.slots.len() } else { self.slots.claimed() }
    }

    fn credit_at_us(&self) -> i64 {
        self.credit.next_us(self.settings.rate, self.clock_us)
    }

    /// When somebody who is there now could be admitted, as far as can be told.
    fn ready_at(&self) -> Option<i64> {
        let has_candidate = self.first_on_deck().is_some()
            || (!self.settings.presence && self.frontier.deck_to < self.register.issued());
        if !has_candidate || !self.is_admitting() {
            return None;
        }
        let slot_at_us = if self.has_slot() { self.clock_us } else { self.slots.first_due()?.0 };
        Some(slot_at_us.max(self.credit_at_us()))
    }
}
