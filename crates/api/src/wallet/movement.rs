//! Charge and use: money comes into the wallet, money is spent from it.

use crate::ask::BuyerAsk;
use crate::house::House;
use crate::problem::{Problem, Problems};
use crate::reply;
use crate::view::EntryView;
use admitone_domain::command::{Charge, Spend};
use admitone_domain::{Action, Moment, Money, Outcome};
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An amount.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AmountRequest {
    /// In minor units; positive.
    #[schema(minimum = 1, example = 10000)]
    pub(crate) amount: i64,
}

/// A movement of the wallet.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct MovementView {
    /// The entry that was added.
    pub(crate) entry: EntryView,
    /// The balance after it.
    #[schema(value_type = i64)]
    pub(crate) balance: Money,
}

/// Charge the wallet
#[utoipa::path(
    post, path = "/api/v1/wallet/charges", operation_id = "charge_wallet", tag = "wallet",
    security(("buyer" = [])), request_body = AmountRequest,
    params(("Idempotency-Key" = String, Header, min_length = 1, max_length = 255)),
    responses((status = 201, body = MovementView), Problems)
)]
pub(crate) async fn charge_wallet(
    State(house): State<House>,
    ask: BuyerAsk,
) -> Result<Response<Body>, Problem> {
    if !house.freedoms.self_charge {
        return Err(Problem::self_charge_off());
    }
    let AmountRequest { amount } = ask.body()?;
    let charge = Charge { amount: Money(amount), currency: house.currency };
    let charged = ask.submit(&house, Action::Charge(charge)).await?;
    reply::reply(charged, StatusCode::CREATED, moved)
}

/// Use money of the wallet
///
/// For something outside the sale; it is kept as a payment and can be refunded.
#[utoipa::path(
    post, path = "/api/v1/wallet/uses", operation_id = "use_wallet", tag = "wallet",
    security(("buyer" = [])), request_body = AmountRequest,
    params(("Idempotency-Key" = String, Header, min_length = 1, max_length = 255)),
    responses((status = 201, body = MovementView), Problems)
)]
pub(crate) async fn use_wallet(
    State(house): State<House>,
    ask: BuyerAsk,
) -> Result<Response<Body>, Problem> {
    let AmountRequest { amount } = ask.body()?;
    let spend = Spend { amount: Money(amount), currency: house.currency };
    let used = ask.submit(&house, Action::Spend(spend)).await?;
    reply::reply(used, StatusCode::CREATED, moved)
}

pub(crate) fn moved(outcome: &Outcome, _at: Moment) -> Option<MovementView> {
    let Outcome::Moved { entry, balance } = outcome else { return None };
    Some(MovementView { entry: EntryView::from(entry), balance: *balance })
}
