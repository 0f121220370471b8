//! What a stage needs of the house's programme, brought in through its import.

use super::stage::House;
use crate::Trouble;
use crate::target::text;
use admitone_domain::id::{SeatId, ShowId};
use serde_json::{Value, json};
use std::str::FromStr;

/// A show of numbered seats without a waiting room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hall {
    pub(super) show: ShowId,
    pub(super) first_seat: SeatId,
    pub(super) count: u64,
}

/// Adds shows of so many seats in rows of 50.
pub(super) async fn halls(
    house: &House<'_>,
    shows: usize,
    seats: u32,
) -> Result<Vec<Hall>, Trouble> {
    let mut visit = house.visit().await?;
    let mut halls = Vec::new();
    for _ in 0..shows {
        // A document names what it made: two that are equal would be one.
        let document = json!({ "concerts": [{
            "name": house.name(), "category": "bench", "shows": [show(seats)],
        }]});
        let path = "/api/v1/operator/import";
        let made = visit.post(house.operator(), path, None, Some(&document)).await?;
        let made = &made["concerts"][0]["shows"][0];
        halls.push(hall(made, u64::from(seats))?);
    }
    Ok(halls)
}

/// Adds so many concerts of a category of their own, which is answered.
pub(super) async fn concerts(house: &House<'_>, count: usize) -> Result<String, Trouble> {
    let category = house.name();
    let concerts: Vec<Value> = (0..count)
        .map(|_| json!({ "name": house.name(), "category": category, "shows": [show(1)] }))
        .collect();
    let path = "/api/v1/operator/import";
    let document = json!({ "concerts": concerts });
    house.visit().await?.post(house.operator(), path, None, Some(&document)).await?;
    Ok(category)
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
        json!({ "section": "A", "row": (row + 1).to_string(), "numbers": [1, count], "price": 1_000 })
    });
    json!({
        "opens_at": "2099-01-01T19:00:00Z", "closes_at": "2099-01-01T22:00:00Z",
        "booking_opens_at": "2020-01-01T00:00:00Z", "booking_closes_at": "2099-01-01T00:00:00Z",
        // No hold of a long benchmark runs out while another load is measured.
        "hold_seconds": 24 * 3_600,
        "seats": rows.collect::<Vec<_>>(),
    })
}

/// Adds a waiting room that lets almost nobody in; its id.
pub(super) async fn room(house: &House<'_>) -> Result<String, Trouble> {
    let settings = json!({
        "active_max": 1, "deck_target": 1, "invite_per_s": 1,
        "rate": { "users": 1, "interval_ms": 60_000, "shape": { "smooth": { "burst": 1 } } },
    });
    let document = json!({ "rooms": [{ "name": house.name(), "settings": settings }] });
    let mut visit = house.visit().await?;
    let path = "/api/v1/operator/import";
    let made = visit.post(house.operator(), path, None, Some(&document)).await?;
    let id = made["rooms"][0].as_str().map(str::to_owned);
    id.ok_or_else(|| Trouble::Impossible(format!("no room in {made}")))
}

/// An id in an answer.
pub(super) fn id<T: FromStr>(value: &Value, field: &str) -> Result<T, Trouble> {
    parsed(&text(value, field)?)
}

fn parsed<T: FromStr>(text: &str) -> Result<T, Trouble> {
    text.parse().map_err(|_| Trouble::Impossible(format!("`{text}` is no id")))
}
