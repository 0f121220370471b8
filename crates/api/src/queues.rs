//! The page at `/queues`: the queues of commands that travel, for operators. A browser signs in with
//! any name and an operator's key as the password.
//!
//! It does what the API under `/api/v1/operator/queues` does, and has no script.

use crate::ask::Why;
use crate::codes::escaped;
use crate::house::House;
use crate::operator::queues::{JobView, QueueAction, QueueView, act};
use crate::problem::Problem;
use admitone_app::logbook::By;
use admitone_app::ports::queues::{JobState, Queues};
use admitone_app::{Trouble, TroubleKind};
use admitone_domain::id::OperatorId;
use admitone_domain::party::Right;
use axum::Form;
use axum::body::Body;
use axum::extract::{FromRequestParts, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Response, header};
use axum::response::{Html, IntoResponse, Redirect};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use std::fmt::Write;

/// So many jobs are shown.
const SHOWN: usize = 50;

/// The first button of a form is what Enter in one of its fields presses: nothing may be done by that.
const NO_DEFAULT: &str = "<button disabled hidden></button>";
/// Where it is said why something is done.
const WHY: &str = "<label>why <input name=\"why\" maxlength=\"500\"></label>";

/// How offsets are written where there are any.
const OFFSETS: &str = "<p><small>From: also an offset for all lanes (<code>120</code>), or jobs as they are named \
     (<code>0-120,3-57</code>): their lanes go on with them, others stay where they are. An offset that its lane \
     does not have is refused with those it has, and no lane is moved.</small></p>";

const STATES: [(&str, JobState); 4] = [
    ("dead", JobState::Dead),
    ("running", JobState::Running),
    ("waiting", JobState::Waiting),
    ("delayed", JobState::Delayed),
];

/// An operator at a browser.
pub(crate) struct AtBrowser(OperatorId);

/// Asks the browser for a key.
pub(crate) struct SignIn;

impl IntoResponse for SignIn {
    fn into_response(self) -> Response<Body> {
        let mut response = Problem::unauthenticated().into_response();
        let basic = HeaderValue::from_static("Basic realm=\"operators: the key is the password\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, basic);
        response
    }
}

impl FromRequestParts<House> for AtBrowser {
    type Rejection = SignIn;

    async fn from_request_parts(parts: &mut Parts, house: &House) -> Result<Self, SignIn> {
        let key = password(&parts.headers).ok_or(SignIn)?;
        let operator = house.parties.operator(&key).ok_or(SignIn)?;
        let right = if parts.method.is_safe() { Right::Look } else { Right::Change };
        house.is_allowed(operator, right).then_some(Self(operator)).ok_or(SignIn)
    }
}

fn password(headers: &HeaderMap) -> Option<String> {
    let (scheme, said) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let said = String::from_utf8(STANDARD.decode(said.trim()).ok()?).ok()?;
    said.split_once(':').map(|(_, password)| password.to_owned())
}

/// Into which queue to look.
#[derive(Debug, Deserialize)]
pub(crate) struct Look {
    queue: Option<String>,
    state: Option<String>,
}

/// `GET /queues`.
pub(crate) async fn page(
    State(house): State<House>,
    _operator: AtBrowser,
    Query(look): Query<Look>,
) -> Result<Html<String>, Problem> {
    let queues = house.queues.list().await?;
    let mut body = String::new();
    if queues.is_empty() {
        body.push_str(
            "<p>No strategy of this house lets commands wait or travel: there are no queues.</p>",
        );
    }
    for queue in queues {
        render_queue(&mut body, &QueueView::from(queue));
    }
    if let Some(queue) = look.queue.filter(|name| house.queues.names().contains(name)) {
        let state = look.state.unwrap_or_default();
        let state = STATES.iter().find(|(name, _)| *name == state).unwrap_or(&STATES[0]);
        match house.queues.jobs(&queue, state.1, SHOWN).await {
            Ok(jobs) => {
                render_jobs(&mut body, &queue, state.0, jobs.into_iter().map(JobView::from));
            }
            // What its kind cannot show it says.
            Err(Trouble { kind: TroubleKind::Inconsistent, detail, .. }) => {
                let _ = write!(body, "<p>{}</p>", escaped(&detail));
            }
            Err(trouble) => return Err(trouble.into()),
        }
    }
    Ok(Html(format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>Queues</title>\
         <style>body{{font:1rem/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;\
         padding:0 1rem;color-scheme:light dark}}table{{border-collapse:collapse}}\
         td,th{{text-align:right;padding:.2rem .6rem}}td:first-child,th:first-child{{\
         text-align:left}}form{{display:inline}}</style><h1>Queues</h1>{body}\
         <p><a href=\"/queues\">Look again</a></p></html>"
    )))
}

fn render_queue(body: &mut String, queue: &QueueView) {
    let number = |number: Option<u64>| number.map_or_else(|| "–".into(), |n| n.to_string());
    let name = escaped(&queue.name);
    let rate = queue.per_second.map_or_else(|| "–".into(), |rate| format!("{rate:.1}"));
    let state = if queue.is_paused { ", paused" } else { "" };
    // Writing into a String cannot fail.
    let _ = write!(
        body,
        "<h2>{name} <small>({}{state})</small></h2><table><tr><th>waiting<th>running<th>delayed\
         <th>dead<th>done<th>retries<th>lag<th>per second<th>oldest, ms<th>workers\
         <tr><td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{rate}<td>{}<td>{}</table><p>",
        escaped(&queue.kind),
        queue.waiting,
        queue.running,
        queue.delayed,
        queue.dead,
        number(queue.done),
        number(queue.retries),
        queue.lag,
        number(queue.oldest_ms),
        queue.workers,
    );
    // A channel says itself that nothing can be done about it.
    if queue.kind != "channel" {
        render_controls(body, &queue.name, queue.is_paused);
    }
    body.push_str("</p>");
    if queue.kind == "kafka" {
        body.push_str(OFFSETS);
    }
    for lacking in &queue.lacks {
        let _ = write!(body, "<p><small>{}</small></p>", escaped(lacking));
    }
}

