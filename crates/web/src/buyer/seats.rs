//! Choosing: seats on a map or in a list, tickets by type, or the best that are free together.
//!
//! The list is a plain form and does all that the map does. What was lost to somebody faster is
//! named, the nearest free ones are offered, and the rest of the choice is kept.

mod hold;
mod list;
mod map;
mod near;

pub(crate) use hold::hold;
pub(crate) use map::{Maps, follow, map};

use crate::buyer::line::{room_of, show_id};
use crate::facts::{Class, ShowFacts};
use crate::form::Form;
use crate::frame::{Frame, go_to, page};
use crate::oops::Oops;
use crate::query::Query;
use crate::site::Site;
use crate::visitor::Visitor;
use admitone_app::board::{SeatMark, SeatView, Snapshot};
use admitone_domain::id::{SeatId, ShowId, TicketTypeId};
use admitone_domain::pass::Admission;
use admitone_domain::show::{Attribute, PlanIndex, SeatPlan};
use admitone_domain::ticket_type::TicketType;
use admitone_domain::{Moment, Money};
use askama::Template;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Response;
use list::{Listed, Pages, Place, Row, Section, listed_section, rows, sections, spaces};
use std::collections::HashMap;
use std::sync::Arc;

/// A choice is never longer than this.
const CHOICE_MAX: usize = 100;

#[derive(Template)]
#[template(path = "seats.html")]
struct Page {
    frame: Frame,
    facts: Arc<ShowFacts>,
    /// Until when the pass is good, if one is needed.
    until: Option<Moment>,
    sections: Vec<Section>,
    /// The section that is listed.
    section: String,
    /// How many spaces for wheelchairs and companions' seats are free, where there are any.
    spaces: Option<usize>,
    /// Whether they alone are listed.
    is_spaces: bool,
    /// All that is said of some seat.
    said: Vec<Attribute>,
    rows: Vec<Row>,
    /// Where the parts of the list begin.
    pages: Pages,
    chosen: Vec<Named>,
    /// Chosen seats of other parts: they are not in the list.
    carried: Vec<SeatId>,
    lost: Vec<Lost>,
    types: Vec<TicketType>,
    /// How many were chosen of each.
    quantities: Vec<(TicketTypeId, u32)>,
    /// What went wrong with the last wish, in words.
    wrong: Option<(String, String)>,
}

/// A seat with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) id: SeatId,
    pub(crate) section: String,
    pub(crate) row: String,
    pub(crate) number: u32,
    pub(crate) price: Money,
    pub(crate) attribute: Option<Attribute>,
}

/// A seat that somebody else was faster to take, and the nearest that are free.
struct Lost {
    seat: Named,
    nearest: Vec<Named>,
}

/// By what right a buyer comes to a show.
pub(crate) async fn admission(
    site: &Site,
    visitor: &Visitor,
    show: ShowId,
) -> Result<Admission, Oops> {
    let Some(room) = room_of(site, show).await? else { return Ok(Admission::None) };
    let buyer = visitor.buyer()?;
    Ok(site.rooms.admission(room, visitor.place(room), buyer).await?)
}

/// Whether somebody may see the seats, and until when; who may not is sent to the line.
pub(crate) async fn may_look(
    site: &Site,
    visitor: &Visitor,
    show: ShowId,
) -> Result<Option<Moment>, Oops> {
    if room_of(site, show).await?.is_none() {
        return Ok(None);
    }
    match admission(site, visitor, show).await? {
        Admission::Bypass { .. } | Admission::Staff => Ok(None),
        Admission::Pass { good_until, .. } if visitor.now < good_until => Ok(Some(good_until)),
        Admission::None | Admission::Waiting { .. } | Admission::Pass { .. } => {
            Err(Oops::to_line(show))
        }
    }
}

