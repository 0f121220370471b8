//! The booking service: queue, dates, seats, reservation, cash, payment.

pub(crate) mod cash;
pub(crate) mod concert;
pub(crate) mod pay;
pub(crate) mod queue;
pub(crate) mod sale;

use super::Failure;
use crate::ask::{self, IDEMPOTENCY_KEY};
use crate::house::House;
use crate::house::buyer_named;
use crate::users::own;
use admitone_app::box_office::Request as Named;
use admitone_domain::id::{BuyerId, RoomId};
use admitone_domain::{Actor, CommandId};
use axum::http::HeaderMap;
use serde_json::Value;

/// The buyer behind a user id of these routes: a name space of its own, no sign-up.
pub(crate) fn buyer_of(user_id: &str) -> Option<BuyerId> {
    let is_valid = (1..=64).contains(&user_id.len())
        && user_id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    is_valid.then(|| buyer_named("reference", &[user_id]))
}

/// The user behind the header `queue-token`, if it is admitted.
pub(crate) async fn admitted(house: &House, headers: &HeaderMap) -> Result<Visitor, Failure> {
    let token = token(house, headers)?;
    visitor(house, token).await?.ok_or_else(Failure::unauthorized)
}

/// The header `queue-token`, and the room for which it is.
fn token<'a>(house: &House, headers: &'a HeaderMap) -> Result<(RoomId, &'a str), Failure> {
    let token = headers.get("queue-token").and_then(|value| value.to_str().ok());
    let token = token.ok_or_else(Failure::unauthorized)?;
    let setting = house.reference.ok_or_else(Failure::unauthorized)?;
    Ok((setting.room, token))
}

async fn visitor(house: &House, (room, token): (RoomId, &str)) -> Result<Option<Visitor>, Failure> {
    let found = house.rooms.visitor(room, token).await?;
    Ok(found.map(|(buyer, admission)| Visitor { buyer, admission }))
}

/// A command of these routes under the client's `Idempotency-Key`, where it sends one; else it is a
/// command of its own. The pair says whose, and on which route.
fn named(
    house: &House,
    headers: &HeaderMap,
    (buyer, route): (BuyerId, &str),
    bytes: &[u8],
) -> Result<Named, Failure> {
    let command = own(house, Actor::Buyer(buyer));
    if !headers.contains_key(IDEMPOTENCY_KEY) {
        return Ok(command);
    }
    let key = ask::idempotency_key(headers)?;
    let name = buyer_named("reference command", &[&buyer.to_string(), route, key]);
    Ok(Named { id: CommandId(name.0), fingerprint: ask::fingerprint_of(&body(bytes)), ..command })
}

/// Who came through the room.
pub(crate) struct Visitor {
    pub(crate) buyer: BuyerId,
    pub(crate) admission: admitone_domain::pass::Admission,
}

/// A body as JSON, whatever its type says; nothing when it is none.
pub(crate) fn body(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or(Value::Null)
}

/// A whole number of a body.
pub(crate) fn number(body: &Value, field: &str) -> Option<u64> {
    body.get(field).and_then(Value::as_u64)
}
