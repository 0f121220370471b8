//! A waiting room, embedded: state in memory, one operation, no I/O, no clock, no chance. Whoever
//! calls [`Room::exchange`] gives the time, makes the records durable and then answers.
//!
//! Order inside an exchange: clock, controls, extensions, expiry, frontier, ends, joins, touches,
//! admission, claims. A user whose question is answered in the exchange that calls him has been
//! told, so his call is claimed at once.

mod admit;
mod apply;
mod people;
mod report;
mod saved;
mod whole;

pub use saved::Checkpoint;
pub use whole::WholeRoom;

use super::batch::{Batch, Control, Extension, Outcome};
use super::called::CalledLog;
use super::credit::Credit;
use super::deck::Deck;
use super::estimate::Estimates;
use super::frontier::Frontier;
use super::gauges::Totals;
use super::pace::Pace;
use super::place::{Generation, Place, UserKey};
use super::record::{EndReason, Record};
use super::register::Register;
use super::rules::{Rule, Rules};
use super::settings::{Mode, RoomSettings, SettingsProblem, micros};
use super::slots::{Slot, Slots};

/// Silent users are taken off the deck this often.
const SWEEP_EVERY_US: i64 = 250_000;

/// A waiting room.
#[derive(Debug, Clone)]
pub struct Room {
    id: u32,
    epoch: u16,
    settings: RoomSettings,
    clock_us: i64,
    register: Register,
    slots: Slots,
    deck: Deck,
    frontier: Frontier,
    pace: Pace,
    credit: Credit,
    called: CalledLog,
    /// Everybody up to here had a turn; ahead of what the log says by half a minute at most.
    called_to: u64,
    estimates: Estimates,
    totals: Totals,
    /// Nobody is admitted before this: after a stall everybody is given the time to come back.
    rest_until_us: i64,
    sweep_at_us: i64,
    /// From when on somebody could have been admitted, if nothing else happened.
    ready_at_us: Option<i64>,
    rules: Rules,
    records: Vec<Record>,
}

impl Room {
    /// An empty room.
    ///
    /// # Errors
    /// A setting that cannot be.
    pub fn new(id: u32, settings: RoomSettings, now_us: i64) -> Result<Self, SettingsProblem> {
        settings.validate()?;
        Ok(Self {
            id,
            epoch: 1,
            pace: Pace::fresh(apply::speed_milli(&settings), settings.react_us()),
            settings,
            clock_us: now_us,
            register: Register::starting_at(now_us),
            slots: Slots::default(),
            deck: Deck::default(),
            frontier: Frontier::default(),
            credit: Credit::default(),
            called: CalledLog::default(),
            called_to: 0,
            estimates: Estimates::default(),
            totals: Totals::default(),
            rest_until_us: i64::MIN,
            sweep_at_us: i64::MIN,
            ready_at_us: None,
            rules: Rules::default(),
            records: Vec::new(),
        })
    }

    /// Everything that happens at one moment. The records of the outcome must be durable before
    /// anybody is told anything.
    pub fn exchange(&mut self, now_us: i64, batch: &Batch) -> Outcome {
        let frontier_before = (self.epoch, self.frontier.deck_to, self.frontier.ripe_to);
        self.pass_time(now_us);
        let controlled = batch.controls.iter().map(|control| self.control(control)).collect();
        let extended = batch.extensions.iter().map(|extension| self.extend(*extension)).collect();
        self.expire();
        self.move_frontier();
        let ended = batch.ends.iter().map(|end| self.end(*end)).collect();
        let joined: Vec<_> = batch.joins.iter().map(|join| self.join(*join)).collect();
        let touched: Vec<_> = batch.touches.iter().map(|touch| self.touch(*touch)).collect();
        let admitted_now = self.admit();
        for place in joined.iter().flatten().map(|(place, _)| place).chain(touched.iter().flatten())
        {
            self.claim(*place);
        }
        self.log_called();
        let snapshot = self.foresee();
        Outcome {
            joined: joined
                .into_iter()
                .map(|join| join.map(|(place, existing)| self.joined(&snapshot, place, existing)))
                .collect(),
            touched: touched
                .into_iter()
                .map(|touch| touch.map(|place| self.position(&snapshot, place)))
                .collect(),
            snapshot,
            controlled,
            extended,
            ended,
            admitted_now,
            records: self.take_records(frontier_before),
        }
    }

    /// Whether time alone can change anything.
    pub fn is_restless(&self) -> bool {
        self.register.live() > 0 || matches!(self.settings.mode, Mode::Bypass { .. })
    }

    /// The settings that hold.
    pub fn settings(&self) -> &RoomSettings {
        &self.settings
    }

    /// Whose place it is, if it is live.
    pub fn member(&self, place: Place) -> Option<(UserKey, Generation)> {
        self.register.member(place).map(|member| (member.user, member.generation))
    }

    /// The pass of a place: until when, and whether it was claimed.
    pub fn pass(&self, place: Place) -> Option<(i64, bool)> {
        self.slots.get(place).map(|slot| (slot.deadline_us, slot.claimed))
    }

