//! `POST /payment`: pays the user's hold of a seat. It has no key, so the hold is the key: repeated, it
//! tells what became of the payment that was begun before.

use super::sale::{seat_number, seat_of};
use super::{Visitor, token, visitor};
use crate::ask::Plain;
use crate::house::House;
use crate::problem::Problem;
use crate::reference::{Failure, failure, success};
use crate::reply;
use crate::reservations::read;
use crate::users;
use crate::view::instant;
use admitone_app::box_office::Request as Named;
use admitone_app::ports::reads::Page;
use admitone_domain::command::Pay;
use admitone_domain::pass::PassKey;
use admitone_domain::payment::{Attempt, Payment};
use admitone_domain::reservation::{Reservation, ReservationState};
use admitone_domain::seat::{Seat, SeatState};
use admitone_domain::{Action, Actor, Key, Loaded, Outcome, Refusal, Row};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Response, StatusCode};
use serde_json::json;

/// Somebody else may begin to pay, or be refused, between two looks: so often it is looked again.
const LOOKS_MAX: u32 = 3;
/// Among so many of a buyer's payments the one that is on its way is looked for.
const PAYMENTS_MAX: usize = 100;

/// Who pays: whoever is admitted, or came through the room with the pass that the payment has ended.
struct Payer {
    admitted: Option<Visitor>,
    pass: PassKey,
}

impl Payer {
    /// By the header `queue-token`.
    async fn of(house: &House, headers: &HeaderMap) -> Result<Self, Failure> {
        let (room, token) = token(house, headers)?;
        let pass = house.rooms.pass_of(room, token).await?.ok_or_else(Failure::unauthorized)?;
        Ok(Self { admitted: visitor(house, (room, token)).await?, pass })
    }

    fn owns(&self, found: &Reservation) -> bool {
        match &self.admitted {
            Some(visitor) => visitor.buyer == found.buyer,
            None => found.pass == Some(self.pass),
        }
    }

    /// Who is not admitted is told nothing else.
    fn refused(&self, failure: Failure) -> Failure {
        if self.admitted.is_some() { failure } else { Failure::unauthorized() }
    }

    fn not_held(&self) -> Failure {
        self.refused(failure(StatusCode::CONFLICT, "The seat is not held for you"))
    }
}

pub(crate) async fn pay(
    State(house): State<House>,
    headers: HeaderMap,
    bytes: Result<Plain, Problem>,
) -> Result<Response<Body>, Failure> {
    let Plain(bytes) = bytes?;
    let payer = Payer::of(&house, &headers).await?;
    for _ in 0..LOOKS_MAX {
        let seat = seat_of(&house, &bytes).await.map_err(|failure| payer.refused(failure))?;
        let found = own(&house, &seat, &payer).await?.ok_or_else(|| payer.not_held())?;
        let paid = match found.state_at(house.office.clock.now()) {
            ReservationState::Held => pay_hold(&house, &payer, &found).await?,
            ReservationState::Sold => payment_of(&house, &found).await?,
            ReservationState::Confirming => {
                wait(&house, &found).await?;
                None
            }
            ReservationState::Cancelled
            | ReservationState::Released
            | ReservationState::Expired => return Err(payer.not_held()),
        };
        if let Some(payment) = paid {
            return shown(&house, &seat, &payment).await;
        }
    }
    Err(Problem::not_answered().into())
}

/// The payer's reservation of a seat.
async fn own(house: &House, seat: &Seat, payer: &Payer) -> Result<Option<Reservation>, Failure> {
    let (SeatState::Held { by, .. } | SeatState::Sold { by }) = seat.state else { return Ok(None) };
    Ok(read::find(house, by).await?.filter(|found| payer.owns(found)))
}

/// Pays what is held. None where another payment of it is on its way, or was faster.
async fn pay_hold(
    house: &House,
    payer: &Payer,
    held: &Reservation,
) -> Result<Option<Payment>, Failure> {
    let visitor = payer.admitted.as_ref().ok_or_else(Failure::unauthorized)?;
    let pay = Action::Pay(Pay { reservation: held.id, expected: None });
    let under = users::own(house, Actor::Buyer(visitor.buyer));
    let under = Named { admission: visitor.admission, ..under };
    let (stored, _) = reply::settled(house.submit(&under, pay).await?)?;
    match &stored.answer {
        Ok(Outcome::Paid { payment, .. }) => Ok(Some(payment.clone())),
        // The wallet is settled elsewhere and has not answered yet.
        Ok(Outcome::Gateway { .. }) => Err(Problem::not_answered().into()),
        Ok(_) => Err(Problem::key_reused().into()),
        Err(Refusal::PaymentInProgress | Refusal::AlreadyPaid) => Ok(None),
        Err(refusal) => Err(Problem::from(refusal.clone()).into()),
    }
}

/// Waits for the payment that is on its way.
async fn wait(house: &House, pinned: &Reservation) -> Result<(), Failure> {
    let page = Page { before: None, limit: PAYMENTS_MAX };
    let of_buyer = house.office.reads.payments(pinned.buyer, page).await?;
    let is_pending = |one: &Payment| one.attempt().is_some_and(Attempt::is_pending);
    let begun = of_buyer.iter().find(|one| one.reservation == Some(pinned.id) && is_pending(one));
    let (Some(begun), Some(payments)) = (begun, &house.payments) else { return Ok(()) };
    if is_pending(&payments.wait(begun.id).await?) {
        return Err(Problem::not_answered().into());
    }
    Ok(())
}

async fn payment_of(house: &House, sold: &Reservation) -> Result<Option<Payment>, Failure> {
    let Some(id) = sold.payment else { return Ok(None) };
    match house.office.row(Key::Payment(id)).await?.map(Loaded::into_row) {
        Some(Row::Payment(payment)) => Ok(Some(payment)),
        _ => Ok(None),
    }
}

async fn shown(house: &House, seat: &Seat, payment: &Payment) -> Result<Response<Body>, Failure> {
    let show = house.show(seat.show).await?;
    let concert = house.office.row(Key::Concert(show.concert)).await?.map(Loaded::into_row);
    let concert = match concert {
        Some(Row::Concert(concert)) => concert.title,
        _ => String::new(),
    };
    Ok(success(&json!({
        "seatNumber": seat_number(house, seat).await,
        "concertName": concert,
        "openDate": instant(show.opens_at),
        "closeDate": instant(show.closes_at),
        "totalAmount": payment.amount,
        "status": "PAID",
    })))
}
