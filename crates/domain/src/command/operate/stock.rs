//! The stock: seats and ticket types of a show.

use super::super::{Command, Rule};
use super::{check_version, save};
use crate::decide::Workbench;
use crate::id::{SeatId, ShowId, TicketTypeId};
use crate::seat::{Seat, SeatState};
use crate::show::{SeatBlock, SeatPlan};
use crate::ticket_type::TicketType;
use crate::{Answer, Key, Moment, Money, Refusal, Row, Rows};
use serde::{Deserialize, Serialize};

/// Adds seats to a show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddSeats {
    /// The show.
    pub show: ShowId,
    /// Which seats; their ids were drawn by the caller.
    pub blocks: Vec<BlockOfSeats>,
}

/// Neighbouring seats of one price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockOfSeats {
    /// Their names and ids.
    pub block: SeatBlock,
    /// What each costs.
    pub price: Money,
}

impl Rule for AddSeats {
    fn keys(&self, _command: &Command, _rows: &Rows, want: &mut Vec<Key>) {
        want.push(Key::Show(self.show));
        want.push(Key::Plan(self.show));
        want.extend(self.blocks.iter().flat_map(|added| added.block.seats()).map(Key::Seat));
    }

    fn decide(&self, command: &Command, bench: &mut Workbench<'_>) -> Answer {
        bench.show(self.show).ok_or(Refusal::UnknownShow(self.show))?;
        let mut plan = bench.plan(self.show);
        self.add_to(&mut plan, bench)?;
        Ok(save(bench, command, Row::Plan(self.show, plan)))
    }
}

impl AddSeats {
    /// Adds the seats, and their names to the plan.
    pub(super) fn add_to(
        &self,
        plan: &mut SeatPlan,
        bench: &mut Workbench<'_>,
    ) -> Result<(), Refusal> {
        for BlockOfSeats { block, price } in &self.blocks {
            if price.0 < 0 {
                return Err(Refusal::InvalidAmount);
            }
            if block.count == 0 {
                return Err(Refusal::Empty);
            }
            if plan.blocks.iter().any(|known| known.overlaps(block)) {
                return Err(Refusal::SeatExists);
            }
            for id in block.seats() {
                let seat = Seat { id, show: self.show, price: *price, state: SeatState::Free };
                bench.write(Row::Seat(seat));
            }
            plan.blocks.push(block.clone());
        }
        Ok(())
    }
}

/// Changes seats: their price, or whether they are for sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaveSeats {
    /// The show.
    pub show: ShowId,
    /// Which seats.
    pub seats: Vec<SeatId>,
    /// What changes.
    pub change: SeatChange,
}

/// What changes of a seat. A price applies to holds that come after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SeatChange {
    /// A new price.
    Price(Money),
    /// Out of the sale; only a seat that nobody has.
    Block,
    /// Back into the sale.
    Unblock,
    /// Out of the sale for somebody, or for a reason; a seat that is out already gets another label.
    BlockFor(String),
}

impl Rule for SaveSeats {
    fn keys(&self, _command: &Command, _rows: &Rows, want: &mut Vec<Key>) {
        want.push(Key::Plan(self.show));
        want.extend(self.seats.iter().copied().map(Key::Seat));
    }

    fn decide(&self, command: &Command, bench: &mut Workbench<'_>) -> Answer {
        if self.seats.is_empty() {
            return Err(Refusal::Empty);
        }
        let mut plan = bench.plan(self.show);
        for id in &self.seats {
            let found = bench.seat(*id).filter(|seat| seat.show == self.show);
            let mut seat = found.ok_or_else(|| Refusal::UnknownSeat(vec![*id]))?;
            self.change.apply(&mut seat, bench.now())?;
            match &self.change {
                SeatChange::Price(_) => {}
                SeatChange::Block | SeatChange::Unblock => {
                    plan.labels.remove(id);
                }
                SeatChange::BlockFor(label) => {
                    plan.labels.insert(*id, label.clone());
                }
            }
            bench.write(Row::Seat(seat));
        }
        // The plan is written again, also unchanged: its version tells readers to look anew.
        Ok(save(bench, command, Row::Plan(self.show, plan)))
    }
}

impl SeatChange {
    fn apply(&self, seat: &mut Seat, now: Moment) -> Result<(), Refusal> {
        match self {
            Self::Price(price) if price.0 < 0 => return Err(Refusal::InvalidAmount),
            Self::Price(price) => seat.price = *price,
            Self::Block | Self::BlockFor(_) if seat.can_be_held(now) => {
                seat.state = SeatState::Blocked;
            }
            Self::BlockFor(_) if seat.state == SeatState::Blocked => {}
            Self::Unblock if seat.state == SeatState::Blocked => seat.state = SeatState::Free,
            Self::Block | Self::BlockFor(_) => return Err(Refusal::SeatTaken(vec![seat.id])),
            Self::Unblock => return Err(Refusal::InvalidState),
        }
        Ok(())
    }
}

/// Makes or changes a ticket type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaveTicketType {
    /// Its id.
    pub id: TicketTypeId,
    /// The show; it never changes.
    pub show: ShowId,
    /// What people call it.
    pub name: String,
    /// What one costs.
    pub price: Money,
    /// How many there are; never below what is sold and held.
    pub capacity: u32,
    /// The version the caller knows; 0 for a new one.
    pub expected: Option<u64>,
}

impl Rule for SaveTicketType {
    fn keys(&self, _command: &Command, _rows: &Rows, want: &mut Vec<Key>) {
        want.push(Key::Show(self.show));
        want.push(Key::TicketType(self.id));
    }

    fn decide(&self, command: &Command, bench: &mut Workbench<'_>) -> Answer {
        bench.show(self.show).ok_or(Refusal::UnknownShow(self.show))?;
        check_version(bench, Key::TicketType(self.id), self.expected)?;
        let known = bench.ticket_type(self.id);
        if known.is_some_and(|known| known.show != self.show) {
            return Err(Refusal::UnknownTicketType(self.id));
        }
        let (held, sold) = known.map_or((0, 0), |known| (known.held, known.sold));
        if self.price.0 < 0 {
            return Err(Refusal::InvalidAmount);
        }
        if held.saturating_add(sold) > self.capacity {
            return Err(Refusal::CapacityInUse { used: held.saturating_add(sold) });
        }
        let ticket_type = TicketType {
            id: self.id,
            show: self.show,
            name: self.name.clone(),
            price: self.price,
            capacity: self.capacity,
            held,
            sold,
        };
        Ok(save(bench, command, Row::TicketType(ticket_type)))
    }
}
