//! `POST /reservation`: holds a seat.

use super::{admitted, body, named, number};
use crate::ask::Plain;
use crate::house::House;
use crate::problem::Problem;
use crate::reference::{Failure, failure, success};
use crate::reply;
use crate::reservations::read;
use crate::view::instant;
use admitone_app::box_office::Request as Named;
use admitone_domain::command::{Choice, Hold};
use admitone_domain::id::{BuyerId, SeatId};
use admitone_domain::reservation::{Reservation, ReservationState};
use admitone_domain::seat::{Seat, SeatState};
use admitone_domain::{Action, Key, Outcome, Row};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Response, StatusCode};
use serde_json::{Value, json};

/// `POST /reservation`: holding one's own held seat again returns the same reservation.
pub(crate) async fn reserve(
    State(house): State<House>,
    headers: HeaderMap,
    bytes: Result<Plain, Problem>,
) -> Result<Response<Body>, Failure> {
    let Plain(bytes) = bytes?;
    let visitor = admitted(&house, &headers).await?;
    let seat = seat_of(&house, &bytes).await?;
    if let Some(held) = own_hold(&house, &seat, visitor.buyer).await? {
        return Ok(success(&reservation_view(&house, &held, &seat).await));
    }
    let choice = Choice::Items { seats: vec![seat.id], tickets: vec![] };
    let hold = Action::Hold(Hold { show: seat.show, choice });
    let under = named(&house, &headers, (visitor.buyer, "reservation"), &bytes)?;
    let under = Named { admission: visitor.admission, ..under };
    let answered = house.submit(&under, hold).await?;
    match reply::outcome(answered)? {
        Outcome::Reserved(new) => Ok(success(&reservation_view(&house, &new, &seat).await)),
        _ => Err(Problem::key_reused().into()),
    }
}

pub(super) async fn seat_of(house: &House, bytes: &[u8]) -> Result<Seat, Failure> {
    let invalid = || failure(StatusCode::BAD_REQUEST, "Invalid seatId");
    let id = number(&body(bytes), "seatId").ok_or_else(invalid)?;
    match house.office.row(Key::Seat(SeatId(id))).await?.map(admitone_domain::Loaded::into_row) {
        Some(Row::Seat(seat)) => Ok(seat),
        _ => Err(invalid()),
    }
}

/// The user's live hold of a seat.
async fn own_hold(
    house: &House,
    seat: &Seat,
    buyer: BuyerId,
) -> Result<Option<Reservation>, Failure> {
    let SeatState::Held { by, .. } = seat.state else { return Ok(None) };
    let now = house.office.clock.now();
    let found = read::find(house, by).await?;
    let is_live = |held: &Reservation| held.state_at(now) == ReservationState::Held;
    Ok(found.filter(|held| held.buyer == buyer && is_live(held)))
}

async fn reservation_view(house: &House, held: &Reservation, seat: &Seat) -> Value {
    json!({
        "id": held.id.0,
        "seat": {
            "id": seat.id.0,
            "isActive": false,
            "seatNumber": seat_number(house, seat).await,
        },
        "status": "PENDING",
        "created_at": instant(held.created_at),
    })
}

pub(super) async fn seat_number(house: &House, seat: &Seat) -> u32 {
    let board = house.office.boards.board(seat.show).await;
    let plan = board.map(|board| board.plan());
    plan.ok().and_then(|plan| plan.find(seat.id).map(|(_, number)| number)).unwrap_or(0)
}
