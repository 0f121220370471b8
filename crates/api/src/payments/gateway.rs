//! Pay a reservation through the house's gateway: confirmed, declined, or not known yet.

use super::pay::{PaidView, PayRequest};
use crate::ask::BuyerAsk;
use crate::house::House;
use crate::problem::Problem;
use crate::reply::{self, REPLAYED};
use crate::reservations::read;
use crate::view::{PaymentView, ReservationView};
use admitone_app::box_office::Request as Named;
use admitone_app::payments::{Payments, names};
use admitone_domain::command::gateway::Begin;
use admitone_domain::id::{ReservationId, ShowId};
use admitone_domain::payment::{Payment, Standing};
use admitone_domain::{Fingerprint, Money, Refusal};
use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use std::sync::Arc;

/// After so many seconds it is worth looking again.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("2");

pub(super) async fn pay(
    house: &House,
    ask: BuyerAsk,
    reservation: ReservationId,
    wanted: PayRequest,
) -> Result<Response<Body>, Problem> {
    let payments = of(house)?;
    let found = read::find(house, reservation).await?;
    let found = found.filter(|found| found.buyer == ask.buyer);
    let found = found.ok_or(Refusal::UnknownReservation)?;
    let wanted = Wanted::of(reservation, wanted)?;
    let buyer = ask.buyer;
    let admitted = ask.admitted(house, found.show).await?;
    let named = Named {
        id: names::begin(buyer, &wanted.order),
        fingerprint: wanted.fingerprint(),
        ..admitted
    };
    let begin = wanted.begin(reservation, found.show, &payments);
    let (reply, payment) = payments.pay(&named, begin).await?;
    let answered = house.unless_accepted(&named, reply)?;
    let Some(payment) = payment else {
        // Refused before any gateway was asked.
        return reply::outcome(answered).and_then(|_| Err(Problem::key_reused()));
    };
    let (_, replayed) = reply::settled(answered)?;
    let mut response = outcome(house, &payment).await?;
    if replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// The gateway of the house, if it has one.
pub(crate) fn of(house: &House) -> Result<Arc<Payments>, Problem> {
    let payments = house.payments.clone().filter(|payments| payments.has_gateway());
    payments.ok_or_else(Problem::no_gateway)
}

/// What became of a payment, as a buyer is told it.
pub(super) async fn outcome(house: &House, payment: &Payment) -> Result<Response<Body>, Problem> {
    let Some(attempt) = payment.attempt() else { return Err(Problem::key_reused()) };
    let status = match &attempt.standing {
        Standing::Approved => StatusCode::OK,
        Standing::Requested | Standing::Unknown => StatusCode::ACCEPTED,
        Standing::Declined { code } => {
            return Err(Problem::declined(code, &payment.id.to_string()));
        }
        Standing::Late => return Err(Problem::payment_too_late(&payment.id.to_string())),
    };
    let reservation = match payment.reservation {
        Some(id) => read::find(house, id).await?,
        None => None,
    };
    let reservation = reservation.ok_or(Refusal::UnknownReservation)?;
    let status_url = format!("/api/v1/payments/{}", payment.id);
    let is_open = status == StatusCode::ACCEPTED;
    let view = PaidView {
        payment: PaymentView::from(payment),
        reservation: ReservationView::at(&reservation, house.office.clock.now()),
        balance: None,
        status_url: is_open.then(|| status_url.clone()),
    };
    let mut response = reply::json(status, &view);
    if is_open {
        response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
        if let Ok(url) = HeaderValue::from_str(&status_url) {
            response.headers_mut().insert(header::LOCATION, url);
        }
    }
    Ok(response)
}

/// What a payment through a gateway must say.
pub(crate) struct Wanted {
    pub(crate) key: String,
    pub(crate) order: String,
    pub(crate) amount: Money,
}

impl Wanted {
    fn of(reservation: ReservationId, wanted: PayRequest) -> Result<Self, Problem> {
        let key = wanted.payment_key.filter(|key| names::is_key(key));
        let key =
            key.ok_or_else(|| Problem::invalid("`payment_key` must have 1 to 200 letters"))?;
        let order = wanted.order_id.filter(|one| names::reservation(one) == Some(reservation));
        let order = order.ok_or_else(|| {
            Problem::invalid(format!(
                "`order_id` must begin with `{reservation}-` and have 6 to 64 letters, digits, `-` \
                 or `_`"
            ))
        })?;
        let amount = wanted.amount.map(Money);
        let amount = amount.ok_or_else(|| Problem::invalid("`amount` must be said"))?;
        Ok(Self { key, order, amount })
    }

    /// However its JSON was written, it is the same wish.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        names::fingerprint(&self.key, &self.order, self.amount)
    }

    pub(crate) fn begin(
        self,
        reservation: ReservationId,
        show: ShowId,
        payments: &Payments,
    ) -> Begin {
        let Self { key, order, amount } = self;
        Begin { reservation, show, key, order, amount, wait_ms: payments.lease_ms() }
    }
}
