//! A seat: the row that is the truth about who has it.

use crate::id::{ReservationId, SeatId, ShowId};
use crate::{Moment, Money};
use serde::{Deserialize, Serialize};

/// One seat of one show. Its name stands in the show's plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    /// Its id.
    pub id: SeatId,
    /// The show it belongs to.
    pub show: ShowId,
    /// What it costs.
    pub price: Money,
    /// Who has it.
    pub state: SeatState,
}

/// Who has a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SeatState {
    /// Nobody.
    Free,
    /// A reservation, until a moment: from then on the seat may be taken over by another hold,
    /// whether or not somebody has swept the old one away.
    Held {
        /// Whose.
        by: ReservationId,
        /// The end of the hold.
        until: Moment,
    },
    /// A reservation that is paid.
    Sold {
        /// Whose.
        by: ReservationId,
    },
    /// Nobody can have it: an operator took it out of the sale.
    Blocked,
}

impl Seat {
    /// Whether a hold may take it now.
    pub fn can_be_held(&self, now: Moment) -> bool {
        match self.state {
            SeatState::Free => true,
            SeatState::Held { until, .. } => until <= now,
            SeatState::Sold { .. } | SeatState::Blocked => false,
        }
    }

    /// Whether it points to this reservation, held or sold.
    pub fn belongs_to(&self, reservation: ReservationId) -> bool {
        match self.state {
            SeatState::Held { by, .. } | SeatState::Sold { by } => by == reservation,
            SeatState::Free | SeatState::Blocked => false,
        }
    }
}
