//! The waiting room: a place in the line, how it stands, and the way in when it is one's turn.
//!
//! The page asks again when the room promised that it would be in time, with or without a script;
//! near the front a stream tells. Answered from memory: the token is in a cookie, the names and
//! prices are a second old at most.

mod follow;

pub(crate) use follow::follow;

use crate::buyer::account;
use crate::facts::ShowFacts;
use crate::form::Form;
use crate::frame::{Frame, go_to, page};
use crate::oops::Oops;
use crate::site::Site;
use crate::visitor::{Visitor, place_cookie};
use admitone_app::rooms::{Visit, VisitTrouble};
use admitone_app::waiting_room::Mode;
use admitone_domain::id::{RoomId, ShowId};
use askama::Template;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, Response, header};
use std::sync::Arc;

const PLACE_S: u64 = 24 * 3_600;

#[derive(Template)]
#[template(path = "line.html")]
struct Page {
    frame: Frame,
    facts: Arc<ShowFacts>,
    part: Part,
}

/// What changes on the page: sent alone to the script, which puts it in its place.
#[derive(Template)]
#[template(path = "line_part.html")]
pub(crate) struct Part {
    frame: Frame,
    facts: Arc<ShowFacts>,
    standing: Standing,
    mode: Mode,
    message: String,
}

/// How somebody stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Outside: without a place, or with one that is over.
    Outside { is_over: bool },
    /// In the line.
    Waiting(Visit),
    /// Inside.
    Inside(Visit),
}

