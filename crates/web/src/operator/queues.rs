//! Queues of commands that wait here or travel: how they stand, what is in them, and what is done about it.

mod lacking;

use super::reservations::ZONE;
use crate::frame::{Frame, go_to, page};
use crate::oops::Oops;
use crate::query::Query;
use crate::site::Site;
use crate::staff::{Staff, StaffForm};
use admitone_app::delivery::Job;
use admitone_app::logbook::is_kept_whole;
use admitone_app::ports::queues::{JobState, Lying, QueueReport, Seen};
use admitone_app::queue_desk::{QueueAction, QueueDesk, QueueTrouble};
use admitone_app::strategy::Operation;
use admitone_app::{Trouble, TroubleKind};
use admitone_domain::Moment;
use askama::Template;
use axum::body::Body;
use axum::extract::State;
use axum::http::Response;
pub(crate) use lacking::Said;
use lacking::lacking;

/// So many jobs are shown.
const SHOWN: usize = 50;
const HERE: &str = "/operator/queues";

/// States by their names in an address, and the keys of the words for them. The first is looked into
/// where none is asked for.
const STATES: [(&str, JobState, &str); 4] = [
    ("dead", JobState::Dead, "queues.dead"),
    ("running", JobState::Running, "queues.running"),
    ("waiting", JobState::Waiting, "queues.waiting"),
    ("delayed", JobState::Delayed, "queues.delayed"),
];

#[derive(Template)]
#[template(path = "operator/queues.html")]
struct Page {
    frame: Frame,
    queues: Vec<QueueReport>,
    /// Those whose broker does not answer, with the reason.
    unseen: Vec<(String, Trouble)>,
    inside: Option<Inside>,
    zone: &'static str,
}

/// What is in a queue.
struct Inside {
    queue: String,
    /// The key of the words for the state that was asked for.
    state: &'static str,
    jobs: Vec<Line>,
    /// Why its kind cannot show them.
    cannot: Option<String>,
    /// Why its broker does not show them now, although it said how the queue stands.
    unseen: Option<Trouble>,
}

/// A job, and the command in it.
struct Line {
    id: String,
    state: JobState,
    attempts: u32,
    reason: String,
    worker: String,
    since: Option<Moment>,
    /// What is wanted, by whom and until when; none where it cannot be read.
    wish: Option<(&'static str, String, Option<Moment>)>,
}

impl From<Lying> for Line {
    fn from(found: Lying) -> Self {
        let command = Job::decode(&found.body).ok().map(|job| job.command);
        let wish = command.map(|command| {
            (Operation::wish(&command.action), command.actor.to_string(), command.deadline)
        });
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
        Self {
            id: found.id,
            state: found.state,
            attempts: found.attempts,
            reason: or_none(found.reason),
            worker: or_none(found.consumer),
            since: found.since,
            wish,
        }
    }
}

fn desk(site: &Site) -> QueueDesk<'_> {
    QueueDesk { queues: &site.queues, book: &site.log.book }
}

/// `GET /operator/queues`.
pub(crate) async fn queues(
    State(site): State<Site>,
    staff: Staff,
    query: Query,
) -> Result<Response<Body>, Oops> {
    let Seen { reports: queues, unseen } = site.queues.look().await;
    let frame = Frame::new(&site, &staff.visitor);
    let queue = query.text("queue");
    let asked = queues.iter().find(|known| known.name == queue && can_be_opened(known));
    let inside = match asked {
        Some(known) => Some(look(&site, &known.name, query.text("state")).await?),
        None => None,
    };
    page(&Page { frame, queues, unseen, inside, zone: ZONE })
}

/// `GET /queues`, where this page was once.
pub(crate) async fn moved() -> Response<Body> {
    go_to(HERE)
}

async fn look(site: &Site, queue: &str, state: &str) -> Result<Inside, Oops> {
    let wanted = STATES.iter().find(|(name, ..)| *name == state).unwrap_or(&STATES[0]);
    let mut inside = Inside {
        queue: queue.to_owned(),
        state: wanted.2,
        jobs: Vec::new(),
        cannot: None,
        unseen: None,
    };
    match desk(site).jobs(queue, wanted.1, SHOWN).await {
        Ok(found) => inside.jobs = found.into_iter().map(Line::from).collect(),
        Err(QueueTrouble::Cannot(why)) => inside.cannot = Some(why),
        // The other queues are shown all the same.
        Err(QueueTrouble::Trouble(trouble)) => inside.unseen = Some(trouble),
        Err(trouble) => return Err(trouble.into()),
    }
    Ok(inside)
}

