//! A copy of what is for sale, as a document that another house can import: what it is called, what
//! it costs, where its seats are and how its rooms let people in. Nobody who bought, and no money.
//!
//! In the copy everything can be booked at once, whatever the time is. What has one name in the house is
//! told apart in it, because no document has two of one name.

use crate::board::{SeatMark, SeatView, Snapshot};
use crate::box_office::BoxOffice;
use crate::import::{ConcertPlan, Document, RoomPlan, SeatsPlan, ShowPlan, TicketTypePlan};
use crate::{Trouble, TroubleKind};
use admitone_domain::concert::Concert;
use admitone_domain::id::{RoomId, SeatId, ShowId};
use admitone_domain::show::{SeatBlock, SeatPlan, Show};
use admitone_domain::{Key, Moment, Row};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap, HashSet};

const HOUR_MS: u64 = 3_600_000;
/// So many shows are copied at most, those that begin soonest.
pub const SHOWS_MAX: usize = 50;

/// A copy of one show, or of all that have not begun.
///
/// # Errors
/// The store cannot be read.
pub async fn copy_programme(office: &BoxOffice, only: Option<ShowId>) -> Result<Document, Trouble> {
    let now = office.clock.now();
    let mut shows = office.reads.shows(None).await?;
    match only {
        Some(id) => shows.retain(|show| show.id == id),
        None => shows.retain(|show| show.opens_at > now),
    }
    shows.sort_by_key(|show| (show.opens_at, show.id));
    shows.truncate(SHOWS_MAX);
    let mut concerts: BTreeMap<_, ConcertPlan> = BTreeMap::new();
    let mut rooms: BTreeMap<RoomId, RoomPlan> = BTreeMap::new();
    for show in shows {
        if let Some(room) = show.room {
            rooms.insert(room, copied_room(office, room).await?);
        }
        let snapshot = office.boards.board(show.id).await?.snapshot();
        let row = office.row(Key::Concert(show.concert)).await?;
        let Some(Row::Concert(concert)) = row.map(admitone_domain::Loaded::into_row) else {
            let kind = TroubleKind::Inconsistent;
            return Err(Trouble::new(kind, "copy the programme", "a show without a concert"));
        };
        let copied = concerts.entry(concert.id).or_insert_with(|| copied_concert(&concert));
        let mut opens_at = show.opens_at.max(now.plus_ms(24 * HOUR_MS));
        while copied.shows.iter().any(|known| known.opens_at == opens_at.to_string()) {
            opens_at = opens_at.plus_ms(1_000);
        }
        copied.shows.push(copied_show(&show, opens_at, &snapshot, now));
    }
    let mut concerts: Vec<_> = concerts.into_values().collect();
    tell_apart(concerts.iter_mut().map(|concert| &mut concert.name));
    Ok(Document { rooms: rooms.into_values().collect(), concerts })
}

/// Numbers names that were there before.
fn tell_apart<'a>(names: impl Iterator<Item = &'a mut String>) {
    let mut known = HashSet::new();
    for name in names {
        let plain = name.clone();
        let mut number = 1;
        while !known.insert(name.clone()) {
            number += 1;
            *name = format!("{plain} ({number})");
        }
    }
}

async fn copied_room(office: &BoxOffice, id: RoomId) -> Result<RoomPlan, Trouble> {
    let row = office.row(Key::Room(id)).await?.map(admitone_domain::Loaded::into_row);
    let mut settings = match row {
        Some(Row::Room { settings, .. }) => serde_json::from_str(&settings).unwrap_or(json!({})),
        _ => json!({}),
    };
    if let Value::Object(settings) = &mut settings {
        // Whether it is open is of this moment; how it lets in is what is rehearsed.
        settings.remove("mode");
        settings.remove("message");
    }
    // By its id: two rooms may have one name.
    Ok(RoomPlan { name: id.to_string(), settings })
}

fn copied_concert(concert: &Concert) -> ConcertPlan {
    ConcertPlan {
        name: concert.title.clone(),
        category: concert.category.clone(),
        venue: concert.venue.clone(),
        currency: concert.currency.to_string(),
        shows: Vec::new(),
    }
}