/// `POST /shows/{id}/enter`: into the line, or to the seats where there is none.
pub(crate) async fn enter(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response<Body>, Oops> {
    let show = show_id(&id)?;
    let line = format!("/shows/{id}/line");
    let Some(room) = room_of(&site, show).await? else {
        return Ok(go_to(&format!("/shows/{id}/seats")));
    };
    let (buyer, session) = account::buyer_or_guest(&site, &form.visitor, &line).await?;
    let visit = site.rooms.join(room, buyer).await.map_err(|trouble| match trouble {
        VisitTrouble::Closed => Oops::from(VisitTrouble::Closed).onward(line.clone()),
        other => other.into(),
    })?;
    let mut response = go_to(&line);
    let cookie = form.visitor.set_cookie(&place_cookie(room), &visit.token, Some(PLACE_S));
    response.headers_mut().append(header::SET_COOKIE, cookie);
    if let Some(session) = session {
        response.headers_mut().append(header::SET_COOKIE, session);
    }
    Ok(response)
}

/// `POST /shows/{id}/leave`: the place is over, and a slot inside is free for the next.
pub(crate) async fn leave(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response<Body>, Oops> {
    let (show, buyer) = (show_id(&id)?, form.visitor.buyer()?);
    let mut response = go_to(&format!("/shows/{id}/line"));
    if let Some(room) = room_of(&site, show).await? {
        site.rooms.leave(room, buyer).await?;
        let gone = form.visitor.set_cookie(&place_cookie(room), "", Some(0));
        response.headers_mut().append(header::SET_COOKIE, gone);
    }
    Ok(response)
}

/// `GET /shows/{id}/line`.
pub(crate) async fn line(
    State(site): State<Site>,
    Path(id): Path<String>,
    visitor: Visitor,
) -> Result<Response<Body>, Oops> {
    let show = show_id(&id)?;
    let Some(room) = room_of(&site, show).await? else {
        return Ok(go_to(&format!("/shows/{id}/seats")));
    };
    let part = part(&site, &visitor, (show, room)).await?;
    if matches!(part.mode, Mode::Bypass { .. }) {
        return Ok(go_to(&format!("/shows/{id}/seats")));
    }
    let next_ms = part.next_ms();
    let facts = Arc::clone(&part.facts);
    let mut response = page(&Page { frame: Frame::new(&site, &visitor), facts, part })?;
    say_when(&mut response, next_ms);
    Ok(response)
}

/// `GET /shows/{id}/line/part`: what changes on the page, for its script.
pub(crate) async fn line_part(
    State(site): State<Site>,
    Path(id): Path<String>,
    visitor: Visitor,
) -> Result<Response<Body>, Oops> {
    let show = show_id(&id)?;
    let room = room_of(&site, show).await?.ok_or_else(Oops::not_found)?;
    let part = part(&site, &visitor, (show, room)).await?;
    let mut response = page(&part)?;
    say_when(&mut response, part.next_ms());
    Ok(response)
}

/// When to ask again, for programs.
fn say_when(response: &mut Response<Body>, next_ms: Option<u64>) {
    if let Some(next_ms) = next_ms {
        let seconds = HeaderValue::from(next_ms.div_ceil(1_000));
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
}

/// How a visitor stands now.
pub(crate) async fn part(
    site: &Site,
    visitor: &Visitor,
    (show, room): (ShowId, RoomId),
) -> Result<Part, Oops> {
    let standing = match visitor.place(room) {
        None => Standing::Outside { is_over: false },
        Some(token) => stands(site, room, token).await?,
    };
    let facts = site.facts().of(site, show).await?;
    let document = site.rooms.document(room).ok_or_else(Oops::not_found)?;
    let (mode, message) = (document.mode, document.message);
    Ok(Part { frame: Frame::new(site, visitor), facts, standing, mode, message })
}

/// How the place of a token stands; asking keeps it.
async fn stands(site: &Site, room: RoomId, token: &str) -> Result<Standing, Oops> {
    let chance = u32::try_from((site.chance)() >> 96).unwrap_or(0);
    match site.rooms.poll(room, token, Some(chance)).await {
        Ok(visit) if visit.active_until.is_some() => Ok(Standing::Inside(visit)),
        Ok(visit) => Ok(Standing::Waiting(visit)),
        Err(VisitTrouble::Gone | VisitTrouble::Forged) => Ok(Standing::Outside { is_over: true }),
        Err(trouble) => Err(trouble.into()),
    }
}

/// The room of a show that exists, if it stands behind one.
pub(crate) async fn room_of(site: &Site, show: ShowId) -> Result<Option<RoomId>, Oops> {
    site.gates.room(show).await?.ok_or_else(Oops::not_found)
}

pub(crate) fn show_id(text: &str) -> Result<ShowId, Oops> {
    text.parse().map_err(|_| Oops::not_found())
}

impl Part {
    /// When to ask again, in milliseconds: a promise, so never later than this.
    pub(crate) fn next_ms(&self) -> Option<u64> {
        match &self.standing {
            Standing::Waiting(visit) | Standing::Inside(visit) => Some(visit.next_poll_ms),
            Standing::Outside { .. } => None,
        }
    }

    /// The same in whole seconds, for a page that reloads itself: earlier, never later.
    fn next_s(&self) -> Option<u64> {
        match &self.standing {
            // Inside it would take the page away from somebody who reads it.
            Standing::Inside(_) | Standing::Outside { .. } => None,
            Standing::Waiting(visit) => Some((visit.next_poll_ms / 1_000).max(1)),
        }
    }

    /// Whether it is worth a stream.
    fn is_near(&self) -> bool {
        matches!(&self.standing, Standing::Waiting(visit)
            if visit.status == "on_deck" || visit.next_poll_ms <= 4_000)
    }

    /// Whether a ticket is likely: what is left beside those who come first.
    fn chance(&self) -> &'static str {
        let Standing::Waiting(visit) = &self.standing else { return "line.chance_open" };
        let left = u64::from(self.facts.stock.unsold());
        let before = visit.ahead.saturating_add(1);
        match left {
            0 => "line.chance_none",
            // People take two or three.
            _ if left >= before.saturating_mul(3) => "line.chance_likely",
            _ if left >= before => "line.chance_open",
            _ => "line.chance_unlikely",
        }
    }

    /// The time left, as an interval in words.
    fn interval(&self, visit: &Visit) -> String {
        let Some([low, high]) = visit.eta_seconds else {
            return self.frame.say("line.calculating").to_owned();
        };
        let minutes = |seconds: u64| seconds.div_ceil(60);
        match (low, high) {
            (_, ..60) => self.frame.say("line.under_a_minute").to_owned(),
            _ if minutes(low.max(1)) == minutes(high) => {
                self.frame.say1("line.about", minutes(high))
            }
            _ => self.frame.say2("line.between", low / 60, minutes(high)),
        }
    }

    /// Why nothing moves, if there is a reason.
    fn why(&self) -> Option<&'static str> {
        match &self.mode {
            Mode::Paused => Some("line.paused"),
            Mode::Closed => Some("line.closed"),
            Mode::Draining => Some("line.draining"),
            Mode::Open | Mode::Bypass { .. } => None,
        }
    }

    /// Whether places are given.
    fn gives_places(&self) -> bool {
        matches!(self.mode, Mode::Open | Mode::Paused | Mode::Bypass { .. })
    }

    /// How far the line has come, in places.
    fn passed(&self, visit: &Visit) -> u64 {
        visit.place.saturating_sub(visit.ahead.saturating_add(1))
    }

    fn has_place(&self) -> bool {
        !matches!(self.standing, Standing::Outside { .. })
    }

    /// Whether it is one's turn.
    pub(crate) fn is_inside(&self) -> bool {
        matches!(self.standing, Standing::Inside(_))
    }

    /// What must differ for the page to be worth sending again.
    pub(crate) fn mark(&self) -> String {
        let ahead = match &self.standing {
            Standing::Waiting(visit) | Standing::Inside(visit) => visit.ahead,
            Standing::Outside { .. } => 0,
        };
        format!("{} {ahead} {:?} {}", self.status(), self.mode, self.message)
    }

    /// What somebody who hears the page is told, when it changes.
    fn said(&self) -> String {
        match &self.standing {
            Standing::Inside(_) => self.frame.say("line.turn").to_owned(),
            Standing::Waiting(visit) => self.frame.say1("line.ahead_said", visit.ahead),
            Standing::Outside { .. } => String::new(),
        }
    }

    fn status(&self) -> &'static str {
        match &self.standing {
            Standing::Outside { .. } => "outside",
            Standing::Waiting(visit) => visit.status,
            Standing::Inside(_) => "active",
        }
    }
}
