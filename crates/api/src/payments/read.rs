//! Read payments: one, or all of the buyer.

use crate::ask::{PathId, Reader};
use crate::house::House;
use crate::problem::{Problem, Problems};
use crate::reply::{self, PageQuery, PageView};
use crate::view::PaymentView;
use admitone_domain::id::PaymentId;
use admitone_domain::payment::Payment;
use admitone_domain::{Key, Refusal, Row};
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Response};

/// Read a payment
#[utoipa::path(
    get, path = "/api/v1/payments/{id}", operation_id = "read_payment", tag = "payments",
    security(("buyer" = [])), params(("id" = String, Path, example = "pay_1")),
    responses((status = 200, body = PaymentView), (status = 304), Problems)
)]
pub(crate) async fn read_payment(
    State(house): State<House>,
    PathId(id): PathId<PaymentId>,
    reader: Reader,
    headers: HeaderMap,
) -> Result<Response<Body>, Problem> {
    match house.office.row(Key::Payment(id)).await?.map(admitone_domain::Loaded::into_row) {
        Some(Row::Payment(payment)) if payment.buyer == reader.buyer => {
            Ok(reply::resource(&headers, &PaymentView::from(&payment)))
        }
        _ => Err(Refusal::UnknownPayment.into()),
    }
}

/// List payments
///
/// Of the buyer who asks, newest first.
#[utoipa::path(
    get, path = "/api/v1/payments", operation_id = "list_payments", tag = "payments",
    security(("buyer" = [])), params(PageQuery),
    responses((status = 200, body = PageView<PaymentView>), (status = 304), Problems)
)]
pub(crate) async fn list_payments(
    State(house): State<House>,
    reader: Reader,
    headers: HeaderMap,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Response<Body>, Problem> {
    let Query(query) = query.map_err(|error| Problem::invalid(error.body_text()))?;
    let found = house.office.reads.payments(reader.buyer, query.page()?).await?;
    let cursor = |payment: &Payment| payment.id.0.to_string();
    let page = reply::page(found, query.limit()?, cursor, |found| PaymentView::from(&found));
    Ok(reply::resource(&headers, &page))
}
