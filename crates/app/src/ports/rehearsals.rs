//! Rehearsals: a copy of the sale is played beside it, with buyers who do not exist.

use crate::Trouble;
use crate::import::Document;
use admitone_domain::Moment;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// Most buyers of a rehearsal.
pub const BUYERS_MAX: u32 = 5_000;
/// Within at most so many seconds they come.
pub const SECONDS_MAX: u32 = 300;

/// What is rehearsed.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What is for sale there.
    pub programme: Document,
    /// How many come: 1 to [`BUYERS_MAX`].
    pub buyers: u32,
    /// Within which they come, in seconds: 1 to [`SECONDS_MAX`].
    pub seconds: u32,
    /// How they come.
    pub arrivals: Arrivals,
    /// What it is called in the list; nothing where it is everything.
    pub title: String,
    /// Who wanted it, as the log says it.
    pub by: String,
}

/// How buyers come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrivals {
    /// Half of them at once, the others evenly after them.
    AtOnce,
    /// Evenly.
    Evenly,
    /// Ever more of them.
    EverMore,
}

impl Arrivals {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::AtOnce, Self::Evenly, Self::EverMore];

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::AtOnce => "at-once",
            Self::Evenly => "evenly",
            Self::EverMore => "ever-more",
        }
    }

    /// The one of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }
}

/// A rehearsal that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rehearsal {
    /// Its name: letters, digits and underscores.
    pub id: String,
    /// What it is called; nothing where it is everything.
    pub title: String,
    /// How many come.
    pub buyers: u32,
    /// Within so many seconds.
    pub seconds: u32,
    /// How they come.
    pub arrivals: Arrivals,
    /// Who wanted it.
    pub by: String,
    /// Where it is played: what people call that instance.
    pub place: String,
    /// Whether somebody wants it to end.
    pub is_stopping: bool,
    /// When it was begun.
    pub began_at: Moment,
    /// How it is.
    pub stage: Stage,
}

/// How a rehearsal is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// It goes on; what it is doing.
    Running(String),
    /// All that was answered was true.
    Sound,
    /// Something that was answered was not true: the report says what.
    Unsound,
    /// Somebody ended it.
    Stopped,
    /// Whoever played it is gone.
    Lost,
    /// It could not be done; the last that was heard of it.
    Failed(String),
}

impl Stage {
    /// Whether there is a report.
    pub fn has_report(&self) -> bool {
        matches!(self, Self::Sound | Self::Unsound)
    }
}

/// What came of a rehearsal, in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// As a page.
    pub page: String,
    /// As JSON.
    pub figures: String,
}

/// Plays rehearsals, one at a time over all instances. Nothing of the sale is written.
#[async_trait]
pub trait Rehearsals: Send + Sync {
    /// Begins one of this name in this instance; whether it begins: not while another goes on.
    async fn begin(&self, id: String, plan: Plan) -> Result<bool, Trouble>;

    /// All that are remembered, the newest first, wherever they are played.
    async fn all(&self) -> Result<Vec<Rehearsal>, Trouble>;

    /// Has one ended, wherever it is played; whether it went on.
    async fn stop(&self, id: &str) -> Result<bool, Trouble>;

    /// The report of one, if there is one.
    async fn report(&self, id: &str) -> Result<Option<Report>, Trouble>;
}
