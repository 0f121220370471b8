//! Seats and ticket types: added, changed, taken out of the sale and put back.

use super::{Unfit, field, not_blank};
use crate::box_office::BoxOffice;
use crate::ports::store::Sequence;
use admitone_domain::command::operate::{
    AddSeats, BlockOfSeats, DescribeSeats, Kept, Operate, SaveSeats, SaveTicketType, SeatChange,
};
use admitone_domain::id::{SeatId, ShowId, TicketTypeId};
use admitone_domain::show::{Attribute, SeatBlock};
use admitone_domain::{Key, Moment, Money, Row};

const SEATS_MAX: u32 = 100_000;
/// Letters of what is said of a seat that is out of the sale.
const LABEL_MAX: usize = 60;

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
    /// What is said of each beside that.
    pub attribute: Option<Attribute>,
}

/// What changes of seats: one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SeatsFields {
    /// A new price, for holds that come after it.
    Price(Money),
    /// Out of the sale; for whom or why, where that is said.
    Block(Option<String>),
    /// Back into the sale.
    Unblock,
    /// What is said of them, if anything.
    Attribute(Option<Attribute>),
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
        let BlockFields { section, row, first_number, count, price, attribute } = block;
        let block = SeatBlock { section, row, first_number, count, first_seat };
        (BlockOfSeats { block, price }, attribute)
    });
    Ok(adding(show, named.collect(), Kept::AsBefore))
}

/// The command that adds seats of which something is said, or nothing.
pub(crate) fn adding(
    show: ShowId,
    blocks: Vec<(BlockOfSeats, Option<Attribute>)>,
    kept: Kept,
) -> Operate {
    let said = blocks.iter().filter_map(|(added, said)| Some((&added.block, Some((*said)?))));
    let seats: Vec<_> =
        said.flat_map(|(block, said)| block.seats().map(move |seat| (seat, said))).collect();
    let blocks = blocks.into_iter().map(|(added, _)| added).collect();
    let add = AddSeats { show, blocks };
    if seats.is_empty() && kept == Kept::AsBefore {
        return Operate::AddSeats(add);
    }
    Operate::DescribeSeats(DescribeSeats { add, seats, kept })
}

/// Changes seats of a show.
pub fn change_seats(
    show: ShowId,
    seats: Vec<SeatId>,
    fields: SeatsFields,
) -> Result<Operate, Unfit> {
    let change = match fields {
        SeatsFields::Price(price) => SeatChange::Price(price),
        SeatsFields::Block(None) => SeatChange::Block,
        SeatsFields::Block(Some(label)) if label.trim().is_empty() => SeatChange::Block,
        SeatsFields::Block(Some(label)) => {
            if label.chars().count() > LABEL_MAX {
                return Err(field(format!("`label` has at most {LABEL_MAX} characters")));
            }
            SeatChange::BlockFor(label)
        }
        SeatsFields::Unblock => SeatChange::Unblock,
        SeatsFields::Attribute(said) => {
            let seats = seats.into_iter().map(|seat| (seat, said)).collect();
            return Ok(describing(show, seats, Kept::AsBefore));
        }
    };
    Ok(Operate::SaveSeats(SaveSeats { show, seats, change }))
}

/// Has seats that are for some kept until a moment, or always.
pub fn keep_seats(show: ShowId, until: Option<Moment>) -> Operate {
    describing(show, Vec::new(), until.map_or(Kept::Always, Kept::Until))
}

fn describing(show: ShowId, seats: Vec<(SeatId, Option<Attribute>)>, kept: Kept) -> Operate {
    let add = AddSeats { show, blocks: Vec::new() };
    Operate::DescribeSeats(DescribeSeats { add, seats, kept })
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
