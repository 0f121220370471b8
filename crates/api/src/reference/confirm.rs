//! The payment confirmation: takes from a ticket type and stores the payment, durable before it
//! is answered. The order id is the idempotency key.

use crate::ask::Plain;
use crate::house::{House, buyer_named};
use crate::problem::Problem;
use crate::reply;
use admitone_app::box_office::Request as Named;
use admitone_domain::command::Confirm;
use admitone_domain::id::TicketTypeId;
use admitone_domain::pass::Admission;
use admitone_domain::{Action, Actor, CommandId, Fingerprint, Key, Money, Outcome, Row};
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::json;

/// What the client sends.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConfirmRequest {
    payment_key: String,
    order_id: String,
    amount: i64,
    ticket_type_id: u64,
    member_id: u64,
}

/// `POST /v1/api/payments/confirm`.
pub(crate) async fn confirm(
    State(house): State<House>,
    Plain(bytes): Plain,
) -> Result<Response<Body>, Problem> {
    let wanted: ConfirmRequest =
        serde_json::from_slice(&bytes).map_err(|error| Problem::invalid(error.to_string()))?;
    let order = wanted.order_id.clone();
    if !(1..=64).contains(&order.len()) || wanted.payment_key.len() > 200 {
        return Err(Problem::invalid(
            "`orderId` must have 1 to 64, `paymentKey` at most 200 bytes",
        ));
    }
    let ticket_type = TicketTypeId(wanted.ticket_type_id);
    let found = house.office.row(Key::TicketType(ticket_type)).await?;
    let Some(Row::TicketType(stock)) = found.map(admitone_domain::Loaded::into_row) else {
        return Err(Problem::not_found("ticket type"));
    };
    let buyer = buyer_named("member", &[&wanted.member_id.to_string()]);
    let name = buyer_named("order", &[&order]);
    let print = buyer_named("confirm", &[&String::from_utf8_lossy(&bytes)]);
    let named = Named {
        id: CommandId(name.0),
        fingerprint: Fingerprint(u64::try_from(print.0 >> 64).unwrap_or_default()),
        actor: Actor::Buyer(buyer),
        admission: Admission::Staff,
        deadline: None,
        waits: true,
    };
    let confirm = Confirm {
        show: stock.show,
        ticket_type,
        quantity: 1,
        amount: Money(wanted.amount),
        key: wanted.payment_key,
        order,
    };
    let confirmed = house.submit(&named, Action::Confirm(confirm)).await?;
    match reply::outcome(confirmed) {
        Ok(Outcome::Confirmed { payment, reservation }) => Ok(reply::json(
            StatusCode::OK,
            &json!({
                "message": "결제 승인 성공 (payment confirmed)",
                "paymentId": payment.id.to_string(),
                "reservationId": reservation.id.to_string(),
                "amount": payment.amount,
            }),
        )),
        Ok(_) => Err(Problem::key_reused()),
        Err(problem) if problem.code == "SOLD_OUT" || problem.code == "ALL_HELD" => {
            Ok(sold_out(problem))
        }
        Err(problem) => Err(problem),
    }
}

/// Sold out, with what quantity is left, in the words its clients look for.
fn sold_out(mut problem: Problem) -> Response<Body> {
    let left = problem.context.as_ref().and_then(|context| context["left"].as_u64());
    problem.detail = format!("잔여 수량 (quantity left): {}", left.unwrap_or(0));
    problem.into_response()
}
