//! What is done about endpoints: make, change, switch off and on, remove, a new secret, a test, and
//! sending again: one message, or everything since a moment.

use super::{HERE, endpoint_id, show};
use crate::frame::go_to;
use crate::oops::Oops;
use crate::site::Site;
use crate::staff::StaffForm;
use crate::words::moment_of;
use admitone_app::webhooks::{Asked, Change, Done, NewEndpoint};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Response;

/// Longer addresses and lists are no mistake of typing.
const FIELD_MAX_BYTES: usize = 2_000;

/// `POST /operator/webhooks`. The page that answers is the only one that shows the secret.
pub(crate) async fn create(
    State(site): State<Site>,
    asked: StaffForm,
) -> Result<Response<Body>, Oops> {
    let onward = |oops: Oops| oops.onward(HERE.to_owned());
    let wanted = NewEndpoint { url: field(&asked, "url")?, types: types(&asked)? };
    let done = site.webhooks.create(wanted, wish(&asked)?).await;
    let done = done.map_err(|trouble| onward(trouble.into()))?;
    with_secret(&site, &asked, done).await
}

/// `POST /operator/webhooks/{id}`: where it is, and of what it is told.
pub(crate) async fn change(
    State(site): State<Site>,
    Path(id): Path<String>,
    asked: StaffForm,
) -> Result<Response<Body>, Oops> {
    let url = Some(field(&asked, "url")?);
    let change = Change { url, types: Some(types(&asked)?), is_enabled: None };
    alter(&site, &id, &asked, change).await
}

/// `POST /operator/webhooks/{id}/{action}`.
pub(crate) async fn act(
    State(site): State<Site>,
    Path((id, action)): Path<(String, String)>,
    asked: StaffForm,
) -> Result<Response<Body>, Oops> {
    let number = endpoint_id(&id)?;
    let back = format!("{HERE}/{id}");
    let onward = |oops: Oops| oops.onward(back.clone());
    let switched = |is_enabled| Change { is_enabled: Some(is_enabled), ..Change::default() };
    match action.as_str() {
        "enable" => return alter(&site, &id, &asked, switched(true)).await,
        "disable" => return alter(&site, &id, &asked, switched(false)).await,
        "remove" => {
            site.webhooks.remove(number, asked.by()).await?;
            return Ok(go_to(HERE));
        }
        "rotate" => {
            let done = site.webhooks.rotate(number, wish(&asked)?).await;
            return with_secret(&site, &asked, done.map_err(|why| onward(why.into()))?).await;
        }
        "test" => {
            let sent = site.webhooks.test(number, asked.by()).await;
            sent.map_err(|why| onward(why.into()))?;
        }
        "replay" => {
            let since = moment_of(asked.form.text("since"), "UTC");
            let since = since.ok_or_else(|| onward(Oops::malformed()))?;
            let done = site.webhooks.replay_since(number, since, wish(&asked)?).await;
            done.map_err(|why| onward(why.into()))?;
        }
        _ => return Err(Oops::not_found()),
    }
    Ok(go_to(&back))
}

/// `POST /operator/webhooks/{id}/messages/{event}`: one message of the log again, now and once.
pub(crate) async fn replay_message(
    State(site): State<Site>,
    Path((id, event)): Path<(String, String)>,
    asked: StaffForm,
) -> Result<Response<Body>, Oops> {
    let back = format!("{HERE}/{id}");
    let event: u64 = event.parse().map_err(|_| Oops::not_found())?;
    let sent = site.webhooks.replay(endpoint_id(&id)?, event, asked.by()).await;
    sent.map_err(|why| Oops::from(why).onward(back.clone()))?;
    Ok(go_to(&back))
}

async fn alter(
    site: &Site,
    id: &str,
    asked: &StaffForm,
    change: Change,
) -> Result<Response<Body>, Oops> {
    let back = format!("{HERE}/{id}");
    let done = site.webhooks.change(endpoint_id(id)?, change, wish(asked)?).await;
    done.map_err(|why| Oops::from(why).onward(back.clone()))?;
    Ok(go_to(&back))
}

/// The page of an endpoint with its secret; posted twice, it is not shown again.
async fn with_secret(site: &Site, asked: &StaffForm, done: Done) -> Result<Response<Body>, Oops> {
    let Done { endpoint, is_repeated } = done;
    let secret = (!is_repeated).then(|| endpoint.secret.clone());
    show(site, &asked.form.visitor, (endpoint, None), secret).await
}

/// Who asks, and by which wish: the same form names the same one each time.
fn wish(asked: &StaffForm) -> Result<Asked, Oops> {
    Ok(Asked::by(&asked.named(), asked.form.optional("version")?, asked.why()))
}

fn field(asked: &StaffForm, name: &str) -> Result<String, Oops> {
    let text = asked.form.text(name);
    if text.len() > FIELD_MAX_BYTES { Err(Oops::malformed()) } else { Ok(text.to_owned()) }
}

/// Types as they are typed: with commas or spaces between them; none is all.
fn types(asked: &StaffForm) -> Result<Vec<String>, Oops> {
    let text = field(asked, "types")?;
    let parts = text.split([',', ' ']).map(str::trim).filter(|part| !part.is_empty());
    Ok(parts.map(str::to_owned).collect())
}
