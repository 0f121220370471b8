//! The logbook: what operators did to what is no row of the sale, such as an endpoint, a queue or a
//! rehearsal, kept where the rows are. What they did to rows stands in the history already; both
//! together are the operators' log, read by [`OperatorLog`].
//!
//! A line is written before anything is done, and closed afterwards: what cannot be told of is not done,
//! and of what was interrupted stands that somebody wanted it. So it does of what met trouble: it may have
//! been done, and only the word of it was lost.

mod line;
mod log;

pub use line::{Deed, End, Line, Target, Unsure};
pub use log::{Entry, LogCursor, LogPage, OperatorLog};

use crate::Trouble;
use crate::box_office::Request;
use crate::ports::clock::Clock;
use crate::ports::notes::{Kind, Mark, Note, Notes};
use std::fmt;
use std::sync::Arc;

/// The longest reason that is kept, in characters.
pub const WHY_MAX: usize = 500;

/// Whether a reason is not longer than what is kept: nobody's words are cut off unseen.
pub fn is_kept_whole(why: &str) -> bool {
    why.chars().count() <= WHY_MAX
}

/// So often one line is written anew because others with the same wish were first.
const RACES_MAX: usize = 5;
/// The longest word on what went wrong, in characters.
const SAID_MAX: usize = 200;

/// Writes and reads the logbook.
#[derive(Clone)]
pub struct LogBook {
    /// Where it is kept.
    pub notes: Arc<dyn Notes>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Random numbers, for wishes without a name.
    pub chance: fn() -> u128,
}

/// Who does something, by which wish, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// Who, as the log says it.
    pub who: String,
    /// The name of the wish: wished twice, it is one line. Without one each is another wish.
    pub wish: Option<u128>,
    /// Why, in the words of who does it; empty where nothing was said.
    pub why: String,
}

impl By {
    /// Whoever a request is from.
    pub fn of(request: &Request, why: &str) -> Self {
        let (who, why) = (request.actor.to_string(), why.to_owned());
        Self { who, wish: Some(request.id.0), why }
    }
}

/// What somebody is about to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// Who does it.
    pub by: By,
    /// What.
    pub deed: Deed,
    /// To what kind of thing.
    pub target: Target,
    /// To which: its id as people see it.
    pub id: String,
}

impl LogBook {
    /// Writes down what somebody is about to do, has it done, and writes down what came of it.
    ///
    /// # Errors
    /// The store cannot be written: then nothing was done. Or what `work` says.
    pub async fn tell<T, E>(
        &self,
        intent: Intent,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E>
    where
        E: From<Trouble> + Unsure + fmt::Display,
    {
        let note = self.opened(intent).await?;
        let id = note.id.clone();
        let done = work.await;
        let end = match &done {
            Ok(_) => End::Done,
            Err(why) if why.is_unsure() => End::Open,
            Err(why) => End::Failed(why.to_string().chars().take(SAID_MAX).collect()),
        };
        if let Err(trouble) = self.close(note, end).await {
            // It is done, and that somebody wanted it is written.
            tracing::warn!(%trouble, line = id, "a line of the logbook was not closed");
        }
        done
    }

    /// Lines, the newest first, at most `limit`: about one thing, by its id, or about all.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn lines(
        &self,
        about: Option<&str>,
        behind: Option<&Mark>,
        limit: usize,
    ) -> Result<Vec<Line>, Trouble> {
        let found = self.notes.notes_about(Kind::Log, about, behind, limit).await?;
        found.iter().map(Line::of).collect()
    }

    /// A new line; the same wish finds the one it wrote before.
    async fn opened(
        &self,
        Intent { by, deed, target, id: about }: Intent,
    ) -> Result<Note, Trouble> {
        let id = format!("{:032x}", by.wish.unwrap_or_else(self.chance));
        let why = by.why.trim().chars().take(WHY_MAX).collect();
        let (at, end) = (self.clock.now(), End::Open);
        let line = Line { id: id.clone(), at, by: by.who, deed, target, about, why, end };
        let note = line.note(1)?;
        if self.notes.put_notes(std::slice::from_ref(&note)).await?.is_empty() {
            return Ok(self.notes.notes(Kind::Log, &[id]).await?.pop().unwrap_or(note));
        }
        let Line { by, deed, target, about, .. } = &line;
        tracing::info!(by, deed = deed.name(), target = target.name(), about, "an operator acts");
        Ok(note)
    }

    /// What was done stays done, whatever comes of the same wish later, or at the same time.
    async fn close(&self, mut note: Note, end: End) -> Result<(), Trouble> {
        for _ in 0..RACES_MAX {
            let line = Line::of(&note)?;
            if line.end == End::Done || line.end == end {
                return Ok(());
            }
            let closed = Line { end: end.clone(), ..line }.note(note.version + 1)?;
            let is_kept = !self.notes.put_notes(std::slice::from_ref(&closed)).await?.is_empty();
            if is_kept || end != End::Done {
                return Ok(());
            }
            // The same wish came twice, and the other one was told of first: perhaps as refused.
            let Some(newer) = self.notes.notes(Kind::Log, &[note.id]).await?.pop() else { break };
            note = newer;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
