//! The catalogue: concerts, shows and waiting rooms.

use super::super::{Command, Rule};
use super::{check_version, save};
use crate::concert::Concert;
use crate::decide::Workbench;
use crate::id::{RoomId, ShowId};
use crate::show::Show;
use crate::{Answer, Key, Moment, Refusal, Row, Rows};
use serde::{Deserialize, Serialize};

/// Makes or changes a concert. Its dates come from its shows and its currency stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaveConcert {
    /// As it shall be.
    pub concert: Concert,
    /// The version the caller knows; 0 for a new one.
    pub expected: Option<u64>,
}

impl Rule for SaveConcert {
    fn keys(&self, _command: &Command, _rows: &Rows, want: &mut Vec<Key>) {
        want.push(Key::Concert(self.concert.id));
    }

    fn decide(&self, command: &Command, bench: &mut Workbench<'_>) -> Answer {
        let key = Key::Concert(self.concert.id);
        check_version(bench, key, self.expected)?;
        let mut concert = self.concert.clone();
        (concert.first_at, concert.last_at) = (Moment::MAX, Moment::MIN);
        if let Some(Row::Concert(known)) = bench.row(key) {
            if known.currency != concert.currency {
                return Err(Refusal::CurrencyMismatch);
            }
            (concert.first_at, concert.last_at) = (known.first_at, known.last_at);
        }
        Ok(save(bench, command, Row::Concert(concert)))
    }
}

/// Makes or changes a show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaveShow {
    /// As it shall be; its currency is its concert's.
    pub show: Show,
    /// The version the caller knows; 0 for a new one.
    pub expected: Option<u64>,
}

impl Rule for SaveShow {
    fn keys(&self, _command: &Command, _rows: &Rows, want: &mut Vec<Key>) {
        want.push(Key::Concert(self.show.concert));
        want.push(Key::Show(self.show.id));
        want.extend(self.show.room.map(Key::Room));
    }

    fn decide(&self, command: &Command, bench: &mut Workbench<'_>) -> Answer {
        self.save(command, bench, None)
    }
}

impl SaveShow {
    /// `others` are all other shows of the concert, where they are known; else its dates can only
    /// grow by those of this one.
    fn save(
        &self,
        command: &Command,
        bench: &mut Workbench<'_>,
        others: Option<&[ShowId]>,
    ) -> Answer {
        check_version(bench, Key::Show(self.show.id), self.expected)?;
        let Some(Row::Concert(concert)) = bench.row(Key::Concert(self.show.concert)) else {
            return Err(Refusal::UnknownParent);
        };
        let mut concert = concert.clone();
        if self.show.room.is_some_and(|room| bench.row(Key::Room(room)).is_none()) {
            return Err(Refusal::UnknownParent);
        }
        let moved = bench.show(self.show.id).is_some_and(|show| show.concert != concert.id);
        if moved {
            return Err(Refusal::InvalidState);
        }
        let ordered = self.show.opens_at < self.show.closes_at
            && self.show.booking_opens_at < self.show.booking_closes_at;
        if !ordered {
            return Err(Refusal::InvalidWindow);
        }
        if let Some(others) = others {
            let others = others.iter().filter_map(|id| bench.show(*id));
            let dates = || others.clone().map(|show| show.opens_at);
            concert.first_at = dates().min().unwrap_or(Moment::MAX);
            concert.last_at = dates().max().unwrap_or(Moment::MIN);
        }
        concert.first_at = concert.first_at.min(self.show.opens_at);
        concert.last_at = concert.last_at.max(self.show.opens_at);
        let show = Show { currency: concert.currency, ..self.show.clone() };
        bench.write(Row::Concert(concert));
        Ok(save(bench, command, Row::Show(show)))
    }
}

/// Changes a show, also its date: the concert's dates are found anew among all its shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveShow {
    /// The change.
    pub save: SaveShow,
    /// The version of the concert whose other shows these are. Whoever makes or changes a show
    /// changes its concert; where somebody did meanwhile, the dates can only grow.
    pub concert_version: u64,
    /// All other shows of the concert.
    pub others: Vec<ShowId>,
}

impl Rule for MoveShow {
    fn keys(&self, command: &Command, rows: &Rows, want: &mut Vec<Key>) {
        self.save.keys(command, rows, want);
        want.extend(self.others.iter().copied().map(Key::Show));
    }

    fn decide(&self, command: &Command, bench: &mut Workbench<'_>) -> Answer {
        let version = bench.version(Key::Concert(self.save.show.concert));
        let others = (version == self.concert_version).then_some(&self.others[..]);
        self.save.save(command, bench, others)
    }
}

/// Makes or changes a waiting room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaveRoom {
    /// Which.
    pub id: RoomId,
    /// What people call it.
    pub name: String,
    /// Its settings as JSON, checked by the caller.
    pub settings: String,
    /// The version the caller knows; 0 for a new one.
    pub expected: Option<u64>,
}

impl Rule for SaveRoom {
    fn keys(&self, _command: &Command, _rows: &Rows, want: &mut Vec<Key>) {
        want.push(Key::Room(self.id));
    }

    fn decide(&self, command: &Command, bench: &mut Workbench<'_>) -> Answer {
        check_version(bench, Key::Room(self.id), self.expected)?;
        let (id, name, settings) = (self.id, self.name.clone(), self.settings.clone());
        Ok(save(bench, command, Row::Room { id, name, settings }))
    }
}
