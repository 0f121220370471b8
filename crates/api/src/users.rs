//! Local accounts: a buyer who has no identity provider gets a token here.

use crate::ask::{self, Reader};
use crate::house::House;
use crate::problem::{Problem, Problems};
use crate::reply;
use crate::rooms;
use admitone_app::box_office::Request as Named;
use admitone_app::payments::close_account;
use admitone_domain::command::operate::{OpenAccount, Operate};
use admitone_domain::id::BuyerId;
use admitone_domain::party::Buyer;
use admitone_domain::pass::Admission;
use admitone_domain::{Action, Actor, CommandId, Fingerprint, Key, Moment, Outcome, Row};
use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const NAME_MAX: usize = 200;

/// A new account.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserRequest {
    /// What the buyer wants to be called.
    #[schema(min_length = 1, max_length = 200)]
    pub(crate) name: String,
}

/// An account.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct UserView {
    /// The buyer's id.
    pub(crate) id: String,
    /// What the buyer wants to be called; null for an account of somebody else's house.
    pub(crate) name: Option<String>,
    /// The bearer token; only when the account is opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<String>,
}

/// Open an account
///
/// The answer has the bearer token, good for 90 days. It is not shown again.
#[utoipa::path(
    post, path = "/api/v1/users", operation_id = "open_account", tag = "users",
    request_body = UserRequest, responses((status = 201, body = UserView), Problems)
)]
pub(crate) async fn open_account(
    State(house): State<House>,
    request: Request,
) -> Result<Response<Body>, Problem> {
    if !house.freedoms.open_accounts {
        return Err(Problem::accounts_closed());
    }
    let (headers, body) = ask::body(request).await?;
    let UserRequest { name } = ask::parse(&headers, &body)?;
    let length = name.chars().count();
    if !(1..=NAME_MAX).contains(&length) {
        return Err(Problem::invalid("`name` must have 1 to 200 characters"));
    }
    let id = BuyerId((house.chance)());
    let buyer = Buyer {
        id,
        name: name.clone(),
        created_at: Moment::default(),
        disabled: false,
        password: None,
    };
    let open = Action::Operate(Operate::OpenAccount(OpenAccount { buyer }));
    let opened = house.submit(&own(&house, Actor::Buyer(id)), open).await?;
    match reply::outcome(opened)? {
        Outcome::Joined(id) => {
            let token = house.secret.token_for(id, house.office.clock.now()).0;
            let view = UserView { id: id.to_string(), name: Some(name), token: Some(token) };
            Ok(reply::json(StatusCode::CREATED, &view))
        }
        _ => Err(Problem::key_reused()),
    }
}

/// A request that is a command of its own: nobody repeats it under a key.
pub(crate) fn own(house: &House, actor: Actor) -> Named {
    let id = CommandId((house.chance)());
    let (fingerprint, admission) = (Fingerprint(0), Admission::None);
    Named { id, fingerprint, actor, admission, deadline: None, waits: true }
}

/// Read the own account
#[utoipa::path(
    get, path = "/api/v1/users/me", operation_id = "read_own_account", tag = "users",
    security(("buyer" = [])), responses((status = 200, body = UserView), Problems)
)]
pub(crate) async fn read_own_account(
    State(house): State<House>,
    reader: Reader,
) -> Result<Json<UserView>, Problem> {
    let name = match house
        .office
        .row(Key::Buyer(reader.buyer))
        .await?
        .map(admitone_domain::Loaded::into_row)
    {
        Some(Row::Buyer(buyer)) => Some(buyer.name),
        _ => None,
    };
    Ok(Json(UserView { id: reader.buyer.to_string(), name, token: None }))
}

/// Close the own account
///
/// Its tokens are refused from now on, its places in line are over and its name is forgotten.
/// What was bought stays bought; what is left in the wallet has to be used first, and what is on its
/// way into it has to arrive. Money that comes back later, of tickets that staff cancel, opens it again.
#[utoipa::path(
    delete, path = "/api/v1/users/me", operation_id = "close_own_account", tag = "users",
    security(("buyer" = [])), responses((status = 204), Problems)
)]
pub(crate) async fn close_own_account(
    State(house): State<House>,
    Reader { buyer }: Reader,
) -> Result<Response<Body>, Problem> {
    let close = close_account(&*house.office.reads, buyer).await?;
    let closed = house.submit(&own(&house, Actor::Buyer(buyer)), close).await?;
    reply::outcome(closed)?;
    for (room, _) in house.rooms.desks() {
        house.rooms.leave(room, buyer).await.map_err(rooms::problem)?;
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}
