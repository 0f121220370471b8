//! Seats and ticket types: added, changed, taken out of the sale and put back.

use super::{Unfit, field, not_blank};
use crate::box_office::BoxOffice;
use crate::ports::store::Sequence;
use admitone_domain::command::operate::{
    AddSeats, BlockOfSeats, Operate, SaveSeats, SaveTicketType, SeatChange,
};
use admitone_domain::id::{SeatId, ShowId, TicketTypeId};
use admitone_domain::show::SeatBlock;
use admitone_domain::{Key, Money, Row};

const SEATS_MAX: u32 = 100_000;

/// Neighbouring seats of one price.
#[derive(Debug, Clone)]
pub struct BlockFields {
    /// Section.
    pub section: String,
    /// Row.
    pub row: String,
    /// Number of the first seat.
    pub first_number: u32,
    /// How many.
    pub count: u32,
    /// What each costs.
    pub price: Money,
}

/// What changes of seats: one of the two.
#[derive(Debug, Clone, Copy, Default)]
pub struct SeatsFields {
    /// A new price, for holds that come after it.
    pub price: Option<Money>,
    /// Whether they are taken out of the sale, or put back.
    pub blocked: Option<bool>,
}

/// What is said of a ticket type; when one is changed, what is left out stays.
#[derive(Debug, Clone, Default)]
pub struct TicketTypeFields {
    /// Its name.
    pub name: Option<String>,
    /// What one costs.
    pub price: Option<Money>,
    /// How many there are; never below what is sold and held.
    pub capacity: Option<u32>,
}

/// Adds blocks of seats to a show, the best first.
pub async fn add_seats(
    office: &BoxOffice,
    show: ShowId,
    blocks: Vec<BlockFields>,
) -> Result<Operate, Unfit> {
    let total = blocks.iter().fold(0_u32, |sum, block| sum.saturating_add(block.count));
    if !(1..=SEATS_MAX).contains(&total) {
        return Err(field("`blocks` must have 1 to 100,000 seats together"));
    }
    let mut next = office.draw(Sequence::Seat, u64::from(total)).await?;
    let named = blocks.into_iter().map(|block| {
        let first_seat = SeatId(next);
        next += u64::from(block.count);
        let BlockFields { section, row, first_number, count, price } = block;
        let block = SeatBlock { section, row, first_number, count, first_seat };
        BlockOfSeats { block, price }
    });
    Ok(Operate::AddSeats(AddSeats { show, blocks: named.collect() }))
}

/// Changes seats of a show.
pub fn change_seats(
    show: ShowId,
    seats: Vec<SeatId>,
    fields: SeatsFields,
) -> Result<Operate, Unfit> {
    let change = match (fields.price, fields.blocked) {
        (Some(price), None) => SeatChange::Price(price),
        (None, Some(true)) => SeatChange::Block,
        (None, Some(false)) => SeatChange::Unblock,
        _ => return Err(field("give either `price` or `blocked`")),
    };
    Ok(Operate::SaveSeats(SaveSeats { show, seats, change }))
}

/// Creates a ticket type of a show.
pub async fn create_ticket_type(
    office: &BoxOffice,
    show: ShowId,
    fields: TicketTypeFields,
) -> Result<Operate, Unfit> {
    not_blank("name", fields.name.as_ref())?;
    let TicketTypeFields { name, price, capacity } = fields;
    let (Some(name), Some(price), Some(capacity)) = (name, price, capacity) else {
        return Err(field("`name`, `price` and `capacity` are required"));
    };
    let id = TicketTypeId(office.draw(Sequence::TicketType, 1).await?);
    let save = SaveTicketType { id, show, name, price, capacity, expected: Some(0) };
    Ok(Operate::SaveTicketType(save))
}

/// Changes a ticket type. Sales change its version all the time: where none is demanded the newest
/// is as good as any.
pub async fn change_ticket_type(
    office: &BoxOffice,
    id: TicketTypeId,
    fields: TicketTypeFields,
    expected: Option<u64>,
) -> Result<Operate, Unfit> {
    not_blank("name", fields.name.as_ref())?;
    let loaded = office.row(Key::TicketType(id)).await?;
    let Some(Row::TicketType(known)) = loaded.as_ref().map(|loaded| &*loaded.row) else {
        return Err(Unfit::Missing("ticket type"));
    };
    let save = SaveTicketType {
        id,
        show: known.show,
        name: fields.name.unwrap_or_else(|| known.name.clone()),
        price: fields.price.unwrap_or(known.price),
        capacity: fields.capacity.unwrap_or(known.capacity),
        expected,
    };
    Ok(Operate::SaveTicketType(save))
}
