//! `waiting-page`: the page of people far back in the line, as their browsers load it anew.

use super::polls::{BEFORE, Place, join};
use super::stage::{House, Scenario, Stage};
use crate::Trouble;
use crate::audit::Audited;
use crate::client::{Answer, Connection};
use crate::history::{History, Outcome};
use crate::programme::{hall_with, room};
use crate::reads::{Same, audit};
use crate::requests::{get, number_of};
use crate::target::As;
use crate::workload::{Workload, refused};
use std::net::SocketAddr;
use std::sync::Arc;

/// People who load it in turn.
const ASKING: usize = 500;
/// So much of a no-op's answer is compared; the rest is counted.
const BEGINNING: usize = 200;
/// No page is longer.
const PAGE_MAX: usize = 64 * 1_024;
/// What the page says of somebody who waits.
const WAITS: &[u8] = b"data-status=\"waiting\"";
/// So many bytes around its place are looked through, since numbers before it have more digits or fewer. What
/// a search through each whole page takes would count as if it were the house's time.
const AROUND: usize = 64;

pub(super) struct WaitingPage;

impl Scenario for WaitingPage {
    fn about(&self) -> &'static str {
        "the waiting room's page of users far back in the line, against a GET that answers as many \
         bytes from memory"
    }

    fn stage(&self, house: &House<'_>, _requests_max: u64) -> Result<Box<dyn Stage>, Trouble> {
        house.wait(async {
            let room = room(house).await?;
            let hall = hall_with(house, 50, &[("room", room.clone().into())]).await?;
            let host = house.target.address.to_string();
            let mut places = join(house, &room, BEFORE + ASKING).await?;
            places.sort_by_key(|place| place.number);
            let load = |place: &Place| {
                let cookie = format!(
                    "visit={:032x}; place_{}={}",
                    place.number,
                    number_of(&room).unwrap_or(0),
                    place.token
                );
                page(&format!("/shows/{}/line", hall.show), &host, &cookie)
            };
            let pages: Vec<Vec<u8>> = places.iter().skip(BEFORE).map(load).collect();
            let (length, at) = sample(house.target.address, &pages).await?;
            let path = format!("/bench/noop/{length}");
            let mut visit = house.visit().await?;
            let answer = visit.exchange(&format!("GET {path}"), As::Nobody, None, None).await?;
            let begins = answer.body[..answer.body.len().min(BEGINNING)].to_vec();
            let request = get(&path, &host, As::Nobody);
            let noop = Arc::new(Same { request, length, begins });
            Ok(Box::new(Line { pages, at, noop }) as Box<dyn Stage>)
        })
    }
}

/// A request of a browser without a script, which comes back with its cookies.
fn page(path: &str, host: &str, cookie: &str) -> Vec<u8> {
    let head = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\ncookie: {cookie}\r\n");
    (head + "accept: text/html\r\n\r\n").into_bytes()
}

/// How long the page is now, and where it says that somebody waits; the number of people ahead makes it a
/// few bytes longer or shorter.
async fn sample(address: SocketAddr, pages: &[Vec<u8>]) -> Result<(usize, usize), Trouble> {
    let doing = "loading the waiting room's page";
    let opened = Connection::open(address, PAGE_MAX).await;
    let mut connection = opened.map_err(Trouble::system(doing))?;
    connection.out.extend_from_slice(pages.first().map_or(&[], Vec::as_slice));
    let answer = connection.exchange().await.map_err(Trouble::system(doing))?;
    let at = answer.body.windows(WAITS.len()).position(|part| part == WAITS);
    match at.filter(|_| answer.status == 200) {
        Some(at) => Ok((answer.length, at)),
        None => Err(Trouble::answer(doing, &answer)),
    }
}

fn hear(answer: &Answer<'_>, at: usize) -> Outcome {
    if answer.status != 200 {
        return refused(answer);
    }
    let around = answer.body.get(at.saturating_sub(AROUND)..).unwrap_or_default();
    let around = &around[..around.len().min(2 * AROUND + WAITS.len())];
    if around.windows(WAITS.len()).any(|part| part == WAITS) {
        Outcome::Done { named: 0, value: 0 }
    } else {
        Outcome::Wrong
    }
}

struct Line {
    pages: Vec<Vec<u8>>,
    at: usize,
    noop: Arc<dyn Workload>,
}

impl Stage for Line {
    fn workload(&self) -> Arc<dyn Workload> {
        Arc::new(Loading { pages: self.pages.clone(), at: self.at })
    }

    fn noop(&self) -> Arc<dyn Workload> {
        Arc::clone(&self.noop)
    }

    fn audit(&self, _house: &House<'_>, history: &History) -> Result<Audited, Trouble> {
        Ok(audit(history))
    }
}

struct Loading {
    pages: Vec<Vec<u8>>,
    /// Where each says that somebody waits, or near that.
    at: usize,
}

impl Workload for Loading {
    fn ask(&self, number: u64, out: &mut Vec<u8>) {
        let whose = usize::try_from(number).unwrap_or(0) % self.pages.len();
        out.extend_from_slice(&self.pages[whose]);
    }

    fn hear(&self, _number: u64, answer: &Answer<'_>) -> Outcome {
        hear(answer, self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_page_of_somebody_who_waits_counts() {
        let at = 29;
        let said = |status, body: &[u8]| hear(&Answer { status, body, length: body.len() }, at);
        let waits = b"<section class=\"place waiting\" data-status=\"waiting\">";
        assert_eq!(said(200, waits), Outcome::Done { named: 0, value: 0 });
        let later = [&[b' '; AROUND], &waits[..]].concat();
        assert_eq!(said(200, &later), Outcome::Done { named: 0, value: 0 });
        assert_eq!(said(200, &[&[b' '; 2 * AROUND], &later[..]].concat()), Outcome::Wrong);
        assert_eq!(said(200, b"data-status=\"outside\""), Outcome::Wrong);
        assert!(matches!(said(303, b""), Outcome::Refused { status: 303, .. }));
    }
}
