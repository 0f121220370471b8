//! Check-in at the door: a ticket's code, typed or scanned, lets in once.
//!
//! What came of a code is a part of the page, sent alone to the script, which keeps what was scanned
//! while the network stutters and sends it again under the same key: it is the same wish.

use crate::buyer::reservation::things;
use crate::facts::ShowFacts;
use crate::frame::{Frame, page, page_with};
use crate::oops::Oops;
use crate::query::Query;
use crate::site::Site;
use crate::staff::{Staff, StaffForm};
use crate::visitor::Visitor;
use admitone_domain::command::operate::{Admit, Operate};
use admitone_domain::id::{ShowId, TicketId};
use admitone_domain::reservation::Reservation;
use admitone_domain::{Action, Key, Refusal, Row};
use askama::Template;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use std::sync::Arc;

/// A show is at the door until so long after its end.
const AFTER_MS: u64 = 6 * 3_600 * 1_000;
/// So many shows can be chosen: those that begin soonest.
const SHOWS_MAX: usize = 50;

#[derive(Template)]
#[template(path = "operator/door.html")]
struct Page {
    frame: Frame,
    shows: Vec<Arc<ShowFacts>>,
    /// The show at whose door one stands.
    here: Option<ShowId>,
    part: Option<Part>,
}

/// What came of a code.
#[derive(Template)]
#[template(path = "operator/door_part.html")]
struct Part {
    /// Whether somebody is let in.
    is_in: bool,
    /// What is said aloud.
    said: String,
    /// What else there is to know.
    more: String,
}

/// `GET /operator/door`.
pub(crate) async fn door(
    State(site): State<Site>,
    staff: Staff,
    query: Query,
) -> Result<Response<Body>, Oops> {
    let here = query.text("show").parse().ok();
    page(&door_page(&site, &staff.visitor, here, None).await?)
}

/// `POST /operator/door`: for whoever has no script.
pub(crate) async fn check(
    State(site): State<Site>,
    asked: StaffForm,
) -> Result<Response<Body>, Oops> {
    let here = asked.form.parsed("show")?;
    let part = admitted(&site, &asked, here).await?;
    let status = if part.is_in { StatusCode::OK } else { StatusCode::CONFLICT };
    page_with(status, &door_page(&site, &asked.form.visitor, Some(here), Some(part)).await?)
}

/// `POST /operator/door/scan`: the part alone, for the script.
pub(crate) async fn scan(
    State(site): State<Site>,
    asked: StaffForm,
) -> Result<Response<Body>, Oops> {
    let here = asked.form.parsed("show")?;
    page(&admitted(&site, &asked, here).await?)
}

async fn door_page(
    site: &Site,
    visitor: &Visitor,
    here: Option<ShowId>,
    part: Option<Part>,
) -> Result<Page, Oops> {
    let mut found = site.office.reads.shows(None).await?;
    found.retain(|show| visitor.now < show.closes_at.plus_ms(AFTER_MS));
    found.sort_by_key(|show| (show.opens_at, show.id));
    found.truncate(SHOWS_MAX);
    let mut shows = Vec::new();
    for show in found {
        shows.push(site.facts().of(site, show.id).await?);
    }
    Ok(Page { frame: Frame::new(site, visitor), shows, here, part })
}

/// Lets somebody in, or says why not. A ticket of another show is not used up.
async fn admitted(site: &Site, asked: &StaffForm, here: ShowId) -> Result<Part, Oops> {
    let frame = Frame::new(site, &asked.form.visitor);
    let code = asked.form.text("code");
    let Some(ticket) = site.keys.tickets().ticket_of(code) else {
        return Ok(Part::out(frame.say("door.no_ticket"), code.to_owned()));
    };
    let row = site.row(Key::Reservation(ticket.reservation)).await?;
    let Some(Row::Reservation(reservation)) = row else {
        return Ok(Part::out(frame.say("door.no_ticket"), code.to_owned()));
    };
    let facts = site.facts().of(site, reservation.show).await?;
    let name = name(site, &frame, &reservation, ticket).await?;
    if reservation.show != here {
        let date = frame.date(&facts.show.opens_at, &facts.show.time_zone);
        let other = format!("{name} · {} · {date}", facts.concert.title);
        return Ok(Part::out(frame.say("door.other_show"), other));
    }
    let admit = Action::Operate(Operate::Admit(Admit { ticket }));
    let reply = site.ask(&asked.named(), admit).await?;
    Ok(match crate::clerk::outcome(&reply) {
        Ok(_) => Part { is_in: true, said: frame.say("door.come_in").to_owned(), more: name },
        Err(Refusal::TicketUsed { at }) => {
            let since = frame.date(&at, &facts.show.time_zone);
            Part::out(&frame.say1("door.used", since), name)
        }
        Err(Refusal::InvalidState) => Part::out(frame.say("door.not_valid"), name),
        Err(Refusal::UnknownItem | Refusal::UnknownReservation) => {
            Part::out(frame.say("door.no_ticket"), name)
        }
        Err(other) => return Err(other.into()),
    })
}

/// What a ticket is for.
async fn name(
    site: &Site,
    frame: &Frame,
    reservation: &Reservation,
    ticket: TicketId,
) -> Result<String, Oops> {
    let things = things(site, frame, reservation).await?;
    let found = things.into_iter().find(|thing| thing.place == ticket.item);
    Ok(found.map_or_else(|| ticket.to_string(), |thing| thing.name))
}

impl Part {
    fn out(said: &str, more: String) -> Self {
        Self { is_in: false, said: said.to_owned(), more }
    }
}

impl Page {
    fn is_here(&self, facts: &ShowFacts) -> bool {
        self.here == Some(facts.show.id)
    }
}
