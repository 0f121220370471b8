//! Endpoints of webhooks: which there are, a new one, and each with what can be done about it and the
//! log of what was sent there.

mod act;
mod view;

pub(crate) use act::{act, change, create, replay_message};

use crate::frame::{Frame, page};
use crate::oops::Oops;
use crate::query::Query;
use crate::site::Site;
use crate::staff::Staff;
use crate::visitor::Visitor;
use admitone_app::ports::webhooks::{Attempt, Endpoint};
use admitone_app::webhooks::DeskTrouble;
use askama::Template;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Response;

/// So many lines of the log on a page.
const PAGE: usize = 50;
const HERE: &str = "/operator/webhooks";

#[derive(Template)]
#[template(path = "operator/webhooks.html")]
struct List {
    frame: Frame,
    endpoints: Vec<Endpoint>,
}

#[derive(Template)]
#[template(path = "operator/webhook.html")]
struct Page {
    frame: Frame,
    endpoint: Endpoint,
    /// A secret that was just made: this page alone shows it.
    secret: Option<String>,
    attempts: Vec<Attempt>,
    /// Where the log goes on.
    next: Option<u64>,
    zone: &'static str,
}

/// `GET /operator/webhooks`.
pub(crate) async fn webhooks(
    State(site): State<Site>,
    staff: Staff,
) -> Result<Response<Body>, Oops> {
    let endpoints = site.webhooks.list().await?;
    page(&List { frame: Frame::new(&site, &staff.visitor), endpoints })
}

/// `GET /operator/webhooks/{id}`.
pub(crate) async fn webhook(
    State(site): State<Site>,
    Path(id): Path<String>,
    staff: Staff,
    query: Query,
) -> Result<Response<Body>, Oops> {
    let endpoint = site.webhooks.read(endpoint_id(&id)?).await?;
    let before = query.text("before").parse().ok();
    show(&site, &staff.visitor, (endpoint, before), None).await
}

async fn show(
    site: &Site,
    visitor: &Visitor,
    (endpoint, before): (Endpoint, Option<u64>),
    secret: Option<String>,
) -> Result<Response<Body>, Oops> {
    let mut found = site.webhooks.log(endpoint.id, before, PAGE + 1).await?;
    let next = found.get(PAGE - 1).filter(|_| found.len() > PAGE).map(|(number, _)| *number);
    found.truncate(PAGE);
    let attempts = found.into_iter().map(|(_, attempt)| attempt).collect();
    let frame = Frame::new(site, visitor);
    page(&Page { frame, endpoint, secret, attempts, next, zone: "UTC" })
}

fn endpoint_id(text: &str) -> Result<u64, Oops> {
    let id = text.strip_prefix("endpoint_").and_then(|id| id.parse().ok());
    id.ok_or_else(Oops::not_found)
}

impl From<DeskTrouble> for Oops {
    fn from(trouble: DeskTrouble) -> Self {
        match trouble {
            DeskTrouble::Missing(_) => Self::not_found(),
            DeskTrouble::Changed { .. } | DeskTrouble::Reused => Self::changed_meanwhile(),
            DeskTrouble::Store(trouble) => trouble.into(),
            DeskTrouble::Invalid(_) | DeskTrouble::Cannot(_) => Self::unfit(trouble.to_string()),
        }
    }
}
