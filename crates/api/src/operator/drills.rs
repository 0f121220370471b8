//! Drills: a rehearsal of the sale on a copy of it is begun, followed, stopped, and its report read, from
//! whichever instance.

use crate::ask::{Staff, StaffAsk, Why, id};
use crate::house::House;
use crate::problem::{Problem, Problems};
use crate::reply::{self, REPLAYED, settled};
use crate::view::instant;
use admitone_app::logbook::{Deed, Intent, Target};
use admitone_app::ports::rehearsals::{
    Arrivals, BUYERS_MAX, Rehearsal, Rehearsals, SECONDS_MAX, Stage,
};
use admitone_app::rehearsals::{self, Unplanned, Wanted, id_of};
use admitone_domain::command::operate::{Operate, Rehearse};
use admitone_domain::{Action, Actor};
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderValue, Response, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is rehearsed.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DrillRequest {
    /// One show; all that have not begun when it is left out.
    #[schema(example = "show_1")]
    pub(crate) show: Option<String>,
    /// With so many buyers who do not exist.
    #[schema(minimum = 1, maximum = 5000, example = 500)]
    pub(crate) buyers: u32,
    /// They come within so many seconds.
    #[schema(minimum = 1, maximum = 300, example = 60)]
    pub(crate) seconds: u32,
    /// How they come.
    pub(crate) arrivals: ArrivalsView,
}

/// How buyers come: half of them at once, evenly, or ever more of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ArrivalsView {
    AtOnce,
    Evenly,
    EverMore,
}

/// A rehearsal.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct DrillView {
    /// Its id.
    #[schema(example = "drill_01795658400000")]
    pub(crate) id: String,
    /// What is rehearsed; null where it is everything.
    pub(crate) title: Option<String>,
    /// With so many buyers.
    pub(crate) buyers: u32,
    /// Within so many seconds.
    pub(crate) seconds: u32,
    /// How they come.
    pub(crate) arrivals: ArrivalsView,
    /// Who wanted it.
    pub(crate) by: String,
    /// Which instance plays it.
    pub(crate) place: String,
    /// When it was begun.
    #[schema(format = DateTime)]
    pub(crate) began_at: String,
    /// How it is.
    pub(crate) state: DrillState,
    /// What it is doing, or why it could not be done.
    pub(crate) says: Option<String>,
    /// Whether there is a report.
    pub(crate) has_report: bool,
}

/// How a rehearsal is: it goes on, is asked to end, has found that all answers were true or that one was
/// not, was stopped, ended with its instance, or could not be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DrillState {
    Running,
    Stopping,
    Sound,
    Unsound,
    Stopped,
    Lost,
    Failed,
}

/// All rehearsals that are remembered.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct DrillsView {
    /// The newest first.
    pub(crate) data: Vec<DrillView>,
}

/// Begin a rehearsal of the sale
///
/// On a copy of what is for sale, with buyers who do not exist, in a process of its own at the lowest
/// priority: one at a time over all instances. Nothing of the sale is written but who did it. Answered 202, it has
/// not begun yet: ask again under the same key.
#[utoipa::path(
    post, path = "/api/v1/operator/drills", operation_id = "begin_drill", tag = "operator",
    security(("operator" = [])), request_body = DrillRequest,
    params(("Idempotency-Key" = String, Header, min_length = 1, max_length = 255)),
    responses((status = 201, body = DrillView), Problems)
)]
pub(crate) async fn begin_drill(
    State(house): State<House>,
    ask: StaffAsk,
) -> Result<Response<Body>, Problem> {
    let DrillRequest { show, buyers, seconds, arrivals } = ask.body()?;
    let only = show.as_deref().map(|text| id("show", text)).transpose()?;
    let rehearsals = rehearsals(&house)?;
    let Actor::Operator(by) = ask.named.actor else { return Err(Problem::unauthenticated()) };
    // Asked again, it is answered again; else whoever comes while one goes on leaves no word of it.
    let is_known = house.office.reads.answer(ask.named.id).await?.is_some();
    if !is_known && rehearsals.all().await?.iter().any(goes_on) {
        return Err(one_at_a_time());
    }
    let wanted = Wanted { only, buyers, seconds, arrivals: arrivals.into() };
    let plan = rehearsals::plan(&house.office, wanted, by).await?;
    // Told before it is done: what cannot be told of is not done.
    let rehearse = Action::Operate(Operate::Rehearse(Rehearse { buyers }));
    let (told, replayed) = settled(house.submit(&ask.named, rehearse).await?)?;
    told.answer.as_ref().map_err(|refusal| Problem::from(refusal.clone()))?;
    let id = id_of(told.at);
    if let (true, Some(known)) = (replayed, find(rehearsals, &id).await?) {
        let mut response = reply::json(StatusCode::CREATED, &DrillView::from(known));
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        return Ok(response);
    }
    if !rehearsals.begin(id.clone(), plan).await? {
        return Err(one_at_a_time());
    }
    Ok(reply::json(StatusCode::CREATED, &one(rehearsals, &id).await?))
}

/// List rehearsals
///
/// The last twenty, newest first, wherever they were played.
#[utoipa::path(
    get, path = "/api/v1/operator/drills", operation_id = "list_drills", tag = "operator",
    security(("operator" = [])), responses((status = 200, body = DrillsView), Problems)
)]
pub(crate) async fn list_drills(
    State(house): State<House>,
    _staff: Staff,
) -> Result<Json<DrillsView>, Problem> {
    let all = rehearsals(&house)?.all().await?;
    Ok(Json(DrillsView { data: all.into_iter().map(DrillView::from).collect() }))
}

