//! The book of rehearsals, kept where the rows are. Whoever plays one says every second that it goes on; of
//! whom nothing is heard for a while, that one has ended with its instance. Whoever has it stopped
//! writes that into the book, and whoever plays finds it there.

use crate::ports::clock::Clock;
use crate::ports::notes::{Kind, Note, Notes};
use crate::ports::rehearsals::{Arrivals, Plan, Rehearsal, Report, Stage};
use crate::{Trouble, TroubleKind};
use admitone_domain::Moment;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// So many are remembered.
const KEPT_MAX: usize = 20;
/// Of whom nothing was heard for so long, that instance is gone. One that is asked to end has twenty
/// seconds, in which nothing is heard of it.
const LEASE_MS: u64 = 30_000;
/// Clocks of instances differ by less. It is only gone by when an instance looks that has not looked for
/// so long before: else what it has seen itself counts, by its own clock.
const APART_MS: u64 = 600_000;
/// How often somebody is asked to stop who writes at the same moment.
const ATTEMPTS_MAX: u32 = 10;
/// The one note that says whose turn it is.
const TURN: &str = "turn";

/// Reads and writes what all instances know of rehearsals.
pub struct RehearsalBook {
    notes: Arc<dyn Notes>,
    clock: Arc<dyn Clock>,
    player: Player,
    seen: Seen,
}

/// What others said last, and when that was seen here first: whether they go on is told by this
/// instance's own clock, whatever theirs say.
#[derive(Default)]
struct Seen(Mutex<HashMap<String, (i64, Moment)>>);

impl Seen {
    /// For how long somebody has said nothing new.
    fn silent_ms(&self, who: &str, said: i64, now: Moment) -> u64 {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() > KEPT_MAX && !seen.contains_key(who) {
            seen.clear();
        }
        let known = seen.entry(who.to_owned()).or_insert((said, now));
        if known.0 != said {
            *known = (said, now);
        }
        now.ms_since(known.1)
    }
}

/// An instance that plays rehearsals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Player {
    /// Drawn at its start, never the same twice.
    pub id: u128,
    /// What people call it.
    pub name: String,
    /// Whether no other instance can be at work on this store: whatever another one left behind has
    /// ended.
    pub is_alone: bool,
}

/// A rehearsal that this instance plays.
#[derive(Debug)]
pub struct Entry {
    note: Note,
    written: Written,
}

/// What is said to whoever plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beat {
    /// Go on.
    On,
    /// Somebody wants it to end.
    Stop,
}

/// What is written of one.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Written {
    title: String,
    buyers: u32,
    seconds: u32,
    arrivals: String,
    by: String,
    /// Who plays it, and what people call that instance.
    player: String,
    place: String,
    says: String,
    heard_us: i64,
    /// Somebody wants it to end.
    is_to_stop: bool,
    /// What came of it; nothing while it goes on.
    ended: Option<Ended>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Ended {
    Sound,
    Unsound,
    Stopped,
    Failed(String),
}

/// Whose turn it is.
#[derive(Serialize, Deserialize)]
struct Turn {
    rehearsal: String,
    player: String,
    taken_us: i64,
}

impl RehearsalBook {
    /// The book as an instance reads and writes it.
    pub fn new(notes: Arc<dyn Notes>, clock: Arc<dyn Clock>, player: Player) -> Self {
        Self { notes, clock, player, seen: Seen::default() }
    }

