//! Commands that travel: what became of them, for who asked, from any instance.

use crate::ask::{Anybody, PathText, RESPOND_ASYNC};
use crate::events::{self, Events};
use crate::house::House;
use crate::operator::SavedView;
use crate::payments::pay::{PaidView, RefundView};
use crate::problem::{Problem, Problems};
use crate::reply;
use crate::view::{PaymentView, ReservationView, instant};
use crate::wallet::movement;
use admitone_app::delivery::journey_of;
use admitone_app::payments::as_it_stands;
use admitone_app::ports::delivery::Receipt;
use admitone_domain::{Moment, Outcome, StoredAnswer};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::sse::Event;
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::Arc;
use utoipa::ToSchema;

/// What was begun before the end of its time may be committed a little later.
const GRACE_MS: u64 = 10_000;

/// So often who follows is told.
const LOOK_MS: u64 = 250;

/// After how many seconds to ask again.
const ASK_AGAIN_S: u32 = 1;

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct CommandView {
    /// What asks for it.
    #[schema(example = "cmd_AAAA")]
    pub(crate) id: String,
    /// `accepted`: it is kept and not answered yet. `done`: see `outcome`. `refused`: see `problem`.
    /// `lapsed`: it was not settled in time, so nothing was done and nothing will be.
    pub(crate) state: &'static str,
    /// Until when it is good: settled later it is refused.
    pub(crate) good_until: String,
    /// When it was answered.
    pub(crate) answered_at: Option<String>,
    /// What was done, as the command itself would have been answered.
    #[schema(value_type = Option<Object>)]
    pub(crate) outcome: Option<Value>,
    /// Why it was refused, as the command itself would have been answered.
    #[schema(value_type = Option<Problem>)]
    pub(crate) problem: Option<Box<Value>>,
}

impl CommandView {
    pub(crate) fn accepted(id: String, receipt: &Receipt) -> Self {
        Self {
            id,
            state: "accepted",
            good_until: instant(receipt.until),
            answered_at: None,
            outcome: None,
            problem: None,
        }
    }

    fn answered(id: String, receipt: &Receipt, stored: &StoredAnswer) -> Self {
        let answered_at = (stored.at != StoredAnswer::FOR_EVER).then(|| instant(stored.at));
        let known = Self { answered_at, ..Self::accepted(id, receipt) };
        match &stored.answer {
            Ok(outcome) => {
                Self { state: "done", outcome: Some(shown(outcome, stored.at)), ..known }
            }
            Err(refusal) => {
                let problem = serde_json::to_value(Problem::from(refusal.clone()));
                let problem = Some(Box::new(problem.unwrap_or_default()));
                Self { state: "refused", problem, ..known }
            }
        }
    }

    /// The answer of a command that has none yet.
    pub(crate) fn into_accepted(self, preferred: bool) -> Response<Body> {
        let mut response = reply::json(StatusCode::ACCEPTED, &self);
        let headers = response.headers_mut();
        if let Ok(place) = HeaderValue::from_str(&format!("/api/v1/commands/{}", self.id)) {
            headers.insert(header::LOCATION, place);
        }
        headers.insert(header::RETRY_AFTER, HeaderValue::from(ASK_AGAIN_S));
        if preferred {
            headers.insert("preference-applied", HeaderValue::from_static(RESPOND_ASYNC));
        }
        response
    }
}

impl Problem {
    /// The command is kept and will be answered; how is asked for later.
    pub(crate) fn accepted(view: CommandView, preferred: bool) -> Self {
        Self { accepted: Some(Box::new((view, preferred))), ..Self::not_answered() }
    }
}

/// Ask what became of a command
///
/// For who was answered with 202, with the same credentials; from any instance.
#[utoipa::path(
    get, path = "/api/v1/commands/{id}", operation_id = "read_command", tag = "commands",
    security(("buyer" = []), ("operator" = [])),
    params(("id" = String, Path, example = "cmd_AAAA", description = "From the `Location` of the 202")),
    responses((status = 200, body = CommandView), Problems)
)]
pub(crate) async fn read_command(
    State(house): State<House>,
    PathText(id): PathText<String>,
    Anybody(owner): Anybody,
) -> Result<Response<Body>, Problem> {
    let receipt = house.secret.receipt_of(&id, owner);
    let receipt = receipt.ok_or_else(|| Problem::not_found("command"))?;
    let view = look(&house, id, &receipt).await?;
    let mut response = reply::json(StatusCode::OK, &view);
    if view.state == "accepted" {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(ASK_AGAIN_S));
    }
    Ok(response)
}

