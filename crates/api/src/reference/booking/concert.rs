//! Dates that can be booked, and their free seats.

use super::admitted;
use crate::house::House;
use crate::reference::{Failure, failure, success};
use crate::view::instant;
use admitone_app::board::SeatMark;
use admitone_domain::id::ShowId;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Response, StatusCode};
use serde_json::{Value, json};
use std::collections::HashMap;

/// `GET /concert/available-dates`: shows with seats that can be booked now.
pub(crate) async fn available_dates(
    State(house): State<House>,
    headers: HeaderMap,
) -> Result<Response<Body>, Failure> {
    admitted(&house, &headers).await?;
    let now = house.office.clock.now();
    let mut dates: Vec<Value> = Vec::new();
    for show in house.office.reads.shows(None).await? {
        let is_open = show.booking_opens_at <= now && now < show.booking_closes_at;
        let snapshot = house.office.boards.board(show.id).await?.snapshot();
        if snapshot.seats.is_empty() || !is_open {
            continue;
        }
        let reserved = snapshot.seats.iter().filter(|seat| seat.mark != SeatMark::Free).count();
        dates.push(json!({
            "id": show.id.0,
            "totalSeats": snapshot.seats.len(),
            "reservedSeats": reserved,
            "open_at": instant(show.opens_at),
            "close_at": instant(show.closes_at),
        }));
    }
    Ok(success(&dates))
}

/// `GET /concert/available-seats`: the free seats of a date.
pub(crate) async fn available_seats(
    State(house): State<House>,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response<Body>, Failure> {
    admitted(&house, &headers).await?;
    let invalid = || failure(StatusCode::BAD_REQUEST, "Invalid concertScheduleId");
    let id = query.get("concertScheduleId").and_then(|text| text.parse().ok()).map(ShowId);
    let id = id.ok_or_else(invalid)?;
    house.show(id).await.map_err(|_| invalid())?;
    let snapshot = house.office.boards.board(id).await?.snapshot();
    let free = snapshot.seats.iter().filter(|seat| seat.mark == SeatMark::Free);
    let seats: Vec<Value> = free
        .map(|seat| {
            let number = snapshot.plan.find(seat.id).map_or(0, |(_, number)| number);
            json!({ "id": seat.id.0, "seatNumber": number.to_string(), "price": seat.price })
        })
        .collect();
    Ok(success(&seats))
}
