//! Concerts: the list of them, a new one, and a whole programme from one document.

use crate::frame::{Frame, go_to, page, page_with};
use crate::oops::Oops;
use crate::query::Query;
use crate::site::Site;
use crate::staff::{Staff, StaffForm};
use crate::visitor::Visitor;
use admitone_app::import::{Document, Import, ImportTrouble, Imported};
use admitone_app::operating::{self, ConcertFields};
use admitone_app::ports::reads::ConcertFilter;
use admitone_domain::concert::Concert;
use admitone_domain::id::ConcertId;
use admitone_domain::{Actor, Key, Moment, Refusal};
use askama::Template;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};

/// So many on a page.
const PAGE: usize = 100;
const HERE: &str = "/operator/concerts";

#[derive(Template)]
#[template(path = "operator/concerts.html")]
struct Page {
    frame: Frame,
    q: String,
    concerts: Vec<Concert>,
    /// Where the list goes on.
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "operator/import.html")]
struct ImportPage {
    frame: Frame,
    document: String,
    imported: Option<Imported>,
    /// Why it stopped, where it did.
    stopped: Option<Said>,
}

/// `GET /operator/concerts`.
pub(crate) async fn concerts(
    State(site): State<Site>,
    staff: Staff,
    query: Query,
) -> Result<Response<Body>, Oops> {
    let q = query.text("q").to_owned();
    let filter = ConcertFilter {
        words: q.split_whitespace().map(str::to_owned).collect(),
        after: after(query.text("after")),
        limit: PAGE + 1,
        ..ConcertFilter::default()
    };
    let mut concerts = site.office.reads.concerts(&filter).await?;
    let next = concerts.get(PAGE - 1).filter(|_| concerts.len() > PAGE);
    let next = next.map(|last| format!("{}.{}", last.first_at.0, last.id.0));
    concerts.truncate(PAGE);
    page(&Page { frame: Frame::new(&site, &staff.visitor), q, concerts, next })
}

/// From where a list goes on: a moment and a number.
fn after(text: &str) -> Option<(Moment, ConcertId)> {
    let (at, id) = text.split_once('.')?;
    Some((Moment(at.parse().ok()?), ConcertId(id.parse().ok()?)))
}

/// `POST /operator/concerts`.
pub(crate) async fn create(
    State(site): State<Site>,
    asked: StaffForm,
) -> Result<Response<Body>, Oops> {
    let onward = |oops: Oops| oops.onward(HERE.to_owned());
    let form = &asked.form;
    let fields = fields(&asked);
    let currency = Some(form.text("currency")).filter(|code| !code.is_empty());
    let create = operating::create_concert(&site.office, fields, currency, site.currency).await;
    let create = create.map_err(|unfit| onward(unfit.into()))?;
    match site.operate(&asked, create).await.map_err(onward)? {
        Key::Concert(id) => Ok(go_to(&format!("{HERE}/{id}"))),
        _ => Err(Oops::inside()),
    }
}

/// What a form says of a concert.
pub(super) fn fields(asked: &StaffForm) -> ConcertFields {
    let text = |name: &str| Some(asked.form.text(name).to_owned());
    ConcertFields { title: text("title"), category: text("category"), venue: text("venue") }
}

/// `GET /operator/import`.
pub(crate) async fn import_page(
    State(site): State<Site>,
    staff: Staff,
) -> Result<Response<Body>, Oops> {
    page(&import_page_of(&site, &staff.visitor, String::new()))
}

/// `POST /operator/import`. Imported twice, it is there once.
pub(crate) async fn import(
    State(site): State<Site>,
    asked: StaffForm,
) -> Result<Response<Body>, Oops> {
    let text = asked.form.text("document").to_owned();
    let mut shown = import_page_of(&site, &asked.form.visitor, text.clone());
    match run(&site, &asked, &text).await {
        Ok(imported) => {
            shown.imported = Some(imported);
            page(&shown)
        }
        Err(Stopped::Said(why)) => {
            shown.stopped = Some(why);
            page_with(StatusCode::UNPROCESSABLE_ENTITY, &shown)
        }
        Err(Stopped::Oops(oops)) => Err(oops),
    }
}

/// What is wrong with a document.
struct Said {
    words: String,
    /// Its language, where it is not that of the page.
    language: Option<&'static str>,
}

impl Said {
    /// As readers of documents say it.
    fn plainly(error: &impl std::fmt::Display) -> Stopped {
        Stopped::Said(Self { words: error.to_string(), language: Some("en") })
    }
}

/// Why an import stopped.
enum Stopped {
    /// Something in the document.
    Said(Said),
    Oops(Oops),
}

async fn run(site: &Site, asked: &StaffForm, text: &str) -> Result<Imported, Stopped> {
    let document: Document = serde_json::from_str(text).map_err(|error| Said::plainly(&error))?;
    let import = Import::new(&site.office, Actor::Operator(asked.operator), text.as_bytes());
    let language = asked.form.visitor.language;
    import.run(&document, |_| ()).await.map_err(|trouble| match trouble {
        ImportTrouble::Trouble(trouble) => Stopped::Oops(trouble.into()),
        ImportTrouble::Refused { place, refusal } => {
            let words = language.say(problem(&refusal).as_str()).to_owned();
            Stopped::Said(Said { words: format!("{place}: {words}"), language: None })
        }
        wrong @ ImportTrouble::Document { .. } => Said::plainly(&wrong),
    })
}

fn problem(refusal: &Refusal) -> String {
    format!("problem.{}", refusal.code())
}

fn import_page_of(site: &Site, visitor: &Visitor, document: String) -> ImportPage {
    let frame = Frame::new(site, visitor);
    ImportPage { frame, document, imported: None, stopped: None }
}

impl Page {
    /// When its first show begins, if it has one.
    fn first_at(&self, concert: &Concert) -> Option<Moment> {
        (concert.first_at < Moment::MAX).then_some(concert.first_at)
    }
}
