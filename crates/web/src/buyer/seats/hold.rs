//! Holds what was chosen, all or nothing; what was lost is named on the page where it was chosen.

use super::{admission, choice_of, seats_path};
use crate::buyer::line::show_id;
use crate::clerk::{heard, outcome};
use crate::form::Form;
use crate::frame::go_to;
use crate::oops::Oops;
use crate::site::Site;
use admitone_app::box_office::BestAvailable;
use admitone_domain::command::{Choice, Hold};
use admitone_domain::id::{SeatId, ShowId, TicketTypeId};
use admitone_domain::{Action, Actor, Outcome, Refusal};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Response;

/// `POST /shows/{id}/hold`.
pub(crate) async fn hold(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response<Body>, Oops> {
    let show = show_id(&id)?;
    let buyer = form.visitor.buyer.ok_or_else(|| Oops::sign_in(&format!("/shows/{id}/seats")))?;
    let admission = admission(&site, &form.visitor, show).await?;
    let named = form.named(Actor::Buyer(buyer), admission);
    let reply = if let Some(best) = best(&form, show)? {
        // Seldom, and larger than all the rest.
        heard(Box::pin(site.office.hold_best(&named, &best)).await?)?
    } else {
        let hold = Hold { show, choice: items(&form)? };
        site.ask(&named, Action::Hold(hold)).await?
    };
    match outcome(&reply) {
        Ok((Outcome::Reserved(reservation), _)) => {
            Ok(go_to(&format!("/reservations/{}", reservation.id)))
        }
        Ok(_) => Err(Oops::inside()),
        Err(refusal) => refused(&id, show, &form, refusal),
    }
}

/// So many together, if that is what was asked.
fn best(form: &Form, show: ShowId) -> Result<Option<BestAvailable>, Oops> {
    if form.text("how") != "best" {
        return Ok(None);
    }
    let wheelchairs: u32 = form.optional("best_wheelchairs")?.unwrap_or(0);
    // Who wants three spaces for wheelchairs wants three seats.
    let count = form.parsed::<u32>("best")?.max(wheelchairs);
    if !(1..=100).contains(&count) {
        return Err(Oops::malformed());
    }
    let section = Some(form.text("best_section").to_owned()).filter(|name| !name.is_empty());
    Ok(Some(BestAvailable { show, count, wheelchairs, section }))
}

fn items(form: &Form) -> Result<Choice, Oops> {
    let mut seats: Vec<SeatId> = Vec::new();
    for text in form.all("seat") {
        let seat = text.parse().map_err(|_| Oops::malformed())?;
        // One on the map and in the list is one.
        if !seats.contains(&seat) {
            seats.push(seat);
        }
    }
    let mut tickets: Vec<(TicketTypeId, u32)> = Vec::new();
    for (name, value) in form.fields() {
        let Ok(kind) = name.parse::<TicketTypeId>() else { continue };
        match value.trim() {
            "" | "0" => {}
            some => tickets.push((kind, some.parse().map_err(|_| Oops::malformed())?)),
        }
    }
    Ok(Choice::Items { seats, tickets })
}

/// Back to where it was chosen, with what is still free and what is lost; or the page that says
/// why it cannot be chosen at all.
fn refused(id: &str, show: ShowId, form: &Form, refusal: Refusal) -> Result<Response<Body>, Oops> {
    let numbers = match &refusal {
        Refusal::SeatTaken(_)
        | Refusal::UnknownSeat(_)
        | Refusal::UnknownTicketType(_)
        | Refusal::RepeatedSeat(_)
        | Refusal::Empty
        | Refusal::GroupsTaken => [0, 0],
        Refusal::SoldOut { left } | Refusal::AllHeld { left } => [*left, 0],
        Refusal::LimitPerReservation { max } => [*max, 0],
        Refusal::LimitPerBuyer { max, taken } => [*max, *taken],
        Refusal::AdmissionRequired | Refusal::AdmissionExpired => {
            return Err(Oops::from(refusal).onward(format!("/shows/{show}/line")));
        }
        _ => return Err(refusal.into()),
    };
    let mut query = choice_of(form);
    query.push(("problem".to_owned(), refusal.code().to_owned()));
    for (name, number) in ["a", "b"].into_iter().zip(numbers).filter(|(_, number)| *number > 0) {
        query.push((name.to_owned(), number.to_string()));
    }
    for field in ["section", "from", "only"] {
        if !form.text(&format!("now_{field}")).is_empty() {
            query.push((field.to_owned(), form.text(&format!("now_{field}")).to_owned()));
        }
    }
    Ok(go_to(&seats_path(id, &query)))
}
