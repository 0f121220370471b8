//! Concerts: by name, by date, by category, soonest first. Open to everybody.

use crate::ask::PathId;
use crate::house::House;
use crate::problem::{Problem, Problems};
use crate::reply::{self, PageView, Ready};
use crate::view::{ConcertView, ShowView};
use admitone_app::ports::reads::ConcertFilter;
use admitone_domain::concert::Concert;
use admitone_domain::id::ConcertId;
use admitone_domain::{Key, Moment, Row};
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, RawQuery, State};
use axum::http::{HeaderMap, Response};
use serde::Deserialize;
use utoipa::IntoParams;

/// Which concerts.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConcertQuery {
    /// Words of the title; each must begin one of its words.
    pub(crate) name: Option<String>,
    /// The category.
    pub(crate) category: Option<String>,
    /// Concerts of which some show begins on this day, in UTC.
    #[param(format = Date, example = "2026-12-24")]
    pub(crate) date: Option<String>,
    /// Concerts whose first show begins at this moment or later.
    #[param(format = DateTime)]
    pub(crate) from: Option<String>,
    /// Concerts whose first show begins before this moment.
    #[param(format = DateTime)]
    pub(crate) to: Option<String>,
    /// At most so many.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub(crate) limit: Option<u32>,
    /// The `next_cursor` of the page before.
    pub(crate) after: Option<String>,
}

/// List concerts
///
/// Soonest first.
#[utoipa::path(
    get, path = "/api/v1/concerts", operation_id = "list_concerts", tag = "concerts",
    params(ConcertQuery), responses((status = 200, body = PageView<ConcertView>), (status = 304), Problems)
)]
pub(crate) async fn list_concerts(
    State(house): State<House>,
    headers: HeaderMap,
    RawQuery(asked): RawQuery,
    query: Result<Query<ConcertQuery>, QueryRejection>,
) -> Result<Response<Body>, Problem> {
    let (name, now) = (asked.unwrap_or_default(), house.office.clock.now());
    if let Some(ready) = house.pages.get(&name, now) {
        return Ok(ready.answer(&headers));
    }
    let turn = house.pages.turn();
    let Query(query) = query.map_err(|error| Problem::invalid(error.body_text()))?;
    let limit = reply::limit(query.limit)?;
    let found = house.office.reads.concerts(&filter(&query, limit)?).await?;
    let cursor = |concert: &Concert| format!("{}.{}", concert.first_at.0, concert.id.0);
    let ready = Ready::of(&reply::page(found, limit, cursor, ConcertView::from));
    house.pages.keep(name, (turn, now), &ready);
    Ok(ready.answer(&headers))
}

fn filter(query: &ConcertQuery, limit: usize) -> Result<ConcertFilter, Problem> {
    let words = query.name.as_deref().unwrap_or_default().split_whitespace();
    Ok(ConcertFilter {
        words: words.take(8).map(str::to_owned).collect(),
        category: query.category.clone(),
        from: moment("from", query.from.as_ref())?,
        to: moment("to", query.to.as_ref())?,
        day: query.date.as_deref().map(day).transpose()?,
        after: query.after.as_deref().map(cursor).transpose()?,
        limit: limit + 1,
    })
}

/// When a day begins, and when it ends.
fn day(text: &str) -> Result<(Moment, Moment), Problem> {
    let day: jiff::civil::Date =
        text.parse().map_err(|_| Problem::invalid("`date` must be a day such as 2026-12-24"))?;
    let begin = day.to_zoned(jiff::tz::TimeZone::UTC);
    let begin = begin.map_err(|_| Problem::invalid("`date` is out of range"))?;
    let begin = Moment::from(begin.timestamp());
    Ok((begin, begin.plus_ms(24 * 3_600 * 1_000)))
}

fn cursor(text: &str) -> Result<(Moment, ConcertId), Problem> {
    let parts =
        text.split_once('.').and_then(|(at, id)| Some((at.parse().ok()?, id.parse().ok()?)));
    let (at, id) = parts.ok_or_else(|| Problem::invalid("`after` is not a cursor of this list"))?;
    Ok((Moment(at), ConcertId(id)))
}

/// An instant of a query or a body.
pub(crate) fn moment(field: &str, text: Option<&String>) -> Result<Option<Moment>, Problem> {
    let parse = |text: &String| {
        let parsed: Result<jiff::Timestamp, _> = text.parse();
        parsed.map(Moment::from).map_err(|_| {
            Problem::invalid(format!("`{field}` must be an instant such as 2026-12-24T19:00:00Z"))
        })
    };
    text.map(parse).transpose()
}

/// Read a concert
#[utoipa::path(
    get, path = "/api/v1/concerts/{id}", operation_id = "read_concert", tag = "concerts",
    params(("id" = String, Path, example = "concert_1")),
    responses((status = 200, body = ConcertView), (status = 304), Problems)
)]
pub(crate) async fn read_concert(
    State(house): State<House>,
    PathId(id): PathId<ConcertId>,
    headers: HeaderMap,
) -> Result<Response<Body>, Problem> {
    Ok(reply::resource(&headers, &ConcertView::from(find(&house, id).await?)))
}

/// List the shows of a concert
///
/// By date, all of them.
#[utoipa::path(
    get, path = "/api/v1/concerts/{id}/shows", operation_id = "list_shows", tag = "concerts",
    params(("id" = String, Path, example = "concert_1")),
    responses((status = 200, body = PageView<ShowView>), (status = 304), Problems)
)]
pub(crate) async fn list_shows(
    State(house): State<House>,
    PathId(id): PathId<ConcertId>,
    headers: HeaderMap,
) -> Result<Response<Body>, Problem> {
    // No query looks like this one.
    let (name, now) = (format!("#{id}"), house.office.clock.now());
    if let Some(ready) = house.pages.get(&name, now) {
        return Ok(ready.answer(&headers));
    }
    let turn = house.pages.turn();
    find(&house, id).await?;
    let found = house.office.reads.shows(Some(id)).await?;
    let data: Vec<ShowView> = found.into_iter().map(ShowView::from).collect();
    let ready = Ready::of(&PageView { data, next_cursor: None, has_more: false });
    house.pages.keep(name, (turn, now), &ready);
    Ok(ready.answer(&headers))
}

async fn find(house: &House, id: ConcertId) -> Result<Concert, Problem> {
    match house.office.row(Key::Concert(id)).await?.map(admitone_domain::Loaded::into_row) {
        Some(Row::Concert(concert)) => Ok(concert),
        _ => Err(Problem::not_found("concert")),
    }
}
