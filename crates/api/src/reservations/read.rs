//! Read reservations: one, or all of the buyer.

use crate::ask::{PathId, Reader};
use crate::house::House;
use crate::problem::{Problem, Problems};
use crate::reply::{self, PageQuery, PageView};
use crate::view::ReservationView;
use admitone_domain::id::{BuyerId, ReservationId};
use admitone_domain::reservation::Reservation;
use admitone_domain::{Key, Refusal, Row};
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Response};

/// Read a reservation
#[utoipa::path(
    get, path = "/api/v1/reservations/{id}", operation_id = "read_reservation",
    tag = "reservations", security(("buyer" = [])), params(("id" = String, Path, example = "res_1")),
    responses((status = 200, body = ReservationView), (status = 304), Problems)
)]
pub(crate) async fn read_reservation(
    State(house): State<House>,
    PathId(id): PathId<ReservationId>,
    reader: Reader,
    headers: HeaderMap,
) -> Result<Response<Body>, Problem> {
    one(&house, id, Some(reader.buyer), &headers).await
}

/// One reservation, of a buyer or of anybody.
pub(crate) async fn one(
    house: &House,
    id: ReservationId,
    of: Option<BuyerId>,
    headers: &HeaderMap,
) -> Result<Response<Body>, Problem> {
    let found = house.office.row(Key::Reservation(id)).await?;
    let found = found.ok_or(Refusal::UnknownReservation)?;
    let version = found.version;
    let Row::Reservation(found) = found.into_row() else {
        return Err(Refusal::UnknownReservation.into());
    };
    if of.is_some_and(|buyer| buyer != found.buyer) {
        return Err(Refusal::UnknownReservation.into());
    }
    let view = ReservationView::at(&found, house.office.clock.now());
    Ok(reply::versioned(headers, (version, view.state), &view))
}

/// List reservations
///
/// Of the buyer who asks, newest first.
#[utoipa::path(
    get, path = "/api/v1/reservations", operation_id = "list_reservations", tag = "reservations",
    security(("buyer" = [])), params(PageQuery),
    responses((status = 200, body = PageView<ReservationView>), (status = 304), Problems)
)]
pub(crate) async fn list_reservations(
    State(house): State<House>,
    reader: Reader,
    headers: HeaderMap,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Response<Body>, Problem> {
    list(&house, Some(reader.buyer), query, &headers).await
}

/// A page of the reservations of a buyer or of all.
pub(crate) async fn list(
    house: &House,
    of: Option<BuyerId>,
    query: Result<Query<PageQuery>, QueryRejection>,
    headers: &HeaderMap,
) -> Result<Response<Body>, Problem> {
    let Query(query) = query.map_err(|error| Problem::invalid(error.body_text()))?;
    let found = house.office.reads.reservations(of, query.page()?).await?;
    let now = house.office.clock.now();
    let cursor = |reservation: &Reservation| reservation.id.0.to_string();
    let view = |reservation: Reservation| ReservationView::at(&reservation, now);
    let page = reply::page(found, query.limit()?, cursor, view);
    let timeless = PageView {
        data: page.data.iter().map(timeless).collect(),
        next_cursor: page.next_cursor.clone(),
        has_more: page.has_more,
    };
    Ok(reply::timed(headers, &page, &timeless))
}

/// A reservation without what says only how late it is: the same as long as nothing happened to it.
fn timeless(view: &ReservationView) -> ReservationView {
    ReservationView { expires_in_seconds: 0, server_time: String::new(), ..view.clone() }
}

/// A reservation of anybody.
pub(crate) async fn find(house: &House, id: ReservationId) -> Result<Option<Reservation>, Problem> {
    match house.office.row(Key::Reservation(id)).await?.map(admitone_domain::Loaded::into_row) {
        Some(Row::Reservation(reservation)) => Ok(Some(reservation)),
        _ => Ok(None),
    }
}
