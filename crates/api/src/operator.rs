//! What operators do: the programme, the stock, the rooms, and reservations of anybody.

pub(crate) mod concerts;
pub(crate) mod door;
pub(crate) mod drills;
pub(crate) mod endpoints;
pub(crate) mod import;
pub(crate) mod inbox;
pub(crate) mod keys;
pub(crate) mod log;
pub(crate) mod notices;
pub(crate) mod queues;
pub(crate) mod reservations;
pub(crate) mod rooms;
pub(crate) mod shows;
pub(crate) mod stock;
pub(crate) mod wallets;

use crate::ask::{StaffAsk, Why};
use crate::house::House;
use crate::problem::Problem;
use crate::reply;
use admitone_app::box_office::Request as Named;
use admitone_app::logbook::{By, Deed, Intent, Target};
use admitone_app::operating::Unfit;
use admitone_domain::command::Operate;
use admitone_domain::{Action, Key, Outcome};
use axum::body::Body;
use axum::http::{Response, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

/// What was saved.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct SavedView {
    /// Its id.
    #[schema(example = "show_1")]
    pub(crate) id: String,
    /// Its version now; send it as `If-Match` with the next change.
    pub(crate) version: u64,
}

/// Has an operator's change made and says what was saved.
pub(crate) async fn operate(
    house: &House,
    named: &Named,
    operate: Operate,
    status: StatusCode,
) -> Result<Response<Body>, Problem> {
    let saved = house.submit(named, Action::Operate(operate)).await?;
    reply::reply(saved, status, |outcome, _| SavedView::of(outcome))
}

/// Has something done to what is a buyer's. That it was done its event tells; why, if that was said, stands in
/// the operators' log beside it.
pub(crate) async fn explained(
    house: &House,
    (ask, why): (&StaffAsk, &Why),
    (target, id): (Target, String),
    work: impl Future<Output = Result<Response<Body>, Problem>>,
) -> Result<Response<Body>, Problem> {
    if why.why.trim().is_empty() {
        return work.await;
    }
    let by = By::of(&ask.named, &why.why);
    house.log.book.tell(Intent { by, deed: Deed::Explained, target, id }, work).await
}

impl SavedView {
    pub(crate) fn of(outcome: &Outcome) -> Option<Self> {
        match outcome {
            Outcome::Saved { key, version } => Some(Self { id: id_of(*key)?, version: *version }),
            _ => None,
        }
    }
}

fn id_of(key: Key) -> Option<String> {
    match key {
        Key::Concert(id) => Some(id.to_string()),
        Key::Show(id) | Key::Plan(id) => Some(id.to_string()),
        Key::Room(id) => Some(id.to_string()),
        Key::TicketType(id) => Some(id.to_string()),
        Key::Operator(id) => Some(id.to_string()),
        Key::Buyer(_)
        | Key::Reservation(_)
        | Key::Payment(_)
        | Key::Pass(_)
        | Key::Quota(..)
        | Key::Seat(_)
        | Key::Wallet(_) => None,
    }
}

impl From<Unfit> for Problem {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::Field(text) => Self::invalid(text),
            Unfit::Missing(what) => Self::not_found(what),
            Unfit::Refused(refusal) => refusal.into(),
            Unfit::Trouble(trouble) => trouble.into(),
        }
    }
}
