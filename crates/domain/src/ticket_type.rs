//! A ticket type: a quantity at a price, for places without numbers.

use crate::Money;
use crate::id::{ShowId, TicketTypeId};
use serde::{Deserialize, Serialize};

/// A stock of equal tickets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketType {
    /// Its id.
    pub id: TicketTypeId,
    /// The show it belongs to.
    pub show: ShowId,
    /// What people call it.
    pub name: String,
    /// What one costs.
    pub price: Money,
    /// How many there are; held and sold together never exceed it.
    pub capacity: u32,
    /// How many are held.
    pub held: u32,
    /// How many are sold.
    pub sold: u32,
}

impl TicketType {
    /// How many can be held now.
    pub fn left(&self) -> u32 {
        self.unsold().saturating_sub(self.held)
    }

    /// How many are not sold: what may still come back when holds end.
    pub fn unsold(&self) -> u32 {
        self.capacity.saturating_sub(self.sold)
    }
}