/// Look how a rehearsal goes
#[utoipa::path(
    get, path = "/api/v1/operator/drills/{id}", operation_id = "read_drill", tag = "operator",
    security(("operator" = [])), params(("id" = String, Path, example = "drill_01795658400000")),
    responses((status = 200, body = DrillView), Problems)
)]
pub(crate) async fn read_drill(
    State(house): State<House>,
    Path(id): Path<String>,
    _staff: Staff,
) -> Result<Json<DrillView>, Problem> {
    one(rehearsals(&house)?, &id).await.map(Json)
}

/// Stop a rehearsal
///
/// Whichever instance plays it, within seconds. One that has ended stays as it is.
#[utoipa::path(
    post, path = "/api/v1/operator/drills/{id}/actions/stop", operation_id = "stop_drill",
    tag = "operator", security(("operator" = [])),
    params(("id" = String, Path, example = "drill_01795658400000"), Why),
    responses((status = 200, body = DrillView), Problems)
)]
pub(crate) async fn stop_drill(
    State(house): State<House>,
    Path(id): Path<String>,
    staff: Staff,
    why: Why,
) -> Result<Json<DrillView>, Problem> {
    let rehearsals = rehearsals(&house)?;
    if find(rehearsals, &id).await?.is_some_and(|known| goes_on(&known)) {
        let (by, target) = (staff.by(why), Target::Drill);
        let intent = Intent { by, deed: Deed::Stopped, target, id: id.clone() };
        house.log.book.tell(intent, rehearsals.stop(&id)).await?;
    }
    one(rehearsals, &id).await.map(Json)
}

/// Read the report of a rehearsal
///
/// As the laboratory writes it, with everything that was measured and found.
#[utoipa::path(
    get, path = "/api/v1/operator/drills/{id}/report", operation_id = "read_drill_report",
    tag = "operator", security(("operator" = [])),
    params(("id" = String, Path, example = "drill_01795658400000")),
    responses((status = 200, body = Object), Problems)
)]
pub(crate) async fn read_drill_report(
    State(house): State<House>,
    Path(id): Path<String>,
    _staff: Staff,
) -> Result<Response<Body>, Problem> {
    let report = rehearsals(&house)?.report(&id).await?;
    let report = report.ok_or_else(|| Problem::not_found("report"))?;
    Ok(reply::bytes(StatusCode::OK, Bytes::from(report.figures)))
}

fn rehearsals(house: &House) -> Result<&dyn Rehearsals, Problem> {
    house.rehearsals.as_deref().ok_or_else(|| Problem::not_found("drill"))
}

async fn find(rehearsals: &dyn Rehearsals, id: &str) -> Result<Option<Rehearsal>, Problem> {
    Ok(rehearsals.all().await?.into_iter().find(|one| one.id == id))
}

async fn one(rehearsals: &dyn Rehearsals, id: &str) -> Result<DrillView, Problem> {
    let found = find(rehearsals, id).await?;
    found.map(DrillView::from).ok_or_else(|| Problem::not_found("drill"))
}

fn goes_on(one: &Rehearsal) -> bool {
    matches!(one.stage, Stage::Running(_))
}

fn one_at_a_time() -> Problem {
    Problem::drill_cannot("one rehearsal goes on already: wait for its end, or stop it")
}

impl From<Unplanned> for Problem {
    fn from(why: Unplanned) -> Self {
        match why {
            Unplanned::Bounds => {
                let bounds = format!("`buyers` 1 to {BUYERS_MAX}, `seconds` 1 to {SECONDS_MAX}");
                Self::invalid(bounds)
            }
            Unplanned::NoShow => Self::not_found("show"),
            Unplanned::Nothing => Self::drill_cannot("nothing is for sale that could be rehearsed"),
            Unplanned::Trouble(trouble) => trouble.into(),
        }
    }
}

impl From<Rehearsal> for DrillView {
    fn from(known: Rehearsal) -> Self {
        let has_report = known.stage.has_report();
        let (state, says) = match known.stage {
            Stage::Running(says) if known.is_stopping => (DrillState::Stopping, says),
            Stage::Running(says) => (DrillState::Running, says),
            Stage::Sound => (DrillState::Sound, String::new()),
            Stage::Unsound => (DrillState::Unsound, String::new()),
            Stage::Stopped => (DrillState::Stopped, String::new()),
            Stage::Lost => (DrillState::Lost, String::new()),
            Stage::Failed(why) => (DrillState::Failed, why),
        };
        Self {
            id: known.id,
            title: Some(known.title).filter(|title| !title.is_empty()),
            buyers: known.buyers,
            seconds: known.seconds,
            arrivals: known.arrivals.into(),
            by: known.by,
            place: known.place,
            began_at: instant(known.began_at),
            state,
            says: Some(says).filter(|says| !says.is_empty()),
            has_report,
        }
    }
}

impl From<Arrivals> for ArrivalsView {
    fn from(arrivals: Arrivals) -> Self {
        match arrivals {
            Arrivals::AtOnce => Self::AtOnce,
            Arrivals::Evenly => Self::Evenly,
            Arrivals::EverMore => Self::EverMore,
        }
    }
}

impl From<ArrivalsView> for Arrivals {
    fn from(arrivals: ArrivalsView) -> Self {
        match arrivals {
            ArrivalsView::AtOnce => Self::AtOnce,
            ArrivalsView::Evenly => Self::Evenly,
            ArrivalsView::EverMore => Self::EverMore,
        }
    }
}
