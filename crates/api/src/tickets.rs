//! Tickets: the sold items of the buyer's reservations.

use crate::ask::{PathId, Reader};
use crate::house::House;
use crate::problem::{Problem, Problems};
use crate::reply::{self, PageQuery, PageView};
use crate::reservations::read;
use crate::view::ItemView;
use admitone_domain::id::TicketId;
use admitone_domain::reservation::{ItemState, Reservation};
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// A ticket.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct TicketView {
    /// Its id.
    #[schema(example = "ticket_1_0")]
    pub(crate) id: String,
    /// The reservation it was sold with.
    pub(crate) reservation: String,
    /// The show it is for.
    pub(crate) show: String,
    /// What it is.
    pub(crate) item: ItemView,
    /// What lets in at the door, as text or as a QR code. Whoever has it has the ticket.
    #[schema(example = "KH8000-8E6E-A9YY-NJ9Z")]
    pub(crate) code: String,
}

/// Read a ticket
#[utoipa::path(
    get, path = "/api/v1/tickets/{id}", operation_id = "read_ticket", tag = "tickets",
    security(("buyer" = [])), params(("id" = String, Path, example = "ticket_1_0")),
    responses((status = 200, body = TicketView), (status = 304), Problems)
)]
pub(crate) async fn read_ticket(
    State(house): State<House>,
    PathId(id): PathId<TicketId>,
    reader: Reader,
    headers: HeaderMap,
) -> Result<Response<Body>, Problem> {
    let found = read::find(&house, id.reservation).await?;
    let found = found.filter(|found| found.buyer == reader.buyer);
    let ticket = found
        .and_then(|found| tickets_of(&house, &found).into_iter().find(|t| t.id == id.to_string()));
    let ticket = ticket.ok_or_else(|| Problem::not_found("ticket"))?;
    Ok(reply::resource(&headers, &ticket))
}

/// List tickets
///
/// Of the buyer who asks, by reservation, newest first. A page holds the tickets of up to `limit`
/// reservations.
#[utoipa::path(
    get, path = "/api/v1/tickets", operation_id = "list_tickets", tag = "tickets",
    security(("buyer" = [])), params(PageQuery),
    responses((status = 200, body = PageView<TicketView>), (status = 304), Problems)
)]
pub(crate) async fn list_tickets(
    State(house): State<House>,
    reader: Reader,
    headers: HeaderMap,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Response<Body>, Problem> {
    let Query(query) = query.map_err(|error| Problem::invalid(error.body_text()))?;
    let found = house.office.reads.reservations(Some(reader.buyer), query.page()?).await?;
    let cursor = |reservation: &Reservation| reservation.id.0.to_string();
    let pages = reply::page(found, query.limit()?, cursor, |found| tickets_of(&house, &found));
    let page: PageView<TicketView> = PageView {
        data: pages.data.into_iter().flatten().collect(),
        next_cursor: pages.next_cursor,
        has_more: pages.has_more,
    };
    Ok(reply::resource(&headers, &page))
}

fn tickets_of(house: &House, reservation: &Reservation) -> Vec<TicketView> {
    let items = reservation.items.iter().zip(0..);
    let sold = items.filter(|(item, _)| item.state == ItemState::Sold);
    sold.map(|(item, place)| {
        let ticket = TicketId { reservation: reservation.id, item: place };
        TicketView {
            id: ticket.to_string(),
            reservation: reservation.id.to_string(),
            show: reservation.show.to_string(),
            item: ItemView::from(item),
            code: house.tickets.code(ticket),
        }
    })
    .collect()
}
