//! Paying through the gateway: the way to its page, and the way back with what the buyer agreed to.
//!
//! What the gateway says is one of three: confirmed, declined with the seats still held, or not known
//! yet, which the reservation's page says until it is. The order names the payment, so coming back
//! twice, or loading the page anew, asks for the same one. Coming back changes something though it is no
//! form, so the order is tagged: one that no page of this house gave to this buyer is refused.

use super::act::back;
use super::reservation_id;
use crate::buyer::seats::admission;
use crate::clerk::{heard, outcome};
use crate::frame::go_to;
use crate::oops::Oops;
use crate::query::Query;
use crate::site::Site;
use crate::visitor::Visitor;
use admitone_app::box_office::Request as Named;
use admitone_app::payments::{Payments, names};
use admitone_domain::command::gateway::Begin;
use admitone_domain::id::BuyerId;
use admitone_domain::payment::{Payment, Standing};
use admitone_domain::reservation::Reservation;
use admitone_domain::{Actor, Money};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Response;

/// So much of a page's key makes an order another one.
const ORDER_LETTERS: usize = 12;
/// The field in which the order goes there and comes back.
const ORDER: &str = "orderId";

/// The address of the gateway's page for this payment, if there is one.
pub(super) fn way_there(
    site: &Site,
    visitor: &Visitor,
    (reservation, total, key): (&Reservation, Money, &str),
) -> Option<String> {
    let page = site.gateway_page.as_deref().filter(|_| site.gateway().is_some())?;
    let name = format!("{}-{}", reservation.id, key.get(..ORDER_LETTERS)?);
    let order = site.keys.order(&name, reservation.buyer);
    let here = format!("{}/reservations/{}", visitor.origin(), reservation.id);
    let mut fields = form_urlencoded::Serializer::new(String::new());
    fields.append_pair(ORDER, &order).append_pair("amount", &total.to_string());
    fields.append_pair("successUrl", &format!("{here}/agreed"));
    fields.append_pair("failUrl", &format!("{here}?problem=PAYMENT_LEFT"));
    let mark = if page.contains('?') { '&' } else { '?' };
    Some(format!("{page}{mark}{}", fields.finish()))
}

/// `GET /reservations/{id}/agreed`: where the gateway sends a buyer who agreed.
pub(crate) async fn agreed(
    State(site): State<Site>,
    Path(id): Path<String>,
    visitor: Visitor,
    query: Query,
) -> Result<Response<Body>, Oops> {
    let buyer = visitor.buyer()?;
    let payments = site.gateway().ok_or_else(Oops::forbidden)?;
    let reservation = site.reservation(reservation_id(&id)?, buyer).await?;
    let is_ours = site.keys.is_order(query.text(ORDER), buyer);
    let begin = wanted(&reservation, &payments, &query).filter(|_| is_ours);
    let begin = begin.ok_or_else(Oops::malformed)?;
    let named = named(&site, &visitor, (buyer, &reservation), &begin).await?;
    let back_there = |oops: Oops| oops.onward(format!("/reservations/{id}"));
    let paid = payments.pay(&named, begin).await;
    let (reply, payment) = paid.map_err(|trouble| back_there(trouble.into()))?;
    let reply = heard(reply).map_err(back_there)?;
    match payment {
        Some(payment) => Ok(go_to(&told(&id, &payment))),
        // Refused before any gateway was asked.
        None => back(&id, outcome(&reply).map(|_| ())),
    }
}

/// What the gateway's page says that the buyer agreed to, for this reservation.
fn wanted(reservation: &Reservation, payments: &Payments, query: &Query) -> Option<Begin> {
    let (key, order) = (query.text("paymentKey"), query.text(ORDER));
    let is_its = names::is_key(key) && names::reservation(order) == Some(reservation.id);
    let amount = query.text("amount").parse().ok().filter(|_| is_its).map(Money)?;
    Some(Begin {
        reservation: reservation.id,
        show: reservation.show,
        key: key.to_owned(),
        order: order.to_owned(),
        amount,
        wait_ms: payments.lease_ms(),
    })
}

async fn named(
    site: &Site,
    visitor: &Visitor,
    (buyer, reservation): (BuyerId, &Reservation),
    begin: &Begin,
) -> Result<Named, Oops> {
    Ok(Named {
        id: names::begin(buyer, &begin.order),
        fingerprint: names::fingerprint(&begin.key, &begin.order, begin.amount),
        actor: Actor::Buyer(buyer),
        admission: admission(site, visitor, reservation.show).await?,
        deadline: None,
        waits: true,
    })
}

/// The reservation's page, which says what became of it. Nothing of the payment stays in the address.
fn told(id: &str, payment: &Payment) -> String {
    let here = format!("/reservations/{id}");
    match payment.attempt().map(|attempt| &attempt.standing) {
        Some(Standing::Declined { .. }) => format!("{here}?problem=PAYMENT_DECLINED"),
        Some(Standing::Late) => format!("{here}?problem=PAYMENT_TOO_LATE"),
        Some(Standing::Approved | Standing::Requested | Standing::Unknown) | None => here,
    }
}
