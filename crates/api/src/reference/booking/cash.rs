//! Cash: charge and check.

use super::{body, buyer_of, named};
use crate::ask::Plain;
use crate::house::House;
use crate::problem::Problem;
use crate::reference::{Failure, failure, success};
use crate::reply;
use admitone_domain::command::Charge;
use admitone_domain::{Action, Key, Money, Outcome, Row};
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Response, StatusCode};
use serde_json::{Value, json};
use std::collections::HashMap;

/// `POST /user/charge`.
pub(crate) async fn charge(
    State(house): State<House>,
    headers: HeaderMap,
    bytes: Result<Plain, Problem>,
) -> Result<Response<Body>, Failure> {
    let Plain(bytes) = bytes?;
    let body = body(&bytes);
    let invalid = || failure(StatusCode::BAD_REQUEST, "Invalid amount or userId");
    let buyer = body.get("userId").and_then(Value::as_str).and_then(buyer_of);
    let buyer = buyer.ok_or_else(invalid)?;
    let amount = body.get("amount").and_then(Value::as_i64).filter(|amount| *amount > 0);
    let amount = Money(amount.ok_or_else(invalid)?);
    let charge = Action::Charge(Charge { amount, currency: house.currency });
    let named = named(&house, &headers, (buyer, "charge"), &bytes)?;
    match reply::outcome(house.submit(&named, charge).await?) {
        Ok(Outcome::Moved { balance, .. }) => Ok(success(&json!({ "balance": balance }))),
        Ok(_) => Err(Problem::key_reused().into()),
        // A sum that does not fit is an amount that cannot be charged.
        Err(problem) if problem.code == "AMOUNT_OVERFLOW" => Err(invalid()),
        Err(problem) => Err(problem.into()),
    }
}

/// `GET /user/check`.
pub(crate) async fn check(
    State(house): State<House>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response<Body>, Failure> {
    let buyer = query.get("userId").and_then(|user_id| buyer_of(user_id));
    let buyer = buyer.ok_or_else(|| failure(StatusCode::BAD_REQUEST, "Invalid userId"))?;
    let balance =
        match house.office.row(Key::Wallet(buyer)).await?.map(admitone_domain::Loaded::into_row) {
            Some(Row::Wallet(wallet)) => wallet.balance,
            _ => Money::ZERO,
        };
    Ok(success(&json!({ "balance": balance })))
}