/// `GET /shows/{id}/seats`.
pub(crate) async fn seats(
    State(site): State<Site>,
    Path(id): Path<String>,
    visitor: Visitor,
    query: Query,
) -> Result<Response<Body>, Oops> {
    let show = show_id(&id)?;
    let facts = site.facts().of(&site, show).await?;
    let until = may_look(&site, &visitor, show).await?;
    let snapshot = site.office.boards.board(show).await?.snapshot();
    let choice = Choice::of(&snapshot, &query, visitor.now);
    let sections = sections(&snapshot);
    let section = listed_section(&sections, query.text("section"));
    let first = query.text("from").parse().unwrap_or(0);
    let spaces = spaces(&snapshot);
    let is_spaces = spaces.is_some() && query.text("only") == "spaces";
    let said = Attribute::ALL.into_iter().filter(|said| snapshot.plan.has(*said)).collect();
    let listed = if is_spaces { Listed::Spaces } else { Listed::Section(&section) };
    let (rows, pages) = rows(&snapshot, (listed, first), &choice.chosen);
    let is_listed = |id: SeatId| rows.iter().flat_map(|row| &row.seats).any(|seat| seat.id == id);
    let chosen = choice.chosen.iter().map(|seat| seat.id);
    let carried = chosen.filter(|id| !is_listed(*id)).collect();
    let frame = Frame::new(&site, &visitor);
    let wrong = wrong(&frame, &query);
    let Choice { chosen, lost } = choice;
    let types = snapshot.ticket_types;
    let quantity =
        |kind: &TicketType| Some((kind.id, query.text(&kind.id.to_string()).parse().ok()?));
    let quantities = types.iter().filter_map(quantity).collect();
    page(&Page {
        frame,
        facts,
        until,
        sections,
        section,
        spaces,
        is_spaces,
        said,
        rows,
        pages,
        chosen,
        carried,
        lost,
        types,
        quantities,
        wrong,
    })
}

/// `POST /shows/{id}/choose`: another part of the list, with the choice so far.
pub(crate) async fn choose(Path(id): Path<String>, form: Form) -> Result<Response<Body>, Oops> {
    show_id(&id)?;
    let mut query = choice_of(&form);
    let section = Some(form.text("section")).filter(|section| !section.is_empty());
    let section = section.unwrap_or(form.text("now_section"));
    // A section that is chosen is all of it again.
    let only = if form.text("section").is_empty() { only(&form) } else { "" };
    for (field, value) in [("section", section), ("from", form.text("from")), ("only", only)] {
        if !value.is_empty() {
            query.push((field.to_owned(), value.to_owned()));
        }
    }
    Ok(go_to(&seats_path(&id, &query)))
}

/// What alone a form lists, or listed before.
fn only(form: &Form) -> &str {
    let only = Some(form.text("only")).filter(|only| !only.is_empty());
    only.unwrap_or(form.text("now_only"))
}

