//! A concert with its shows: when, where, for how much, what is left, and the way in.

use crate::facts::ShowFacts;
use crate::frame::{Frame, go_to, page};
use crate::oops::Oops;
use crate::site::Site;
use crate::visitor::Visitor;
use admitone_domain::Moment;
use admitone_domain::concert::Concert;
use admitone_domain::id::ConcertId;
use askama::Template;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Response;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "concert.html")]
struct Page {
    frame: Frame,
    concert: Concert,
    shows: Vec<Date>,
}

/// A show in the list.
struct Date {
    facts: Arc<ShowFacts>,
    phase: Phase,
}

/// Where the sale of a show is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It has not begun.
    Before,
    /// Seats can be held.
    Open,
    /// It is over.
    Over,
}

impl Phase {
    /// At a moment.
    pub(crate) fn of(facts: &ShowFacts, now: Moment) -> Self {
        if facts.show.booking_closes_at <= now {
            Self::Over
        } else if now < facts.show.booking_opens_at {
            Self::Before
        } else {
            Self::Open
        }
    }

    pub(crate) fn is_before(self) -> bool {
        self == Self::Before
    }

    pub(crate) fn is_open(self) -> bool {
        self == Self::Open
    }
}

/// `GET /shows/{id}`: to the concert that it is a date of.
pub(crate) async fn show(
    State(site): State<Site>,
    Path(id): Path<String>,
) -> Result<Response<Body>, Oops> {
    let show = site.show(id.parse().map_err(|_| Oops::not_found())?).await?;
    Ok(go_to(&format!("/concerts/{}", show.concert)))
}

/// `GET /concerts/{id}`.
pub(crate) async fn concert(
    State(site): State<Site>,
    Path(id): Path<String>,
    visitor: Visitor,
) -> Result<Response<Body>, Oops> {
    let id: ConcertId = id.parse().map_err(|_| Oops::not_found())?;
    let concert = site.concert(id).await?;
    let mut shows = Vec::new();
    for show in site.office.reads.shows(Some(id)).await? {
        let facts = site.facts().of(&site, show.id).await?;
        let phase = Phase::of(&facts, visitor.now);
        shows.push(Date { facts, phase });
    }
    page(&Page { frame: Frame::new(&site, &visitor), concert, shows })
}
