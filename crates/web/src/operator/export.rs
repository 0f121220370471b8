//! Reservations as comma separated values, for whoever counts them elsewhere: all of them, the newest
//! first, sent as they are read.
//!
//! What a buyer typed is text there too: a table must not take it for a formula.

use crate::oops::Oops;
use crate::site::Site;
use crate::staff::Staff;
use admitone_app::Trouble;
use admitone_app::ports::reads::Page as Part;
use admitone_domain::concert::Concert;
use admitone_domain::reservation::{ItemState, Reservation, ReservationState};
use admitone_domain::show::Show;
use admitone_domain::{Key, Loaded, Moment, Row};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, Response, header};
use futures_util::{StreamExt, stream};
use std::collections::HashMap;

/// So many are read at once.
const PART: usize = 200;
/// Behind the mark by which tables know that it is UTF-8.
const HEAD: &str = "\u{feff}reservation,state,made,show,begins,concert,buyer,name,held,sold,amount,\
                    currency,payment\r\n";
/// With what a formula begins, or what some tables leave out before one.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
/// Behind what a table may begin the next cell, whatever separates ours.
const SEPARATORS: [char; 4] = [';', '\t', '\r', '\n'];

/// Rows that lines are written from.
type Known = HashMap<Key, Row>;

/// `GET /operator/reservations.csv`.
pub(crate) async fn reservations(
    State(site): State<Site>,
    staff: Staff,
) -> Result<Response<Body>, Oops> {
    let now = staff.visitor.now;
    let parts = stream::try_unfold(Some(None), move |next| {
        let site = site.clone();
        async move {
            let Some(before) = next else { return Ok(None) };
            let part = Part { before, limit: PART };
            let found = site.office.reads.reservations(None, part).await?;
            let next = found.get(PART - 1).map(|last| Some(last.id.0));
            let lines = lines(&site, &found, now).await?;
            Ok::<_, Trouble>(Some((Bytes::from(lines), next)))
        }
    });
    let head = stream::once(std::future::ready(Ok(Bytes::from_static(HEAD.as_bytes()))));
    let mut response = Response::new(Body::from_stream(head.chain(parts)));
    for (name, value) in [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"reservations.csv\""),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

async fn lines(site: &Site, found: &[Reservation], now: Moment) -> Result<String, Trouble> {
    let mut keys: Vec<Key> =
        found.iter().flat_map(|one| [Key::Show(one.show), Key::Buyer(one.buyer)]).collect();
    let mut known = Known::new();
    read(site, &mut known, &mut keys).await?;
    let shows = known.values().filter_map(|row| match row {
        Row::Show(show) => Some(Key::Concert(show.concert)),
        _ => None,
    });
    let mut concerts: Vec<Key> = shows.collect();
    read(site, &mut known, &mut concerts).await?;
    Ok(found.iter().map(|one| line(one, &known, now)).collect())
}

async fn read(site: &Site, known: &mut Known, keys: &mut Vec<Key>) -> Result<(), Trouble> {
    keys.sort_unstable();
    keys.dedup();
    let rows = site.office.reads.rows(keys).await?;
    let rows = keys.iter().copied().zip(rows.into_iter().map(|row| row.map(Loaded::into_row)));
    known.extend(rows.filter_map(|(key, row)| Some((key, row?))));
    Ok(())
}

fn line(one: &Reservation, known: &Known, now: Moment) -> String {
    let show: Option<&Show> = match known.get(&Key::Show(one.show)) {
        Some(Row::Show(show)) => Some(show),
        _ => None,
    };
    let concert: Option<&Concert> =
        match show.and_then(|show| known.get(&Key::Concert(show.concert))) {
            Some(Row::Concert(concert)) => Some(concert),
            _ => None,
        };
    let name = match known.get(&Key::Buyer(one.buyer)) {
        Some(Row::Buyer(buyer)) => buyer.name.as_str(),
        _ => "",
    };
    let held = one.count_in(ItemState::Held) + one.count_in(ItemState::Confirming);
    let amount = one.total_in(ItemState::Sold).map(|amount| amount.to_string());
    let cells = [
        one.id.to_string(),
        state(one.state_at(now)).to_owned(),
        one.created_at.to_string(),
        one.show.to_string(),
        show.map(|show| show.opens_at.to_string()).unwrap_or_default(),
        cell(concert.map_or("", |concert| concert.title.as_str())),
        one.buyer.to_string(),
        cell(name),
        held.to_string(),
        one.count_in(ItemState::Sold).to_string(),
        amount.unwrap_or_default(),
        show.map(|show| show.currency.to_string()).unwrap_or_default(),
        one.payment.map(|payment| payment.to_string()).unwrap_or_default(),
    ];
    cells.join(",") + "\r\n"
}

/// As the API calls it.
fn state(state: ReservationState) -> &'static str {
    match state {
        ReservationState::Held => "held",
        ReservationState::Confirming => "confirming",
        ReservationState::Sold => "sold",
        ReservationState::Cancelled => "cancelled",
        ReservationState::Released => "released",
        ReservationState::Expired => "expired",
    }
}

