//! How a record changes the room. The live room and its recovery use this same function, so a
//! recovered room cannot differ in anything that was ever told to anybody.

use super::Room;
use crate::waiting_room::called::CalledLog;
use crate::waiting_room::deck::Deck;
use crate::waiting_room::estimate::Estimates;
use crate::waiting_room::frontier::Frontier;
use crate::waiting_room::place::Place;
use crate::waiting_room::record::{EndReason, Record};
use crate::waiting_room::register::Register;
use crate::waiting_room::rules::Rule;
use crate::waiting_room::settings::{RoomSettings, micros};
use crate::waiting_room::slots::{Slot, Slots};

/// A room without a rate is taken to fill its slots in so many seconds.
const FILL_S: u64 = 8;
/// Thousandths per second: what counts as "no limit" when a speed is wanted.
const UNLIMITED_MILLI: u64 = 10_000_000;
/// Nobody is invited slower than this, thousandths of a place per second.
const INVITE_MILLI_MIN: u64 = 10_000;

impl Room {
    pub(super) fn apply(&mut self, record: &Record) {
        match record {
            Record::Clock { clock_us } => {
                self.clock_us = self.clock_us.max(*clock_us);
                self.pace.settle(self.clock_us);
            }
            Record::Frontier { deck_to, ripe_to } => {
                self.frontier.resume(*deck_to, *ripe_to, self.clock_us, self.pace.react_us);
            }
            Record::Joined { user } => {
                self.register.add(*user, self.clock_us);
            }
            Record::Renewed { place } => self.register.renew(*place),
            Record::Admitted { place, deadline_us } => self.apply_admitted(*place, *deadline_us),
            Record::Claimed { place, deadline_us } | Record::Extended { place, deadline_us } => {
                if let Some(slot) = self.slots.get(*place) {
                    let slot = Slot { deadline_us: *deadline_us, claimed: true, ..slot };
                    self.slots.put(*place, slot);
                }
            }
            Record::Lapsed { place } => {
                self.free_slot(*place);
                self.register.see(*place, self.clock_us);
                self.totals.no_show_total += 1;
            }
            Record::Ended { place, reason } => self.apply_ended(*place, *reason),
            Record::Called { to } => {
                let grace_us = self.settings.grace_ms.map(micros);
                self.called.write(self.clock_us, *to, grace_us);
                self.called_to = self.called_to.max(*to);
            }
            Record::Changed(settings) => self.apply_changed(settings),
            Record::Reset => self.apply_reset(),
        }
    }

    fn apply_admitted(&mut self, place: Place, deadline_us: i64) {
        let Some(member) = self.register.member(place) else { return };
        self.deck.leave(place);
        let called_us = self.clock_us;
        self.slots.put(place, Slot { user: member.user, called_us, deadline_us, claimed: false });
        if self.rules.hold(Rule::CreditIsSpent) {
            self.credit.spend(self.settings.rate, self.clock_us);
        }
        self.called_to = self.called_to.max(place.0);
        self.totals.admitted_total += 1;
    }

    fn apply_ended(&mut self, place: Place, reason: EndReason) {
        self.free_slot(place);
        self.deck.leave(place);
        self.register.end(place);
        self.totals.end(reason);
    }

    fn apply_changed(&mut self, settings: &RoomSettings) {
        self.credit.change(self.settings.rate, settings.rate, self.clock_us);
        let promise_ms = self.settings.poll_ceiling_ms().max(settings.poll_ceiling_ms());
        let speed_milli = speed_milli(settings);
        if speed_milli != self.pace.promised_milli
            || settings.react_us() != self.settings.react_us()
        {
            let react_us = settings.react_us();
            self.pace.aim(speed_milli, react_us, micros(promise_ms), self.clock_us);
            if !self.rules.hold(Rule::OldPromisesHold) {
                self.pace = super::Pace::fresh(speed_milli, react_us);
            }
        }
        self.settings = settings.clone();
    }

    /// The rate that was spent stays spent: a reset admits nobody sooner.
    fn apply_reset(&mut self) {
        self.epoch = self.epoch.wrapping_add(1);
        self.register = Register::starting_at(self.clock_us);
        self.slots = Slots::default();
        self.deck = Deck::default();
        self.frontier = Frontier::default();
        self.called = CalledLog::default();
        self.called_to = 0;
        self.estimates = Estimates::default();
    }

    fn free_slot(&mut self, place: Place) {
        if self.slots.remove(place).is_some() {
            self.estimates.departures.note();
        }
    }
}

/// How fast the deck is invited, thousandths of a place per second.
pub(super) fn speed_milli(settings: &RoomSettings) -> u64 {
    if let Some(invite_per_s) = settings.invite_per_s {
        return u64::from(invite_per_s) * 1_000;
    }
    let filling = settings.active_max.map_or(UNLIMITED_MILLI, |n| u64::from(n) * 1_000 / FILL_S);
    let rate = settings.rate.map_or(UNLIMITED_MILLI, super::super::settings::Rate::per_s_milli);
    (filling.min(rate) * 5).max(INVITE_MILLI_MIN)
}
