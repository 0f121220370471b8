//! Queues of commands that travel: how they stand, what is in them, and what is done about it.

use crate::ask::{PathText, Staff, Why};
use crate::house::House;
use crate::problem::{Problem, Problems};
use crate::reply::limit;
use crate::view::instant;
use admitone_app::delivery::Job;
use admitone_app::ports::queues::{JobState, Lying, QueueReport, Seen};
use admitone_app::queue_desk::{QueueAction, QueueDesk, QueueTrouble};
use admitone_app::strategy::Operation;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// All queues.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct QueuesView {
    /// One for each strategy in which commands travel, or wait in this instance for one writer.
    pub(crate) data: Vec<QueueView>,
    /// Those that cannot be seen now, because their broker does not answer.
    pub(crate) unseen: Vec<UnseenView>,
}

/// A queue that cannot be seen.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct UnseenView {
    /// Its name.
    #[schema(example = "kafka")]
    pub(crate) name: String,
    /// Why.
    pub(crate) why: String,
}

/// How a queue stands. What a broker does not count is left out.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct QueueView {
    /// Its name: the strategy whose commands it carries.
    #[schema(example = "job-queue")]
    pub(crate) name: String,
    /// `channel`, `jobs`, `rabbitmq` or `kafka`.
    #[schema(example = "jobs")]
    pub(crate) kind: String,
    /// Jobs that nobody has taken yet.
    pub(crate) waiting: u64,
    /// Jobs that a worker has.
    pub(crate) running: u64,
    /// Jobs that wait for their time.
    pub(crate) delayed: u64,
    /// Jobs that failed so often that they were put away.
    pub(crate) dead: u64,
    /// Jobs that were settled since the queue is there.
    pub(crate) done: Option<u64>,
    /// How often jobs were given back.
    pub(crate) retries: Option<u64>,
    /// Jobs settled in the last minute, for each second.
    pub(crate) per_second: Option<f64>,
    /// How many jobs workers are behind.
    pub(crate) lag: u64,
    /// How long the oldest job has waited, in milliseconds.
    pub(crate) oldest_ms: Option<u64>,
    /// How many workers there are.
    pub(crate) workers: u64,
    /// Whether an operator has workers take nothing from it.
    pub(crate) is_paused: bool,
    /// What its kind has not that others have, and why.
    pub(crate) lacks: Vec<String>,
}

/// Jobs of a queue.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct JobsView {
    /// The oldest first.
    pub(crate) data: Vec<JobView>,
}

/// A job, and the command in it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct JobView {
    /// What the queue calls it.
    pub(crate) id: String,
    /// `waiting`, `running`, `delayed` or `dead`.
    #[schema(value_type = String, example = "dead")]
    pub(crate) state: JobState,
    /// How often it was delivered without an end.
    pub(crate) attempts: u32,
    /// Why it was put away.
    pub(crate) reason: Option<String>,
    /// Which worker has it.
    pub(crate) worker: Option<String>,
    /// Since when it waits, or is put away.
    pub(crate) since: Option<String>,
    /// What is wanted: the name of its operation, or `close_account`, which travels the way of charges; none where
    /// it cannot be read as a command.
    #[schema(example = "hold")]
    pub(crate) operation: Option<&'static str>,
    /// Who wants it.
    #[schema(example = "buyer_1")]
    pub(crate) by: Option<String>,
    /// Until when it is good.
    pub(crate) good_until: Option<String>,
    /// How many bytes it has.
    pub(crate) bytes: usize,
}

/// Which jobs.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct JobsQuery {
    /// `waiting`, `running`, `delayed` or `dead`.
    #[param(value_type = Option<String>, example = "dead")]
    pub(crate) state: Option<JobState>,
    /// At most so many.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub(crate) limit: Option<u32>,
}

/// From where to go on.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct StartQuery {
    /// With `start`: `beginning`, `end`, an instant, or in Kafka offsets: `120` for all lanes,
    /// `0-120,3-57` (as jobs are named) for lanes 0 and 3, while the others stay where they are. An offset that its
    /// lane does not have is refused with those it has, and no lane is moved. Left out it is `end`.
    #[param(example = "end")]
    pub(crate) from: Option<String>,
    /// Why it is done, in a few words. It stands in the operators' log.
    #[param(max_length = 500)]
    #[serde(default)]
    pub(crate) why: String,
}

/// What was done.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct DoneView {
    /// Of how many jobs; none where that is not counted.
    pub(crate) jobs: Option<u64>,
}

/// List the queues
#[utoipa::path(
    get, path = "/api/v1/operator/queues", operation_id = "list_queues", tag = "operator",
    security(("operator" = [])), responses((status = 200, body = QueuesView), Problems)
)]
pub(crate) async fn list_queues(
    State(house): State<House>,
    _staff: Staff,
) -> Result<Json<QueuesView>, Problem> {
    let Seen { reports, unseen } = house.queues.look().await;
    let data = reports.into_iter().map(QueueView::from).collect();
    let unseen = unseen.into_iter().map(|(name, trouble)| UnseenView { name, why: trouble.detail });
    Ok(Json(QueuesView { data, unseen: unseen.collect() }))
}