/// What somebody typed, as a text that no table computes.
fn cell(text: &str) -> String {
    let mut marked = String::with_capacity(text.len() + 1);
    let mut is_first = true;
    for letter in text.chars() {
        if is_first && FORMULA.contains(&letter) {
            marked.push('\'');
        }
        marked.push(letter);
        is_first = SEPARATORS.contains(&letter);
    }
    quoted(&marked)
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What somebody may type, and how it is written.
    const TYPED: [(&str, &str); 11] = [
        ("Ann", "Ann"),
        ("Lee, Ann", "\"Lee, Ann\""),
        ("=1+1", "'=1+1"),
        ("+82 10", "'+82 10"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t'=1"),
        ("=\"a\",\n", "\"'=\"\"a\"\",\n\""),
        ("x;=cmd|' /C calc'!A0", "x;'=cmd|' /C calc'!A0"),
        ("a\n@b", "\"a\n'@b\""),
        ("＝1", "'＝1"),
    ];

    /// The cells of a file, as a table reads it that takes this for what separates them; one that knows
    /// no quotes begins a cell in each line.
    fn cells(file: &str, separator: char, knows_quotes: bool) -> Vec<String> {
        let (mut cells, mut is_quoted) = (vec![String::new()], false);
        for letter in file.chars() {
            if letter == '"' && knows_quotes {
                is_quoted = !is_quoted;
            } else if !is_quoted && (letter == separator || letter == '\n') {
                cells.push(String::new());
            } else if let Some(cell) = cells.last_mut() {
                cell.push(letter);
            }
        }
        cells
    }

    /// The cells that some table computes: it leaves out white space before a sign, and takes a wide one
    /// for a narrow one.
    fn computed(file: &str) -> Vec<String> {
        let ways = [',', ';', '\t'].into_iter().flat_map(|one| [(one, true), (one, false)]);
        let all = ways.flat_map(|(separator, knows)| cells(file, separator, knows));
        let signs = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
        all.filter(|cell| cell.trim_start().starts_with(signs)).collect()
    }

    #[test]
    fn what_was_typed_is_no_formula_and_stays_in_its_cell() {
        for (typed, written) in TYPED {
            assert_eq!(cell(typed), written, "{typed}");
            let line = format!("res_1,sold,{},1\r\n", cell(typed));
            assert_eq!(computed(&line), Vec::<String>::new(), "{typed}");
            assert_eq!(cells(line.trim_end(), ',', true).len(), 4, "{typed}");
        }
    }

    #[test]
    fn without_the_mark_a_table_computes_what_was_typed() {
        for (typed, written) in TYPED {
            let line = format!("res_1,sold,{},1\r\n", quoted(typed));
            let is_harmless = typed == written || quoted(typed) == written;
            assert_eq!(computed(&line).is_empty(), is_harmless, "{typed}: {:?}", computed(&line));
        }
    }
}
