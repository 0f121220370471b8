//! What can be typed about queues.

use super::Place;
use admitone_app::logbook::{WHY_MAX, is_kept_whole};
use admitone_app::ports::queues::JobState;
use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Args)]
pub(crate) struct Queue {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(subcommand)]
    pub(crate) task: QueueTask,
}

/// Why somebody changes something.
#[derive(Debug, Args)]
pub(crate) struct Why {
    /// Why it is done, in at most 500 characters: it stands in the operators' log beside what was changed.
    #[arg(long, default_value = "", hide_default_value = true, value_parser = reason)]
    pub(crate) why: String,
}

/// What was said, unless that is longer than what is kept.
fn reason(said: &str) -> Result<String, String> {
    if !is_kept_whole(said) {
        return Err(format!("at most {WHY_MAX} characters are kept"));
    }
    Ok(said.to_owned())
}

#[derive(Debug, Subcommand)]
pub(crate) enum QueueTask {
    /// Say how the queues stand.
    List {
        /// Print them as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Look into a queue, the oldest jobs first.
    Jobs {
        /// Its name, such as `job-queue`.
        queue: String,
        /// Which jobs.
        #[arg(long, value_enum, default_value_t = State::Dead)]
        state: State,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: usize,
        /// Print them as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Have a job that was put away delivered again.
    Retry {
        /// The queue.
        queue: String,
        /// The job, as `jobs` names it.
        job: String,
        #[command(flatten)]
        why: Why,
    },
    /// Throw a job away that no worker has.
    Drop {
        /// The queue.
        queue: String,
        /// The job, as `jobs` names it.
        job: String,
        #[command(flatten)]
        why: Why,
    },
    /// Throw away all that nobody has taken.
    Drain {
        /// The queue.
        queue: String,
        #[command(flatten)]
        why: Why,
    },
    /// Have workers take nothing.
    Pause {
        /// The queue.
        queue: String,
        #[command(flatten)]
        why: Why,
    },
    /// Have workers take again.
    Resume {
        /// The queue.
        queue: String,
        #[command(flatten)]
        why: Why,
    },
    /// Have workers go on from elsewhere, as a clean group.
    Start {
        /// The queue.
        queue: String,
        /// `beginning`, `end` (leftovers are passed over), an instant, or in Kafka offsets: `120` for
        /// all lanes, `0-120,3-57` (as jobs are named) for lanes 0 and 3, while the others stay where
        /// they are. An offset that its lane does not have is refused with those it has, and no lane is moved.
        #[arg(long, default_value = "end")]
        from: String,
        #[command(flatten)]
        why: Why,
    },
}

/// Where a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum State {
    /// Nobody has taken it.
    Waiting,
    /// A worker has it.
    Running,
    /// It waits for its time.
    Delayed,
    /// It was put away.
    Dead,
}

impl From<State> for JobState {
    fn from(state: State) -> Self {
        match state {
            State::Waiting => Self::Waiting,
            State::Running => Self::Running,
            State::Delayed => Self::Delayed,
            State::Dead => Self::Dead,
        }
    }
}