/// Look into a queue
#[utoipa::path(
    get, path = "/api/v1/operator/queues/{name}/jobs", operation_id = "list_jobs",
    tag = "operator", security(("operator" = [])),
    params(("name" = String, Path, example = "job-queue"), JobsQuery),
    responses((status = 200, body = JobsView), Problems)
)]
pub(crate) async fn list_jobs(
    State(house): State<House>,
    PathText(name): PathText<String>,
    _staff: Staff,
    query: Result<Query<JobsQuery>, QueryRejection>,
) -> Result<Json<JobsView>, Problem> {
    let Query(query) = query.map_err(|error| Problem::invalid(error.body_text()))?;
    let state = query.state.unwrap_or(JobState::Dead);
    let found = desk(&house).jobs(&name, state, limit(query.limit)?).await?;
    Ok(Json(JobsView { data: found.into_iter().map(JobView::from).collect() }))
}

/// Pause, resume, drain or start a queue anew
///
/// `pause` has workers take nothing, `resume` take again, `drain` throws away what nobody has taken,
/// `start` has workers go on from elsewhere as a clean group.
#[utoipa::path(
    post, path = "/api/v1/operator/queues/{name}/actions/{action}", operation_id = "act_on_queue",
    tag = "operator", security(("operator" = [])),
    params(
        ("name" = String, Path, example = "job-queue"),
        ("action" = String, Path, description = "pause, resume, drain or start", example = "pause"),
        StartQuery,
    ),
    responses((status = 200, body = DoneView), Problems)
)]
pub(crate) async fn act_on_queue(
    State(house): State<House>,
    PathText((name, action)): PathText<(String, String)>,
    staff: Staff,
    query: Result<Query<StartQuery>, QueryRejection>,
) -> Result<Json<DoneView>, Problem> {
    let Query(query) = query.map_err(|error| Problem::invalid(error.body_text()))?;
    let change = QueueAction::of(&action, query.from.as_deref())?;
    let jobs = desk(&house).act(staff.by(Why::said(query.why)?), &name, change).await?;
    Ok(Json(DoneView { jobs }))
}

/// Retry or drop a job
///
/// `retry` has a job that was put away delivered again; `drop` throws one away that no worker has.
#[utoipa::path(
    post, path = "/api/v1/operator/queues/{name}/jobs/{job}/actions/{action}",
    operation_id = "act_on_job", tag = "operator", security(("operator" = [])),
    params(
        ("name" = String, Path, example = "job-queue"),
        ("job" = String, Path, example = "dead-1-0"),
        ("action" = String, Path, description = "retry or drop", example = "retry"),
        Why,
    ),
    responses((status = 200, body = DoneView), Problems)
)]
pub(crate) async fn act_on_job(
    State(house): State<House>,
    PathText((name, job, action)): PathText<(String, String, String)>,
    staff: Staff,
    why: Why,
) -> Result<Json<DoneView>, Problem> {
    let change = QueueAction::of_job(&action, job)?;
    let jobs = desk(&house).act(staff.by(why), &name, change).await?;
    Ok(Json(DoneView { jobs }))
}

fn desk(house: &House) -> QueueDesk<'_> {
    QueueDesk { queues: &house.queues, book: &house.log.book }
}

impl From<QueueTrouble> for Problem {
    fn from(trouble: QueueTrouble) -> Self {
        match trouble {
            QueueTrouble::Missing(what) => Self::not_found(what),
            QueueTrouble::NoStart(why) => Self::invalid(why),
            QueueTrouble::Cannot(why) => Self::queue_cannot(why),
            QueueTrouble::Trouble(trouble) => trouble.into(),
        }
    }
}

impl From<QueueReport> for QueueView {
    fn from(found: QueueReport) -> Self {
        let minute = found.done_last_minute.and_then(|done| u32::try_from(done).ok());
        Self {
            name: found.name,
            kind: found.kind,
            waiting: found.waiting,
            running: found.running,
            delayed: found.delayed,
            dead: found.dead,
            done: found.done,
            retries: found.retries,
            per_second: minute.map(|done| f64::from(done) / 60.0),
            lag: found.lag,
            oldest_ms: found.oldest_ms,
            workers: found.consumers,
            is_paused: found.is_paused,
            lacks: found.lacks,
        }
    }
}

impl From<Lying> for JobView {
    fn from(found: Lying) -> Self {
        let command = Job::decode(&found.body).ok().map(|job| job.command);
        Self {
            id: found.id,
            state: found.state,
            attempts: found.attempts,
            reason: found.reason,
            worker: found.consumer,
            since: found.since.map(instant),
            operation: command.as_ref().map(|command| Operation::wish(&command.action)),
            by: command.as_ref().map(|command| command.actor.to_string()),
            good_until: command.as_ref().and_then(|command| command.deadline).map(instant),
            bytes: found.body.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_is_kept_whole_or_refused() {
        assert_eq!(Why::said("é".repeat(500)).unwrap().why.chars().count(), 500);
        assert_eq!(Why::said("é".repeat(501)).map(|_| ()).unwrap_err().status, 400);
    }
}
