//! Charge the wallet of a buyer, and take money out of it.

use super::explained;
use crate::ask::{PathId, StaffAsk, Why};
use crate::house::House;
use crate::problem::{Problem, Problems};
use crate::reply;
use crate::wallet::movement::{AmountRequest, MovementView, moved};
use admitone_app::logbook::Target;
use admitone_domain::command::{Charge, ChargeFor, Withdraw};
use admitone_domain::id::BuyerId;
use admitone_domain::{Action, Money};
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

/// What is taken out, and why.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WithdrawalRequest {
    /// In minor units; positive.
    #[schema(minimum = 1, example = 10000)]
    pub(crate) amount: i64,
    /// Why, in a few words. It stands in the operators' log and beside the wallet.
    #[schema(example = "charged twice", max_length = 500, pattern = r"\S")]
    pub(crate) why: String,
}

/// Charge the wallet of a buyer
///
/// For money that came in another way. The first charge opens the wallet.
#[utoipa::path(
    post, path = "/api/v1/operator/wallets/{buyer}/charges", operation_id = "charge_any_wallet",
    tag = "operator", security(("operator" = [])), request_body = AmountRequest,
    params(
        ("buyer" = String, Path, example = "buyer_000102030405060708090a0b0c0d0e0f"),
        ("Idempotency-Key" = String, Header, min_length = 1, max_length = 255),
        Why,
    ),
    responses((status = 201, body = MovementView), Problems)
)]
pub(crate) async fn charge_any_wallet(
    State(house): State<House>,
    PathId(buyer): PathId<BuyerId>,
    why: Why,
    ask: StaffAsk,
) -> Result<Response<Body>, Problem> {
    let AmountRequest { amount } = ask.body()?;
    let charge = Charge { amount: Money(amount), currency: house.currency };
    let charge = Action::ChargeFor(ChargeFor { buyer, charge });
    submit(&house, (&ask, &why), buyer, charge).await
}

/// Take money out of the wallet of a buyer
///
/// For what was charged by mistake. Nothing is bought for it, so it is no payment, and the entry says so. Never more
/// than there is, and never without saying why.
#[utoipa::path(
    post, path = "/api/v1/operator/wallets/{buyer}/withdrawals",
    operation_id = "withdraw_from_any_wallet", tag = "operator", security(("operator" = [])),
    request_body = WithdrawalRequest,
    params(
        ("buyer" = String, Path, example = "buyer_000102030405060708090a0b0c0d0e0f"),
        ("Idempotency-Key" = String, Header, min_length = 1, max_length = 255),
    ),
    responses((status = 201, body = MovementView), Problems)
)]
pub(crate) async fn withdraw_from_any_wallet(
    State(house): State<House>,
    PathId(buyer): PathId<BuyerId>,
    ask: StaffAsk,
) -> Result<Response<Body>, Problem> {
    let WithdrawalRequest { amount, why } = ask.body()?;
    let why = Why::said(why)?;
    if why.why.trim().is_empty() {
        return Err(Problem::invalid("`why` must say why"));
    }
    let (amount, currency) = (Money(amount), house.currency);
    let withdraw = Action::Withdraw(Withdraw { buyer, amount, currency });
    submit(&house, (&ask, &why), buyer, withdraw).await
}

async fn submit(
    house: &House,
    (ask, why): (&StaffAsk, &Why),
    buyer: BuyerId,
    action: Action,
) -> Result<Response<Body>, Problem> {
    let work =
        async { reply::reply(house.submit(&ask.named, action).await?, StatusCode::CREATED, moved) };
    explained(house, (ask, why), (Target::Wallet, buyer.to_string()), work).await
}
