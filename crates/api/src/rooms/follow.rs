//! Follow a room: its public document when it changes, and one's own place in it.
//!
//! Who follows with a token is polled for, when the room promised that it would be in time: an
//! open stream keeps a place as polling does.

use super::{PlaceView, problem};
use crate::ask::{PathId, QUEUE_TOKEN};
use crate::events::{self, Events};
use crate::house::House;
use crate::problem::{Problem, Problems};
use admitone_app::rooms::VisitTrouble;
use admitone_app::waiting_room::Frame;
use admitone_domain::Moment;
use admitone_domain::id::RoomId;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::Event;
use std::sync::Arc;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// Follow a room
///
/// Server-sent events: `room` with its public document, when it changes, at most four a second;
/// with a token also `place` with the answer of a poll, when its status or number ahead changes,
/// and `place_gone` with the problem once the place is over.
#[utoipa::path(
    get, path = "/api/v1/rooms/{id}/events", operation_id = "follow_room", tag = "rooms",
    params(
        ("id" = String, Path, example = "room_1"),
        ("queue-token" = Option<String>, Header, description = "The place to be told of"),
    ),
    responses((status = 200, content_type = "text/event-stream", body = String), Problems)
)]
pub(crate) async fn follow_room(
    State(house): State<House>,
    PathId(room): PathId<RoomId>,
    headers: HeaderMap,
) -> Result<Events, Problem> {
    // Frames first: what changes between the two is in one of them.
    let not_found = || Problem::not_found("room");
    let frames = house.rooms.frames(room).ok_or_else(not_found)?;
    let document = house.rooms.document(room).ok_or_else(not_found)?;
    let token = headers.get(QUEUE_TOKEN).and_then(|value| value.to_str().ok());
    if let Some(token) = token
        && let Err(VisitTrouble::Forged) = house.rooms.poll(room, token, None).await
    {
        return Err(Problem::unauthenticated());
    }
    let place = token.map(|token| Place { token: token.to_owned(), due: Moment::MIN, seen: None });
    let fresh = Some(Bytes::from(serde_json::to_vec(&document).unwrap_or_default()));
    let start = Followed { house: house.clone(), room, frames, fresh, seen: Bytes::new(), place };
    Ok(events::until_closed(&house, futures_util::stream::unfold(start, next)))
}

struct Followed {
    house: House,
    room: RoomId,
    frames: Receiver<Arc<Frame>>,
    /// A document that was not looked at yet.
    fresh: Option<Bytes>,
    /// The last document that was sent.
    seen: Bytes,
    /// The place that is followed too.
    place: Option<Place>,
}

struct Place {
    token: String,
    /// When the room wants to hear of it.
    due: Moment,
    /// Its status and how many were ahead, as they were told.
    seen: Option<(&'static str, u64)>,
}

async fn next(mut followed: Followed) -> Option<(Event, Followed)> {
    loop {
        if let Some(body) = followed.fresh.take().filter(|body| *body != followed.seen) {
            let event = Event::default().event("room").data(String::from_utf8_lossy(&body));
            followed.seen = body;
            return Some((event, followed));
        }
        if let Some(event) = followed.news_of_place().await {
            return Some((event, followed));
        }
        followed.wait().await?;
    }
}

impl Followed {
    /// Waits for the next document, which is made once for all who follow, or until the place is to
    /// be polled for; nothing when the room has ended.
    async fn wait(&mut self) -> Option<()> {
        let clock = &self.house.office.clock;
        let due_ms = self.place.as_ref().map(|place| place.due.ms_since(clock.now()) + 1);
        let received = tokio::select! {
            received = self.frames.recv() => received,
            () = clock.sleep_ms(due_ms.unwrap_or_default()), if due_ms.is_some() => return Some(()),
        };
        match received {
            Ok(frame) => self.fresh = Some(frame.json.clone()),
            // Who is late misses some: the next one says it all.
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return None,
        }
        Some(())
    }

    async fn news_of_place(&mut self) -> Option<Event> {
        let now = self.house.office.clock.now();
        let place = self.place.as_mut().filter(|place| place.due <= now)?;
        match self.house.rooms.poll(self.room, &place.token, None).await {
            Ok(visit) => {
                place.due = now.plus_ms(visit.next_poll_ms);
                let stands = Some((visit.status, visit.ahead));
                if place.seen == stands {
                    return None;
                }
                place.seen = stands;
                event("place", &PlaceView::from(visit))
            }
            Err(VisitTrouble::Trouble(_)) => {
                // The room may be well again at the next look.
                place.due = now.plus_ms(1_000);
                None
            }
            Err(over) => {
                self.place = None;
                event("place_gone", &problem(over))
            }
        }
    }
}

fn event(name: &str, what: &impl serde::Serialize) -> Option<Event> {
    Some(Event::default().event(name).data(serde_json::to_string(what).ok()?))
}
