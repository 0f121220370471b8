//! A simulated crowd in front of a room, four ticks a second. The present keep the promise: they
//! poll when they were told to, late by no more than the slack covers, and answer far polls from
//! a view that may be a tick old. The absent joined and are gone.

use super::*;
use std::collections::BTreeSet;

const TICK_US: i64 = 250_000;

pub(super) struct Crowd {
    pub(super) room: Room,
    pub(super) now_us: i64,
    people: Vec<Person>,
    /// Promise-keepers in line, in order.
    keepers: BTreeSet<Place>,
    session_us: i64,
    view: Snapshot,
    chance: u64,
    pub(super) overtakes: u64,
    pub(super) active_max_seen: u64,
    pub(super) polls: u64,
    /// While true, no request reaches the room and the room does not tick.
    pub(super) is_down: bool,
}

struct Person {
    n: u64,
    place: Place,
    is_present: bool,
    polls_at_us: i64,
    leaves_at_us: Option<i64>,
    is_done: bool,
}

impl Crowd {
    /// So many users join at once; so many of a hundred stay.
    pub(super) fn new(mut room: Room, users: u64, present_percent: u64, session_s: i64) -> Self {
        let mut people = Vec::new();
        let mut chance = 88_172_645_463_325_252;
        for n in 0..users {
            let joined = room.exchange(0, &join(n)).joined[0].unwrap();
            // Whoever is inside at once was there.
            let is_active = matches!(joined.position.standing, Standing::Active { .. });
            let is_present = draw(&mut chance) % 100 < present_percent || is_active;
            let polls_at_us = i64::try_from(draw(&mut chance) % 2_000_000).unwrap();
            let (place, leaves_at_us, is_done) = (joined.position.place, None, false);
            people.push(Person { n, place, is_present, polls_at_us, leaves_at_us, is_done });
        }
        let waiting =
            people.iter().filter(|person| person.is_present && room.pass(person.place).is_none());
        Self {
            keepers: waiting.map(|person| person.place).collect(),
            view: room.snapshot(),
            room,
            now_us: 0,
            people,
            session_us: session_s * SECOND_US,
            chance,
            overtakes: 0,
            active_max_seen: 0,
            polls: 0,
            is_down: false,
        }
    }

    pub(super) fn run(&mut self, seconds: i64) {
        let until_us = self.now_us + seconds * SECOND_US;
        while self.now_us < until_us {
            self.now_us += TICK_US;
            if !self.is_down {
                self.tick();
            }
        }
    }

    pub(super) fn set(&mut self, settings: RoomSettings) {
        let change = Control::Change(Box::new(settings));
        let batch = Batch { controls: vec![change], ..Batch::default() };
        let outcome = self.room.exchange(self.now_us, &batch);
        self.follow(&outcome);
    }

    /// The room is killed and rebuilt from what is durable.
    pub(super) fn kill(&mut self, empty: Room) {
        let image = self.room.checkpoint().encode();
        self.room = empty.recover(Some(&image), &[], self.now_us).unwrap();
        self.view = self.room.snapshot();
    }

    /// Whoever could not poll tries again within the poll floor.
    pub(super) fn scatter(&mut self) {
        for person in &mut self.people {
            let wait_us = i64::try_from(draw(&mut self.chance) % 2_000_000).unwrap();
            person.polls_at_us = person.polls_at_us.max(self.now_us + wait_us);
        }
    }

    pub(super) fn admitted(&self) -> u64 {
        self.room.gauges().totals.admitted_total
    }

    fn tick(&mut self) {
        let mut batch = Batch::default();
        let mut touching = Vec::new();
        for (index, person) in self.people.iter_mut().enumerate() {
            if person.is_done || !person.is_present {
                continue;
            }
            let user = user(person.n);
            if person.leaves_at_us.is_some_and(|at_us| at_us <= self.now_us) {
                batch.ends.push(End { user, place: None, reason: EndReason::Paid });
                person.is_done = true;
            } else if person.leaves_at_us.is_none() && person.polls_at_us <= self.now_us {
                self.polls += 1;
                let (place, chance) = (person.place, draw(&mut self.chance));
                if self.view.is_invited(place) {
                    let generation = Generation(0);
                    batch.touches.push(Touch { place, user: Some(user), generation });
                    touching.push(index);
                } else {
                    person.polls_at_us = self.now_us + promise_us(&self.view, place, chance);
                }
            }
        }
        let outcome = self.room.exchange(self.now_us, &batch);
        self.follow(&outcome);
        for (index, touched) in touching.into_iter().zip(&outcome.touched) {
            let person = &mut self.people[index];
            match touched.map(|position| position.standing) {
                Ok(Standing::Active { .. }) => {
                    let spread = draw(&mut self.chance) % 2_000;
                    let session_us = self.session_us / 1_000 * i64::try_from(spread).unwrap();
                    person.leaves_at_us = Some(self.now_us + session_us);
                }
                Ok(Standing::OnDeck | Standing::Waiting) => {
                    let promise = promise_us(&self.view, person.place, draw(&mut self.chance));
                    person.polls_at_us = self.now_us + promise;
                }
                Err(gone) => panic!("a promise-keeper was told {gone}"),
            }
        }
    }

    fn follow(&mut self, outcome: &Outcome) {
        for admission in &outcome.admitted_now {
            self.keepers.remove(&admission.place);
            let first = self.keepers.first();
            self.overtakes += u64::from(first.is_some_and(|first| *first < admission.place));
        }
        let snapshot = &outcome.snapshot;
        self.active_max_seen = self.active_max_seen.max(snapshot.called + snapshot.claimed);
        self.view = snapshot.clone();
    }
}

fn promise_us(view: &Snapshot, place: Place, chance: u64) -> i64 {
    let chance_of_room = u32::try_from(chance >> 32).unwrap();
    let request_us = i64::try_from(chance % 300_000).unwrap();
    i64::try_from(view.next_poll_ms(place, chance_of_room)).unwrap() * 1_000 + request_us
}

/// A xorshift: enough chance for a crowd, the same on every run.
fn draw(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}
