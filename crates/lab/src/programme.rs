//! What a stage needs of the house's programme, brought in through its import.

use crate::Trouble;
use crate::site::Site;
use crate::target::text;
use admitone_domain::id::{SeatId, ShowId, TicketTypeId};
use serde_json::{Value, json};
use std::str::FromStr;

/// How long a hold of a laboratory's show lasts.
pub(crate) const HOLD_MS: u64 = 24 * 3_600 * 1_000;

/// How long who is inside of a room stays there at least, if he does nothing that ends it.
pub(crate) const PASS_MS: u64 = 600_000;

/// A show that has tickets of one type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sale {
    pub(crate) show: ShowId,
    pub(crate) ticket_type: TicketTypeId,
}

impl Sale {
    /// The body of a hold.
    pub(crate) fn wish(&self, quantity: u64) -> String {
        format!(
            r#"{{"show":"{}","tickets":[{{"ticket_type":"{}","quantity":{quantity}}}]}}"#,
            self.show, self.ticket_type
        )
    }
}

/// A show with so many tickets.
pub(crate) async fn sale(site: &Site, quantity: u32) -> Result<Sale, Trouble> {
    sale_at(site, quantity, PRICE).await
}

/// A show with so many tickets, of which a buyer may have so many.
pub(crate) async fn limited_sale(site: &Site, quantity: u32, most: u64) -> Result<Sale, Trouble> {
    let mut show = show(0);
    show["per_buyer_max"] = json!(most);
    sale_of(site, show, quantity, PRICE).await
}

/// A show with so many tickets of this price.
pub(crate) async fn sale_at(site: &Site, quantity: u32, price: i64) -> Result<Sale, Trouble> {
    sale_of(site, show(0), quantity, price).await
}

async fn sale_of(site: &Site, mut show: Value, quantity: u32, price: i64) -> Result<Sale, Trouble> {
    show["ticket_types"] = json!([{ "name": "Standing", "price": price, "quantity": quantity }]);
    let made = import(site, show).await?;
    let ticket_type = made["ticket_types"][0].as_str().unwrap_or_default();
    Ok(Sale { show: id(&made, "id")?, ticket_type: parsed(ticket_type)? })
}

/// What a ticket or a seat costs.
pub(crate) const PRICE: i64 = 1_000;

/// Brings in one show.
async fn import(site: &Site, show: Value) -> Result<Value, Trouble> {
    // A document names what it made: two that are equal would be one.
    let document =
        json!({ "concerts": [{ "name": site.name(), "category": "bench", "shows": [show] }] });
    let mut visit = site.visit().await?;
    let made =
        visit.post(site.operator(), "/api/v1/operator/import", None, Some(&document)).await?;
    Ok(made["concerts"][0]["shows"][0].clone())
}

/// A show of so many seats in rows of 50, as `halls`, with other settings.
pub(crate) async fn hall_with(
    site: &Site,
    seats: u32,
    settings: &[(&str, Value)],
) -> Result<Hall, Trouble> {
    let mut show = show(seats);
    for (name, value) in settings {
        show[*name] = value.clone();
    }
    hall(&import(site, show).await?, u64::from(seats))
}

/// A show of numbered seats without a waiting room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hall {
    pub(crate) show: ShowId,
    pub(crate) first_seat: SeatId,
    pub(crate) count: u64,
}

/// Adds shows of so many seats in rows of 50.
pub(crate) async fn halls(site: &Site, shows: usize, seats: u32) -> Result<Vec<Hall>, Trouble> {
    let mut halls = Vec::new();
    for _ in 0..shows {
        halls.push(hall_with(site, seats, &[]).await?);
    }
    Ok(halls)
}

/// Adds so many concerts of a category of their own, which is answered.
pub(crate) async fn concerts(site: &Site, count: usize) -> Result<String, Trouble> {
    let category = site.name();
    let concerts: Vec<Value> = (0..count)
        .map(|_| json!({ "name": site.name(), "category": category, "shows": [show(1)] }))
        .collect();
    let path = "/api/v1/operator/import";
    let document = json!({ "concerts": concerts });
    site.visit().await?.post(site.operator(), path, None, Some(&document)).await?;
    Ok(category)
}

/// The halls of a concert, by its id.
pub(crate) type Concert = (String, Vec<Hall>);

