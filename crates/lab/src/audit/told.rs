//! Who was told of what: the requests that prove a finding about reservations.

use super::commands::Command;
use crate::history::Op;
use crate::state::Reservation;
use std::collections::HashMap;

/// The request that was told of each reservation, and when.
pub(super) struct Told {
    by_reservation: HashMap<u64, Answer>,
    /// Whoever confirms a payment is told of that, and the reservation carries it.
    by_payment: HashMap<u64, Answer>,
}

#[derive(Clone, Copy)]
struct Answer {
    at_ns: u64,
    request: u64,
}

impl Told {
    pub(super) fn of(commands: &[Command<'_>]) -> Self {
        let mut told = Self { by_reservation: HashMap::new(), by_payment: HashMap::new() };
        for command in commands {
            let (Some(id), Some(at_ns)) = (command.named(), command.returned_ns) else { continue };
            let by = match command.asked.op {
                Op::Hold | Op::Take => &mut told.by_reservation,
                Op::Confirm => &mut told.by_payment,
                _ => continue,
            };
            by.entry(id).or_insert(Answer { at_ns, request: command.number });
        }
        told
    }

    fn answer(&self, found: &Reservation) -> Option<Answer> {
        let confirmed = || self.by_payment.get(&found.payment?);
        self.by_reservation.get(&found.id).or_else(confirmed).copied()
    }

    /// The requests that were told of these.
    pub(super) fn requests<'a>(&self, found: impl Iterator<Item = &'a Reservation>) -> Vec<u64> {
        found.filter_map(|found| Some(self.answer(found)?.request)).collect()
    }

    /// The requests that were told of what goes beyond a limit, each reservation with so many of what
    /// is limited: whoever was told first is within it, and whoever never was comes last.
    pub(super) fn beyond<'a>(
        &self,
        limit: i64,
        found: impl Iterator<Item = (&'a Reservation, i64)>,
    ) -> Vec<u64> {
        let mut claims: Vec<(Option<Answer>, i64)> = found
            .filter(|(_, many)| *many > 0)
            .map(|(found, many)| (self.answer(found), many))
            .collect();
        claims.sort_by_key(|(answer, _)| answer.map_or(u64::MAX, |answer| answer.at_ns));
        let mut sum = 0;
        let beyond = claims.into_iter().filter(|(_, many)| {
            sum += many;
            sum > limit
        });
        beyond.filter_map(|(answer, _)| Some(answer?.request)).collect()
    }
}