/// Follow a command until it is answered
///
/// Server-sent events `command`, each with a body like that of the status: one at once, and one
/// when it is answered, which is the last.
#[utoipa::path(
    get, path = "/api/v1/commands/{id}/events", operation_id = "follow_command", tag = "commands",
    security(("buyer" = []), ("operator" = [])),
    params(("id" = String, Path, example = "cmd_AAAA")),
    responses((status = 200, content_type = "text/event-stream", body = String), Problems)
)]
pub(crate) async fn follow_command(
    State(house): State<House>,
    PathText(id): PathText<String>,
    Anybody(owner): Anybody,
) -> Result<Events, Problem> {
    let receipt = house.secret.receipt_of(&id, owner);
    let receipt = receipt.ok_or_else(|| Problem::not_found("command"))?;
    let start = Followed { house: house.clone(), id, receipt, told: None };
    Ok(events::until_closed(&house, futures_util::stream::unfold(start, next)))
}

struct Followed {
    house: House,
    id: String,
    receipt: Receipt,
    /// The state that was told last.
    told: Option<&'static str>,
}

async fn next(mut followed: Followed) -> Option<(Event, Followed)> {
    loop {
        match followed.told {
            None | Some("accepted") => {}
            Some(_) => return None,
        }
        // While the store is away nothing is told, and the next look may go better.
        let looked = look(&followed.house, followed.id.clone(), &followed.receipt).await;
        if let Ok(view) = looked
            && followed.told != Some(view.state)
        {
            followed.told = Some(view.state);
            let body = serde_json::to_string(&view).unwrap_or_default();
            return Some((Event::default().event("command").data(body), followed));
        }
        followed.house.office.clock.sleep_ms(LOOK_MS).await;
    }
}

/// What is known of a command: its own answer, else that of this journey.
async fn look(house: &House, id: String, receipt: &Receipt) -> Result<CommandView, Problem> {
    let names = [receipt.id, journey_of(receipt.id, receipt.fresh)];
    let found = house.office.reads.answers(&names).await?;
    let of = |name| found.iter().find(|answer: &&Arc<StoredAnswer>| answer.id == name);
    let stored = match of(names[0]).or_else(|| of(names[1])) {
        Some(stored) => match as_it_stands(&*house.office.reads, stored).await? {
            Some(now) => Some(now),
            // It has begun, and will have an end.
            None => return Ok(CommandView::accepted(id, receipt)),
        },
        None => None,
    };
    Ok(match stored {
        Some(stored) => CommandView::answered(id, receipt, &stored),
        None if house.office.clock.now() > receipt.until.plus_ms(GRACE_MS) => {
            CommandView { state: "lapsed", ..CommandView::accepted(id, receipt) }
        }
        None => CommandView::accepted(id, receipt),
    })
}

/// An outcome as the command itself is answered with it.
fn shown(outcome: &Outcome, at: Moment) -> Value {
    let view = match outcome {
        Outcome::Reserved(reservation) => {
            serde_json::to_value(ReservationView::at(reservation, at))
        }
        Outcome::Paid { payment, reservation, balance } => {
            serde_json::to_value(PaidView::from_wallet(payment, reservation, *balance, at))
        }
        Outcome::Confirmed { payment, reservation } => Ok(json!({
            "payment": PaymentView::from(payment),
            "reservation": ReservationView::at(reservation, at),
        })),
        Outcome::Gateway { payment, reservation } => Ok(json!({
            "payment": PaymentView::from(payment),
            "reservation": reservation.as_ref().map(|found| ReservationView::at(found, at)),
        })),
        Outcome::Moved { .. } => serde_json::to_value(movement::moved(outcome, at)),
        Outcome::Refunded { .. } => serde_json::to_value(RefundView::of(outcome, at)),
        Outcome::Saved { .. } => serde_json::to_value(SavedView::of(outcome)),
        Outcome::Joined(buyer) => Ok(json!({ "id": buyer.to_string() })),
        Outcome::Swept(reservation) => Ok(json!({ "id": reservation.to_string() })),
    };
    view.unwrap_or_default()
}
