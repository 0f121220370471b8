//! Read the wallet: its balance, its entries.

use crate::ask::Reader;
use crate::house::House;
use crate::problem::{Problem, Problems};
use crate::reply::{self, PageQuery, PageView};
use crate::view::EntryView;
use admitone_domain::wallet::Entry;
use admitone_domain::{Key, Money, Row};
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// A wallet.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct WalletView {
    /// Whose.
    pub(crate) buyer: String,
    /// What is there.
    #[schema(value_type = i64)]
    pub(crate) balance: Money,
    /// ISO 4217.
    #[schema(example = "KRW")]
    pub(crate) currency: String,
}

/// Read the wallet
///
/// One that was never charged is empty.
#[utoipa::path(
    get, path = "/api/v1/wallet", operation_id = "read_wallet", tag = "wallet",
    security(("buyer" = [])), responses((status = 200, body = WalletView), (status = 304), Problems)
)]
pub(crate) async fn read_wallet(
    State(house): State<House>,
    reader: Reader,
    headers: HeaderMap,
) -> Result<Response<Body>, Problem> {
    let buyer = reader.buyer.to_string();
    let found = house.office.row(Key::Wallet(reader.buyer)).await?;
    let (balance, currency) = match found.map(admitone_domain::Loaded::into_row) {
        Some(Row::Wallet(wallet)) => (wallet.balance, wallet.currency),
        _ => (Money::ZERO, house.currency),
    };
    let view = WalletView { buyer, balance, currency: currency.to_string() };
    Ok(reply::resource(&headers, &view))
}

/// List the wallet's entries
///
/// Newest first.
#[utoipa::path(
    get, path = "/api/v1/wallet/entries", operation_id = "list_wallet_entries", tag = "wallet",
    security(("buyer" = [])), params(PageQuery),
    responses((status = 200, body = PageView<EntryView>), (status = 304), Problems)
)]
pub(crate) async fn list_wallet_entries(
    State(house): State<House>,
    reader: Reader,
    headers: HeaderMap,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Response<Body>, Problem> {
    let Query(query) = query.map_err(|error| Problem::invalid(error.body_text()))?;
    let found = house.office.reads.entries(reader.buyer, query.page()?).await?;
    let cursor = |entry: &Entry| entry.id.0.to_string();
    let page = reply::page(found, query.limit()?, cursor, |entry| EntryView::from(&entry));
    Ok(reply::resource(&headers, &page))
}