/// Adds so many shows, so many of them to a concert, behind a waiting room that lets everybody in
/// at its next tick, or so many at once at most; the room and the concerts.
pub(crate) async fn gated(
    site: &Site,
    (shows, each): (usize, usize),
    seats: u32,
    inside_max: Option<u64>,
) -> Result<(String, Vec<Concert>), Trouble> {
    let settings = json!({
        "active_max": inside_max, "rate": null, "poll_floor_ms": 250, "react_slack_ms": 250,
        "invite_per_s": 100_000, "deck_target": 100_000, "pass_ttl_ms": PASS_MS,
    });
    let room = room_with(site, &settings).await?;
    let mut visit = site.visit().await?;
    let mut concerts = Vec::new();
    let mut left = shows;
    while left > 0 {
        let some = left.min(each);
        left -= some;
        let gated = |at: usize| {
            let mut gated = show(seats);
            gated["room"] = room.clone().into();
            // What begins at one moment would be one show.
            gated["opens_at"] = format!("2099-01-01T19:00:00.{at:06}Z").into();
            gated
        };
        let shows: Vec<Value> = (0..some).map(gated).collect();
        let document = json!({ "concerts": [{
            "name": site.name(), "category": "bench", "shows": shows,
        }]});
        let path = "/api/v1/operator/import";
        let made = visit.post(site.operator(), path, None, Some(&document)).await?;
        let made = &made["concerts"][0];
        let shows = made["shows"].as_array().map(Vec::as_slice).unwrap_or_default();
        let halls = shows.iter().map(|made| hall(made, u64::from(seats)));
        concerts.push((text(made, "id")?, halls.collect::<Result<_, _>>()?));
    }
    Ok((room, concerts))
}

fn hall(made: &Value, count: u64) -> Result<Hall, Trouble> {
    let rows = made["seats"].as_array().map(Vec::as_slice).unwrap_or_default();
    let end = |row: Option<&Value>, at: usize| {
        parsed::<SeatId>(row.and_then(|row| row[at].as_str()).unwrap_or_default())
    };
    let (first_seat, last) = (end(rows.first(), 0)?, end(rows.last(), 1)?);
    if last.0.wrapping_sub(first_seat.0) != count.wrapping_sub(1) {
        let why = format!("{count} seats from {first_seat} to {last}: others came between");
        return Err(Trouble::Impossible(why));
    }
    Ok(Hall { show: id(made, "id")?, first_seat, count })
}

fn show(seats: u32) -> Value {
    let rows = (0..seats.div_ceil(50)).map(|row| {
        let count = (seats - row * 50).min(50);
        json!({ "section": "A", "row": (row + 1).to_string(), "numbers": [1, count], "price": PRICE })
    });
    json!({
        "opens_at": "2099-01-01T19:00:00Z", "closes_at": "2099-01-01T22:00:00Z",
        "booking_opens_at": "2020-01-01T00:00:00Z", "booking_closes_at": "2099-01-01T00:00:00Z",
        // No hold of a long benchmark runs out while another load is measured.
        "hold_seconds": HOLD_MS / 1_000,
        "seats": rows.collect::<Vec<_>>(),
    })
}

/// Adds a waiting room that lets almost nobody in; its id.
pub(crate) async fn room(site: &Site) -> Result<String, Trouble> {
    let settings = json!({
        "active_max": 1, "deck_target": 1, "invite_per_s": 1,
        "rate": { "users": 1, "interval_ms": 60_000, "shape": { "smooth": { "burst": 1 } } },
    });
    room_with(site, &settings).await
}

async fn room_with(site: &Site, settings: &Value) -> Result<String, Trouble> {
    let document = json!({ "rooms": [{ "name": site.name(), "settings": settings }] });
    let mut visit = site.visit().await?;
    let path = "/api/v1/operator/import";
    let made = visit.post(site.operator(), path, None, Some(&document)).await?;
    let id = made["rooms"][0].as_str().map(str::to_owned);
    id.ok_or_else(|| Trouble::Impossible(format!("no room in {made}")))
}

/// An id in an answer.
pub(crate) fn id<T: FromStr>(value: &Value, field: &str) -> Result<T, Trouble> {
    parsed(&text(value, field)?)
}

fn parsed<T: FromStr>(text: &str) -> Result<T, Trouble> {
    text.parse().map_err(|_| Trouble::Impossible(format!("`{text}` is no id")))
}
