//! The keys of those who work here: owners make them, look who has one, and refuse them.

use super::{SavedView, operate};
use crate::ask::{Owner, OwnerAsk, PathId};
use crate::house::House;
use crate::problem::{Problem, Problems};
use crate::reply;
use crate::view::instant;
use admitone_app::operating;
use admitone_domain::id::OperatorId;
use admitone_domain::party::{Operator, Role};
use admitone_domain::{Action, Key, Outcome};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A new key.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyRequest {
    /// Who gets it, as the log will call them.
    #[schema(min_length = 1, max_length = 100, example = "Opal at the door")]
    pub(crate) name: String,
    /// What it allows.
    pub(crate) role: RoleView,
}

/// What a key allows: everything, everything but making keys, letting people in at the door and
/// nothing else, or seeing everything and changing nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RoleView {
    Owner,
    Operator,
    Door,
    ReadOnly,
}

/// A key that was made.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct NewKeyView {
    /// Whose it is.
    #[schema(example = "op_2")]
    pub(crate) id: String,
    /// The key. It stands in this answer and in no other; nobody keeps it.
    #[schema(example = "amo_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8")]
    pub(crate) key: String,
}

/// Somebody who has a key.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct KeyView {
    /// The id, as it stands in the log.
    #[schema(example = "op_2")]
    pub(crate) id: String,
    /// What people call them.
    pub(crate) name: String,
    /// What it allows.
    pub(crate) role: RoleView,
    /// Since when.
    #[schema(format = DateTime)]
    pub(crate) created_at: String,
    /// Whether it opens nothing any more.
    pub(crate) refused: bool,
}

/// All keys.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct KeysView {
    /// The oldest first.
    pub(crate) data: Vec<KeyView>,
}

/// Make a key for somebody who works here
///
/// For owners. The key stands in the answer; repeated under the same `Idempotency-Key` the request is
/// answered with the same one, as long as answers are kept, and makes no other.
#[utoipa::path(
    post, path = "/api/v1/operator/keys", operation_id = "create_key", tag = "operator",
    security(("operator" = [])), request_body = KeyRequest,
    params(("Idempotency-Key" = String, Header, min_length = 1, max_length = 255)),
    responses((status = 201, body = NewKeyView), Problems)
)]
pub(crate) async fn create_key(
    State(house): State<House>,
    OwnerAsk(ask): OwnerAsk,
) -> Result<Response<Body>, Problem> {
    let KeyRequest { name, role } = ask.body()?;
    let command = ask.named.id;
    let key = |id| house.secret.operator_key(command, id);
    let create = operating::create_key(&house.office, &name, role.into(), key).await?;
    let made = house.submit(&ask.named, Action::Operate(create)).await?;
    reply::reply(made, StatusCode::CREATED, |outcome, _| match outcome {
        Outcome::Saved { key: Key::Operator(id), .. } => {
            Some(NewKeyView { id: id.to_string(), key: key(*id) })
        }
        _ => None,
    })
}

/// List the keys of those who work here
///
/// For owners: who has one, what it allows, and which are refused.
#[utoipa::path(
    get, path = "/api/v1/operator/keys", operation_id = "list_keys", tag = "operator",
    security(("operator" = [])), responses((status = 200, body = KeysView), Problems)
)]
pub(crate) async fn list_keys(
    State(house): State<House>,
    _owner: Owner,
) -> Result<Json<KeysView>, Problem> {
    let operators = house.office.reads.operators().await?;
    Ok(Json(KeysView { data: operators.into_iter().map(KeyView::from).collect() }))
}

/// Refuse a key from now on
///
/// For owners; nobody refuses the own key, so that an owner is always left (`OWNER_NEEDED`).
#[utoipa::path(
    post, path = "/api/v1/operator/keys/{id}/actions/refuse", operation_id = "refuse_key",
    tag = "operator", security(("operator" = [])),
    params(
        ("id" = String, Path, example = "op_2"),
        ("Idempotency-Key" = String, Header, min_length = 1, max_length = 255),
    ),
    responses((status = 200, body = SavedView), Problems)
)]
pub(crate) async fn refuse_key(
    State(house): State<House>,
    PathId(id): PathId<OperatorId>,
    OwnerAsk(ask): OwnerAsk,
) -> Result<Response<Body>, Problem> {
    let refuse = operating::refuse_key(&house.office, id).await?;
    operate(&house, &ask.named, refuse, StatusCode::OK).await
}

impl From<Operator> for KeyView {
    fn from(known: Operator) -> Self {
        Self {
            id: known.id.to_string(),
            name: known.name,
            role: known.role.into(),
            created_at: instant(known.created_at),
            refused: known.disabled,
        }
    }
}

impl From<Role> for RoleView {
    fn from(role: Role) -> Self {
        match role {
            Role::Owner => Self::Owner,
            Role::Operator => Self::Operator,
            Role::Door => Self::Door,
            Role::ReadOnly => Self::ReadOnly,
        }
    }
}

impl From<RoleView> for Role {
    fn from(role: RoleView) -> Self {
        match role {
            RoleView::Owner => Self::Owner,
            RoleView::Operator => Self::Operator,
            RoleView::Door => Self::Door,
            RoleView::ReadOnly => Self::ReadOnly,
        }
    }
}