/// A channel says itself that nothing can be done about it.
fn can_be_opened(queue: &QueueReport) -> bool {
    queue.kind != "channel"
}

/// `POST /operator/queues`: pause, resume, drain and start of a queue, retry and drop of a job.
pub(crate) async fn act(
    State(site): State<Site>,
    asked: StaffForm,
) -> Result<Response<Body>, Oops> {
    let (queue, job) = (asked.form.text("queue"), asked.form.text("job"));
    let back = back_to(queue);
    let onward = |oops: Oops| oops.onward(back.clone());
    if !is_kept_whole(asked.why()) {
        return Err(onward(Oops::malformed()));
    }
    let (action, from) = (asked.form.text("action"), asked.form.text("from"));
    let action = match job {
        "" => QueueAction::of(action, Some(from).filter(|from| !from.is_empty())),
        job => QueueAction::of_job(action, job.to_owned()),
    };
    let done = match action {
        Ok(action) => desk(&site).act(asked.by(), queue, action).await,
        Err(trouble) => Err(trouble),
    };
    let oops = |trouble| match trouble {
        QueueTrouble::Missing(_) if !job.is_empty() => Oops::of_queue("QUEUE_JOB_GONE"),
        QueueTrouble::Cannot(why) => Oops::queue_cannot(lacking(asked.form.visitor.language, &why)),
        trouble => trouble.into(),
    };
    done.map_err(|trouble| onward(oops(trouble)))?;
    Ok(go_to(&back))
}

fn back_to(queue: &str) -> String {
    let name: String = form_urlencoded::byte_serialize(queue.as_bytes()).collect();
    format!("{HERE}?queue={name}")
}

impl From<QueueTrouble> for Oops {
    fn from(trouble: QueueTrouble) -> Self {
        match trouble {
            QueueTrouble::Missing(_) => Self::not_found(),
            QueueTrouble::NoStart(_) => Self::of_queue("QUEUE_NO_START"),
            QueueTrouble::Cannot(why) => Self::queue_cannot(Said::as_it_came(&why)),
            // Workers are at it that would not hear of it.
            QueueTrouble::Trouble(Trouble { kind: TroubleKind::Busy, .. }) => {
                Self::of_queue("QUEUE_BUSY")
            }
            QueueTrouble::Trouble(trouble) => trouble.into(),
        }
    }
}

impl Page {
    /// What was done, given back and done in the last minute, what is behind and how long the oldest
    /// waits; what nobody counts is a dash.
    fn told(&self, queue: &QueueReport) -> [String; 5] {
        let QueueReport { done, retries, done_last_minute, lag, oldest_ms, .. } = *queue;
        let or_none = |number: Option<u64>| number.map_or_else(|| "–".into(), |n| n.to_string());
        [done, retries, done_last_minute, Some(lag), oldest_ms].map(or_none)
    }

    fn states(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        STATES.iter().map(|(name, _, words)| (*name, *words))
    }

    fn can_be_opened(&self, queue: &QueueReport) -> bool {
        can_be_opened(queue)
    }

    fn has_offsets(&self, queue: &QueueReport) -> bool {
        queue.kind == "kafka"
    }

    /// Pause or resume: what is said and the key of its words.
    fn switch(&self, queue: &QueueReport) -> (&'static str, &'static str) {
        if queue.is_paused { ("resume", "queues.resume") } else { ("pause", "queues.pause") }
    }

    /// What its kind has not.
    fn lacks(&self, queue: &QueueReport) -> Vec<Said> {
        queue.lacks.iter().map(|said| lacking(self.frame.language, said)).collect()
    }

    fn lacking(&self, said: &str) -> Said {
        lacking(self.frame.language, said)
    }

    /// What can be done about a job, with the keys of the words.
    fn actions(&self, job: &Line) -> &'static [(&'static str, &'static str)] {
        const DROP: (&str, &str) = ("drop", "queues.drop");
        match job.state {
            JobState::Running => &[],
            JobState::Dead => &[("retry", "queues.retry"), DROP],
            JobState::Waiting | JobState::Delayed => &[DROP],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_link() {
        assert_eq!(back_to("jobs/none\"&x"), "/operator/queues?queue=jobs%2Fnone%22%26x");
    }
}
