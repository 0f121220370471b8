//! Charge the wallet of a buyer.

use crate::ask::{PathId, StaffAsk};
use crate::house::House;
use crate::problem::{Problem, Problems};
use crate::reply;
use crate::wallet::movement::{AmountRequest, MovementView, moved};
use admitone_domain::command::{Charge, ChargeFor};
use admitone_domain::id::BuyerId;
use admitone_domain::{Action, Money};
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};

/// Charge the wallet of a buyer
///
/// For money that came in another way. The first charge opens the wallet.
#[utoipa::path(
    post, path = "/api/v1/operator/wallets/{buyer}/charges", operation_id = "charge_any_wallet",
    tag = "operator", security(("operator" = [])), request_body = AmountRequest,
    params(
        ("buyer" = String, Path, example = "buyer_000102030405060708090a0b0c0d0e0f"),
        ("Idempotency-Key" = String, Header, min_length = 1, max_length = 255),
    ),
    responses((status = 201, body = MovementView), Problems)
)]
pub(crate) async fn charge_any_wallet(
    State(house): State<House>,
    PathId(buyer): PathId<BuyerId>,
    ask: StaffAsk,
) -> Result<Response<Body>, Problem> {
    let AmountRequest { amount } = ask.body()?;
    let charge = Charge { amount: Money(amount), currency: house.currency };
    let charge = Action::ChargeFor(ChargeFor { buyer, charge });
    let charged = house.submit(&ask.named, charge).await?;
    reply::reply(charged, StatusCode::CREATED, moved)
}