    /// How a place is inside, with the generation of its token.
    pub(super) fn slot(&self, place: Place) -> Option<(Slot, Generation)> {
        let generation = self.register.member(place)?.generation;
        self.slots.get(place).map(|slot| (slot, generation))
    }

    /// The places that are called or inside.
    pub(super) fn inside(&self) -> impl Iterator<Item = Place> {
        self.slots.iter().map(|(place, _)| place)
    }

    /// The slots that are taken: called and claimed.
    pub fn slots(&self) -> impl Iterator<Item = (Place, Slot)> {
        self.slots.iter()
    }

    /// Never goes back. A gap longer than the slack, while people wait, was a stall of ours and no
    /// absence of theirs.
    fn pass_time(&mut self, now_us: i64) {
        let before_us = self.clock_us;
        self.clock_us = before_us.max(now_us);
        self.count_idleness();
        let gap_us = self.clock_us.saturating_sub(before_us);
        if gap_us > micros(self.settings.react_slack_ms) && self.waiting() > 0 {
            self.rest();
        }
        self.pace.settle(self.clock_us);
        if let Mode::Bypass { until_us } = self.settings.mode
            && self.clock_us >= until_us
        {
            let settings = RoomSettings { mode: Mode::Open, ..self.settings.clone() };
            self.commit(Record::Changed(Box::new(settings)));
        }
    }

    #[cfg(test)]
    pub(super) fn without(mut self, broken: &'static [Rule]) -> Self {
        self.rules = Rules::without(broken);
        self
    }

    /// Nobody is admitted until everybody had the time to come back.
    fn rest(&mut self) {
        if self.rules.hold(Rule::RestAfterStall) {
            self.rest_until_us = self.clock_us.saturating_add(self.pace.react_us);
        }
    }

    fn control(&mut self, control: &Control) -> Result<(), SettingsProblem> {
        match control {
            Control::Change(settings) => {
                settings.validate()?;
                self.commit(Record::Changed(settings.clone()));
            }
            Control::Reset => self.commit(Record::Reset),
        }
        Ok(())
    }

    /// A deadline only ever moves forward, and never farther than the settings allow: neither from
    /// now, nor from the call, else holding and releasing in turns would keep a pass for ever.
    fn extend(&mut self, extension: Extension) -> Option<i64> {
        let slot = self.slots.get(extension.place)?;
        let most_us = micros(self.settings.extension_ms_max);
        let own_us =
            micros(self.settings.claim_ms).saturating_add(micros(self.settings.pass_ttl_ms));
        let from_us = if self.rules.hold(Rule::ExtensionsEnd) {
            self.clock_us.min(slot.called_us.saturating_add(own_us))
        } else {
            self.clock_us
        };
        let latest_us = from_us.saturating_add(most_us);
        let deadline_us = extension.until_us.min(latest_us).max(slot.deadline_us);
        if deadline_us > slot.deadline_us {
            self.commit(Record::Extended { place: extension.place, deadline_us });
        }
        Some(deadline_us)
    }

    /// A claimed pass that ran out is over; a call that nobody claimed keeps its place.
    fn expire(&mut self) {
        while let Some((deadline_us, place)) = self.slots.first_due()
            && deadline_us <= self.clock_us
        {
            let is_claimed = self.slots.get(place).is_some_and(|slot| slot.claimed);
            if is_claimed || !self.rules.hold(Rule::LapseKeepsPlace) {
                self.commit(Record::Ended { place, reason: EndReason::Expired });
            } else {
                self.commit(Record::Lapsed { place });
            }
        }
    }

    fn move_frontier(&mut self) {
        if self.clock_us >= self.sweep_at_us && self.rules.hold(Rule::OnlyPresent) {
            self.deck.sweep(self.clock_us.saturating_sub(self.pace.react_us));
            self.sweep_at_us = self.clock_us.saturating_add(SWEEP_EVERY_US);
        }
        if !self.settings.presence {
            self.frontier.level(self.frontier.deck_to);
            return;
        }
        if let Some(before) = self.frontier.ripen(self.clock_us, self.pace.react_us) {
            self.count_present(before);
        }
        let wants_more = self.deck.len() < self.deck_target();
        let issued = self.register.issued();
        self.frontier.invite(self.clock_us, issued, wants_more, &self.pace);
    }

    /// Changes the room and remembers that the change must be durable.
    fn commit(&mut self, record: Record) {
        self.apply(&record);
        self.records.push(record);
    }

    fn take_records(&mut self, before: (u16, u64, u64)) -> Vec<Record> {
        let Frontier { deck_to, ripe_to, .. } = self.frontier;
        let has_moved = before != (self.epoch, deck_to, ripe_to);
        let mut records = std::mem::take(&mut self.records);
        if has_moved || !records.is_empty() {
            records.insert(0, Record::Clock { clock_us: self.clock_us });
        }
        if has_moved {
            records.push(Record::Frontier { deck_to, ripe_to });
        }
        records
    }
}
