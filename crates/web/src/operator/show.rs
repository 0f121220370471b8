//! One show: its times and limits, its seats and its ticket types.

mod form;
mod seats;
mod types;

pub(crate) use form::{ShowForm, show_fields};
pub(crate) use seats::{add as add_seats, change as change_seats};
pub(crate) use types::{change as change_type, create as create_type};

use super::reasons::reasons;
use super::reservations::ZONE;
use crate::form::Form;
use crate::frame::{Frame, go_to, page};
use crate::oops::Oops;
use crate::site::Site;
use crate::staff::{Staff, StaffForm};
use crate::words;
use admitone_app::logbook::{Line, Target};
use admitone_app::operating;
use admitone_domain::concert::Concert;
use admitone_domain::id::ShowId;
use admitone_domain::show::{Attribute, Show};
use admitone_domain::ticket_type::TicketType;
use admitone_domain::{Currency, Key, Moment, Money, Refusal, Row};
use askama::Template;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Response;
use seats::Block;

#[derive(Template)]
#[template(path = "operator/show.html")]
struct Page {
    frame: Frame,
    show: Show,
    version: u64,
    concert: Concert,
    form: ShowForm,
    blocks: Vec<Block>,
    /// Whether any seats are for some, and until when they are kept for them.
    has_kept: bool,
    kept_until: Option<Moment>,
    types: Vec<TicketType>,
    /// For whom or why seats were changed, the newest first.
    reasons: Vec<Line>,
    zone: &'static str,
}

/// `GET /operator/shows/{id}`.
pub(crate) async fn show(
    State(site): State<Site>,
    Path(id): Path<String>,
    staff: Staff,
) -> Result<Response<Body>, Oops> {
    let loaded = site.office.row(Key::Show(show_id(&id)?)).await?.ok_or_else(gone)?;
    let version = loaded.version;
    let Row::Show(show) = loaded.into_row() else { return Err(gone()) };
    let snapshot = site.office.boards.board(show.id).await?.snapshot();
    let about = (Target::Show, &*show.id.to_string());
    page(&Page {
        reasons: reasons(&site, staff.visitor.language, about).await?,
        zone: ZONE,
        frame: Frame::new(&site, &staff.visitor),
        concert: site.concert(show.concert).await?,
        form: ShowForm::of(&site, &show).await?,
        blocks: seats::blocks(&snapshot),
        has_kept: snapshot.plan.attributes.values().any(|said| said.is_for_some()),
        kept_until: snapshot.plan.kept_until,
        types: site.office.reads.ticket_types(show.id).await?,
        show,
        version,
    })
}

/// `POST /operator/shows/{id}`.
pub(crate) async fn change(
    State(site): State<Site>,
    Path(id): Path<String>,
    asked: StaffForm,
) -> Result<Response<Body>, Oops> {
    let back = format!("/operator/shows/{id}");
    let onward = |oops: Oops| oops.onward(back.clone());
    let fields = show_fields(&asked.form).map_err(onward)?;
    let expected = Some(asked.form.parsed("version")?);
    let change = operating::change_show(&site.office, show_id(&id)?, &fields, expected).await;
    let change = change.map_err(|unfit| onward(unfit.into()))?;
    site.operate(&asked, change).await.map_err(onward)?;
    Ok(go_to(&back))
}

fn show_id(text: &str) -> Result<ShowId, Oops> {
    text.parse().map_err(|_| gone())
}

/// A price as an operator types it.
fn price(form: &Form, currency: Currency) -> Result<Money, Oops> {
    form.amount("price", currency).ok_or_else(|| Refusal::InvalidAmount.into())
}

fn gone() -> Oops {
    Oops::not_found().onward("/operator/concerts".to_owned())
}

impl Page {
    /// What of a ticket type cannot be taken away any more.
    fn least(&self, known: &TicketType) -> u32 {
        known.held.saturating_add(known.sold)
    }

    /// What can be said of a seat.
    fn attributes(&self) -> [Attribute; 3] {
        Attribute::ALL
    }

    /// Until when seats are kept, as a field for it has it.
    fn kept_local(&self) -> String {
        self.kept_until.map_or(String::new(), |until| words::local(until, &self.show.time_zone))
    }

    fn prices(&self, block: &Block) -> String {
        let price = |price: &Money| self.frame.money(price, &self.show.currency);
        block.prices.iter().map(price).collect::<Vec<_>>().join(", ")
    }
}
