//! The inbox of payments: those of which nobody knows what became of them, and money that should
//! go back and does not. Each can be asked about again, be given its seats, or be given back.

use super::explained;
use crate::ask::{PathId, Staff, StaffAsk, Why};
use crate::house::House;
use crate::payments::gateway;
use crate::problem::{Problem, Problems};
use crate::reply::{self, limit};
use crate::view::{PaymentView, instant};
use admitone_app::logbook::{By, Deed, Intent, Target};
use admitone_app::operating::{self, InboxKind};
use admitone_app::ports::reads::Asking;
use admitone_domain::id::PaymentId;
use admitone_domain::payment::{Method, Payment};
use admitone_domain::{Action, Key, Moment, Outcome, Refusal, Row};
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{Response, StatusCode};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// How much of the inbox.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct InboxQuery {
    /// At most so many.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
}

/// The inbox: those whose gateway is asked next stand first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct InboxView {
    /// What a person may have to look at.
    data: Vec<InboxItemView>,
}

/// A payment in the inbox.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct InboxItemView {
    /// The payment.
    payment: PaymentView,
    /// `requested`, `unknown`, `mismatched` (the gateway took another amount, or for another order),
    /// `late` (money without a ticket that goes back), `refund_owed` or `refund_refused`.
    #[schema(example = "unknown")]
    kind: &'static str,
    /// What the gateway calls the payment.
    payment_key: String,
    /// The code that the gateway said last, if it said one.
    said: Option<String>,
    /// How often the gateway was asked.
    asked: u32,
    /// When it is asked again; none when a person must decide.
    #[schema(format = DateTime)]
    asked_again_at: Option<String>,
}

impl InboxItemView {
    fn of(payment: &Payment) -> Option<Self> {
        let attempt = payment.attempt()?;
        Some(Self {
            payment: PaymentView::from(payment),
            kind: InboxKind::of(attempt)?.name(),
            payment_key: attempt.key.clone(),
            said: attempt.said.clone(),
            asked: attempt.asked,
            asked_again_at: payment.ask_at().filter(|at| *at < Moment::MAX).map(instant),
        })
    }
}

/// List the inbox of payments
///
/// Those whose gateway has not said what became of them, and money that should go back.
#[utoipa::path(
    get, path = "/api/v1/operator/payments/inbox", operation_id = "list_payments_inbox",
    tag = "operator", security(("operator" = [])), params(InboxQuery),
    responses((status = 200, body = InboxView), Problems)
)]
pub(crate) async fn list_payments_inbox(
    State(house): State<House>,
    _staff: Staff,
    query: Result<Query<InboxQuery>, QueryRejection>,
) -> Result<Json<InboxView>, Problem> {
    let Query(query) = query.map_err(|error| Problem::invalid(error.body_text()))?;
    let limit = limit(query.limit)?;
    let open = house.office.reads.open_payments(Asking::Anybody, None, limit).await?;
    Ok(Json(InboxView { data: open.iter().filter_map(InboxItemView::of).collect() }))
}

/// Ask the gateway about a payment again
///
/// At once, whatever is known of it.
#[utoipa::path(
    post, path = "/api/v1/operator/payments/{id}/actions/requery",
    operation_id = "requery_payment", tag = "operator", security(("operator" = [])),
    params(
        ("id" = String, Path, example = "pay_1"),
        ("Idempotency-Key" = String, Header, min_length = 1, max_length = 255),
        Why,
    ),
    responses((status = 200, body = PaymentView), Problems)
)]
pub(crate) async fn requery_payment(
    State(house): State<House>,
    PathId(payment): PathId<PaymentId>,
    why: Why,
    ask: StaffAsk,
) -> Result<Json<PaymentView>, Problem> {
    let found = find(&house, payment).await?;
    let payments = match (&found.method, &house.payments) {
        // A wallet that was asked in a step of its own needs no gateway.
        (Method::Apart(_), Some(payments)) => Arc::clone(payments),
        _ => gateway::of(&house)?,
    };
    let (by, id) = (By::of(&ask.named, &why.why), payment.to_string());
    let intent = Intent { by, deed: Deed::AskedAgain, target: Target::Payment, id };
    let asked = house.log.book.tell(intent, payments.ask_again(payment)).await?;
    Ok(Json(PaymentView::from(&asked.ok_or(Refusal::UnknownPayment)?)))
}

/// Give the seats of a payment that came too late
///
/// If they are free, and if the gateway has refused to give the money back. It is asked once more
/// before, and must say that it has all of it: what went back meanwhile, in full or in part, gets no
/// tickets, and while it says nothing nothing is changed.
#[utoipa::path(
    post, path = "/api/v1/operator/payments/{id}/actions/reacquire",
    operation_id = "reacquire_payment", tag = "operator", security(("operator" = [])),
    params(
        ("id" = String, Path, example = "pay_1"),
        ("Idempotency-Key" = String, Header, min_length = 1, max_length = 255),
        Why,
    ),
    responses((status = 200, body = PaymentView), Problems)
)]
pub(crate) async fn reacquire_payment(
    State(house): State<House>,
    PathId(payment): PathId<PaymentId>,
    why: Why,
    ask: StaffAsk,
) -> Result<Response<Body>, Problem> {
    let payments = house.payments.as_deref();
    let reacquire = operating::reacquire(&house.office, payments, payment).await?;
    submit(&house, (&ask, &why), payment, reacquire).await
}

/// Give the money of a payment back
///
/// Of one that is not known: its seats are free again, and whatever was taken goes back. Of one
/// whose refund was refused: it is tried again. Of one with tickets: they end.
#[utoipa::path(
    post, path = "/api/v1/operator/payments/{id}/actions/refund",
    operation_id = "refund_any_payment", tag = "operator", security(("operator" = [])),
    params(
        ("id" = String, Path, example = "pay_1"),
        ("Idempotency-Key" = String, Header, min_length = 1, max_length = 255),
        Why,
    ),
    responses((status = 200, body = PaymentView), Problems)
)]
pub(crate) async fn refund_any_payment(
    State(house): State<House>,
    PathId(payment): PathId<PaymentId>,
    why: Why,
    ask: StaffAsk,
) -> Result<Response<Body>, Problem> {
    let refund = operating::refund(&house.office, payment).await?;
    submit(&house, (&ask, &why), payment, refund).await
}

async fn submit(
    house: &House,
    (ask, why): (&StaffAsk, &Why),
    payment: PaymentId,
    action: Action,
) -> Result<Response<Body>, Problem> {
    // The page of its reservation tells why, too, and that is where people look.
    let about = match find(house, payment).await?.reservation {
        Some(reservation) => (Target::Reservation, reservation.to_string()),
        None => (Target::Payment, payment.to_string()),
    };
    let work = async {
        let done = house.submit(&ask.named, action).await?;
        reply::reply(done, StatusCode::OK, |outcome, _| match outcome {
            Outcome::Gateway { payment, .. } | Outcome::Refunded { payment: Some(payment), .. } => {
                Some(PaymentView::from(payment))
            }
            _ => None,
        })
    };
    explained(house, (ask, why), about, work).await
}

async fn find(house: &House, id: PaymentId) -> Result<Payment, Problem> {
    match house.office.row(Key::Payment(id)).await?.map(admitone_domain::Loaded::into_row) {
        Some(Row::Payment(payment)) => Ok(payment),
        _ => Err(Refusal::UnknownPayment.into()),
    }
}
