//! Follow the seats of a show: server-sent events with what changed, a few times a second.

use super::seats::{check_pass, render};
use crate::ask::PathId;
use crate::events::{self, Events};
use crate::house::House;
use crate::problem::{Problem, Problems};
use admitone_app::board::Board;
use admitone_domain::Moment;
use admitone_domain::id::ShowId;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::Event;
use std::sync::Arc;

/// At most four events a second, whatever happens; the first after a pause at once.
const PAUSE_MS: u64 = 250;

/// Follow the seats of a show
///
/// Server-sent events: `snapshot` first, then `delta`, each with a body like that of the list. When
/// the pass is over, `problem` with the reason, and the end.
#[utoipa::path(
    get, path = "/api/v1/shows/{id}/seats/events", operation_id = "follow_seats", tag = "shows",
    params(
        ("id" = String, Path, example = "show_1"),
        ("queue-token" = Option<String>, Header, description = "The pass, if the show stands behind a waiting room"),
    ),
    security((), ("buyer" = [])),
    responses((status = 200, content_type = "text/event-stream", body = String), Problems)
)]
pub(crate) async fn follow_seats(
    State(house): State<House>,
    PathId(id): PathId<ShowId>,
    headers: HeaderMap,
) -> Result<Events, Problem> {
    check_pass(&house, id, &headers).await?;
    let board = house.office.boards.board(id).await?;
    let start = Followed {
        house: house.clone(),
        headers,
        id,
        board,
        seen: None,
        sent: Moment::MIN,
        is_over: false,
    };
    Ok(events::until_closed(&house, futures_util::stream::unfold(start, next)))
}

struct Followed {
    house: House,
    headers: HeaderMap,
    id: ShowId,
    board: Arc<Board>,
    /// The last version that was sent.
    seen: Option<(u64, u64)>,
    /// When.
    sent: Moment,
    is_over: bool,
}

async fn next(mut followed: Followed) -> Option<(Event, Followed)> {
    if followed.is_over {
        return None;
    }
    if let Some((_, version)) = followed.seen {
        let mut news = followed.board.follow();
        news.wait_for(|newest| *newest > version).await.ok()?;
        let clock = &followed.house.office.clock;
        let since_ms = clock.now().ms_since(followed.sent);
        if since_ms < PAUSE_MS {
            clock.sleep_ms(PAUSE_MS - since_ms).await;
        }
        // A pass may have ended since: who is outside is told so and nothing more.
        if let Err(problem) = check_pass(&followed.house, followed.id, &followed.headers).await {
            followed.is_over = true;
            let body = serde_json::to_string(&problem).unwrap_or_default();
            return Some((Event::default().event("problem").data(body), followed));
        }
    }
    let changed = followed.seen.and_then(|(epoch, version)| followed.board.since(epoch, version));
    let (name, snapshot, complete) = match changed {
        Some(changed) => ("delta", changed, false),
        None => ("snapshot", followed.board.snapshot(), true),
    };
    followed.seen = Some((snapshot.epoch, snapshot.version));
    followed.sent = followed.house.office.clock.now();
    let body = String::from_utf8(render(followed.id, &snapshot, complete)).unwrap_or_default();
    Some((Event::default().event(name).data(body), followed))
}
