//! The operators' log: who did what.

use crate::ask::Staff;
use crate::house::House;
use crate::problem::{Problem, Problems};
use crate::reply::{PageQuery, PageView};
use crate::view::instant;
use admitone_app::logbook::{End, Entry, LogCursor, LogPage};
use admitone_domain::party::Operator;
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
    /// `reacquired`, `admitted`, `rehearsed`, `reseated` or `withdrew`; or to what is no row: `made`, `changed`, `rotated`,
    /// `removed`, `tested`, `replayed`, `paused`, `resumed`, `drained`, `restarted`, `retried`,
    /// `dropped`, `sent_again`, `stopped`, `asked_again` or `explained`.
    #[schema(example = "changed")]
    pub(crate) what: &'static str,
    /// To what.
    #[schema(example = "show")]
    pub(crate) kind: &'static str,
    /// Its id.
    #[schema(example = "show_1")]
    pub(crate) id: String,
    /// Its version after it; 0 where that is not counted.
    pub(crate) version: u64,
    /// Why, in the words of who did it.
    pub(crate) why: Option<String>,
    /// What came of it: `done`, `failed`, or `open` where it goes on, was interrupted or met
    /// trouble: nobody knows.
    #[schema(example = "done")]
    pub(crate) end: &'static str,
    /// What went wrong.
    pub(crate) error: Option<String>,
}

/// Read the operators' log
///
/// What operators and the command line changed, and what operators did to buyers' reservations,
/// payments and wallets, to endpoints, queues, notices and rehearsals, newest first. A page may have
/// fewer entries than `limit`, even none, and another page behind it: only a part of the history is
/// searched at once.
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
    let from = query.after.as_deref().map(cursor).transpose()?.unwrap_or_default();
    let LogPage { entries, next } = house.log.page(from, query.limit()?).await?;
    let operators = house.office.reads.operators().await?;
    let data = entries
        .into_iter()
        .map(|entry| LogView { name: name(&operators, maker(&entry)), ..LogView::of(entry) });
    let data = data.collect();
    let (next_cursor, has_more) = (next.as_ref().map(ToString::to_string), next.is_some());
    Ok(Json(PageView { data, next_cursor, has_more }))
}

fn cursor(text: &str) -> Result<LogCursor, Problem> {
    text.parse().map_err(|()| Problem::invalid("`after` is not a cursor of this list"))
}

fn name(operators: &[Operator], by: &str) -> Option<String> {
    operators.iter().find(|one| one.id.to_string() == by).map(|one| one.name.clone())
}

fn maker(entry: &Entry) -> &str {
    match entry {
        Entry::Line(line) => &line.by,
        Entry::Event(event) => match &event.what {
            Happening::Changed { by } | Happening::Acted { by, .. } => by,
            _ => "",
        },
    }
}

impl LogView {
    fn of(entry: Entry) -> Self {
        let by = maker(&entry).to_owned();
        match entry {
            Entry::Event(event) => {
                let (kind, id) = changed(event.aggregate);
                let (at, what, version) = (instant(event.at), deed(&event), event.version);
                let (name, why, error) = (None, None, None);
                Self { at, by, name, what, kind, id, version, why, end: "done", error }
            }
            Entry::Line(line) => {
                let (end, error) = match line.end {
                    End::Open => ("open", None),
                    End::Done => ("done", None),
                    End::Failed(why) => ("failed", Some(why)),
                };
                Self {
                    at: instant(line.at),
                    by,
                    name: None,
                    what: line.deed.name(),
                    kind: line.target.name(),
                    id: line.about,
                    version: 0,
                    why: Some(line.why).filter(|why| !why.is_empty()),
                    end,
                    error,
                }
            }
        }
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
        Happening::Acted { deed: Deed::Reseated, .. } => "reseated",
        Happening::Acted { deed: Deed::Withdrew, .. } => "withdrew",
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
