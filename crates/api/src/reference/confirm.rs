//! The payment confirmation: takes from a ticket type and stores the payment, durable before it
//! is answered. The order id is the idempotency key. Where the house has a gateway, it is asked
//! first; else whoever asks is believed that the money was taken.

use crate::ask::{Plain, object};
use crate::house::{House, buyer_named};
use crate::payments::gateway::{self, Wanted};
use crate::problem::Problem;
use crate::reply;
use admitone_app::box_office::Request as Named;
use admitone_domain::command::{Choice, Confirm, Hold, Release};
use admitone_domain::id::{PaymentId, ReservationId, TicketTypeId};
use admitone_domain::pass::Admission;
use admitone_domain::payment::{Payment, Standing};
use admitone_domain::ticket_type::TicketType;
use admitone_domain::{Action, Actor, CommandId, Fingerprint, Key, Money, Outcome, Row};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Response, StatusCode, header};
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

impl ConfirmRequest {
    /// What was asked, however it was written.
    fn fingerprint(&self) -> Fingerprint {
        let Self { payment_key, order_id, amount, ticket_type_id, member_id } = self;
        let numbers = [amount.to_string(), ticket_type_id.to_string(), member_id.to_string()];
        let [amount, ticket_type, member] = numbers.each_ref().map(String::as_str);
        let print = buyer_named("confirm", &[payment_key, order_id, amount, ticket_type, member]);
        Fingerprint(u64::try_from(print.0 >> 64).unwrap_or_default())
    }
}

/// `POST /v1/api/payments/confirm`.
pub(crate) async fn confirm(
    State(house): State<House>,
    Plain(bytes): Plain,
) -> Result<Response<Body>, Problem> {
    let wanted: ConfirmRequest = object(&bytes)?;
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
    let named = Named {
        id: CommandId(name.0),
        fingerprint: wanted.fingerprint(),
        actor: Actor::Buyer(buyer),
        admission: Admission::Staff,
        deadline: None,
        waits: true,
    };
    if house.reference.is_some_and(|setting| setting.through_gateway) {
        let key = gateway_key(wanted.payment_key, &order);
        let wanted = Wanted { key, order, amount: Money(wanted.amount) };
        return through_gateway(&house, named, &stock, wanted).await;
    }
    let confirm = Confirm {
        show: stock.show,
        ticket_type,
        quantity: 1,
        amount: Money(wanted.amount),
        key: wanted.payment_key,
        order,
    };
    let replied = house.submit(&named, Action::Confirm(confirm)).await?;
    match reply::outcome(replied) {
        Ok(Outcome::Confirmed { payment, reservation }) => {
            Ok(confirmed(payment.id, reservation.id, payment.amount))
        }
        Ok(_) => Err(Problem::key_reused()),
        Err(problem) if problem.code == "SOLD_OUT" || problem.code == "ALL_HELD" => {
            Ok(sold_out(problem))
        }
        Err(problem) => Err(problem),
    }
}

/// What the reference calls every payment names none: each order has a key of its own then.
fn gateway_key(key: String, order: &str) -> String {
    if key == "test-key" { format!("{key}-{order}") } else { key }
}

fn confirmed(payment: PaymentId, reservation: ReservationId, amount: Money) -> Response<Body> {
    let body = json!({
        "message": "결제 승인 성공 (payment confirmed)",
        "paymentId": payment.to_string(),
        "reservationId": reservation.to_string(),
        "amount": amount,
    });
    reply::json(StatusCode::OK, &body)
}

/// Nobody knows yet: the same request, sent again, tells.
fn being_checked(payment: &Payment) -> Response<Body> {
    let body = json!({
        "message": "결제 확인 중 (payment being checked)",
        "paymentId": payment.id.to_string(),
    });
    let mut response = reply::json(StatusCode::ACCEPTED, &body);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
    response
}

/// The hold, the payment, the ticket: the same steps as everybody's, under names of the order, so
/// that whoever repeats it comes to where it is. Declined, the hold is given back.
async fn through_gateway(
    house: &House,
    named: Named,
    stock: &TicketType,
    wanted: Wanted,
) -> Result<Response<Body>, Problem> {
    let payments = gateway::of(house)?;
    let show = stock.show;
    let hold = Named { id: CommandId(buyer_named("order hold", &[&wanted.order]).0), ..named };
    let choice = Choice::Items { seats: Vec::new(), tickets: vec![(stock.id, 1)] };
    let answered = house.submit(&hold, Action::Hold(Hold { show, choice })).await?;
    let reservation = match reply::outcome(answered) {
        Ok(Outcome::Reserved(reservation)) => reservation.id,
        Ok(_) => return Err(Problem::key_reused()),
        Err(problem) if problem.code == "SOLD_OUT" || problem.code == "ALL_HELD" => {
            return Ok(sold_out(problem));
        }
        Err(problem) => return Err(problem),
    };
    let amount = wanted.amount;
    let begin = wanted.begin(reservation, show, &payments);
    let (reply, payment) = payments.pay(&named, begin).await?;
    let told = house.unless_accepted(&named, reply)?;
    let release = Named { id: CommandId(hold.id.0.wrapping_add(1)), ..hold };
    let give_back = Action::Release(Release { reservation });
    let Some(payment) = payment else {
        house.submit(&release, give_back).await?;
        return reply::outcome(told).and_then(|_| Err(Problem::key_reused()));
    };
    match payment.attempt().map(|attempt| &attempt.standing) {
        Some(Standing::Approved) => Ok(confirmed(payment.id, reservation, amount)),
        Some(Standing::Declined { code }) => {
            let declined = Problem::declined(code, &payment.id.to_string());
            house.submit(&release, give_back).await?;
            Err(declined)
        }
        Some(Standing::Late) => Err(Problem::payment_too_late(&payment.id.to_string())),
        Some(Standing::Requested | Standing::Unknown) | None => Ok(being_checked(&payment)),
    }
}

/// Sold out, with what quantity is left, in the words its clients look for.
fn sold_out(mut problem: Problem) -> Response<Body> {
    let left = problem.context.as_ref().and_then(|context| context["left"].as_u64());
    problem.detail = format!("잔여 수량 (quantity left): {}", left.unwrap_or(0));
    problem.into_response()
}
