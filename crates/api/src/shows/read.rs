//! Read a show and its ticket types. Open to everybody.

use crate::ask::PathId;
use crate::house::House;
use crate::problem::{Problem, Problems};
use crate::reply::{self, PageView};
use crate::view::{ShowView, TicketTypeView};
use admitone_domain::id::ShowId;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Response};

/// Read a show
#[utoipa::path(
    get, path = "/api/v1/shows/{id}", operation_id = "read_show", tag = "shows",
    params(("id" = String, Path, example = "show_1")),
    responses((status = 200, body = ShowView), (status = 304), Problems)
)]
pub(crate) async fn read_show(
    State(house): State<House>,
    PathId(id): PathId<ShowId>,
    headers: HeaderMap,
) -> Result<Response<Body>, Problem> {
    Ok(reply::resource(&headers, &ShowView::from(house.show(id).await?)))
}

/// List the ticket types of a show
///
/// `sold_out` is told apart from `all_held`: of the latter some may come back.
#[utoipa::path(
    get, path = "/api/v1/shows/{id}/ticket-types", operation_id = "list_ticket_types",
    tag = "shows", params(("id" = String, Path, example = "show_1")),
    responses((status = 200, body = PageView<TicketTypeView>), (status = 304), Problems)
)]
pub(crate) async fn list_ticket_types(
    State(house): State<House>,
    PathId(id): PathId<ShowId>,
    headers: HeaderMap,
) -> Result<Response<Body>, Problem> {
    house.show(id).await?;
    let found = house.office.boards.board(id).await?.snapshot().ticket_types;
    let data: Vec<TicketTypeView> = found.into_iter().map(TicketTypeView::from).collect();
    Ok(reply::resource(&headers, &PageView { data, next_cursor: None, has_more: false }))
}
