//! What operators do about queues of commands, whichever way they ask. Each deed stands in the logbook.

use crate::logbook::{By, Deed, Intent, LogBook, Target, Unsure};
use crate::ports::queues::{JobState, Lying, NamedQueues, NoStart, Queues, Start};
use crate::{Trouble, TroubleKind};

/// The longest name of a job that the logbook is given.
const ABOUT_MAX: usize = 120;

/// What an operator does about a queue, or about a job in it.
#[derive(Debug)]
pub enum QueueAction {
    /// Nobody takes from it.
    Pause,
    /// All take again.
    Resume,
    /// What waits is thrown away.
    Drain,
    /// Workers go on from elsewhere.
    Start(Start),
    /// A job that was put away is delivered again.
    Retry(String),
    /// A job is thrown away.
    Drop(String),
}

/// Why nothing was done, or nobody knows whether it was.
#[derive(Debug, thiserror::Error)]
pub enum QueueTrouble {
    /// No queue, job or action is called so.
    #[error("there is no such {0}")]
    Missing(&'static str),
    /// That is no place to go on from.
    #[error(transparent)]
    NoStart(#[from] NoStart),
    /// Its broker cannot do that; the text says why.
    #[error("{0}")]
    Cannot(String),
    /// The store or the broker is in trouble.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl Unsure for QueueTrouble {
    fn is_unsure(&self) -> bool {
        matches!(self, Self::Trouble(_))
    }
}

/// What a broker cannot do is said to the operator as it is.
fn said(trouble: Trouble) -> QueueTrouble {
    match trouble.kind {
        TroubleKind::Inconsistent => QueueTrouble::Cannot(trouble.detail),
        _ => trouble.into(),
    }
}

impl QueueAction {
    /// What is done about a whole queue; `from` is where to `start`, left out it is the end.
    ///
    /// # Errors
    /// There is no such action, or that is no start.
    pub fn of(action: &str, from: Option<&str>) -> Result<Self, QueueTrouble> {
        match action {
            "pause" => Ok(Self::Pause),
            "resume" => Ok(Self::Resume),
            "drain" => Ok(Self::Drain),
            "start" => Ok(Self::Start(from.unwrap_or("end").parse()?)),
            _ => Err(QueueTrouble::Missing("action")),
        }
    }

    /// What is done about a job.
    ///
    /// # Errors
    /// There is no such action, or no job can be called so.
    pub fn of_job(action: &str, job: String) -> Result<Self, QueueTrouble> {
        // No queue calls a job so, and not every store can write it down.
        if job.contains('\0') {
            return Err(QueueTrouble::Missing("job"));
        }
        match action {
            "retry" => Ok(Self::Retry(job)),
            "drop" => Ok(Self::Drop(job)),
            _ => Err(QueueTrouble::Missing("action")),
        }
    }

    /// As the log has it: what is done, and to what.
    fn told(&self, queue: &str) -> (Deed, String) {
        let of_all = |deed| (deed, queue.to_owned());
        let of_job =
            |deed, job: &String| (deed, format!("{queue} {job}").chars().take(ABOUT_MAX).collect());
        match self {
            Self::Pause => of_all(Deed::Paused),
            Self::Resume => of_all(Deed::Resumed),
            Self::Drain => of_all(Deed::Drained),
            Self::Start(_) => of_all(Deed::Restarted),
            Self::Retry(job) => of_job(Deed::Retried, job),
            Self::Drop(job) => of_job(Deed::Dropped, job),
        }
    }
}

/// Where operators look into queues and act on them.
#[derive(Clone, Copy)]
pub struct QueueDesk<'a> {
    /// All there are.
    pub queues: &'a NamedQueues,
    /// Where it is told.
    pub book: &'a LogBook,
}

impl QueueDesk<'_> {
    /// Some jobs of a queue in a state, the oldest first.
    ///
    /// # Errors
    /// There is no such queue, its broker cannot show them, or is in trouble.
    pub async fn jobs(
        self,
        queue: &str,
        state: JobState,
        limit: usize,
    ) -> Result<Vec<Lying>, QueueTrouble> {
        self.knows(queue)?;
        self.queues.jobs(queue, state, limit).await.map_err(said)
    }

    /// Does it and tells of it; of how many jobs, where that is counted.
    ///
    /// # Errors
    /// There is no such queue or job, its broker cannot do it, or is in trouble: then it may have
    /// been done.
    pub async fn act(
        self,
        by: By,
        queue: &str,
        action: QueueAction,
    ) -> Result<Option<u64>, QueueTrouble> {
        self.knows(queue)?;
        let (deed, id) = action.told(queue);
        let intent = Intent { by, deed, target: Target::Queue, id };
        self.book.tell(intent, self.acted(queue, action)).await
    }

    async fn acted(self, queue: &str, action: QueueAction) -> Result<Option<u64>, QueueTrouble> {
        let found = |is_there: bool| {
            is_there
                .then_some(Some(1))
                .ok_or(QueueTrouble::Missing("job of which this can be done"))
        };
        let queues = self.queues;
        match action {
            QueueAction::Pause => queues.pause(queue, true).await.map_err(said)?,
            QueueAction::Resume => queues.pause(queue, false).await.map_err(said)?,
            QueueAction::Drain => return queues.drain(queue).await.map(Some).map_err(said),
            QueueAction::Start(start) => queues.restart(queue, start).await.map_err(said)?,
            QueueAction::Retry(job) => {
                return found(queues.retry(queue, &job).await.map_err(said)?);
            }
            QueueAction::Drop(job) => {
                return found(queues.discard(queue, &job).await.map_err(said)?);
            }
        }
        Ok(None)
    }

    fn knows(self, queue: &str) -> Result<(), QueueTrouble> {
        let is_known = self.queues.0.iter().any(|(name, _)| name == queue);
        is_known.then_some(()).ok_or(QueueTrouble::Missing("queue"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_with_a_name_that_no_store_can_write_is_not_there() {
        QueueAction::of_job("retry", "dead-1".into()).unwrap();
        let missing = QueueAction::of_job("drop", "dead\0".into()).unwrap_err();
        assert!(matches!(missing, QueueTrouble::Missing("job")), "{missing}");
    }

    #[test]
    fn a_start_without_a_place_is_the_end_and_what_is_no_place_is_none() {
        let start = QueueAction::of("start", None).unwrap();
        assert!(matches!(start, QueueAction::Start(Start::End)), "{start:?}");
        let wrong = QueueAction::of("start", Some("soon")).unwrap_err();
        assert!(matches!(wrong, QueueTrouble::NoStart(_)), "{wrong}");
        let unknown = QueueAction::of("explode", None).unwrap_err();
        assert!(matches!(unknown, QueueTrouble::Missing("action")), "{unknown}");
    }
}
