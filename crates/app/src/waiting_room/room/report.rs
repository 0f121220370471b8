//! What the room says of itself: counters, gauges, the public document, and its estimates.

use super::Room;
use crate::waiting_room::document::PublicDocument;
use crate::waiting_room::gauges::Gauges;
use crate::waiting_room::place::Place;
use crate::waiting_room::record::Record;
use crate::waiting_room::settings::Rate;
use crate::waiting_room::snapshot::Snapshot;

const DECK_TARGET_MIN: u64 = 16;
const DECK_TARGET_MAX: u64 = 100_000;
/// The deck holds this much of admissions: invitation, ripening and a poll take as long.
const DECK_S: u64 = 8;

impl Room {
    /// The room's counters.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            room: self.id,
            epoch: self.epoch,
            mode: self.settings.mode,
            clock_us: self.clock_us,
            issued: self.register.issued(),
            deck_to: self.frontier.deck_to,
            ripe_to: self.frontier.ripe_to,
            deck: self.deck.len(),
            waiting: self.waiting(),
            called: self.slots.len() - self.slots.claimed(),
            claimed: self.slots.claimed(),
            active_max: self.settings.active_max,
            rate_milli: self.expected_rate_milli(),
            show_permille: self.estimates.shown.permille(),
            invite_milli: self.pace.promised_milli,
            poll_floor_ms: self.settings.poll_floor_ms.min(self.settings.poll_ceiling_ms()),
            poll_ceiling_ms: self.settings.poll_ceiling_ms(),
            stretch: self.estimates.forecast.stretch(),
        }
    }

    /// The room's numbers for operators.
    pub fn gauges(&self) -> Gauges {
        let coverage = self.estimates.forecast.coverage_permille();
        Gauges::of(&self.snapshot(), coverage, self.totals)
    }

    /// What everybody may know.
    pub fn document(&self) -> PublicDocument {
        PublicDocument::new(&self.snapshot(), &self.settings.message)
    }

    /// How many have a place and are not inside.
    pub(super) fn waiting(&self) -> u64 {
        self.register.live().saturating_sub(self.slots.len())
    }

    /// How many present users the deck should hold.
    pub(super) fn deck_target(&self) -> u64 {
        if let Some(target) = self.settings.deck_target {
            return u64::from(target);
        }
        let departing_milli = self.estimates.departures.rate_milli().unwrap_or(0);
        let by_slots = self
            .settings
            .active_max
            .map_or(DECK_TARGET_MAX, |_| self.slots_free().max(departing_milli * DECK_S / 1_000));
        let by_rate =
            self.settings.rate.map_or(DECK_TARGET_MAX, |rate| rate.per_s_milli() * DECK_S / 1_000);
        by_slots.min(by_rate).clamp(DECK_TARGET_MIN, DECK_TARGET_MAX)
    }

    /// Places up to the frontier have ripened since `before`: how many of their users were there?
    pub(super) fn count_present(&mut self, before: u64) {
        let ripe_to = self.frontier.ripe_to;
        if ripe_to > before && self.clock_us >= self.rest_until_us {
            let present = self.deck.rank(Place(ripe_to + 1)) - self.deck.rank(Place(before + 1));
            self.estimates.shown.note(ripe_to - before, present);
        }
    }

    /// Writes down how far the line has come, twice a minute.
    pub(super) fn log_called(&mut self) {
        if self.called.is_due(self.clock_us, self.called_to) {
            self.commit(Record::Called { to: self.called_to });
        }
    }

    /// Checks old forecasts, makes a new one now and then, and gives the counters.
    pub(super) fn foresee(&mut self) -> Snapshot {
        let (now_us, called_to) = (self.clock_us, self.called_to);
        self.estimates.departures.roll(now_us);
        self.estimates.forecast.reached(called_to, now_us);
        let snapshot = self.snapshot();
        if snapshot.rate_milli.is_some()
            && let Some(place) = self.estimates.forecast.wanted(now_us, called_to, snapshot.issued)
        {
            let ahead = self.ahead(&snapshot, Place(place));
            let forecast_ms = snapshot.forecast_ms(ahead).unwrap_or(1);
            self.estimates.forecast.made(place, forecast_ms, now_us);
        }
        snapshot
    }

    /// Present users before a place, wherever it is.
    pub(super) fn ahead(&self, snapshot: &Snapshot, place: Place) -> u64 {
        if snapshot.is_invited(place) { self.deck.rank(place) } else { snapshot.ahead(place) }
    }

    /// The configured rate, unless the room is full and people leave more slowly. `None` while
    /// neither is known.
    fn expected_rate_milli(&self) -> Option<u64> {
        let configured = self.settings.rate.map(Rate::per_s_milli);
        if self.slots_free() > 0 {
            return configured;
        }
        let departing = self.estimates.departures.rate_milli()?;
        Some(configured.map_or(departing, |rate| rate.min(departing)))
    }
}