    /// Begins one in this instance; none while another goes on, wherever it is played.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub async fn begin(&self, id: &str, plan: &Plan) -> Result<Option<Entry>, Trouble> {
        let now = self.clock.now();
        // Who reads the turn before it looks around takes it only if nobody took it meanwhile.
        let turn = self.one(Kind::Turn, TURN).await?;
        if let Some(note) = &turn
            && self.is_taken(&of_text(&note.text)?).await?
        {
            return Ok(None);
        }
        let player = self.player_id();
        let taken = Turn { rehearsal: id.to_owned(), player: player.clone(), taken_us: now.0 };
        let taken = Note {
            kind: Kind::Turn,
            id: TURN.to_owned(),
            about: String::new(),
            version: turn.as_ref().map_or(0, |note| note.version) + 1,
            at: turn.as_ref().map_or(now, |note| note.at),
            text: text(&taken)?,
        };
        if self.notes.put_notes(&[taken]).await?.is_empty() {
            return Ok(None);
        }
        let written = Written {
            title: plan.title.clone(),
            buyers: plan.buyers,
            seconds: plan.seconds,
            arrivals: plan.arrivals.name().to_owned(),
            by: plan.by.clone(),
            player,
            place: self.player.name.clone(),
            says: String::new(),
            heard_us: now.0,
            is_to_stop: false,
            ended: None,
        };
        let (kind, about) = (Kind::Rehearsal, String::new());
        let note =
            Note { kind, id: id.to_owned(), about, version: 0, at: now, text: String::new() };
        let mut entry = Entry { note, written };
        if !self.put(&mut entry).await? {
            return Ok(None);
        }
        if let Err(trouble) = self.forget_the_old().await {
            // It has begun all the same; what is too old goes with the next one.
            tracing::warn!(%trouble, "old rehearsals are remembered for longer");
        }
        Ok(Some(entry))
    }

    /// Whether whoever has the turn is still at it.
    async fn is_taken(&self, turn: &Turn) -> Result<bool, Trouble> {
        if self.player.is_alone && turn.player != self.player_id() {
            return Ok(false);
        }
        match self.one(Kind::Rehearsal, &turn.rehearsal).await? {
            Some(note) => Ok(self.goes_on(&note.id, &of_text(&note.text)?)),
            // It was taken a moment ago, and is written about in the next.
            None => Ok(self.is_heard(TURN, &turn.player, turn.taken_us)),
        }
    }

    /// Says that one goes on and what it is doing; whether it may.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub async fn beat(&self, entry: &mut Entry, says: &str) -> Result<Beat, Trouble> {
        for _ in 0..ATTEMPTS_MAX {
            says.clone_into(&mut entry.written.says);
            entry.written.heard_us = self.clock.now().0;
            if self.put(entry).await? {
                break;
            }
            self.read_again(entry).await?;
        }
        Ok(if entry.written.is_to_stop { Beat::Stop } else { Beat::On })
    }

    /// Writes down what came of one, with its report.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub async fn end(
        &self,
        mut entry: Entry,
        stage: &Stage,
        report: Option<&Report>,
    ) -> Result<(), Trouble> {
        if let Some(report) = report {
            let (id, at) = (entry.note.id.clone(), entry.note.at);
            let (kind, about, version) = (Kind::Report, String::new(), 1);
            let note = Note { kind, id, about, version, at, text: text(report)? };
            self.notes.put_notes(&[note]).await?;
        }
        for _ in 0..ATTEMPTS_MAX {
            entry.written.ended = Some(match stage {
                Stage::Sound => Ended::Sound,
                Stage::Unsound => Ended::Unsound,
                Stage::Stopped => Ended::Stopped,
                Stage::Failed(why) | Stage::Running(why) => Ended::Failed(why.clone()),
                Stage::Lost => Ended::Failed(String::new()),
            });
            if self.put(&mut entry).await? {
                return Ok(());
            }
            self.read_again(&mut entry).await?;
        }
        Err(contended())
    }

    /// All that are remembered, the newest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn all(&self) -> Result<Vec<Rehearsal>, Trouble> {
        let found = self.notes.notes_about(Kind::Rehearsal, None, None, KEPT_MAX).await?;
        found.iter().map(|note| self.rehearsal(note)).collect()
    }

    /// Has one ended that goes on, wherever it is played; whether it did.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub async fn ask_to_stop(&self, id: &str) -> Result<bool, Trouble> {
        for _ in 0..ATTEMPTS_MAX {
            let Some(note) = self.one(Kind::Rehearsal, id).await? else { return Ok(false) };
            let mut written: Written = of_text(&note.text)?;
            if !self.goes_on(id, &written) {
                return Ok(false);
            }
            written.is_to_stop = true;
            if self.put(&mut Entry { note, written }).await? {
                return Ok(true);
            }
        }
        Err(contended())
    }

    /// The report of one, if there is one.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn report(&self, id: &str) -> Result<Option<Report>, Trouble> {
        let found = self.one(Kind::Report, id).await?;
        found.map(|note| of_text(&note.text)).transpose()
    }

    async fn one(&self, kind: Kind, id: &str) -> Result<Option<Note>, Trouble> {
        Ok(self.notes.notes(kind, &[id.to_owned()]).await?.pop())
    }

    /// Writes an entry, unless somebody else wrote about it meanwhile; whether it was written.
    async fn put(&self, entry: &mut Entry) -> Result<bool, Trouble> {
        let version = entry.note.version + 1;
        let note = Note { version, text: text(&entry.written)?, ..entry.note.clone() };
        let is_kept = !self.notes.put_notes(std::slice::from_ref(&note)).await?.is_empty();
        if is_kept {
            entry.note = note;
        }
        Ok(is_kept)
    }

    async fn read_again(&self, entry: &mut Entry) -> Result<(), Trouble> {
        let known = self.one(Kind::Rehearsal, &entry.note.id).await?;
        entry.note = known.ok_or_else(contended)?;
        entry.written = of_text(&entry.note.text)?;
        Ok(())
    }

    /// Whether it has not ended, nor the instance that plays it. One that is not heard of has ended, also
    /// here: whoever began it may have been let go before anybody played it.
    fn goes_on(&self, id: &str, written: &Written) -> bool {
        let is_ours = written.player == self.player_id();
        let is_heard = self.is_heard(id, &written.player, written.heard_us);
        written.ended.is_none() && is_heard && (is_ours || !self.player.is_alone)
    }

    /// Whether somebody said something a moment ago. Our own word is of our own clock.
    fn is_heard(&self, about: &str, player: &str, said_us: i64) -> bool {
        let now = self.clock.now();
        let age_ms = now.ms_since(Moment(said_us));
        if player == self.player_id() {
            return age_ms < LEASE_MS;
        }
        let silent_ms = self.seen.silent_ms(about, said_us, now);
        silent_ms < LEASE_MS && age_ms < LEASE_MS + APART_MS
    }

    fn rehearsal(&self, note: &Note) -> Result<Rehearsal, Trouble> {
        let written: Written = of_text(&note.text)?;
        let stage = match &written.ended {
            None if self.goes_on(&note.id, &written) => Stage::Running(written.says.clone()),
            None => Stage::Lost,
            Some(Ended::Sound) => Stage::Sound,
            Some(Ended::Unsound) => Stage::Unsound,
            Some(Ended::Stopped) => Stage::Stopped,
            Some(Ended::Failed(why)) => Stage::Failed(why.clone()),
        };
        Ok(Rehearsal {
            id: note.id.clone(),
            title: written.title,
            buyers: written.buyers,
            seconds: written.seconds,
            arrivals: Arrivals::named(&written.arrivals).unwrap_or(Arrivals::Evenly),
            by: written.by,
            place: written.place,
            is_stopping: written.is_to_stop,
            began_at: note.at,
            stage,
        })
    }

    async fn forget_the_old(&self) -> Result<(), Trouble> {
        let kept = self.notes.notes_about(Kind::Rehearsal, None, None, KEPT_MAX).await?;
        let Some(oldest) = kept.get(KEPT_MAX - 1) else { return Ok(()) };
        for kind in [Kind::Rehearsal, Kind::Report] {
            self.notes.drop_notes(kind, oldest.at).await?;
        }
        Ok(())
    }

    fn player_id(&self) -> String {
        format!("{:032x}", self.player.id)
    }
}

fn text(what: &impl Serialize) -> Result<String, Trouble> {
    serde_json::to_string(what).map_err(unreadable)
}

fn of_text<T: DeserializeOwned>(text: &str) -> Result<T, Trouble> {
    serde_json::from_str(text).map_err(unreadable)
}

fn unreadable(error: impl std::fmt::Display) -> Trouble {
    Trouble::new(TroubleKind::Inconsistent, "read the book of rehearsals", error)
}

fn contended() -> Trouble {
    let why = "somebody else writes about it all the time";
    Trouble::new(TroubleKind::Conflict, "write into the book of rehearsals", why)
}

#[cfg(test)]
mod tests;
