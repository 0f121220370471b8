//! The gate in front of a sale: its window, and the waiting room's pass.

use super::Command;
use crate::Refusal;
use crate::decide::Workbench;
use crate::id::RoomId;
use crate::pass::{Admission, PassKey};
use crate::show::Show;

/// Refuses outside the sale window. Staff is refused too: a closed sale is closed.
pub(super) fn check_window(bench: &Workbench<'_>, show: &Show) -> Result<(), Refusal> {
    if bench.now() < show.booking_opens_at {
        Err(Refusal::SaleNotOpen)
    } else if bench.now() >= show.booking_closes_at {
        Err(Refusal::SaleClosed)
    } else {
        Ok(())
    }
}

/// How strictly the time of a pass is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// The pass must be good now.
    Now,
    /// A live hold keeps its pass good for its own payment.
    WhileHeld,
}

/// The pass under which a command comes, if its show stands behind a room.
pub(super) fn check_pass(
    bench: &Workbench<'_>,
    command: &Command,
    show: &Show,
    patience: Patience,
) -> Result<Option<PassKey>, Refusal> {
    let Some(room) = show.room else { return Ok(None) };
    match command.admission {
        Admission::Staff => Ok(None),
        Admission::None => Err(Refusal::AdmissionRequired),
        Admission::Bypass { room: open } if open == room => Ok(None),
        Admission::Bypass { .. } => Err(Refusal::AdmissionExpired),
        Admission::Waiting { .. } if patience == Patience::Now => Err(Refusal::AdmissionRequired),
        Admission::Waiting { key } => unless_over(bench, key, room),
        Admission::Pass { key, good_until } => {
            let in_time = patience == Patience::WhileHeld || bench.now() < good_until;
            if in_time { unless_over(bench, key, room) } else { Err(Refusal::AdmissionExpired) }
        }
    }
}

/// A pass of this room that no payment has used up.
fn unless_over(
    bench: &Workbench<'_>,
    key: PassKey,
    room: RoomId,
) -> Result<Option<PassKey>, Refusal> {
    let good = key.room == room && bench.pass(key).is_none();
    if good { Ok(Some(key)) } else { Err(Refusal::AdmissionExpired) }
}