/// The chosen seats and quantities of a form, as fields of an address.
pub(crate) fn choice_of(form: &Form) -> Vec<(String, String)> {
    let is_choice = |(name, value): &(&str, &str)| {
        *name == "seat" || (name.starts_with("type_") && *value != "0" && !value.is_empty())
    };
    let fields = form.fields().filter(is_choice).take(CHOICE_MAX);
    fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Where seats are chosen, with a choice.
pub(crate) fn seats_path(show: &str, query: &[(String, String)]) -> String {
    let mut text = form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(query);
    let text = text.finish();
    if text.is_empty() {
        format!("/shows/{show}/seats")
    } else {
        format!("/shows/{show}/seats?{text}")
    }
}

/// What somebody chose before, as it stands now.
#[derive(Default)]
struct Choice {
    chosen: Vec<Named>,
    lost: Vec<Lost>,
}

impl Choice {
    fn of(snapshot: &Snapshot, query: &Query, now: Moment) -> Self {
        let mut wanted: Vec<SeatId> = query.parsed("seat");
        wanted.extend(query.parsed::<SeatId>("lost"));
        wanted.truncate(CHOICE_MAX);
        if wanted.is_empty() {
            return Self::default();
        }
        let plan = (snapshot.plan.index(), &*snapshot.plan);
        let marks: HashMap<SeatId, &SeatView> =
            snapshot.seats.iter().map(|seat| (seat.id, seat)).collect();
        let mut choice = Self::default();
        let mut gone = Vec::new();
        for id in wanted {
            let Some(seat) = marks.get(&id) else { continue };
            let Some(named) = named(&plan, seat) else { continue };
            let is_known = choice.chosen.iter().any(|known| known.id == id);
            match seat.mark {
                SeatMark::Free if !is_known => choice.chosen.push(named),
                SeatMark::Free => {}
                _ => gone.push(named),
            }
        }
        for seat in gone {
            let is_free = |id: SeatId| {
                marks.get(&id).is_some_and(|seat| seat.mark == SeatMark::Free)
                    && !choice.chosen.iter().any(|known| known.id == id)
                    && (seat.is_for_some() || !snapshot.plan.is_kept(id, now))
            };
            let nearest = near::nearest(&snapshot.plan, seat.id, is_free);
            let nearest = nearest.iter().filter_map(|id| named(&plan, marks.get(id)?)).collect();
            choice.lost.push(Lost { seat, nearest });
        }
        choice
    }
}

/// A seat with its name.
fn named((index, plan): &(PlanIndex<'_>, &SeatPlan), seat: &SeatView) -> Option<Named> {
    let (block, number) = index.find(seat.id)?;
    let (section, row) = (block.section.clone(), block.row.clone());
    let attribute = plan.attribute(seat.id);
    Some(Named { id: seat.id, section, row, number, price: seat.price, attribute })
}

impl Named {
    fn is_for_some(&self) -> bool {
        self.attribute.is_some_and(Attribute::is_for_some)
    }
}

/// Why the last wish was refused, and what to do.
fn wrong(frame: &Frame, query: &Query) -> Option<(String, String)> {
    let (code, [one, two]) = (query.text("problem"), [query.text("a"), query.text("b")]);
    let numbers = [one, two].map(|text| text.parse::<u32>().unwrap_or(0));
    let words = |part: &str| {
        let key = format!("{part}.{code}");
        frame.language.find(&key)?;
        Some(frame.language.fill(&key, &[&numbers[0], &numbers[1]]))
    };
    Some((words("problem")?, words("remedy")?))
}

impl Page {
    /// The number of a class of prices: its colour and its pattern.
    fn class(&self, price: &Money) -> usize {
        let found = self.facts.stock.classes.iter().position(|class| class.price == *price);
        found.unwrap_or(0) % 6
    }

    fn classes(&self) -> &[Class] {
        &self.facts.stock.classes
    }

    /// How many of a type can be chosen at once.
    fn quantity_max(&self, left: u32) -> u32 {
        left.min(self.facts.show.limits.per_reservation_max)
    }

    /// Whether so many of a type were chosen.
    fn is_quantity(&self, kind: &TicketTypeId, count: &u32) -> bool {
        self.quantities.contains(&(*kind, *count))
    }

    /// The choice with one more seat, and without those that are lost.
    fn with(&self, more: &SeatId) -> String {
        let chosen = self.chosen.iter().map(|seat| seat.id).chain([*more]);
        let query: Vec<_> = chosen.map(|id| ("seat".to_owned(), id.to_string())).collect();
        seats_path(&self.facts.show.id.to_string(), &query)
    }

    fn is_listed(&self, section: &Section) -> bool {
        !self.is_spaces && section.name == self.section
    }

    /// The name of a seat in the list, with what is said of it.
    fn said_of(&self, row: &Row, seat: &Place) -> String {
        self.frame.place((&row.section, &row.name, seat.number), seat.attribute)
    }

    /// What is said of a seat, as lines in a square from -1 to 1.
    fn sign(&self, said: &Attribute) -> &'static str {
        match said {
            Attribute::Wheelchair => {
                "M-.1-.9v.01M-.1-.5v.55h.55l.25.6M-.4-.1a.5.5 0 1 0 .7.75M-.1-.25h.45"
            }
            Attribute::Companion => "M-.6 0h1.2M0-.6v1.2",
            Attribute::RestrictedView => "M-.7.7l1.4-1.4",
        }
    }

    fn mark_words(&self, mark: &SeatMark) -> &str {
        self.frame.language.say(match mark {
            SeatMark::Free => "seats.free",
            SeatMark::Held => "seats.held",
            SeatMark::Sold => "seats.sold",
            SeatMark::Blocked => "seats.blocked",
        })
    }

    fn is_free(&self, mark: &SeatMark) -> bool {
        *mark == SeatMark::Free
    }
}
