//! Operate: what operators change, accounts, who is let in at the door and who sits elsewhere. Who may do it is
//! checked before.

mod account;
mod admit;
mod catalogue;
mod describe;
mod rehearse;
mod reseat;
mod stock;

pub use account::{CloseAccount, OpenAccount, SaveOperator};
pub use admit::Admit;
pub use catalogue::{MoveShow, SaveConcert, SaveRoom, SaveShow};
pub use describe::{DescribeSeats, Kept};
pub use rehearse::Rehearse;
pub use reseat::Reseat;
pub use stock::{AddSeats, BlockOfSeats, SaveSeats, SaveTicketType, SeatChange};

use super::{Command, Rule};
use crate::decide::Workbench;
use crate::{Answer, Happening, Key, Outcome, Refusal, Row, Rows};
use serde::{Deserialize, Serialize};

/// A change of what is for sale, or of who may take part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operate {
    /// See [`SaveConcert`].
    SaveConcert(SaveConcert),
    /// See [`SaveShow`].
    SaveShow(SaveShow),
    /// See [`SaveRoom`].
    SaveRoom(SaveRoom),
    /// See [`AddSeats`].
    AddSeats(AddSeats),
    /// See [`SaveSeats`].
    SaveSeats(SaveSeats),
    /// See [`SaveTicketType`].
    SaveTicketType(SaveTicketType),
    /// See [`SaveOperator`].
    SaveOperator(SaveOperator),
    /// See [`OpenAccount`].
    OpenAccount(OpenAccount),
    /// See [`CloseAccount`].
    CloseAccount(CloseAccount),
    /// See [`Admit`].
    Admit(Admit),
    /// See [`Rehearse`].
    Rehearse(Rehearse),
    /// See [`MoveShow`].
    MoveShow(MoveShow),
    /// See [`DescribeSeats`].
    DescribeSeats(DescribeSeats),
    /// See [`Reseat`].
    Reseat(Reseat),
}

impl Operate {
    /// Whether it makes a part of the programme, and does not change one.
    pub(super) fn makes_for_ever(&self) -> bool {
        let expected = match self {
            Self::SaveConcert(save) => save.expected,
            Self::SaveShow(save) => save.expected,
            Self::SaveRoom(save) => save.expected,
            Self::SaveTicketType(save) => save.expected,
            Self::AddSeats(_) => Some(0),
            Self::DescribeSeats(described) => (!described.add.blocks.is_empty()).then_some(0),
            Self::SaveSeats(_)
            | Self::SaveOperator(_)
            | Self::OpenAccount(_)
            | Self::CloseAccount(_)
            | Self::Admit(_)
            | Self::Rehearse(_)
            | Self::MoveShow(_)
            | Self::Reseat(_) => None,
        };
        expected == Some(0)
    }

    fn rule(&self) -> &dyn Rule {
        match self {
            Self::SaveConcert(save) => save,
            Self::SaveShow(save) => save,
            Self::SaveRoom(save) => save,
            Self::AddSeats(add) => add,
            Self::SaveSeats(save) => save,
            Self::SaveTicketType(save) => save,
            Self::SaveOperator(save) => save,
            Self::OpenAccount(open) => open,
            Self::CloseAccount(close) => close,
            Self::Admit(admit) => admit,
            Self::Rehearse(rehearse) => rehearse,
            Self::MoveShow(change) => change,
            Self::DescribeSeats(described) => described,
            Self::Reseat(reseat) => reseat,
        }
    }
}

impl Rule for Operate {
    fn keys(&self, command: &Command, rows: &Rows, want: &mut Vec<Key>) {
        self.rule().keys(command, rows, want);
    }

    fn decide(&self, command: &Command, bench: &mut Workbench<'_>) -> Answer {
        self.rule().decide(command, bench)
    }
}

/// Refuses when the caller knows another version than there is.
fn check_version(bench: &Workbench<'_>, key: Key, expected: Option<u64>) -> Result<(), Refusal> {
    let version = bench.version(key);
    match expected {
        Some(expected) if expected != version => Err(Refusal::VersionConflict { version }),
        Some(_) | None => Ok(()),
    }
}

/// Writes a row and tells who did it.
fn save(bench: &mut Workbench<'_>, command: &Command, row: Row) -> Outcome {
    let key = row.key();
    bench.write(row);
    bench.tell(key, Happening::Changed { by: command.actor.to_string() });
    Outcome::Saved { key, version: bench.version_after(key) }
}
