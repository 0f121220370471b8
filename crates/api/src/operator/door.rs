//! The door: a ticket's code lets one person in once.

use crate::ask::DoorAsk;
use crate::house::House;
use crate::problem::{Problem, Problems};
use crate::reply;
use admitone_domain::command::operate::{Admit, Operate};
use admitone_domain::id::{ShowId, TicketId};
use admitone_domain::{Action, Key, Outcome, Row};
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who wants to come in.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdmissionRequest {
    /// What the ticket says, typed or scanned: small letters, spaces and strokes make no difference.
    #[schema(max_length = 200, example = "KH8000-8E6E-A9YY-NJ9Z")]
    pub(crate) code: String,
    /// At the door of which show: a ticket of another one is not used.
    #[schema(example = "show_1")]
    pub(crate) show: String,
}

/// Somebody who was let in.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct AdmissionView {
    /// The ticket that is used now.
    #[schema(example = "ticket_1_0")]
    pub(crate) ticket: String,
    /// The reservation that it was sold with.
    #[schema(example = "res_1")]
    pub(crate) reservation: String,
}

/// Let somebody in at the door
///
/// By the code of a ticket, once; a second time it is `TICKET_USED`, with the moment of the first.
/// Sent again under its key, as a door does whose network stutters, it is answered as before.
#[utoipa::path(
    post, path = "/api/v1/operator/admissions", operation_id = "admit_ticket", tag = "operator",
    security(("operator" = [])), request_body = AdmissionRequest,
    params(("Idempotency-Key" = String, Header, min_length = 1, max_length = 255)),
    responses((status = 200, body = AdmissionView), Problems)
)]
pub(crate) async fn admit_ticket(
    State(house): State<House>,
    DoorAsk(ask): DoorAsk,
) -> Result<Response<Body>, Problem> {
    let AdmissionRequest { code, show } = ask.body()?;
    let here: ShowId = show.parse().map_err(|_| Problem::not_found("show"))?;
    let ticket = house.tickets.ticket_of(&code).ok_or_else(|| Problem::not_found("ticket"))?;
    if show_of(&house, ticket).await? != Some(here) {
        return Err(Problem::not_found("ticket of this show"));
    }
    let admit = Action::Operate(Operate::Admit(Admit { ticket }));
    let admitted = house.submit(&ask.named, admit).await?;
    let (ticket, reservation) = (ticket.to_string(), ticket.reservation.to_string());
    let view = |_: &Outcome, _| Some(AdmissionView { ticket, reservation });
    reply::reply(admitted, StatusCode::OK, view)
}

/// The show that a ticket is for, if there is such a ticket.
async fn show_of(house: &House, ticket: TicketId) -> Result<Option<ShowId>, Problem> {
    let row = house.office.row(Key::Reservation(ticket.reservation)).await?;
    Ok(match row.map(admitone_domain::Loaded::into_row) {
        Some(Row::Reservation(reservation)) => Some(reservation.show),
        _ => None,
    })
}
