//! Notices to buyers: what became of each, and a confirmation that is sent again.

use crate::ask::{PathId, Staff, StaffAsk, Why, id};
use crate::house::House;
use crate::problem::{Problem, Problems};
use crate::reply::{self, PageView, REPLAYED, limit, page};
use crate::view::instant;
use admitone_app::logbook::{By, Deed, Intent, Target};
use admitone_app::notices::{Standing, Told};
use admitone_app::ports::notes::Mark;
use admitone_app::ports::notices::Subject;
use admitone_domain::id::ReservationId;
use admitone_domain::{Moment, Refusal};
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, Response, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which notices.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoticesQuery {
    /// Only those about this reservation.
    #[param(example = "res_1")]
    pub(crate) reservation: Option<String>,
    /// At most so many.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub(crate) limit: Option<u32>,
    /// The `next_cursor` of the page before.
    pub(crate) after: Option<String>,
}

/// A notice to a buyer, and what became of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct NoticeView {
    /// Its id, the `webhook-id` under which it is handed over: that of the event, or of the wish to
    /// send it again.
    #[schema(example = "evt_12")]
    pub(crate) id: String,
    /// What it tells: `confirmed`, `expired`, `refunded` or `reseated`.
    #[schema(value_type = String, example = "confirmed")]
    pub(crate) what: Subject,
    /// To whom.
    #[schema(example = "buyer_000102030405060708090a0b0c0d0e0f")]
    pub(crate) buyer: String,
    /// Of which reservation.
    #[schema(example = "res_1")]
    pub(crate) reservation: Option<String>,
    /// When that happened which it tells of.
    #[schema(format = DateTime)]
    pub(crate) at: String,
    /// How it stands.
    pub(crate) state: NoticeState,
    /// How often it was tried; 0 while it waits for others before it.
    pub(crate) attempts: u32,
    /// When it was looked at last.
    #[schema(format = DateTime)]
    pub(crate) tried_at: String,
    /// With which status it was refused.
    #[schema(example = 422)]
    pub(crate) status: Option<u16>,
    /// Why it was not taken.
    pub(crate) why: Option<String>,
}

/// How a notice stands: whoever sends it has it, will never take it, has not taken it yet and is asked
/// again, or was asked in vain until nobody asks any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NoticeState {
    Taken,
    Refused,
    Trying,
    GivenUp,
}

/// List notices to buyers
///
/// Of the last ninety days, newest first, with what became of each.
#[utoipa::path(
    get, path = "/api/v1/operator/notices", operation_id = "list_notices", tag = "operator",
    security(("operator" = [])), params(NoticesQuery),
    responses((status = 200, body = PageView<NoticeView>), Problems)
)]
pub(crate) async fn list_notices(
    State(house): State<House>,
    _staff: Staff,
    query: Result<Query<NoticesQuery>, QueryRejection>,
) -> Result<Json<PageView<NoticeView>>, Problem> {
    let Query(query) = query.map_err(|error| Problem::invalid(error.body_text()))?;
    let of = query.reservation.as_deref().map(|text| id("reservation", text)).transpose()?;
    let behind = query.after.as_deref().map(mark).transpose()?;
    let limit = limit(query.limit)?;
    let found = house.notice_book.list(of, behind.as_ref(), limit + 1).await?;
    let cursor = |told: &Told| format!("{}.{}", told.at.0, told.id);
    Ok(Json(page(found, limit, cursor, NoticeView::of)))
}

/// Tell a buyer again that the tickets are his
///
/// Once, now: the answer says what became of it, also when it was refused or not taken. Under the same
/// key a notice that was taken or refused is not sent again.
#[utoipa::path(
    post, path = "/api/v1/operator/reservations/{id}/actions/notify",
    operation_id = "send_notice_again", tag = "operator", security(("operator" = [])),
    params(
        ("id" = String, Path, example = "res_1"),
        ("Idempotency-Key" = String, Header, min_length = 1, max_length = 255),
        Why,
    ),
    responses((status = 200, body = NoticeView), Problems)
)]
pub(crate) async fn send_notice_again(
    State(house): State<House>,
    PathId(reservation): PathId<ReservationId>,
    why: Why,
    ask: StaffAsk,
) -> Result<Response<Body>, Problem> {
    let writer = house.notices.as_ref().ok_or_else(Problem::notices_off)?;
    if house.office.row(admitone_domain::Key::Reservation(reservation)).await?.is_none() {
        return Err(Problem::not_found("reservation"));
    }
    let wish = format!("{:x}", ask.named.id.0);
    let (by, id) = (By::of(&ask.named, &why.why), reservation.to_string());
    let intent = Intent { by, deed: Deed::SentAgain, target: Target::Reservation, id };
    let send = async {
        let again = writer.again(reservation, &wish).await?;
        again.ok_or_else(|| Problem::from(Refusal::InvalidState))
    };
    let again = house.log.book.tell(intent, send).await?;
    let mut response = reply::json(StatusCode::OK, &NoticeView::of(again.told));
    if again.is_repeated {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}

impl NoticeView {
    fn of(told: Told) -> Self {
        let (state, status, why) = match told.standing {
            Standing::Taken => (NoticeState::Taken, None, None),
            Standing::Refused { status } => (NoticeState::Refused, Some(status), None),
            Standing::Trying { why } => (NoticeState::Trying, None, Some(why)),
            Standing::GivenUp { why } => (NoticeState::GivenUp, None, Some(why)),
        };
        Self {
            id: told.id,
            what: told.what,
            buyer: told.buyer.to_string(),
            reservation: told.reservation.map(|id| id.to_string()),
            at: instant(told.at),
            state,
            attempts: told.attempts,
            tried_at: instant(told.tried_at),
            status,
            why,
        }
    }
}

fn mark(cursor: &str) -> Result<Mark, Problem> {
    let parts = cursor.split_once('.');
    let is_id = |id: &str| id.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
    let parts = parts.filter(|(_, id)| is_id(id));
    let parts = parts.and_then(|(at, id)| Some((at.parse().ok()?, id.to_owned())));
    let (at, id) = parts.ok_or_else(|| Problem::invalid("`after` is not a cursor of this list"))?;
    Ok(Mark { at: Moment(at), id })
}
