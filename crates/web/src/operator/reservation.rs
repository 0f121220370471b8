//! One reservation as operators see it: what is in it, who has it, how it was paid, and what
//! happened to it.

mod deed;
mod reseat;
mod resend;
mod timeline;

pub(crate) use deed::{ask, done};
pub(crate) use reseat::{ask as ask_reseat, done as reseat};
pub(crate) use resend::resend;

use super::reservations::{Whose, ZONE, state_words, whose};
use crate::buyer::reservation::{Thing, things};
use crate::facts::ShowFacts;
use crate::frame::{Frame, page};
use crate::oops::Oops;
use crate::query::Query;
use crate::site::Site;
use crate::staff::Staff;
use admitone_domain::id::ReservationId;
use admitone_domain::payment::{Method, Payment, PaymentState, Standing};
use admitone_domain::reservation::{ItemState, Reservation, ReservationState};
use admitone_domain::{Key, Money, Row};
use askama::Template;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Response;
use std::sync::Arc;
use timeline::{Step, timeline};

#[derive(Template)]
#[template(path = "operator/reservation.html")]
struct Page {
    frame: Frame,
    known: Known,
    steps: Vec<Step>,
    /// Whether there may be more before the first step.
    is_cut: bool,
    zone: &'static str,
    /// Whether notices to buyers are sent at all.
    sends: bool,
    /// What became of one that was just sent: whether that is good, and the words.
    sent: Option<(bool, String)>,
}

/// What is known of a reservation.
pub(crate) struct Known {
    pub(crate) reservation: Reservation,
    pub(crate) state: ReservationState,
    pub(crate) facts: Arc<ShowFacts>,
    pub(crate) buyer: Whose,
    pub(crate) items: Vec<Thing>,
    pub(crate) payment: Option<Payment>,
}

/// `GET /operator/reservations/{id}`.
pub(crate) async fn reservation(
    State(site): State<Site>,
    Path(id): Path<String>,
    staff: Staff,
    query: Query,
) -> Result<Response<Body>, Oops> {
    let frame = Frame::new(&site, &staff.visitor);
    let known = known(&site, &frame, &id).await?;
    let (steps, is_cut) = timeline(&site, &frame, &known).await?;
    let (sends, sent) = (site.notices.is_some(), resend::said(&query, staff.visitor.language));
    page(&Page { frame, known, steps, is_cut, zone: ZONE, sends, sent })
}

/// A reservation that exists.
pub(crate) async fn known(site: &Site, frame: &Frame, id: &str) -> Result<Known, Oops> {
    let gone = || Oops::not_found().onward("/operator/reservations".to_owned());
    let id: ReservationId = id.parse().map_err(|_| gone())?;
    let Some(Row::Reservation(reservation)) = site.row(Key::Reservation(id)).await? else {
        return Err(gone());
    };
    let payment = match reservation.payment {
        Some(payment) => match site.row(Key::Payment(payment)).await? {
            Some(Row::Payment(payment)) => Some(payment),
            _ => None,
        },
        None => None,
    };
    Ok(Known {
        state: reservation.state_at(site.office.clock.now()),
        facts: site.facts().of(site, reservation.show).await?,
        buyer: whose(site, reservation.buyer).await?,
        items: things(site, frame, &reservation).await?,
        payment,
        reservation,
    })
}

impl Known {
    pub(crate) fn may_release(&self) -> bool {
        self.state == ReservationState::Held
    }

    pub(crate) fn may_cancel(&self) -> bool {
        self.items.iter().any(|item| item.state == ItemState::Sold)
    }

    /// The payment of which something may go back.
    pub(crate) fn refundable(&self) -> Option<(&Payment, Money)> {
        let payment = self.payment.as_ref()?;
        let left = payment.refundable();
        left.is_positive().then_some((payment, left))
    }

    /// Whether it was paid elsewhere, where the money stays.
    pub(crate) fn is_paid_elsewhere(&self) -> bool {
        let method = self.payment.as_ref().map(|payment| &payment.method);
        matches!(method, Some(Method::External { .. }))
    }

    /// The key of the words for where money goes back to.
    pub(crate) fn goes_to(&self) -> &'static str {
        match self.payment.as_ref().map(|payment| &payment.method) {
            Some(Method::Gateway(_)) => "deed.through_the_bank",
            Some(Method::External { .. }) => "deed.elsewhere",
            Some(Method::Wallet | Method::Apart(_)) | None => "deed.to_the_wallet",
        }
    }
}

impl Page {
    fn state(&self) -> &str {
        self.frame.language.say(state_words(self.known.state))
    }

    fn method(&self, payment: &Payment) -> &str {
        self.frame.language.say(match &payment.method {
            Method::Wallet | Method::Apart(_) => "payments.wallet",
            Method::External { .. } => "payments.external",
            Method::Gateway(_) => "payments.gateway",
        })
    }

    fn payment_state(&self, payment: &Payment) -> &str {
        self.frame.language.say(match payment.state() {
            PaymentState::Requested => "paid.requested",
            PaymentState::Unknown => "paid.unknown",
            PaymentState::Approved => "paid.approved",
            PaymentState::Declined => "paid.declined",
            PaymentState::RefundOwed => "paid.refund_owed",
            PaymentState::Refunded => "paid.refunded",
        })
    }

    /// What the gateway calls the payment.
    fn gateway_key(&self, payment: &Payment) -> Option<String> {
        match &payment.method {
            Method::Gateway(attempt) => Some(attempt.key.clone()),
            Method::External { key, .. } => Some(key.clone()),
            Method::Wallet | Method::Apart(_) => None,
        }
    }

    /// The code that the gateway said last.
    fn said(&self, payment: &Payment) -> Option<String> {
        let attempt = payment.attempt()?;
        match &attempt.standing {
            Standing::Declined { code } => Some(code.clone()),
            _ => attempt.said.clone(),
        }
    }

    fn given_back(&self, payment: &Payment) -> Money {
        payment.given_back()
    }
}