fn copied_show(show: &Show, opens_at: Moment, snapshot: &Snapshot, now: Moment) -> ShowPlan {
    let closes_at = opens_at.plus_ms(show.closes_at.ms_since(show.opens_at).max(HOUR_MS));
    let begun = Moment(now.0.saturating_sub(3_600_000_000));
    let types = snapshot.ticket_types.iter().map(|kind| TicketTypePlan {
        name: kind.name.clone(),
        price: kind.price.0,
        quantity: kind.capacity,
    });
    let mut ticket_types: Vec<_> = types.collect();
    tell_apart(ticket_types.iter_mut().map(|kind| &mut kind.name));
    ShowPlan {
        opens_at: opens_at.to_string(),
        closes_at: closes_at.to_string(),
        booking_opens_at: begun.to_string(),
        booking_closes_at: opens_at.to_string(),
        time_zone: show.time_zone.clone(),
        per_reservation_max: Some(show.limits.per_reservation_max),
        per_buyer_max: show.limits.per_buyer_max,
        hold_seconds: Some(show.limits.hold_ms.div_ceil(1_000)),
        extensions_max: Some(show.limits.extensions_max),
        room: show.room.map(|room| room.to_string()),
        kept_until: snapshot.plan.kept_until.map(|until| {
            // As long before or after the beginning as it is there.
            Moment((until.0 + opens_at.0).saturating_sub(show.opens_at.0)).to_string()
        }),
        seats: copied_seats(snapshot),
        ticket_types,
    }
}

/// The blocks of the plan, cut where a seat has another price, is something else or is not for sale.
fn copied_seats(snapshot: &Snapshot) -> Vec<SeatsPlan> {
    let known: HashMap<SeatId, &SeatView> =
        snapshot.seats.iter().map(|seat| (seat.id, seat)).collect();
    let plan = &snapshot.plan;
    plan.blocks.iter().flat_map(|block| copied_block(block, plan, &known)).collect()
}

fn copied_block(
    block: &SeatBlock,
    plan: &SeatPlan,
    known: &HashMap<SeatId, &SeatView>,
) -> Vec<SeatsPlan> {
    let mut plans: Vec<SeatsPlan> = Vec::new();
    for at in 0..block.count {
        let number = block.first_number.saturating_add(at);
        let seat = known.get(&SeatId(block.first_seat.0.saturating_add(u64::from(at))));
        let Some(seat) = seat.filter(|seat| seat.mark != SeatMark::Blocked) else { continue };
        let (price, attribute) = (seat.price.0, plan.attribute(seat.id));
        let is_alike = |last: &SeatsPlan| (last.price, last.attribute) == (price, attribute);
        match plans.last_mut() {
            Some(last) if is_alike(last) && last.numbers[1] + 1 == number => {
                last.numbers[1] = number;
            }
            _ => plans.push(SeatsPlan {
                section: block.section.clone(),
                row: block.row.clone(),
                numbers: [number, number],
                price,
                attribute,
            }),
        }
    }
    plans
}

#[cfg(test)]
mod tests {
    use super::*;
    use admitone_domain::Money;
    use admitone_domain::show::Attribute;

    #[test]
    fn what_has_one_name_is_numbered() {
        let mut names = ["Lights", "Lights (2)", "Dawn", "Lights"].map(String::from);
        tell_apart(names.iter_mut());
        assert_eq!(names, ["Lights", "Lights (2)", "Dawn", "Lights (3)"]);
    }

    #[test]
    fn a_block_is_cut_where_the_price_changes_and_where_a_seat_is_not_for_sale() {
        let block = SeatBlock {
            section: "A".into(),
            row: "1".into(),
            first_number: 11,
            count: 6,
            first_seat: SeatId(70),
        };
        let seat =
            |at: u64, price, mark| SeatView { id: SeatId(70 + at), price: Money(price), mark };
        let seats = [
            seat(0, 100, SeatMark::Free),
            seat(1, 100, SeatMark::Sold),
            seat(2, 200, SeatMark::Held),
            seat(3, 200, SeatMark::Blocked),
            seat(4, 200, SeatMark::Free),
            seat(5, 200, SeatMark::Free),
        ];
        let known = seats.iter().map(|seat| (seat.id, seat)).collect();
        let cuts = |plan: &SeatPlan| -> Vec<_> {
            let plans = copied_block(&block, plan, &known);
            plans.iter().map(|plan| (plan.numbers, plan.price, plan.attribute)).collect()
        };
        let plain = [([11, 12], 100, None), ([13, 13], 200, None), ([15, 16], 200, None)];
        assert_eq!(cuts(&SeatPlan::default()), plain);
        let wheelchair = Some(Attribute::Wheelchair);
        let attributes = [(SeatId(71), Attribute::Wheelchair)].into();
        let said = [([11, 11], 100, None), ([12, 12], 100, wheelchair)];
        let cuts = cuts(&SeatPlan { attributes, ..SeatPlan::default() });
        assert_eq!((&cuts[..2], &cuts[2..]), (&said[..], &plain[1..]));
    }
}
