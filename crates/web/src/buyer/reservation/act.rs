//! What a buyer does with a reservation: extend, release, pay, cancel.

use super::{Thing, reservation_id, things};
use crate::buyer::seats::admission;
use crate::clerk::outcome;
use crate::facts::ShowFacts;
use crate::form::Form;
use crate::frame::{Frame, go_to, page};
use crate::oops::Oops;
use crate::query::Query;
use crate::site::Site;
use crate::visitor::Visitor;
use admitone_domain::command::{Cancel, Extend, Pay, Release};
use admitone_domain::reservation::{ItemState, Reservation};
use admitone_domain::{Action, Actor, Money, Outcome, Refusal};
use askama::Template;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Response;
use std::sync::Arc;

/// `POST /reservations/{id}/extend`.
pub(crate) async fn extend(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response<Body>, Oops> {
    let buyer = form.visitor.buyer()?;
    let extend = Action::Extend(Extend { reservation: reservation_id(&id)? });
    done(&site, &form, buyer, extend, &id).await
}

/// `POST /reservations/{id}/release`.
pub(crate) async fn release(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response<Body>, Oops> {
    let buyer = form.visitor.buyer()?;
    let release = Action::Release(Release { reservation: reservation_id(&id)? });
    done(&site, &form, buyer, release, &id).await
}

/// Back to the reservation, which says how it stands now, and why if nothing was done.
async fn done(
    site: &Site,
    form: &Form,
    buyer: admitone_domain::id::BuyerId,
    action: Action,
    id: &str,
) -> Result<Response<Body>, Oops> {
    let named = form.named(Actor::Buyer(buyer), admitone_domain::pass::Admission::None);
    let reply = site.ask(&named, action).await?;
    back(id, outcome(&reply).map(|_| ()))
}

pub(super) fn back(id: &str, outcome: Result<(), Refusal>) -> Result<Response<Body>, Oops> {
    let path = format!("/reservations/{id}");
    match outcome {
        Ok(()) => Ok(go_to(&path)),
        Err(Refusal::UnknownReservation) => Err(Oops::not_found()),
        Err(Refusal::InsufficientFunds { balance, .. }) => {
            Ok(go_to(&format!("{path}?problem=INSUFFICIENT_FUNDS&balance={balance}")))
        }
        Err(refusal) => Ok(go_to(&format!("{path}?problem={}", refusal.code()))),
    }
}

/// `POST /reservations/{id}/pay`: from the wallet.
pub(crate) async fn pay(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response<Body>, Oops> {
    let buyer = form.visitor.buyer()?;
    let reservation = site.reservation(reservation_id(&id)?, buyer).await?;
    let admission = admission(&site, &form.visitor, reservation.show).await?;
    let expected = Some(Money(form.parsed("amount")?));
    let named = form.named(Actor::Buyer(buyer), admission);
    let pay = Action::Pay(Pay { reservation: reservation.id, expected });
    let back_there = |oops: Oops| oops.onward(format!("/reservations/{id}"));
    let reply = site.ask(&named, pay).await.map_err(back_there)?;
    back(&id, outcome(&reply).map(|_| ()))
}

#[derive(Template)]
#[template(path = "cancel.html")]
struct Page {
    frame: Frame,
    facts: Arc<ShowFacts>,
    reservation: Reservation,
    /// What is sold, and whether it is to be given back.
    items: Vec<(Thing, bool)>,
    /// What comes back.
    refund: Money,
}

/// `GET /reservations/{id}/cancel`: what comes back, before anything is done.
pub(crate) async fn cancel_page(
    State(site): State<Site>,
    Path(id): Path<String>,
    visitor: Visitor,
    query: Query,
) -> Result<Response<Body>, Oops> {
    let buyer = visitor.buyer()?;
    let reservation = site.reservation(reservation_id(&id)?, buyer).await?;
    let facts = site.facts().of(&site, reservation.show).await?;
    let frame = Frame::new(&site, &visitor);
    let chosen: Vec<u32> = query.parsed("item");
    let sold = things(&site, &frame, &reservation).await?.into_iter();
    let sold = sold.filter(|item| item.state == ItemState::Sold);
    let is_chosen = |place| !query.has("choose") || chosen.contains(&place);
    let items: Vec<(Thing, bool)> =
        sold.map(|item| (is_chosen(item.place), item)).map(|(is, item)| (item, is)).collect();
    let prices = items.iter().filter(|(_, is_chosen)| *is_chosen).map(|(item, _)| item.price);
    let refund = Money::sum(prices).unwrap_or(Money::ZERO);
    page(&Page { frame, facts, reservation, items, refund })
}

/// `POST /reservations/{id}/cancel`.
pub(crate) async fn cancel(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response<Body>, Oops> {
    let buyer = form.visitor.buyer()?;
    let items: Result<Vec<u32>, _> = form.all("item").map(str::parse::<u32>).collect();
    let items = items.map_err(|_| Oops::malformed())?;
    let cancel = Cancel { reservation: reservation_id(&id)?, items: Some(items) };
    let named = form.named(Actor::Buyer(buyer), admitone_domain::pass::Admission::None);
    let reply = site.ask(&named, Action::Cancel(cancel)).await?;
    match outcome(&reply) {
        Ok((Outcome::Refunded { amount, .. }, _)) => {
            Ok(go_to(&format!("/reservations/{id}?refunded={amount}")))
        }
        Ok(_) => Err(Oops::inside()),
        Err(refusal) => back(&id, Err(refusal)),
    }
}
