//! What is said of seats beside their names and prices, with new ones or of those that are there.

use super::super::{Command, Rule};
use super::{AddSeats, save};
use crate::decide::Workbench;
use crate::id::SeatId;
use crate::show::Attribute;
use crate::{Answer, Key, Moment, Refusal, Row, Rows};
use serde::{Deserialize, Serialize};

/// Adds seats, if it names any, and says what some of them are, or some that are there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescribeSeats {
    /// The show, and new seats.
    pub add: AddSeats,
    /// What is said of which seats; nothing takes back what was said.
    pub seats: Vec<(SeatId, Option<Attribute>)>,
    /// Until when seats that are for some are kept for them.
    pub kept: Kept,
}

/// Until when seats that are for some are kept for those who ask for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kept {
    /// As it was said before.
    AsBefore,
    /// As long as there are seats to be had.
    Always,
    /// Until a moment; from then on anybody is given them.
    Until(Moment),
}

impl Rule for DescribeSeats {
    fn keys(&self, command: &Command, rows: &Rows, want: &mut Vec<Key>) {
        self.add.keys(command, rows, want);
    }

    fn decide(&self, command: &Command, bench: &mut Workbench<'_>) -> Answer {
        let show = self.add.show;
        bench.show(show).ok_or(Refusal::UnknownShow(show))?;
        let says_nothing = self.seats.is_empty() && self.kept == Kept::AsBefore;
        if self.add.blocks.is_empty() && says_nothing {
            return Err(Refusal::Empty);
        }
        let mut plan = bench.plan(show);
        self.add.add_to(&mut plan, bench)?;
        let index = plan.index();
        let unknown = self.seats.iter().map(|(seat, _)| *seat);
        let unknown: Vec<SeatId> = unknown.filter(|seat| index.find(*seat).is_none()).collect();
        if !unknown.is_empty() {
            return Err(Refusal::UnknownSeat(unknown));
        }
        for (seat, said) in &self.seats {
            match said {
                Some(said) => plan.attributes.insert(*seat, *said),
                None => plan.attributes.remove(seat),
            };
        }
        match self.kept {
            Kept::AsBefore => {}
            Kept::Always => plan.kept_until = None,
            Kept::Until(moment) => plan.kept_until = Some(moment),
        }
        Ok(save(bench, command, Row::Plan(show, plan)))
    }
}
