//! The demo: a believable sale for an empty store.

use crate::exit::{Failed, failed};
use admitone_app::BoxOffice;
use admitone_app::import::{
    ConcertPlan, Document, Import, RoomPlan, SeatsPlan, ShowPlan, TicketTypePlan,
};
use admitone_app::ports::reads::ConcertFilter;
use admitone_domain::id::RoomId;
use admitone_domain::show::Attribute;
use admitone_domain::{Actor, Moment};
use serde_json::json;

const DAY_MS: u64 = 24 * 3_600 * 1_000;

/// Fills an empty store; one that has concerts stays as it is.
pub(crate) async fn fill(office: &BoxOffice) -> Result<(), Failed> {
    let any = ConcertFilter { limit: 1, ..ConcertFilter::default() };
    if office.reads.concerts(&any).await?.is_empty() {
        import(office, &document(office.clock.now())).await?;
    }
    Ok(())
}

/// A room for the reference routes of a house that has none.
pub(crate) async fn reference_room(office: &BoxOffice) -> Result<RoomId, Failed> {
    let document = Document { rooms: vec![room()], concerts: Vec::new() };
    let imported = import(office, &document).await?;
    let id = imported.rooms.first().and_then(|id| id.parse().ok());
    id.ok_or_else(|| failed("the reference room")("was not made"))
}

async fn import(
    office: &BoxOffice,
    document: &Document,
) -> Result<admitone_app::import::Imported, Failed> {
    let text = serde_json::to_vec(document)?;
    let import = Import::new(office, Actor::House, &text);
    import.run(document, |_| ()).await.map_err(failed("the demo"))
}

/// For 1,000 at a time, 20 a second.
fn room() -> RoomPlan {
    RoomPlan { name: "Main entrance".into(), settings: json!({ "active_max": 1_000 }) }
}

fn document(now: Moment) -> Document {
    Document {
        rooms: vec![room()],
        concerts: vec![
            concert("Winter Lights", "ballad", vec![club(now, 30), club(now, 31)]),
            concert("Seoul Arena Night", "rock", vec![arena(now, 45)]),
            concert("Morning Jazz", "jazz", vec![standing(now, 14)]),
        ],
    }
}

fn concert(name: &str, category: &str, shows: Vec<ShowPlan>) -> ConcertPlan {
    ConcertPlan {
        name: name.into(),
        category: category.into(),
        venue: "Olympic Hall, Seoul".into(),
        currency: "KRW".into(),
        shows,
    }
}

fn show(now: Moment, days: u64) -> ShowPlan {
    let opens_at = now.plus_ms(days * DAY_MS);
    ShowPlan {
        opens_at: opens_at.to_string(),
        closes_at: opens_at.plus_ms(2 * 3_600 * 1_000).to_string(),
        booking_opens_at: now.to_string(),
        booking_closes_at: opens_at.to_string(),
        time_zone: "Asia/Seoul".into(),
        per_reservation_max: None,
        per_buyer_max: None,
        hold_seconds: None,
        extensions_max: None,
        room: Some("Main entrance".into()),
        kept_until: None,
        seats: Vec::new(),
        ticket_types: Vec::new(),
    }
}

/// Seats 1 to 50, and a thousand places to stand.
fn club(now: Moment, days: u64) -> ShowPlan {
    let (section, row) = ("A".to_owned(), "1".to_owned());
    let seats = SeatsPlan { section, row, numbers: [1, 50], price: 1_000, attribute: None };
    let standing = TicketTypePlan { name: "Standing".into(), price: 10_000, quantity: 1_000 };
    ShowPlan { seats: vec![seats], ticket_types: vec![standing], ..show(now, days) }
}

/// 2,000 seats in four sections of ten rows; in the last row of each are spaces for wheelchairs, with a seat
/// beside each.
fn arena(now: Moment, days: u64) -> ShowPlan {
    let sections = [("R", 132_000), ("S", 110_000), ("A", 88_000), ("B", 66_000)];
    let rows = sections.iter().flat_map(|(section, price)| {
        let seats = move |row: u32, numbers, attribute| SeatsPlan {
            section: (*section).to_owned(),
            row: row.to_string(),
            numbers,
            price: *price,
            attribute,
        };
        let last = [
            seats(10, [1, 1], Some(Attribute::Wheelchair)),
            seats(10, [2, 2], Some(Attribute::Companion)),
            seats(10, [3, 48], None),
            seats(10, [49, 49], Some(Attribute::Companion)),
            seats(10, [50, 50], Some(Attribute::Wheelchair)),
        ];
        (1..=9).map(move |row| seats(row, [1, 50], None)).chain(last)
    });
    ShowPlan { seats: rows.collect(), per_buyer_max: Some(4), ..show(now, days) }
}

fn standing(now: Moment, days: u64) -> ShowPlan {
    let day = TicketTypePlan { name: "Day ticket".into(), price: 25_000, quantity: 300 };
    ShowPlan { ticket_types: vec![day], ..show(now, days) }
}
