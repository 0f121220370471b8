//! The operators' log: who did what.

use crate::ask::Staff;
use crate::house::House;
use crate::problem::{Problem, Problems};
use crate::reply::{PageQuery, PageView};
use crate::view::instant;
use admitone_app::ports::records::{Mark, Sought};
use admitone_domain::{Deed, Event, Happening, Key};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::Serialize;
use utoipa::ToSchema;

/// Something that an operator or the house did.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct LogView {
    /// When.
    #[schema(format = DateTime)]
    pub(crate) at: String,
    /// Who: an operator's id, or `house` for the command line.
    #[schema(example = "op_1")]
    pub(crate) by: String,
    /// What people call the operator.
    pub(crate) name: Option<String>,
    /// What was done to it: `changed`, `released`, `cancelled`, `refunded`, `charged`,
    /// `reacquired`, `admitted` or `rehearsed`.
    #[schema(example = "changed")]
    pub(crate) what: &'static str,
    /// To what.
    #[schema(example = "show")]
    pub(crate) kind: &'static str,
    /// Its id.
    #[schema(example = "show_1")]
    pub(crate) id: String,
    /// Its version after it.
    pub(crate) version: u64,
}

/// Read the operators' log
///
/// What operators and the command line changed, and what operators did to buyers' reservations,
/// payments and wallets, newest first. A page may have fewer entries than
/// `limit`, even none, and another page behind it: only a part of the history is searched at once.
#[utoipa::path(
    get, path = "/api/v1/operator/log", operation_id = "list_operator_log", tag = "operator",
    security(("operator" = [])), params(PageQuery),
    responses((status = 200, body = PageView<LogView>), Problems)
)]
pub(crate) async fn list_operator_log(
    State(house): State<House>,
    _staff: Staff,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Json<PageView<LogView>>, Problem> {
    let Query(query) = query.map_err(|error| Problem::invalid(error.body_text()))?;
    let before = query.after.as_deref().map(mark).transpose()?;
    let changes = house.records.search(Sought::OfStaff, before, query.limit()?).await?;
    let operators = house.office.reads.operators().await?;
    let data = changes.found.into_iter().map(|(_, event)| {
        let by = maker(&event);
        let name = operators.iter().find(|one| one.id.to_string() == by);
        let (kind, id) = changed(event.aggregate);
        let (at, name) = (instant(event.at), name.map(|one| one.name.clone()));
        LogView { at, by, name, what: deed(&event), kind, id, version: event.version }
    });
    Ok(Json(PageView {
        data: data.collect(),
        next_cursor: changes.next.map(|mark| format!("{}.{}", mark.batch, mark.nth)),
        has_more: changes.next.is_some(),
    }))
}

fn mark(cursor: &str) -> Result<Mark, Problem> {
    let parts = cursor.split_once('.');
    let parts =
        parts.and_then(|(batch, nth)| Some((batch.parse::<u32>().ok()?, nth.parse().ok()?)));
    let (batch, nth) =
        parts.ok_or_else(|| Problem::invalid("`after` is not a cursor of this list"))?;
    Ok(Mark { batch: u64::from(batch), nth })
}

fn maker(event: &Event) -> String {
    match &event.what {
        Happening::Changed { by } | Happening::Acted { by, .. } => by.clone(),
        _ => String::new(),
    }
}

fn deed(event: &Event) -> &'static str {
    match &event.what {
        Happening::Acted { deed: Deed::Released, .. } => "released",
        Happening::Acted { deed: Deed::Cancelled, .. } => "cancelled",
        Happening::Acted { deed: Deed::Refunded, .. } => "refunded",
        Happening::Acted { deed: Deed::Charged, .. } => "charged",
        Happening::Acted { deed: Deed::Reacquired, .. } => "reacquired",
        Happening::Acted { deed: Deed::Admitted, .. } => "admitted",
        Happening::Acted { deed: Deed::Rehearsed, .. } => "rehearsed",
        _ => "changed",
    }
}

fn changed(key: Key) -> (&'static str, String) {
    match key {
        Key::Concert(id) => ("concert", id.to_string()),
        Key::Show(id) => ("show", id.to_string()),
        Key::Plan(id) => ("seats", id.to_string()),
        Key::Room(id) => ("room", id.to_string()),
        Key::Operator(id) => ("operator", id.to_string()),
        Key::Buyer(id) => ("account", id.to_string()),
        Key::Reservation(id) => ("reservation", id.to_string()),
        Key::Payment(id) => ("payment", id.to_string()),
        Key::Pass(pass) => ("pass", pass.room.to_string()),
        Key::Quota(show, _) => ("quota", show.to_string()),
        Key::TicketType(id) => ("ticket type", id.to_string()),
        Key::Seat(id) => ("seat", id.to_string()),
        Key::Wallet(buyer) => ("wallet", buyer.to_string()),
    }
}
