//! The concerts: found by words, by category, by day and by price, soonest first, with what is left.

use crate::facts::{Availability, ShowFacts};
use crate::frame::{Frame, page};
use crate::oops::Oops;
use crate::query::Query;
use crate::site::Site;
use crate::visitor::Visitor;
use crate::words::typed;
use admitone_app::ports::reads::ConcertFilter;
use admitone_domain::concert::Concert;
use admitone_domain::id::ConcertId;
use admitone_domain::{Currency, Moment, Money};
use askama::Template;
use axum::body::Body;
use axum::extract::State;
use axum::http::Response;
use jiff::tz::TimeZone;
use std::collections::BTreeSet;
use std::sync::Arc;

/// So many on a page: of each something is looked up.
const PAGE: usize = 12;
/// So many are looked at for a page on which nothing may cost more than a price.
const PRICED: usize = 60;
/// Categories are looked for among so many.
const LOOK: usize = 200;
/// Of so many shows of a concert it is said what is left.
const SHOWS: usize = 4;
const DAY_MS: u64 = 24 * 3_600 * 1_000;

#[derive(Template)]
#[template(path = "concerts.html")]
struct List {
    frame: Frame,
    asked: Asked,
    categories: Vec<String>,
    concerts: Vec<Card>,
    next: Option<String>,
    /// In which prices are compared.
    currency: Currency,
}

impl Card {
    fn availability(&self) -> Availability {
        self.state
    }
}

/// What was looked for.
#[derive(Default)]
struct Asked {
    words: String,
    category: String,
    date: String,
    price: String,
}

/// A concert in the list.
pub(crate) struct Card {
    pub(crate) concert: Concert,
    /// When its first show begins, in the zone of that show.
    pub(crate) first: Option<(Moment, String)>,
    pub(crate) shows: usize,
    pub(crate) price_from: Option<Money>,
    pub(crate) state: Availability,
    /// When its sale begins, while it has not.
    pub(crate) opens_at: Option<Moment>,
}

/// `GET /`.
pub(crate) async fn concerts(
    State(site): State<Site>,
    visitor: Visitor,
    query: Query,
) -> Result<Response<Body>, Oops> {
    let text = |name: &str| query.text(name).to_owned();
    let asked = Asked {
        words: text("q"),
        category: text("category"),
        date: text("date"),
        price: text("price"),
    };
    let (concerts, last) = cards(&site, &asked, query.text("after"), visitor.now).await?;
    let next = last.map(|last| asked.next(&last));
    let categories = categories(&site).await?;
    let (frame, currency) = (Frame::new(&site, &visitor), site.currency);
    page(&List { frame, asked, categories, concerts, next, currency })
}

/// The concerts of a page, and the last that was looked at, if there are more behind it.
async fn cards(
    site: &Site,
    asked: &Asked,
    after: &str,
    now: Moment,
) -> Result<(Vec<Card>, Option<Concert>), Oops> {
    let most = asked.most(site.currency);
    let looked = if most.is_some() { PRICED } else { PAGE };
    let found = site.office.reads.concerts(&filter(asked, after, looked + 1)).await?;
    let (mut cards, mut last) = (Vec::new(), None);
    for (nth, concert) in found.into_iter().enumerate() {
        if nth == looked || cards.len() == PAGE {
            return Ok((cards, last));
        }
        last = Some(concert.clone());
        let card = card(site, concert, now).await?;
        // A price of another currency is no price to compare.
        let is_ours = card.concert.currency == site.currency;
        let fits = |most| is_ours && card.price_from.is_some_and(|from| from <= most);
        if most.is_none_or(fits) {
            cards.push(card);
        }
    }
    Ok((cards, None))
}

impl Asked {
    /// What the cheapest ticket may cost at most; nothing where that cannot be read.
    fn most(&self, currency: Currency) -> Option<Money> {
        typed(&self.price, currency).filter(|most| most.is_positive())
    }

    /// The address of the next page.
    fn next(&self, last: &Concert) -> String {
        let after = format!("{}.{}", last.first_at.0, last.id.0);
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in [
            ("q", &self.words),
            ("category", &self.category),
            ("date", &self.date),
            ("price", &self.price),
        ] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        format!("/?{}", query.append_pair("after", &after).finish())
    }
}

/// What cannot be read is not asked for.
fn filter(asked: &Asked, after: &str, limit: usize) -> ConcertFilter {
    let day: Option<jiff::civil::Date> = asked.date.parse().ok();
    // A day is that of the zone in which this house was built; a concert elsewhere may be a day off.
    let zone = TimeZone::get("Asia/Seoul").unwrap_or(TimeZone::UTC);
    let from = day.and_then(|day| day.to_zoned(zone).ok()).map(|at| Moment::from(at.timestamp()));
    let after = after
        .split_once('.')
        .and_then(|(at, id)| Some((Moment(at.parse().ok()?), ConcertId(id.parse().ok()?))));
    ConcertFilter {
        words: asked.words.split_whitespace().take(8).map(str::to_owned).collect(),
        category: Some(asked.category.clone()).filter(|category| !category.is_empty()),
        from: None,
        to: None,
        day: from.map(|from| (from, from.plus_ms(DAY_MS))),
        after,
        limit,
    }
}

async fn categories(site: &Site) -> Result<Vec<String>, Oops> {
    let any = ConcertFilter { limit: LOOK, ..ConcertFilter::default() };
    let found = site.office.reads.concerts(&any).await?;
    let categories: BTreeSet<String> = found.into_iter().map(|concert| concert.category).collect();
    Ok(categories.into_iter().collect())
}

/// What is said of a concert in a list.
async fn card(site: &Site, concert: Concert, now: Moment) -> Result<Card, Oops> {
    let shows = site.office.reads.shows(Some(concert.id)).await?;
    let first = shows.first().map(|show| (show.opens_at, show.time_zone.clone()));
    let count = shows.len();
    let coming = shows.into_iter().filter(|show| now < show.booking_closes_at);
    let mut facts: Vec<Arc<ShowFacts>> = Vec::new();
    for show in coming.take(SHOWS) {
        facts.push(site.facts().of(site, show.id).await?);
    }
    let opens_at = facts.iter().map(|facts| facts.show.booking_opens_at).min();
    Ok(Card {
        price_from: facts.iter().filter_map(|facts| facts.stock.price_from()).min(),
        state: best(facts.iter().map(|facts| facts.stock.availability())),
        opens_at: opens_at.filter(|opens_at| now < *opens_at),
        shows: count,
        first,
        concert,
    })
}

/// The best that can be said of several.
fn best(states: impl Iterator<Item = Availability>) -> Availability {
    let rank = |state: &Availability| match state {
        Availability::Free => 0,
        Availability::Low => 1,
        Availability::AllHeld => 2,
        Availability::SoldOut => 3,
        Availability::Nothing => 4,
    };
    states.min_by_key(rank).unwrap_or(Availability::Nothing)
}