/// Where to look into a queue, and what can be done about all of it.
fn render_controls(body: &mut String, queue: &str, is_paused: bool) {
    let name = escaped(queue);
    for (state, _) in STATES {
        let _ = write!(
            body,
            "<a href=\"/queues?queue={}&amp;state={state}\">{state}</a> ",
            in_url(queue)
        );
    }
    let pause = if is_paused { "resume" } else { "pause" };
    let _ = write!(
        body,
        "<form method=\"post\" action=\"/queues\">{NO_DEFAULT}<input type=\"hidden\" name=\"queue\" \
         value=\"{name}\">{WHY} <button name=\"action\" value=\"{pause}\">{pause}</button> \
         <button name=\"action\" value=\"drain\">drain</button> \
         <label>from <input name=\"from\" value=\"end\" aria-label=\"beginning, end, an \
         instant or offsets\">\
         </label> <button name=\"action\" value=\"start\">start anew</button></form>"
    );
}

/// A name in a link.
fn in_url(name: &str) -> String {
    name.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || byte == b'-' {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}

/// What can be done about a job.
fn render_actions(body: &mut String, queue: &str, (job, state): (&str, JobState)) {
    if state == JobState::Running {
        return;
    }
    let _ = write!(
        body,
        "<form method=\"post\" action=\"/queues\">{NO_DEFAULT}<input type=\"hidden\" name=\"queue\" \
         value=\"{}\"><input type=\"hidden\" name=\"job\" value=\"{}\">{WHY}",
        escaped(queue),
        escaped(job),
    );
    let mut button = |action: &str| {
        let _ = write!(body, " <button name=\"action\" value=\"{action}\">{action}</button>");
    };
    if state == JobState::Dead {
        button("retry");
    }
    button("drop");
    body.push_str("</form>");
}

fn render_jobs(body: &mut String, queue: &str, state: &str, jobs: impl Iterator<Item = JobView>) {
    let _ = write!(
        body,
        "<h2>{}: {state}</h2><table><tr><th>job<th>operation<th>by<th>attempts<th>since\
         <th>good until<th>reason<th>worker<th>",
        escaped(queue)
    );
    let or_none = |text: &Option<String>| text.as_deref().map(escaped).unwrap_or_default();
    for job in jobs {
        let _ = write!(
            body,
            "<tr><td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>",
            escaped(&job.id),
            job.operation.unwrap_or("unreadable"),
            or_none(&job.by),
            job.attempts,
            or_none(&job.since),
            or_none(&job.good_until),
            or_none(&job.reason),
            or_none(&job.worker),
        );
        render_actions(body, queue, (&job.id, job.state));
    }
    body.push_str("</table>");
}

/// What a button of the page says.
#[derive(Debug, Deserialize)]
pub(crate) struct Pressed {
    queue: String,
    action: String,
    #[serde(default)]
    job: String,
    from: Option<String>,
    #[serde(default)]
    why: String,
}

/// `POST /queues`. Only from the page itself: a browser says where a form was, and sends the key to
/// whoever asks for it.
pub(crate) async fn press(
    State(house): State<House>,
    AtBrowser(operator): AtBrowser,
    headers: HeaderMap,
    Form(pressed): Form<Pressed>,
) -> Result<Response<Body>, Problem> {
    let site = headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
    if site.is_some_and(|site| site != "same-origin") {
        return Err(Problem::forbidden("this form was on another site"));
    }
    let action = if pressed.job.is_empty() {
        QueueAction::of(&pressed.action, pressed.from.as_deref())?
    } else {
        QueueAction::of_job(&pressed.action, pressed.job)?
    };
    let Why { why } = Why::said(pressed.why)?;
    let by = By { who: operator.to_string(), wish: None, why };
    act(&house, by, &pressed.queue, action).await?;
    let back = format!("/queues?queue={}", in_url(&pressed.queue));
    Ok(Redirect::to(&back).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_of_a_browser_is_the_key() {
        let with = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
            password(&headers)
        };
        let said = STANDARD.encode("anybody:amo_key:with");
        assert_eq!(with(&format!("Basic {said}")), Some("amo_key:with".to_owned()));
        assert_eq!(with(&format!("Bearer {said}")), None);
        assert_eq!(with("Basic !"), None);
        assert_eq!(password(&HeaderMap::new()), None);
    }

    #[test]
    fn enter_in_a_field_does_nothing_to_a_queue() {
        let mut body = String::new();
        render_controls(&mut body, "job-queue", false);
        render_actions(&mut body, "job-queue", ("dead-1", JobState::Dead));
        let forms: Vec<_> = body.split("<form").skip(1).collect();
        assert_eq!(forms.len(), 2);
        for form in forms {
            let first = form.find("<button").unwrap();
            assert!(form[first..].starts_with("<button disabled"), "{form}");
            assert!(form.contains("name=\"why\""), "{form}");
        }
    }

    #[test]
    fn a_name_cannot_leave_its_link() {
        assert_eq!(in_url("jobs/none/plain\"&x"), "jobs%2Fnone%2Fplain%22%26x");
    }
}
