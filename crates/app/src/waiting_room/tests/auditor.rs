//! Checks S1, S2, S4 to S6, S8 and S9 of a room from what it answers and records, with a model of
//! its own that shares no code with the room.

use super::*;
use std::collections::HashMap;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Violation {
    TooManyActive,
    TooFast,
    PlaceGivenTwice,
    UserHasTwoPlaces,
    UserHasTwoPasses,
    AdmittedTwice,
    EndedTwice,
    FrontierWentBack,
    ClockWentBack,
    SlotIdle,
}

#[derive(Debug, Clone)]
pub(super) struct Auditor {
    settings: RoomSettings,
    epoch: u16,
    issued: u64,
    live: HashMap<Place, UserKey>,
    places: HashMap<UserKey, Place>,
    active: HashMap<Place, UserKey>,
    clock_us: i64,
    frontier: (u64, u64),
    admissions: Vec<i64>,
    grid_origin_us: Option<i64>,
    rest_until_us: i64,
    pub(super) violations: Vec<Violation>,
}

impl Auditor {
    pub(super) fn new(settings: RoomSettings) -> Self {
        Self {
            settings,
            epoch: 1,
            issued: 0,
            live: HashMap::new(),
            places: HashMap::new(),
            active: HashMap::new(),
            clock_us: 0,
            frontier: (0, 0),
            admissions: Vec::new(),
            grid_origin_us: None,
            rest_until_us: 0,
            violations: Vec::new(),
        }
    }

    /// The room may rest for its longest reaction time after a gap or a restart.
    pub(super) fn excuse_rest(&mut self, now_us: i64) {
        self.rest_until_us = now_us.max(self.clock_us) + 63 * SECOND_US;
    }

    pub(super) fn restart(&mut self, clock_us: i64) {
        self.clock_us = clock_us;
        self.excuse_rest(clock_us);
    }

    pub(super) fn check(&mut self, outcome: &Outcome) {
        let snapshot = &outcome.snapshot;
        self.require(snapshot.clock_us >= self.clock_us, Violation::ClockWentBack);
        if snapshot.clock_us - self.clock_us > SECOND_US {
            self.excuse_rest(snapshot.clock_us);
        }
        self.clock_us = snapshot.clock_us;
        outcome.records.iter().for_each(|record| self.follow(record));
        let frontier = (snapshot.deck_to, snapshot.ripe_to);
        let grew = frontier.0 >= self.frontier.0 && frontier.1 >= self.frontier.1;
        self.require(grew && frontier.1 <= frontier.0, Violation::FrontierWentBack);
        self.frontier = frontier;
        self.check_progress(outcome);
    }

    fn follow(&mut self, record: &Record) {
        match record {
            Record::Clock { .. }
            | Record::Frontier { .. }
            | Record::Renewed { .. }
            | Record::Claimed { .. }
            | Record::Extended { .. }
            | Record::Called { .. } => {}
            Record::Joined { user } => {
                self.issued += 1;
                let place = Place(self.issued);
                let is_new = self.live.insert(place, *user).is_none();
                self.require(is_new, Violation::PlaceGivenTwice);
                let is_only = self.places.insert(*user, place).is_none();
                self.require(is_only, Violation::UserHasTwoPlaces);
            }
            Record::Admitted { place, .. } => self.admit(*place),
            Record::Lapsed { place } => {
                self.active.remove(place);
            }
            Record::Ended { place, .. } => {
                self.active.remove(place);
                let user = self.live.remove(place);
                self.require(user.is_some(), Violation::EndedTwice);
                user.map(|user| self.places.remove(&user));
            }
            Record::Changed(settings) => self.change(settings),
            Record::Reset => {
                let kept = (self.settings.clone(), self.admissions.clone(), self.grid_origin_us);
                let (clock_us, rest_until_us, violations, epoch) = (
                    self.clock_us,
                    self.rest_until_us,
                    std::mem::take(&mut self.violations),
                    self.epoch + 1,
                );
                *self = Self::new(kept.0);
                (self.admissions, self.grid_origin_us) = (kept.1, kept.2);
                (self.clock_us, self.rest_until_us) = (clock_us, rest_until_us);
                (self.violations, self.epoch) = (violations, epoch);
            }
        }
    }

    fn admit(&mut self, place: Place) {
        let Some(user) = self.live.get(&place).copied() else {
            return self.violations.push(Violation::EndedTwice);
        };
        let has_pass = self.active.values().any(|other| *other == user);
        self.require(!has_pass, Violation::UserHasTwoPasses);
        let is_first = self.active.insert(place, user).is_none();
        self.require(is_first, Violation::AdmittedTwice);
        let limit = self.settings.active_max.map_or(usize::MAX, |n| n as usize);
        self.require(self.active.len() <= limit, Violation::TooManyActive);
        self.admissions.push(self.clock_us);
        self.grid_origin_us.get_or_insert(self.clock_us);
        self.check_rate();
    }

    /// Every window that ends now, or the grid's cell that holds now.
    fn check_rate(&mut self) {
        let Some(rate) = self.settings.rate else { return };
        let length_us = i64::try_from(rate.interval_ms * 1_000).unwrap();
        let users = i64::from(rate.users);
        let now_us = self.clock_us;
        let within = match rate.shape {
            Shape::Grid => {
                let origin_us = self.grid_origin_us.unwrap_or(now_us);
                let cell = |us: i64| (us - origin_us).div_euclid(length_us);
                let used = self.admissions.iter().filter(|us| cell(**us) == cell(now_us)).count();
                i64::try_from(used).unwrap() <= users
            }
            Shape::Smooth { burst } => self.admissions.iter().rev().zip(1_i64..).all(|(us, n)| {
                n * length_us <= i64::from(burst) * length_us + (now_us - us) * users
            }),
        };
        self.require(within, Violation::TooFast);
    }

    fn change(&mut self, settings: &RoomSettings) {
        if settings.rate != self.settings.rate {
            let grid = |s: &RoomSettings| {
                s.rate.filter(|rate| rate.shape == Shape::Grid).map(|rate| rate.interval_ms)
            };
            if grid(settings) != grid(&self.settings) {
                self.grid_origin_us = Some(self.clock_us);
                self.admissions.clear();
            } else if grid(settings).is_none() {
                self.admissions.clear();
            }
        }
        self.settings = settings.clone();
    }

    /// Whoever has just shown up, is ripe, and finds a slot and no rate in the way, is inside.
    fn check_progress(&mut self, outcome: &Outcome) {
        let limit = self.settings.active_max.map_or(usize::MAX, |n| n as usize);
        let is_open = matches!(self.settings.mode, Mode::Open | Mode::Draining);
        if !is_open
            || self.settings.rate.is_some()
            || self.active.len() >= limit
            || self.clock_us < self.rest_until_us
        {
            return;
        }
        let is_idle = outcome.touched.iter().flatten().any(|position| {
            position.standing == Standing::OnDeck && position.place.0 <= outcome.snapshot.ripe_to
        });
        self.require(!is_idle, Violation::SlotIdle);
    }

    fn require(&mut self, holds: bool, violation: Violation) {
        if !holds {
            self.violations.push(violation);
        }
    }
}
