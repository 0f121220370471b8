//! A gateway says that the status of a payment changed. Nothing that comes here is signed, so
//! nothing of it is believed: it only has the gateway asked, sooner than it would be.

use crate::ask::{Plain, object};
use crate::house::{House, buyer_named};
use crate::payments::gateway;
use crate::problem::{Problem, Problems};
use crate::reply;
use admitone_app::payments::names;
use admitone_domain::id::PaymentId;
use admitone_domain::{CommandId, Key, Outcome, Row};
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// What a gateway says; more than this is not read.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub(crate) struct PaymentNews {
    /// About which payment. A map, because serde would take an array for an object.
    #[schema(value_type = NewsData)]
    data: Map<String, Value>,
}

/// About which payment there is news.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "it describes what is read from a map")]
pub(crate) struct NewsData {
    /// What the gateway calls the payment.
    payment_key: String,
    /// The order that it pays.
    order_id: String,
}

/// That it was heard.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct HeardView {
    /// Whether it concerns a payment of this house.
    pub(crate) is_known: bool,
}

/// Hear of a payment
///
/// From the gateway. Nothing in it is believed: the gateway is asked.
#[utoipa::path(
    post, path = "/api/v1/gateway/webhooks", operation_id = "hear_of_payment", tag = "payments",
    request_body = PaymentNews,
    responses((status = 200, body = HeardView), Problems)
)]
pub(crate) async fn hear_of_payment(
    State(house): State<House>,
    Plain(bytes): Plain,
) -> Result<Response<Body>, Problem> {
    let payments = gateway::of(&house)?;
    let PaymentNews { data } = object(&bytes)?;
    let text = |field: &str| {
        let found = data.get(field).and_then(Value::as_str);
        found.ok_or_else(|| Problem::invalid(format!("`data.{field}` must be a text")))
    };
    let found = find(&house, text("orderId")?, text("paymentKey")?).await?;
    if let Some(payment) = found {
        payments.heard_of(payment);
    }
    Ok(reply::json(StatusCode::OK, &HeardView { is_known: found.is_some() }))
}

/// The payment of an order that has this key: begun by a buyer, or on a reference route.
async fn find(house: &House, order: &str, key: &str) -> Result<Option<PaymentId>, Problem> {
    let mut begun = vec![CommandId(buyer_named("order", &[order]).0)];
    if let Some(id) = names::reservation(order) {
        let found = house.office.row(Key::Reservation(id)).await?;
        if let Some(Row::Reservation(reservation)) = found.map(admitone_domain::Loaded::into_row) {
            begun.push(names::begin(reservation.buyer, order));
        }
    }
    for id in begun {
        let answer = house.office.reads.answer(id).await?;
        let Some(Ok(Outcome::Gateway { payment, .. })) = answer.map(|kept| kept.answer.clone())
        else {
            continue;
        };
        if payment.attempt().is_some_and(|attempt| attempt.key == key) {
            return Ok(Some(payment.id));
        }
    }
    Ok(None)
}
