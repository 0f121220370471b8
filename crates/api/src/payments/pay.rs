//! Pay a held reservation from the wallet, and refund a payment.

use super::gateway;
use crate::ask::{self, BuyerAsk, PathText};
use crate::commands::CommandView;
use crate::house::House;
use crate::problem::{Problem, Problems};
use crate::reply;
use crate::reservations::read;
use crate::view::{PaymentView, ReservationView};
use admitone_domain::command::{Pay, Refund};
use admitone_domain::id::{PaymentId, ReservationId};
use admitone_domain::payment::Payment;
use admitone_domain::reservation::Reservation;
use admitone_domain::{Action, Moment, Money, Outcome};
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which reservation to pay.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PayRequest {
    /// The reservation.
    #[schema(example = "res_1")]
    pub(crate) reservation: String,
    /// What the buyer expects to pay; another price is refused. Through a gateway it must be said.
    pub(crate) amount: Option<i64>,
    /// From the wallet, if it is not said.
    #[serde(default)]
    pub(crate) method: PayMethod,
    /// Through a gateway: what the gateway calls the payment.
    #[schema(max_length = 200)]
    pub(crate) payment_key: Option<String>,
    /// Through a gateway: the order as the gateway knows it, which begins with the reservation and
    /// `-`. One order is paid once: repeated, it is the same payment.
    #[schema(example = "res_1-1", max_length = 64)]
    pub(crate) order_id: Option<String>,
}

/// Where the money comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PayMethod {
    /// The buyer's wallet.
    #[default]
    Wallet,
    /// The house's payment gateway.
    Gateway,
}

/// How much to refund.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefundRequest {
    /// Left out means all that may still go back; for a reservation it must be all.
    #[schema(minimum = 1)]
    pub(crate) amount: Option<i64>,
}

/// A payment with what it bought.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct PaidView {
    /// The payment.
    pub(crate) payment: PaymentView,
    /// The reservation with its tickets.
    pub(crate) reservation: ReservationView,
    /// The balance after it, if it came from the wallet.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>)]
    pub(crate) balance: Option<Money>,
    /// Where to look for the outcome, while it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status_url: Option<String>,
}

impl PaidView {
    /// What the wallet paid for: nothing is left to be asked.
    pub(crate) fn from_wallet(
        payment: &Payment,
        reservation: &Reservation,
        balance: Money,
        at: Moment,
    ) -> Self {
        Self {
            payment: PaymentView::from(payment),
            reservation: ReservationView::at(reservation, at),
            balance: Some(balance),
            status_url: None,
        }
    }
}

/// What went back.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct RefundView {
    /// How much.
    #[schema(value_type = i64)]
    pub(crate) amount: Money,
    /// The payment it came from, if there was one.
    pub(crate) payment: Option<PaymentView>,
    /// The reservation, if there was one.
    pub(crate) reservation: Option<ReservationView>,
    /// The balance after it, if money went to the wallet.
    #[schema(value_type = Option<i64>)]
    pub(crate) balance: Option<Money>,
}

impl RefundView {
    pub(crate) fn of(outcome: &Outcome, at: Moment) -> Option<Self> {
        let Outcome::Refunded { payment, reservation, amount, balance } = outcome else {
            return None;
        };
        Some(Self {
            amount: *amount,
            payment: payment.as_ref().map(PaymentView::from),
            reservation: reservation.as_ref().map(|found| ReservationView::at(found, at)),
            balance: *balance,
        })
    }
}

/// What is answered with 202.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it describes two answers that are given elsewhere")]
pub(crate) enum NotKnownYet {
    /// The gateway is being asked.
    Asked(Box<PaidView>),
    /// The command is kept and not answered yet.
    Kept(CommandView),
}

/// Pay a reservation
///
/// From the wallet, or through the house's gateway. It ends the waiting-room pass in the same step.
/// Through a gateway there are three outcomes: 200 with the tickets, 402 when nothing was charged,
/// and 202 while nobody knows: then the seats are kept, and paying again would be paying twice.
#[utoipa::path(
    post, path = "/api/v1/payments", operation_id = "pay_reservation", tag = "payments",
    security(("buyer" = [])), request_body = PayRequest,
    params(
        ("Idempotency-Key" = String, Header, min_length = 1, max_length = 255),
        ("queue-token" = Option<String>, Header, description = "The pass, if the show stands behind a waiting room"),
    ),
    responses(
        (status = 201, body = PaidView),
        (status = 200, body = PaidView, description = "The gateway took the money; the tickets are the buyer's"),
        Problems,
        (status = 202, body = NotKnownYet, description = "Through a gateway: it is being asked, look at `status_url` after `Retry-After`. Where commands travel: accepted, `Location` tells the outcome"),
    )
)]
pub(crate) async fn pay_reservation(
    State(house): State<House>,
    ask: BuyerAsk,
) -> Result<Response<Body>, Problem> {
    let wanted: PayRequest = ask.body()?;
    let reservation: ReservationId = ask::id("reservation", &wanted.reservation)?;
    if wanted.method == PayMethod::Gateway {
        return gateway::pay(&house, ask, reservation, wanted).await;
    }
    if wanted.payment_key.is_some() || wanted.order_id.is_some() {
        return Err(Problem::invalid("`payment_key` and `order_id` go with `method` `gateway`"));
    }
    let named = match read::find(&house, reservation).await? {
        Some(found) => ask.admitted(&house, found.show).await?,
        None => ask.named,
    };
    let pay = Pay { reservation, expected: wanted.amount.map(Money) };
    let paid = house.submit(&named, Action::Pay(pay)).await?;
    // Its wallet is settled elsewhere and has not answered yet.
    if let Some(begun) = paid.begun() {
        return gateway::outcome(&house, begun).await;
    }
    reply::reply(paid, StatusCode::CREATED, |outcome, at| match outcome {
        Outcome::Paid { payment, reservation, balance } => {
            Some(PaidView::from_wallet(payment, reservation, *balance, at))
        }
        _ => None,
    })
}

/// Refund a payment
///
/// A reservation goes back whole and its tickets end; a plain use may go back in parts.
#[utoipa::path(
    post, path = "/api/v1/payments/{id}/actions/refund", operation_id = "refund_payment",
    tag = "payments", security(("buyer" = [])), request_body = Option<RefundRequest>,
    params(("id" = String, Path, example = "pay_1"), ("Idempotency-Key" = String, Header, min_length = 1, max_length = 255)),
    responses((status = 200, body = RefundView), Problems)
)]
pub(crate) async fn refund_payment(
    State(house): State<House>,
    PathText(id): PathText<String>,
    ask: BuyerAsk,
) -> Result<Response<Body>, Problem> {
    let payment: PaymentId = id.parse().map_err(|_| Problem::not_found("payment"))?;
    let RefundRequest { amount } = ask.body_or_default()?;
    let refund = Refund { payment, amount: amount.map(Money) };
    let refunded = ask.submit(&house, Action::Refund(refund)).await?;
    reply::reply(refunded, StatusCode::OK, RefundView::of)
}
