//! The queue: a token, and how it stands.

use super::{body, buyer_of};
use crate::ask::Plain;
use crate::house::House;
use crate::problem::Problem;
use crate::reference::{Failure, failure, success};
use crate::view::instant;
use admitone_app::rooms::{Visit, VisitTrouble};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Response, StatusCode};
use serde_json::{Value, json};

/// `POST /queue/issue`: a second token for a user with a live place shows the same place.
pub(crate) async fn issue(
    State(house): State<House>,
    bytes: Result<Plain, Problem>,
) -> Result<Response<Body>, Failure> {
    let Plain(bytes) = bytes?;
    let body = body(&bytes);
    let buyer = body.get("userId").and_then(Value::as_str).and_then(buyer_of);
    let buyer = buyer.ok_or_else(|| failure(StatusCode::BAD_REQUEST, "Invalid userId"))?;
    let setting = house.reference.ok_or_else(Failure::unauthorized)?;
    let visit = house.rooms.join_with_uuid(setting.room, buyer).await;
    Ok(success(&view(&visit.map_err(crate::rooms::problem)?)))
}

/// `GET /queue`: how the token stands.
pub(crate) async fn state(
    State(house): State<House>,
    headers: HeaderMap,
) -> Result<Response<Body>, Failure> {
    let token = headers.get("queue-token").and_then(|value| value.to_str().ok());
    let token = token.ok_or_else(Failure::unauthorized)?;
    let setting = house.reference.ok_or_else(Failure::unauthorized)?;
    let visit = house.rooms.poll(setting.room, token, None).await.map_err(unanswered)?;
    Ok(success(&view(&visit)))
}

/// In trouble nobody can say whether a token is good: it must not be thrown away.
fn unanswered(why: VisitTrouble) -> Failure {
    match why {
        VisitTrouble::Trouble(trouble) => trouble.into(),
        VisitTrouble::NoRoom | VisitTrouble::Closed | VisitTrouble::Gone | VisitTrouble::Forged => {
            Failure::unauthorized()
        }
    }
}

fn view(visit: &Visit) -> Value {
    json!({
        "token": visit.token,
        "status": if visit.active_until.is_some() { "active" } else { "pending" },
        "position": visit.ahead,
        "expiresAt": visit.active_until.map(instant),
        "nextPollMs": visit.next_poll_ms,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use admitone_app::{Trouble, TroubleKind};
    use axum::response::IntoResponse;

    #[test]
    fn a_token_is_not_called_bad_while_the_store_is_in_trouble() {
        let trouble = Trouble::new(TroubleKind::Unavailable, "poll", "the disk is full");
        let status = |why| unanswered(why).into_response().status();
        assert_eq!(status(VisitTrouble::Trouble(trouble)), StatusCode::SERVICE_UNAVAILABLE);
        for over in [VisitTrouble::Gone, VisitTrouble::Forged] {
            assert_eq!(status(over), StatusCode::UNAUTHORIZED);
        }
    }
}
