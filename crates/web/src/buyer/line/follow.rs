//! Follow the own place near the front: the part of the page that changes, when it does.

use super::outlook::Outlook;
use super::sheets::Extent;
use super::{room_of, show_id};
use crate::oops::Oops;
use crate::site::Site;
use crate::visitor::Visitor;
use admitone_domain::Moment;
use admitone_domain::id::{RoomId, ShowId};
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::StreamExt;
use std::convert::Infallible;

/// Whoever follows hears so often at least how things stand: a page to which nothing comes for longer
/// takes its connection for dead, and asks.
const STILL_MS: u64 = 10_000;

struct Followed {
    site: Site,
    visitor: Visitor,
    place: (ShowId, RoomId),
    /// When the room wants to hear of it.
    due: Moment,
    seen: String,
    sent: Moment,
    is_over: bool,
}

/// `GET /shows/{id}/line/events`.
pub(crate) async fn follow(
    State(site): State<Site>,
    Path(id): Path<String>,
    visitor: Visitor,
) -> Result<impl IntoResponse, Oops> {
    let show = show_id(&id)?;
    let room = room_of(&site, show).await?.ok_or_else(Oops::not_found)?;
    let closing = site.closing.clone().cancelled_owned();
    let (seen, due, place) = (String::new(), Moment::MIN, (show, room));
    let start = Followed { site, visitor, place, due, seen, sent: due, is_over: false };
    let events = futures_util::stream::unfold(start, next).take_until(closing);
    Ok(Sse::new(events.map(Ok::<_, Infallible>)).keep_alive(KeepAlive::default()))
}

/// The next change, or that nothing changed; whoever follows is asked for in time, so the place is kept.
async fn next(mut followed: Followed) -> Option<(Event, Followed)> {
    loop {
        if followed.is_over {
            return None;
        }
        let clock = &followed.site.office.clock;
        let wait_ms = asks_at(followed.due, followed.sent).ms_since(clock.now());
        if wait_ms > 0 {
            clock.sleep_ms(wait_ms).await;
        }
        let (site, visitor) = (&followed.site, &followed.visitor);
        let found = Outlook::of(site, visitor, followed.place).await.ok()?;
        let next_ms = found.next_ms();
        followed.is_over = next_ms.is_none() || found.is_inside();
        let now = followed.site.office.clock.now();
        followed.due = now.plus_ms(next_ms.unwrap_or(0));
        let (mark, is_due) = (found.mark(), now.ms_since(followed.sent) >= STILL_MS);
        if mark != followed.seen || is_due || followed.is_over {
            let sheets = followed.site.sheets();
            let text =
                sheets.text(&followed.site, &followed.visitor, (&found, Extent::Part)).ok()?;
            (followed.seen, followed.sent) = (mark, now);
            return Some((Event::default().event("part").data(text), followed));
        }
    }
}

/// When it is asked how things stand: when the room wants to hear of the place, and often enough for whoever
/// follows, also where the room has time.
fn asks_at(due: Moment, sent: Moment) -> Moment {
    due.min(sent.plus_ms(STILL_MS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_follows_hears_of_it_though_the_room_has_time() {
        let sent = Moment(1_000_000);
        assert_eq!(asks_at(sent.plus_ms(60_000), sent), sent.plus_ms(STILL_MS));
        assert_eq!(asks_at(sent.plus_ms(2_000), sent), sent.plus_ms(2_000), "the place is kept");
        assert!(asks_at(Moment::MIN, Moment::MIN) < sent, "at once, in the beginning");
    }
}
